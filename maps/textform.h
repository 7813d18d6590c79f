/*
 * textform: the form of a text: map, for readers other than Postfix.
 *
 * A line may contain {address}, as Postfix writes it (2001:db8::/64 for a
 * prefix), and {login}, the time of the login in seconds since the epoch. Any
 * other word in braces is an error; braces around anything else are plain text.
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
	char *name;	       /* of the map, which is the path of its file */
	char *header, *footer; /* NULL = none */
	char *line;	       /* NULL = "{address}"; "" = none for IPv4 */
	char *line6;	       /* NULL = as line; "" = none for IPv6 */
};

bool textform_equal(const struct textform *, const struct textform *);

/* 0; or -1: err says what is wrong with the line. */
int textform_check(const char *line, struct err *);

/* The form of the map with that name, or one whose members are all NULL. */
struct textform textform_find(const struct map_settings *, const char *name);

/* Both write whole lines, even if the text has no final newline. */
void textform_text(FILE *, const char *text);
void textform_row(FILE *, const struct textform *, const struct map_row *,
		  unsigned int ipv6_prefix);

#endif
