/*
 * maincf: writes settings for main.cf. Text of a foreign file enters it only in
 * words that are checked.
 */
#ifndef TOOLS_POSTFIX_MAINCF_H
#define TOOLS_POSTFIX_MAINCF_H

#include <stdbool.h>
#include <stdio.h>

#include "base/alloc.h"
#include "tools/postfix/remarks.h"

/* Whether a text may be part of a setting: printable ASCII without `$', `,',
 * braces, quotes, `;' and `#', at most 512 characters. */
bool maincf_plain(const char *text);

/* Whether it is a domain name: labels of letters, digits, hyphens and
 * underscores, at least so many of them. */
bool maincf_domain(const char *text, size_t labels);

/* A value that grows, and where its words come from. Zero-initialise it. */
struct maincf_value {
	struct strings words;
	struct strings sources; /* "smtprelay.tab:1-3" */
	struct place last;
	size_t first; /* of the lines that end with last */
};

/* Adds a word, or several that belong together. Ends the process if they are
 * not plain: the caller has checked what it took from elsewhere. place.file is
 * borrowed; NULL: it comes from no file. */
void maincf_add(struct maincf_value *, struct place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds only the place. */
void maincf_source(struct maincf_value *, struct place);

/* Moves all of `from' to the end of another value. */
void maincf_join(struct maincf_value *, struct maincf_value *from);

/* Writes "# sources" and "name = word, word". active false: as a comment. Frees
 * what the value holds. */
void maincf_write(FILE *, const char *name, struct maincf_value *, bool active);

/* Writes message_size_limit; 0: none. Postfix delivers to no mailbox whose own
 * limit is smaller, so that is raised where it must be. */
void maincf_message_size(FILE *, long long bytes, struct place);

/* Writes lines of a comment, folded between words. */
void maincf_comment(FILE *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
