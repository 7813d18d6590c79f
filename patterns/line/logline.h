/*
 * logline: a raw line of a log taken apart by position.
 *
 * The header (stamp, host, program, pid) is found by counting from the left,
 * never by searching, so that text which a stranger wrote further right
 * cannot play header. What stands behind the header is `text`: the only part
 * that a rule sees.
 *
 * Which headers there are, and their clocks: patterns/line/header.h.
 */
#ifndef PATTERNS_LINE_LOGLINE_H
#define PATTERNS_LINE_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "patterns/line/stamp.h"

/* Who wrote the line's header; rules are bound to one of these. */
enum header {
	/* RFC 3164 or RFC 5424, with any stamp, with or without host:
	 * "STAMP [host] program[pid]: text". Dovecot's own log of 2.x has
	 * this form too: program imap-login, text "Info: Login: ...". */
	HEADER_SYSLOG,
	HEADER_DOVECOT, /* Dovecot 1.x own log: "dovecot: STAMP Info: ..." */
	HEADER_QPOPPER, /* qpopper's own log: "STAMP [popper] ", "STAMP [pid] " */
	HEADER_XMAIL,	/* XMail's own log: nine tab-separated quoted columns */
	/* The rows of header_form.c, which see. */
	HEADER_HMAILSERVER,
	HEADER_EXCHANGE,
	HEADER_ZIMBRA,
	HEADER_STALWART,
	HEADER_NGINX,
	HEADER_SMARTERMAIL,
	HEADER_MAILENABLE,
	HEADER_KERIO,
	HEADER_W3C,
	HEADER_COUNT
};

/* Borrowed: valid as long as the line it was made from. What is not there has
 * length 0. */
struct logline {
	enum header header;
	enum stamp_kind stamp_kind;
	const char *line, *stamp, *host, *program, *text;
	size_t line_len, stamp_len, host_len, program_len, text_len;
	pid_t pid; /* 0 = none given */
};

/*
 * 0, or -1: the line has none of the known headers (it grants nothing; *out
 * means nothing). program is the tag up to '[' or ':', or what the header has a
 * column for; for a header that names no program it is the header's name. text
 * is exactly what stands behind the header (XMail's: the whole line).
 */
int logline_parse(struct logline *out, const char *line, size_t len);

/*
 * How the line before began: neighbours in a log share their second and their
 * host, and what is the same need not be taken apart again. The line itself may
 * be gone. Zero-initialise it.
 */
struct linestart {
	size_t len; /* 0 = nothing is known */
	enum stamp_kind stamp_kind;
	size_t stamp_len, host_at, host_len;
	char bytes[64];
};

/* As logline_parse(), in a row of lines. */
int logline_next(struct logline *out, struct linestart *, const char *line,
    size_t len);

/*
 * Whether another line of the same log begins inside the text: its stamp, or
 * its host and program. A write that was torn, or a copytruncate, leaves the
 * first half of one line directly before another; read as one line they could
 * join a success to a stranger's address.
 */
bool logline_is_torn(const struct logline *);

/* "syslog", "dovecot", "qpopper" ...; NULL-terminated list by enum. */
const char *const *header_names(void);

/*
 * The time in the line's stamp: 0 and *when, or -1: none. Of the line only
 * stamp, stamp_len and stamp_kind are looked at. See stamp_decode().
 */
int logline_time(const struct logline *, struct stampclock *, time_t now,
    time_t *when);

#endif
