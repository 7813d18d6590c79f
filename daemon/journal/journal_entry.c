#include "daemon/journal/journal_entry.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/linebuf.h"
#include "patterns/line/logline.h"

/* The id of a container has so many digits; a longer name is cut. */
enum { HEADER_MAX = 1024, WORD_MAX = 256, CONTAINER_MAX = 64 };

/* By the lengths of their names. */
enum word {
	PID,
	UID,
	COMM,
	PRIORITY,
	HOST,
	SYSLOG_PID,
	TRANSPORT,
	STREAM,
	LINE_BREAK,
	UNIT,
	CONTAINER,
	CGROUP,
	TAG,
	CONTAINER_ID,
	OWNER,
	USER_UNIT,
	PARTIAL,
	NWORDS
};

struct name {
	size_t len;
	const char *text;
};
#define NAME(text) {sizeof(text) - 1, text}
static const struct name names[NWORDS] = {
    [PID] = NAME("_PID"),
    [UID] = NAME("_UID"),
    [COMM] = NAME("_COMM"),
    [PRIORITY] = NAME("PRIORITY"),
    [HOST] = NAME("_HOSTNAME"),
    [SYSLOG_PID] = NAME("SYSLOG_PID"),
    [TRANSPORT] = NAME("_TRANSPORT"),
    [STREAM] = NAME("_STREAM_ID"),
    [LINE_BREAK] = NAME("_LINE_BREAK"),
    [UNIT] = NAME("_SYSTEMD_UNIT"),
    [CONTAINER] = NAME("CONTAINER_NAME"),
    [CGROUP] = NAME("_SYSTEMD_CGROUP"),
    [TAG] = NAME("SYSLOG_IDENTIFIER"),
    [CONTAINER_ID] = NAME("CONTAINER_ID_FULL"),
    [OWNER] = NAME("_SYSTEMD_OWNER_UID"),
    [USER_UNIT] = NAME("_SYSTEMD_USER_UNIT"),
    [PARTIAL] = NAME("CONTAINER_PARTIAL_MESSAGE"),
};

/* The first word whose name may have this length. */
enum { NAME_LEN_MAX = 25 };
static const unsigned char first_of_length[NAME_LEN_MAX + 1] = {
    [4] = PID,	  [5] = COMM,	     [8] = PRIORITY,   [9] = HOST,
    [10] = SYSLOG_PID, [11] = LINE_BREAK, [13] = UNIT, [14] = CONTAINER,
    [15] = CGROUP, [17] = TAG,	     [18] = OWNER,     [25] = PARTIAL};

/* A value that is longer than there is room for is there, but no word. */
struct value {
	bool there, whole;
	size_t len;
	char text[WORD_MAX];
};

struct journal_entry {
	uint64_t usec;
	time_t second; /* that the stamp is of; -1: of none */
	char stamp[32];
	struct value values[NWORDS];
	bool has_message, fits; /* the message is a line, or a part of one */
	size_t message_len;
	char writer[2 * WORD_MAX + 16];
	char line[HEADER_MAX +
		  LINEBUF_LINE_MAX]; /* the message is at HEADER_MAX */
};

struct journal_entry *
journal_entry_new(void)
{
	struct journal_entry *e = alloc_zero(1, sizeof(*e));

	e->second = -1;
	return e;
}

void
journal_entry_free(struct journal_entry **ep)
{
	free(*ep);
	*ep = NULL;
}

/* ---- fields ---- */

void
journal_entry_begin(struct journal_entry *e, uint64_t usec)
{
	e->usec = usec;
	e->has_message = e->fits = false;
	e->message_len = 0;
	for (int i = 0; i < NWORDS; i++) {
		e->values[i].there = e->values[i].whole = false;
		e->values[i].len = 0;
		e->values[i].text[0] = '\0';
	}
}

static char *
message(struct journal_entry *e)
{
	return e->line + HEADER_MAX;
}

static void
set_message(struct journal_entry *e, const char *text, size_t len)
{
	if (e->has_message)
		return;
	e->has_message = true;
	e->fits = len <= LINEBUF_LINE_MAX && memchr(text, '\n', len) == NULL;
	if (!e->fits)
		return;
	memcpy(message(e), text, len);
	e->message_len = len;
}

