#include "patterns/line/envelope_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/linebuf.h"
#include "patterns/line/logline.h"

enum field {
	MESSAGE,
	TAG,
	COMM,
	PID,
	SYSLOG_PID,
	HOST,
	USEC,
	UID,
	OWNER,
	TRANSPORT,
	STREAM,
	LINE_BREAK,
	CONTAINER,
	CONTAINER_ID,
	PARTIAL,
	PRIORITY,
	NFIELDS
};

void
envelope_entry_keys(struct jsonfield *fields)
{
	/* envelope_export.c has the same. */
	static const char *const keys[ENVELOPE_ENTRY_FIELDS] = {
	    [MESSAGE] = "MESSAGE",
	    [TAG] = "SYSLOG_IDENTIFIER",
	    [COMM] = "_COMM",
	    [PID] = "_PID",
	    [SYSLOG_PID] = "SYSLOG_PID",
	    [HOST] = "_HOSTNAME",
	    [USEC] = "__REALTIME_TIMESTAMP",
	    [UID] = "_UID",
	    [OWNER] = "_SYSTEMD_OWNER_UID",
	    [TRANSPORT] = "_TRANSPORT",
	    [STREAM] = "_STREAM_ID",
	    [LINE_BREAK] = "_LINE_BREAK",
	    [CONTAINER] = "CONTAINER_NAME",
	    [CONTAINER_ID] = "CONTAINER_ID_FULL",
	    [PARTIAL] = "CONTAINER_PARTIAL_MESSAGE",
	    [PRIORITY] = "PRIORITY",
	    [NFIELDS] = NULL,
	};

	for (size_t i = 0; i <= NFIELDS; i++)
		fields[i] = (struct jsonfield){.key = keys[i]};
}

bool
envelope_entry_is_one(const struct jsonfield *fields)
{
	return fields[MESSAGE].value != NULL;
}

static bool
has(const struct jsonfield *fields, enum field field)
{
	return fields[field].value != NULL;
}

static bool
is(const struct jsonfield *fields, enum field field, const char *text)
{
	return has(fields, field) && fields[field].len == strlen(text) &&
	       memcmp(fields[field].value, text, fields[field].len) == 0;
}

/* ---- what was cut ---- */

/* Both journald and the journald drivers of containers cut a long line. */
static bool
is_cut(const struct jsonfield *fields)
{
	return has(fields, PARTIAL) ||
	       (has(fields, LINE_BREAK) && !is(fields, LINE_BREAK, "eof"));
}

/* A container's standard output and error have different priorities. */
static bool
name_stream(const struct jsonfield *fields, char out[CUT_STREAMS_NAME])
{
	bool container = has(fields, CONTAINER);
	const struct jsonfield *id = &fields[container ? CONTAINER : STREAM];
	const struct jsonfield *of = &fields[container ? PRIORITY : PID];

	if (container && has(fields, CONTAINER_ID)) /* names are not unique */
		id = &fields[CONTAINER_ID];
	if (!container && !has(fields, STREAM) && !has(fields, LINE_BREAK))
		return false;
	snprintf(out, CUT_STREAMS_NAME, "%c %.*s %.*s", container ? 'c' : 's',
		 (int)(of->len < 20 ? of->len : 20), of->value ? of->value : "",
		 (int)id->len, id->value ? id->value : "");
	return true;
}

/* Whether the entry is the rest of one before it, or may be. */
static bool
is_rest(struct cut_streams *cuts, const struct jsonfield *fields)
{
	char stream[CUT_STREAMS_NAME];
	bool cut = is_cut(fields);

	if (cut_streams_are_none(cuts) && !cut)
		return false;
	return name_stream(fields, stream) &&
	       cut_streams_note(cuts, stream, cut);
}

/* ---- the line ---- */

