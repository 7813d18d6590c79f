/*
 * textform: how a text: map is written, for readers that are not Postfix.
 *
 * A line may name {address}, as Postfix writes it (a prefix as 2001:db8::/64),
 * and {login}, the second of the login. Any other word in braces is an error;
 * braces with something else in them are as they are.
 */
#ifndef MAPS_TEXTFORM_H
#define MAPS_TEXTFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct map_row;
struct map_settings;

struct textform {
	char *name;	       /* of the map: the path of its file */
	char *header, *footer; /* NULL = none */
	char *line;	       /* NULL = "{address}"; "" = none for IPv4 */
	char *line6;	       /* NULL = as line; "" = none for IPv6 */
};

bool textform_equal(const struct textform *, const struct textform *);

/* 0; or -1: err says what is wrong with the line. */
int textform_check(const char *line, struct err *);

/* The form of the map of that name; or one without any text. */
struct textform textform_find(const struct map_settings *, const char *name);

/* Each text ends its line, whether it says so or not. */
void textform_text(FILE *, const char *text);
void textform_row(FILE *, const struct textform *, const struct map_row *,
		  unsigned int ipv6_prefix);

#endif