static void
set_value(struct value *value, const char *text, size_t len)
{
	if (value->there)
		return;
	value->there = true;
	value->whole = len < sizeof(value->text) && !memchr(text, '\0', len);
	if (!value->whole)
		return;
	memcpy(value->text, text, len);
	value->text[len] = '\0';
	value->len = len;
}

static bool
is_named(const struct name *name, const char *text, size_t len)
{
	return name->len == len && memcmp(name->text, text, len) == 0;
}

static const struct name MESSAGE = NAME("MESSAGE");

/* Returns NWORDS for another name. */
static int
word_named(const char *text, size_t len)
{
	int i;

	if (len > NAME_LEN_MAX)
		return NWORDS;
	for (i = first_of_length[len]; i < NWORDS && names[i].len == len; i++)
		if (is_named(&names[i], text, len))
			return i;
	return NWORDS;
}

void
journal_entry_field(struct journal_entry *e, const char *data, size_t len)
{
	const char *equals = memchr(data, '=', len);
	size_t name;
	int word;

	if (equals == NULL)
		return;
	name = (size_t)(equals - data);
	len -= name + 1;
	word = word_named(data, name);
	if (word < NWORDS)
		set_value(&e->values[word], equals + 1, len);
	else if (is_named(&MESSAGE, data, name))
		set_message(e, equals + 1, len);
}

bool
journal_entry_needs_cut(const char *data, size_t len)
{
	const char *equals = memchr(data, '=', len);
	size_t name = equals != NULL ? (size_t)(equals - data) : 0;

	return word_named(data, name) < NWORDS ||
	       is_named(&MESSAGE, data, name);
}

bool
journal_entry_needs(const char *data, size_t len)
{
	const char *equals = memchr(data, '=', len);
	int word = word_named(data, equals ? (size_t)(equals - data) : 0);

	return word != PRIORITY && word != CONTAINER_ID &&
	       journal_entry_needs_cut(data, len);
}

static bool
has(const struct journal_entry *e, enum word word)
{
	return e->values[word].there;
}

static bool
is(const struct journal_entry *e, enum word word, const char *text)
{
	return e->values[word].whole && strcmp(e->values[word].text, text) == 0;
}

/* Names are not unique: each user of Podman has their own, and a container that
 * is made again has the name of the old one. */
static const struct value *
container_id(const struct journal_entry *e)
{
	return &e->values[has(e, CONTAINER_ID) ? CONTAINER_ID : CONTAINER];
}

/* ---- an entry as a line ---- */

/* An entry is refused if one of these fields could shift the header of the
 * line. */
static bool
is_word(const struct value *value)
{
	for (size_t i = 0; i < value->len; i++) {
		char c = value->text[i];

		if ((unsigned char)c <= ' ' || c == ':' || c == '[' || c == ']')
			return false;
	}
	return value->whole && value->len > 0;
}

/* There is room for a stamp, three values and what is between them. */
struct prefix {
	size_t len;
	char bytes[HEADER_MAX];
};

static void
put(struct prefix *h, const char *text, size_t len)
{
	memcpy(h->bytes + h->len, text, len);
	h->len += len;
}

static void
put_value(struct prefix *h, const struct value *value, const char *after)
{
	put(h, value->text, value->len);
	put(h, after, strlen(after));
}

/* Neighbours mostly have the same second. */
static void
put_stamp(struct prefix *h, struct journal_entry *e)
{
	time_t second = (time_t)(e->usec / 1000000);
	unsigned int usec = (unsigned int)(e->usec % 1000000);
	char fraction[] = ".000000+00:00 ";
	struct tm tm;

	if (second != e->second) {
		gmtime_r(&second, &tm);
		strftime(e->stamp, sizeof(e->stamp), "%Y-%m-%dT%H:%M:%S", &tm);
		e->second = second;
	}
	for (int i = 6; usec > 0; i--, usec /= 10)
		fraction[i] = (char)('0' + usec % 10);
	h->len = 0;
	put(h, e->stamp, strlen(e->stamp));
	put(h, fraction, strlen(fraction));
}

