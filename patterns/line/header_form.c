/*
 * header_form: headers that need no code of their own; each is a row of data.
 */
#include "patterns/line/header.h"

#include <stdbool.h>
#include <string.h>

/*
 * In a form, these letters match what changes from line to line:
 *	T  the stamp, of the row's kind
 *	S  another stamp, of the kinds that syslog writes, which is ignored
 *	H  the host; W a word: both end before a space or a colon
 *	P  the program, which ends before a quote, a tab or a space
 *	N  a number
 *	L  a level in capitals, as INFO, and the spaces after it
 *	|  the text begins here; what follows must match, but is part of it
 * All other characters match themselves. Without '|' the text begins after the
 * form. The first row that matches is used.
 */
static const struct {
	enum header header;
	enum stamp_kind kind;
	const char *form;
} rows[] = {
    /* "POP3D" 4321 12 "2026-11-21 02:01:00.909" "192.0.2.7" "SENT: ..." */
    {HEADER_HMAILSERVER, STAMP_ISO, "\"P\"\tN\tN\t\"T\"\t"},
    /* 2026-11-21T02:01:00.000Z,0000000000000002,2,... */
    {HEADER_EXCHANGE, STAMP_ISO, "T,"},
    /* 2026-11-21 02:01:00,787 INFO  [ImapServer-138] [ip=...;] imap - ... */
    {HEADER_ZIMBRA, STAMP_ISO, "T |L["},
    /* The same, forwarded: Nov 21 02:01:00 mail mailboxlog 2026-11-21 ... */
    {HEADER_ZIMBRA, STAMP_ISO, "S H W T |L["},
    /* 2026-11-21T02:01:00Z INFO Authentication successful (auth.success) */
    {HEADER_STALWART, STAMP_ISO, "T |L"},
    /* 2026/11/21 02:01:00 [info] 255#255: *1 ... */
    {HEADER_NGINX, STAMP_SLASHED, "T |["},
    /* [2026.11.21] 02:01:00 [192.0.2.7][1234567] ... */
    {HEADER_SMARTERMAIL, STAMP_DOTTED, "T |["},
    /* 02:01:00.123 [192.0.2.7] ... */
    {HEADER_SMARTERMAIL, STAMP_CLOCK, "T |["},
    /* 11/21/26 02:01:00	IMAP-IN	... */
    {HEADER_MAILENABLE, STAMP_AMERICAN, "T\tP\t"},
    /* [21/Nov/2026 02:01:00] ... */
    {HEADER_KERIO, STAMP_BRACKETED, "T "},
    /* 2026-11-21 02:01:00 192.0.2.7 ... */
    {HEADER_W3C, STAMP_W3C, "T "},
};

enum { WORD_MAX = 255 };

static const char *
take_stamp(struct logline *l, enum stamp_kind kind, const char *p,
	   const char *end)
{
	l->stamp_kind = kind;
	l->stamp = p;
	l->stamp_len = stamp_find_kind(kind, p, end);
	return l->stamp_len > 0 ? p + l->stamp_len : NULL;
}

/* The end of the word at p, which one of the stops ends; NULL: no word. */
static const char *
take_word(const char *p, const char *end, const char *stops)
{
	const char *q = p;

	while (q < end && q - p<WORD_MAX && * q> ' ' && *q < 0x7f &&
	       strchr(stops, *q) == NULL)
		q++;
	return q > p ? q : NULL;
}

static const char *
take_level(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && *q >= 'A' && *q <= 'Z')
		q++;
	if (q - p < 4 || q - p > 5 || q == end || *q != ' ')
		return NULL;
	while (q < end && *q == ' ')
		q++;
	return q;
}

static const char *
take_host(struct logline *l, const char *p, const char *end)
{
	const char *q = take_word(p, end, ":");

	l->host = p;
	l->host_len = q != NULL ? (size_t)(q - p) : 0;
	return q;
}

static const char *
take_program(struct logline *l, const char *p, const char *end)
{
	const char *q = take_word(p, end, "\"");

	l->program = p;
	l->program_len = q != NULL ? (size_t)(q - p) : 0;
	return q;
}

/* Reads what the letter c of a form matches. Returns its end, or NULL. */
static const char *
take(struct logline *l, char c, enum stamp_kind kind, const char *p,
     const char *end)
{
	enum stamp_kind other;
	size_t len;
	int number;

	switch (c) {
	case 'T':
		return take_stamp(l, kind, p, end);
	case 'S':
		len = stamp_find(p, end, &other);
		return len > 0 ? p + len : NULL;
	case 'H':
		return take_host(l, p, end);
	case 'W':
		return take_word(p, end, ":");
	case 'P':
		return take_program(l, p, end);
	case 'N':
		return header_take_number(&number, p, end);
	case 'L':
		return take_level(p, end);
	default:
		return p < end && *p == c ? p + 1 : NULL;
	}
}

static const char *
take_row(struct logline *l, size_t row, const char *p, const char *end)
{
	const char *form = rows[row].form, *text = NULL;

	for (; *form != '\0'; form++) {
		if (*form == '|') {
			text = p;
			continue;
		}
		p = take(l, *form, rows[row].kind, p, end);
		if (p == NULL)
			return NULL;
	}
	return text != NULL ? text : p;
}

/* Whether a line with this first byte can be of the form. Most lines that get
 * here are of none, and cost no more than this. */
static bool
may_begin(const char *form, enum stamp_kind kind, char c)
{
	if (*form == 'S')
		return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	if (*form != 'T')
		return c == *form;
	if (kind == STAMP_BRACKETED || kind == STAMP_DOTTED)
		return c == '[';
	return c >= '0' && c <= '9';
}

const char *
header_form(struct logline *l, const char *p, const char *end)
{
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!may_begin(rows[i].form, rows[i].kind, *p))
			continue;
		l->host_len = l->program_len = 0;
		text = take_row(l, i, p, end);
		if (text == NULL)
			continue;
		l->header = rows[i].header;
		if (l->program_len == 0) {
			l->program = header_names()[l->header];
			l->program_len = strlen(l->program);
		}
		return text;
	}
	return NULL;
}
