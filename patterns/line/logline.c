#include "patterns/line/logline.h"

#include <string.h>

#include "base/sixteen.h"

#include "patterns/line/secondstamp.h"

static const char *const names[HEADER_COUNT + 1] = {
    [HEADER_SYSLOG] = "syslog",
    [HEADER_DOVECOT] = "dovecot",
    [HEADER_QPOPPER] = "qpopper",
    [HEADER_XMAIL] = "xmail",
    [HEADER_HMAILSERVER] = "hmailserver",
    [HEADER_EXCHANGE] = "exchange",
    [HEADER_ZIMBRA] = "zimbra",
    [HEADER_STALWART] = "stalwart",
    [HEADER_NGINX] = "nginx",
    [HEADER_SMARTERMAIL] = "smartermail",
    [HEADER_MAILENABLE] = "mailenable",
    [HEADER_KERIO] = "kerio",
    [HEADER_W3C] = "w3c",
    [HEADER_SMARTERMAIL_TRAILING] = "smartermail-trailing",
};

static const char *const examples[HEADER_COUNT + 1] = {
    [HEADER_SYSLOG] = "Nov 21 02:01:00 host program[4242]: ...",
    [HEADER_DOVECOT] = "dovecot: 2009-03-08 12:53:46 Info: ...",
    [HEADER_QPOPPER] = "Nov 21 02:01:00 [popper] ...",
    [HEADER_XMAIL] = "nine quoted columns, with tabs between them",
    [HEADER_HMAILSERVER] = ("\"POP3D\"\t4321\t12\t"
			    "\"2026-11-21 02:01:00.909\"\t..."),
    [HEADER_EXCHANGE] = "2026-11-21T02:01:00.000Z,...",
    [HEADER_ZIMBRA] = "2026-11-21 02:01:00,787 INFO  [thread] ...",
    [HEADER_STALWART] = "2026-11-21T02:01:00Z INFO ...",
    [HEADER_NGINX] = "2026/11/21 02:01:00 [info] ...",
    [HEADER_SMARTERMAIL] = "02:01:00.123 [address] ...",
    [HEADER_MAILENABLE] = "11/21/26 02:01:00\tIMAP-IN\t...",
    [HEADER_KERIO] = "[21/Nov/2026 02:01:00] ...",
    [HEADER_W3C] = "2026-11-21 02:01:00 ...",
    [HEADER_SMARTERMAIL_TRAILING] = "[address] ... 02:01:00.123",
};

const char *const *
header_examples(void)
{
	return examples;
}

const char *const *
header_names(void)
{
	return names;
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
logline_time(const struct logline *l, struct stampclock *clock, time_t now,
	     time_t *when)
{
	return stamp_decode(l->stamp_kind, l->stamp, l->stamp_len, clock, now,
			    when);
}

const char *
logline_undated(const struct logline *l)
{
	size_t len;

	return stamp_zone_name(l->stamp_kind, l->stamp, l->stamp_len, &len) !=
		       NULL
		   ? "its time zone is not in use on this machine at that time"
		   : "invalid time";
}

static inline sixteen
colons_of_clocks(const char *p)
{
	return (sixteen)(sixteen_load(p) == ':') &
	       (sixteen)(sixteen_load(p + 3) == ':');
}

/* Whether there may be two colons as those of a clock. Hardly any line has such
 * a pair, but most have colons, so it does not stop at the first. */
static bool
may_hold_clock(const char *p, const char *end)
{
	const ptrdiff_t step = sizeof(sixteen);
	sixteen found = {0};
	const char *last;

	if (end - p < step + 3)
		return true;
	last = end - 3 - step;
	for (; p < last; p += step)
		found |= colons_of_clocks(p);
	found |= colons_of_clocks(last);
	return sixteen_bits(found) != 0;
}

/* Whether a stamp of this kind begins in p..end, with so many bytes before the
 * colon between hours and minutes. Colons are rare, so candidates are found by
 * that one and the one before the seconds. */
static bool
holds_clock(enum stamp_kind kind, ptrdiff_t hours, const char *p,
	    const char *end)
{
	const char *q = p;

	if (!may_hold_clock(p, end))
		return false;
	while ((q = memchr(q, ':', (size_t)(end - q))) != NULL) {
		if (q - p >= hours && end - q > 3 && q[3] == ':' &&
		    stamp_find_kind(kind, q - hours, end) != 0)
			return true;
		q++;
	}
	return false;
}

/* Whether a stamp of this kind, which looks like the example, begins in p..end.
 * The one without colons, multilog's, is found by its first byte. */
static bool
holds_stamp(enum stamp_kind kind, const char *example, size_t len,
	    const char *p, const char *end)
{
	const char *colon = memchr(example, ':', len);

	if (colon != NULL)
		return holds_clock(kind, colon - example, p, end);
	for (; (p = memchr(p, *example, (size_t)(end - p))) != NULL; p++)
		if (stamp_find_kind(kind, p, end) != 0)
			return true;
	return false;
}

/* The end of the seconds whose fraction ends at q; q: there is no fraction. */
static const char *
before_fraction(const char *p, const char *q)
{
	const char *r = q;

	while (r > p && is_digit(r[-1]))
		r--;
	return r > p && r < q && r[-1] == '.' ? r - 1 : q;
}

/* Whether a number of seconds ends at q that is of the same days as the line. */
static bool
ends_in_seconds(const struct logline *l, const char *p, const char *q)
{
	enum { SECONDS = 10, NEAR = 2 * 24 * 60 * 60 };
	time_t own, other;

	if (q - p < SECONDS ||
	    stamp_find_kind(STAMP_UNIX, q - SECONDS, q) != SECONDS)
		return false;
	secondstamp_decode(STAMP_UNIX, q - SECONDS, &other);
	secondstamp_decode(STAMP_UNIX, l->stamp, &own);
	return own - other < NEAR && other - own < NEAR;
}

/*
 * Whether a number of seconds, as it begins a line, is in p..end. Any number of
 * that length would do, so only one of the same days counts. What was torn off
 * before it may end in digits, too, or in a dot.
 */
static bool
holds_seconds(const struct logline *l, const char *p, const char *end)
{
	const char *space = p;

	for (; (space = memchr(space, ' ', (size_t)(end - space))) != NULL;
	     space++)
		if (ends_in_seconds(l, p, space) ||
		    ends_in_seconds(l, p, before_fraction(p, space)))
			return true;
	return false;
}

/* Whether another line of the same log may begin in p..end. An ISO stamp may be
 * an envelope's, in place of a traditional one. */
static bool
holds_line(const struct logline *l, const char *p, const char *end)
{
	static const char traditional[] = "Nov 21 02:11:07";

	if (l->stamp_kind == STAMP_UNIX)
		return holds_seconds(l, p, end);
	return holds_stamp(l->stamp_kind, l->stamp, l->stamp_len, p, end) ||
	       (l->stamp_kind == STAMP_ISO &&
		holds_stamp(STAMP_TRADITIONAL, traditional,
			    sizeof(traditional) - 1, p, end));
}

bool
logline_is_torn(const struct logline *l)
{
	const char *p = l->text, *end = l->text + l->text_len;

	if (l->text_len == 0 || l->stamp_len == 0)
		return false;
	if (l->stamp < p || l->stamp >= end)
		return holds_line(l, p + 1, end);
	/* The text is the whole line, with its stamp (XMail, SmarterMail). */
	return holds_line(l, p, l->stamp) ||
	       holds_line(l, l->stamp + l->stamp_len, end);
}