/* Puts the header directly before some of the message, from text on. */
static bool
finish(struct journal_entry *e, const struct prefix *h, const char *text,
       const char **line, size_t *len)
{
	size_t skipped = (size_t)(text - message(e));
	char *start = message(e) + skipped - h->len;

	memcpy(start, h->bytes, h->len);
	*line = start;
	*len = h->len + e->message_len - skipped;
	return true;
}

/* The reader of the line takes it for a name, whatever is in it. */
static void
put_id(struct prefix *h, const struct value *id)
{
	size_t len = id->len < CONTAINER_MAX ? id->len : CONTAINER_MAX;

	for (size_t i = 0; i < len; i++)
		put(h, isalnum((unsigned char)id->text[i]) ? id->text + i : "_",
		    1);
	if (len == 0)
		put(h, "_", 1);
}

/*
 * Docker's and Podman's journald driver give each line that a container prints
 * the tag of the container. If the administrator selected the entries, their
 * text is the line, and is handed on with the prefix of CRI, which the reader
 * takes off: "2026-11-21T02:11:07.000123+00:00 stderr@ID F line". What it prints
 * to its standard output has the priority 6, to the other one 3, and the parts
 * of a line are only joined with those of the same stream of the same container.
 */
static bool
build_container_line(struct journal_entry *e, struct prefix *h,
		     const char **line, size_t *len)
{
	put(h, is(e, PRIORITY, "6") ? "stdout@" : "stderr@", 7);
	put_id(h, container_id(e));
	put(h, has(e, PARTIAL) ? " P " : " F ", 3);
	return finish(e, h, message(e), line, len);
}

/* After "1 " and the stamp, or the stamp alone; NULL: it has no stamp. */
static const char *
skip_stamp(const char *text, const char *end, bool *versioned)
{
	enum stamp_kind kind;
	size_t len;

	*versioned = end - text > 2 && memcmp(text, "1 ", 2) == 0;
	if (*versioned)
		text += 2;
	len = stamp_find(text, end, &kind);
	return len > 0 && text + len < end && text[len] == ' ' ? text + len + 1
							       : NULL;
}

/*
 * journald takes the tag off a datagram only if that comes first or after a
 * stamp of RFC 3164. Where a host or an ISO stamp is before it, or the datagram
 * is of RFC 5424, the text begins with what the datagram said:
 * "mx dovecot[77]: text". Takes it apart like a line of a file. The stamp is
 * the journal's own.
 */
static bool
build_datagram_line(struct journal_entry *e, struct prefix *h,
		    const char **line, size_t *len)
{
	const char *text = message(e), *end = text + e->message_len;
	bool versioned;
	const char *rest = skip_stamp(text, end, &versioned);
	struct logline l;

	if (rest == NULL && versioned)
		return false;
	finish(e, h, rest != NULL ? rest : text, line, len);
	if (versioned)
		return logline_bare(&l, *line, *len) == 0;
	return logline_parse(&l, *line, *len) == 0 &&
	       l.header == HEADER_SYSLOG && l.program_len > 0 &&
	       l.text > l.program && (l.host_len > 0 || rest != NULL);
}

static bool
is_untagged_datagram(const struct journal_entry *e)
{
	return !has(e, TAG) && is(e, TRANSPORT, "syslog");
}

static bool
build_line(struct journal_entry *e, struct prefix *h, const char **line,
	   size_t *len)
{
	const struct value *tag = &e->values[has(e, TAG) ? TAG : COMM];
	const struct value *pid = &e->values[has(e, PID) ? PID : SYSLOG_PID];

	if (!is_word(&e->values[HOST]) || !is_word(tag))
		return false;
	put_value(h, &e->values[HOST], " ");
	put_value(h, tag, is_word(pid) ? "[" : "");
	if (is_word(pid))
		put_value(h, pid, "]");
	put(h, ": ", 2);
	return finish(e, h, message(e), line, len);
}

