/*
 * logline: a raw line of a log taken apart by position.
 *
 * The header (stamp, host, program, pid) is found by counting from the left,
 * never by searching, so that text which a stranger wrote further right
 * cannot play header. What stands behind the header is `text`: the only part
 * that a rule sees.
 *
 * Which headers there are, and their clocks: patterns/header.h.
 */
#ifndef PATTERNS_LOGLINE_H
#define PATTERNS_LOGLINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Who wrote the line's header; rules are bound to one of these. */
enum header {
	HEADER_SYSLOG,	/* RFC 3164 or ISO 8601 stamp, host, program[pid]: */
	HEADER_DOVECOT, /* Dovecot 1.x own log: "dovecot: STAMP Info: " ; TAI64N */
	HEADER_QPOPPER, /* qpopper's own log: "STAMP [popper] ", "ctime [pid] " */
	HEADER_XMAIL,	/* XMail's own log: tab-separated quoted columns */
	HEADER_COUNT
};

/* How the stamp is written; it is decoded only for lines that matter. */
enum stamp_kind {
	STAMP_NONE,
	STAMP_TRADITIONAL, /* "Nov 21 02:11:07", local time, no year */
	STAMP_ISO,	   /* "2026-11-21T02:11:07.123456+00:00", also with ' ' */
	STAMP_CTIME,	   /* "Thu Nov 21 02:01:00 2002", local time */
	STAMP_TAI64N	   /* "@400000004c91b044077a9e94" */
};

/* Borrowed: valid as long as the line it was made from. */
struct logline {
	enum header header;
	enum stamp_kind stamp_kind;
	const char *line, *stamp, *host, *program, *text;
	size_t line_len, stamp_len, host_len, program_len, text_len;
	pid_t pid; /* 0 = none given */
};

/*
 * 0, or -1: the line has none of the known headers (it grants nothing).
 * For a header that names no program (XMail's), program is the header's name.
 */
int logline_parse(struct logline *out, const char *line, size_t len);

/* "syslog", "dovecot", "qpopper", "xmail"; NULL-terminated list by enum. */
const char *const *header_names(void);

/*
 * Decodes stamps. Holds the last minute decoded, since mktime(3) is slow and
 * neighbours in a log share their minute.
 */
struct stampclock {
	char cached[32];
	size_t cached_len;
	time_t cached_minute, cached_for;
};

/*
 * 0 and *when, or -1: not a stamp. A stamp without a year is taken in the
 * newest year that does not put it more than a day into the future of now; an
 * hour that daylight saving repeats is taken as the later one that is not in
 * the future. Second 60 counts as 59 + 1.
 */
int logline_time(const struct logline *, struct stampclock *, time_t now,
    time_t *when);

#endif
