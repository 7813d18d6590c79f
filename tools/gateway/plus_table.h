/*
 * plus_table: the rules by which user+anything@domain is a known recipient, as
 * the text of a table that both regexp_table(5) and pcre_table(5) read alike.
 *
 *	if /@domain\.tld$/
 *	/^(ann|bob\.b)\+[^@]*@[^@]*$/ ok
 *	endif
 *
 * One block for each domain, so that an address is compared with the users of
 * its own domain only; alternations of at most 100 users. With one rule for
 * each user, every smtpd(8) would need hundreds of megabytes for 100,000 of
 * them, and one alternation of 20,000 users is too large for PCRE.
 */
#ifndef TOOLS_GATEWAY_PLUS_TABLE_H
#define TOOLS_GATEWAY_PLUS_TABLE_H

#include <stddef.h>

struct string_set;

/* users: "domain.tld user", sorted (struct address_list). The caller frees the
 * text; it is empty if there are no users. */
char *plus_table_text(const struct string_set *users, size_t *len);

/* Adds the users of such a text. 0; -1: something in it is not of this form,
 * and not all users are known. text ends with a NUL. */
int plus_table_parse(const char *text, struct string_set *users);

#endif