bool
journal_entry_line(struct journal_entry *e, bool containers, const char **line,
		   size_t *len)
{
	struct prefix h;

	if (!e->fits)
		return false;
	put_stamp(&h, e);
	if (containers && has(e, CONTAINER))
		return build_container_line(e, &h, line, len);
	if (is_untagged_datagram(e) && build_datagram_line(e, &h, line, len))
		return true;
	return build_line(e, &h, line, len);
}

/* ---- who wrote it ---- */

/* systemd keeps 61184 to 65519 for services with DynamicUser=. */
static bool
is_ordinary_user(const char *uid)
{
	char *end;
	unsigned long n = strtoul(uid, &end, 10);

	if (*uid == '\0' || *end != '\0')
		return true;
	return n >= 1000 && !(n >= 61184 && n <= 65519) && n != 65534;
}

static bool
ends_in(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && strcmp(text + len - n, suffix) == 0;
}

static size_t
first_word(const char *text)
{
	size_t len = 0;

	while (isalnum((unsigned char)text[len]))
		len++;
	return len;
}

/* As "cyrus-imapd.service" for "cyrus/imap". Postfix has no daemons of such
 * users, but runs the commands in their .forward files. */
static bool
is_own_service(const struct journal_entry *e)
{
	const char *unit = e->values[UNIT].text, *tag = e->values[TAG].text;
	size_t len = first_word(unit);

	return ends_in(unit, ".service") && len > 2 && len == first_word(tag) &&
	       memcmp(unit, tag, len) == 0 && memcmp(unit, "postfix", len) != 0;
}

/*
 * journald may look only after the process has ended. It then knows no control
 * group, but the unit, if systemd opened the stream for it; and nothing at all
 * of others, whose entries are not trusted. user@UID.service is of the system,
 * but runs what a user wants.
 */
static bool
is_in_system_unit(const struct journal_entry *e)
{
	const char *unit = e->values[UNIT].text;

	if (has(e, OWNER) && !is(e, OWNER, "0"))
		return false;
	if (has(e, CGROUP))
		return true;
	return !has(e, USER_UNIT) && ends_in(unit, ".service") &&
	       strncmp(unit, "user@", strlen("user@")) != 0;
}

bool
journal_entry_is_server(const struct journal_entry *e)
{
	if (is(e, UID, "0"))
		return true;
	if (!is_in_system_unit(e))
		return false;
	return !is_ordinary_user(e->values[UID].text) || is_own_service(e);
}

const char *
journal_entry_writer(struct journal_entry *e)
{
	const struct value *unit = &e->values[UNIT];

	if (!is_word(&e->values[UID]))
		return NULL;
	snprintf(e->writer, sizeof(e->writer), "uid %s%s%s",
		 e->values[UID].text, is_word(unit) ? " in " : "",
		 is_word(unit) ? unit->text : "");
	return e->writer;
}

/* ---- streams ---- */

bool
journal_entry_has_container(const struct journal_entry *e)
{
	return has(e, CONTAINER);
}

/* At the end of a stream there is no rest. */
bool
journal_entry_is_cut(const struct journal_entry *e)
{
	return has(e, PARTIAL) ||
	       (has(e, LINE_BREAK) && !is(e, LINE_BREAK, "eof"));
}

static char
stream_kind(const struct journal_entry *e)
{
	if (!has(e, CONTAINER))
		return JOURNAL_PROCESS;
	return has(e, CONTAINER_ID) ? JOURNAL_CONTAINER : JOURNAL_NAMED;
}

bool
journal_entry_stream(const struct journal_entry *e,
		     char out[CUT_STREAMS_NAME])
{
	enum { ID_MAX = CONTAINER_MAX, NUMBER_MAX = 12 };
	bool container = has(e, CONTAINER);
	const struct value *id = container ? container_id(e)
					   : &e->values[STREAM];
	const struct value *number = &e->values[container ? PRIORITY : PID];

	if (!container && !has(e, STREAM))
		return false;
	snprintf(out, CUT_STREAMS_NAME, "%.*s %c%.*s", ID_MAX, id->text,
		 stream_kind(e), NUMBER_MAX, number->text);
	return true;
}