static bool
is_word(const struct jsonfield *field)
{
	for (size_t i = 0; i < field->len; i++)
		if ((unsigned char)field->value[i] <= ' ' ||
		    strchr(":[]", field->value[i]) != NULL)
			return false;
	return field->value != NULL && field->len > 0 &&
	       field->len < ENVELOPE_ENTRY_HEADER / 5;
}

/* A user's session may write to the journal under any tag; journald's own
 * fields tell: see source_journal.c. */
static bool
is_from_session(const struct jsonfield *fields)
{
	return has(fields, OWNER) && !is(fields, OWNER, "0") &&
	       !is(fields, UID, "0");
}

static size_t
put_stamp(char *out, const struct jsonfield *usec)
{
	char digits[24] = "";
	unsigned long long when;
	time_t seconds;
	struct tm tm;
	size_t len;

	if (usec->value == NULL || usec->len >= sizeof(digits))
		return 0;
	memcpy(digits, usec->value, usec->len);
	if (strspn(digits, "0123456789") != usec->len)
		return 0;
	when = strtoull(digits, NULL, 10);
	seconds = (time_t)(when / 1000000);
	if (gmtime_r(&seconds, &tm) == NULL)
		return 0;
	len =
	    strftime(out, ENVELOPE_ENTRY_HEADER / 4, "%Y-%m-%dT%H:%M:%S", &tm);
	return len + (size_t)snprintf(out + len, ENVELOPE_ENTRY_HEADER / 4,
				      ".%06llu+00:00", when % 1000000);
}

/* "STAMP host tag[pid]: MESSAGE", after the stamp of n bytes. */
static bool
put_tagged(const struct jsonfield *f, char *out, size_t n, size_t *len)
{
	const struct jsonfield *tag = &f[has(f, TAG) ? TAG : COMM];
	const struct jsonfield *pid = &f[has(f, PID) ? PID : SYSLOG_PID];
	const size_t room = ENVELOPE_ENTRY_HEADER;

	if (!is_word(&f[HOST]) || !is_word(tag))
		return false;
	n += (size_t)snprintf(out + n, room - n, " %.*s %.*s", (int)f[HOST].len,
			      f[HOST].value, (int)tag->len, tag->value);
	if (is_word(pid))
		n += (size_t)snprintf(out + n, room - n, "[%.*s]",
				      (int)pid->len, pid->value);
	memcpy(out + n, ": ", 2);
	memcpy(out + n + 2, f[MESSAGE].value, f[MESSAGE].len);
	*len = n + 2 + f[MESSAGE].len;
	return true;
}

/*
 * A datagram whose tag journald did not find has it in its text, after a host
 * and perhaps a stamp: "mx nginx: text". That is taken apart like a line.
 */
static bool
put_untagged(const struct jsonfield *f, char *out, size_t n, size_t *len)
{
	struct logline l;

	if (has(f, TAG) || !is(f, TRANSPORT, "syslog"))
		return false;
	out[n] = ' ';
	memcpy(out + n + 1, f[MESSAGE].value, f[MESSAGE].len);
	*len = n + 1 + f[MESSAGE].len;
	return logline_parse(&l, out, *len) == 0 && l.header == HEADER_SYSLOG &&
	       l.host_len > 0 && l.program_len > 0 && l.text > l.program;
}

enum envelope_entry
envelope_entry_open(const struct jsonfield *f, struct cut_streams *cuts,
		    char *room, const char **line, size_t *len)
{
	const struct jsonfield *message = &f[MESSAGE];
	size_t n = put_stamp(room, &f[USEC]);

	if (is_rest(cuts, f))
		return ENTRY_REST;
	if (n == 0 || is_from_session(f) || message->len > LINEBUF_LINE_MAX ||
	    memchr(message->value, '\n', message->len) != NULL)
		return ENTRY_EMPTY;
	if (!put_untagged(f, room, n, len) && !put_tagged(f, room, n, len))
		return ENTRY_EMPTY;
	*line = room;
	return ENTRY_LINE;
}
