/*
 * line_cut: where a syslog daemon cuts a message that is too long for it.
 *
 * A datagram is "<PRIORITY>Mon DD HH:MM:SS TAG: text", of which a daemon takes
 * the first bytes: 256 or 1024 (MAX_READ of busybox: its own default, and that
 * of distributions), 480 or more (what RFC 5424, 6.1, asks for), 1024 (RFC
 * 3164, 4.1), 2048, 4096 or 8192 (rsyslog). What a stranger wrote then ends the
 * line.
 */
#ifndef PATTERNS_CHECK_LINE_CUT_H
#define PATTERNS_CHECK_LINE_CUT_H

#include <stdbool.h>
#include <stddef.h>

/* The number of limits. */
size_t line_cut_count(void);
/* One by its number, in bytes of a datagram. */
size_t line_cut_limit(size_t number);

/*
 * How long the text of a line is if its datagram was cut at a limit. tag: the
 * length of "TAG: "; spare: from 0 to LINE_CUT_SPARE, as priorities have one to
 * three digits, and some daemons keep a byte for a NUL. 0: nothing is left.
 */
enum { LINE_CUT_SPARE = 3 };
size_t line_cut_text(size_t limit, size_t tag, size_t spare);
/* Whether a text of this length was probably cut, at any limit. */
bool line_cut_fits(size_t text, size_t tag);

#endif
