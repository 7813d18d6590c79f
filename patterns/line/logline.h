/*
 * logline: takes a raw line of a log apart by position.
 *
 * The header (stamp, host, program, pid) is read from the left and never
 * searched for, so that text which a stranger wrote further right cannot pass
 * for a header. What follows the header is `text`: the only part that a rule
 * sees.
 */
#ifndef PATTERNS_LINE_LOGLINE_H
#define PATTERNS_LINE_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "patterns/line/stamp.h"

/* The form of the line's header. Each rule applies to one of them. */
enum header {
	/* RFC 3164 or RFC 5424, with any stamp, with or without host:
	 * "STAMP [host] program[pid]: text". Dovecot's own log of 2.x has
	 * this form too: program imap-login, text "Info: Login: ...". */
	HEADER_SYSLOG,
	HEADER_DOVECOT, /* Dovecot 1.x own log: "dovecot: STAMP Info: ..." */
	HEADER_QPOPPER, /* qpopper's own log: "STAMP [popper] ", "STAMP [pid] " */
	HEADER_XMAIL,	/* XMail's own log: nine tab-separated quoted columns */
	/* These are the rows of header_form.c, which shows them. */
	HEADER_HMAILSERVER,
	HEADER_EXCHANGE,
	HEADER_ZIMBRA,
	HEADER_STALWART,
	HEADER_NGINX,
	HEADER_SMARTERMAIL,
	HEADER_MAILENABLE,
	HEADER_KERIO,
	HEADER_W3C,
	/* Later versions of SmarterMail: "[192.0.2.7] ... 02:01:00.123". */
	HEADER_SMARTERMAIL_TRAILING,
	HEADER_COUNT
};

/* Borrowed: valid as long as the raw line. A part that the line does not have
 * has length 0. */
struct logline {
	enum header header;
	enum stamp_kind stamp_kind;
	const char *line, *stamp, *host, *program, *text;
	size_t line_len, stamp_len, host_len, program_len, text_len;
	pid_t pid; /* 0: the line has none */
};

/*
 * Returns 0, or -1: the line has no known header, and *out is undefined.
 * program is the tag up to '[' or ':', or the header's column for it; if the
 * header has neither, it is the header's name. text is all that follows the
 * header (with the headers of XMail and smartermail-trailing: the whole line).
 */
int logline_parse(struct logline *out, const char *line, size_t len);

/*
 * How the previous line began. Neighbours in a log mostly have the same host,
 * and stamps that differ in nothing but digits, and what is the same need not be
 * parsed again. This is a copy: the previous line need not exist any more.
 * Zero-initialise it.
 */
struct linestart {
	size_t len; /* 0: nothing is known */
	enum stamp_kind stamp_kind;
	size_t stamp_len, host_at, host_len;
	char bytes[64];
	char digits[64]; /* all bits are set where any digit would do */
};

/* As logline_parse(), for consecutive lines. */
int logline_next(struct logline *out, struct linestart *, const char *line,
    size_t len);

/* Whether a line with the header of syslog, a host and this program can be read
 * in another way than logline_parse() reads it: see logline_reread(). */
bool logline_tag_may_reread(const char *program, size_t len);

/*
 * For a line that logline_parse() refuses: 0 if it has a header of syslog in
 * which no delimiter ends the tag: "STAMP host program[pid] text", "STAMP host
 * program text", "STAMP host program pid id - text". Any word may be where the
 * tag is, so the caller believes this only if there are rules for that program.
 */
int logline_bare(struct logline *out, const char *line, size_t len);

/*
 * For a line that matches no rule: true if it can be read in another way, which
 * is then in *l; false: *l is undefined. There are two cases: the text is a
 * whole line of Dovecot's own log, under a tag that names Dovecot; or a header
 * of another form hid one of syslog's, perhaps one that only logline_bare()
 * reads.
 */
bool logline_reread(struct logline *l);

/* Whether a text of more than 16 bytes begins as a line of a log may. */
static inline bool
logline_text_may_be_line(const char *p)
{
	return p[3] == ' ' || (p[0] >= '0' && p[0] <= '9') || p[7] == ':' ||
	       p[0] == '@';
}

/* Whether what follows the tag is the text as logline_next() finds it, perhaps
 * with a blank at the end, and logline_reread() need not be tried. */
static inline bool
logline_is_plain(const char *p, size_t len)
{
	return len > 16 && *p != ' ' && *p != '\t' && *p != 'm' && *p != '[' &&
	       !logline_text_may_be_line(p);
}

/* False for most lines: logline_reread() need not be tried. */
static inline bool
logline_may_reread(const struct logline *l)
{
	if (l->header != HEADER_SYSLOG)
		return l->header >= HEADER_HMAILSERVER;
	if (l->host_len == 0 && memchr(l->program, '.', l->program_len))
		return true;
	return l->text_len > 16 && logline_text_may_be_line(l->text);
}

/*
 * Whether another line of the same log begins inside the text, with its stamp.
 * A torn write, or copytruncate, can leave the first half of one line directly
 * before another. Read as one line, they could join a success to a stranger's
 * address.
 */
bool logline_is_torn(const struct logline *);

/* The names of the headers, "syslog", "dovecot" ..., indexed by enum header and
 * NULL-terminated. */
const char *const *header_names(void);

/* How a line of each of them begins, indexed in the same way. */
const char *const *header_examples(void);

/*
 * Decodes the line's stamp as stamp_decode() does: 0 and *when, or -1. Uses
 * only stamp, stamp_len and stamp_kind of the line.
 */
int logline_time(const struct logline *, struct stampclock *, time_t now,
    time_t *when);

/* Why it returned -1. */
const char *logline_undated(const struct logline *);

#endif
