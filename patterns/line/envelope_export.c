/*
 * The Journal Export Format, read byte by byte.
 */
#include "patterns/line/envelope.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"

enum { NAME_ROOM = 65 }; /* systemd's own limit is 64 */

/* Of a message that is too long, the other fields still tell whether the next
 * entry is the rest of it. */
enum { OTHERS_ROOM = 4096 };

enum state {
	AT_START, /* nothing has been read */
	IN_NAME,
	IN_VALUE, /* up to a newline */
	IN_SIZE,
	IN_DATA, /* `left' bytes */
	AT_DATA_END,
	BROKEN,
	FOREIGN, /* not an export */
};

struct envelope_export {
	enum state state;
	char name[NAME_ROOM];
	size_t name_len;
	bool wanted;   /* the field is handed on */
	uint64_t left; /* of a size or of data */
	uint64_t size; /* as far as it has been read */
	bool too_long; /* the entry */
	bool value_too_long;
	size_t len, value_at; /* where the value begins */
	size_t limit;	      /* of the value */
	char line[LINEBUF_LINE_MAX];
};

struct envelope_export *
envelope_export_new(void)
{
	return alloc_zero(1, sizeof(struct envelope_export));
}

void
envelope_export_free(struct envelope_export **x)
{
	free(*x);
	*x = NULL;
}

/* ---- the line ---- */

static void
put(struct envelope_export *x, const char *bytes, size_t len)
{
	if (len > sizeof(x->line) - x->len) {
		x->too_long = true;
		return;
	}
	memcpy(x->line + x->len, bytes, len);
	x->len += len;
}

static void
put_byte(struct envelope_export *x, char c)
{
	char escape[8] = {c};

	if ((unsigned char)c < ' ' || c == '"' || c == '\\')
		snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)c);
	x->value_too_long =
	    x->value_too_long || x->len + strlen(escape) > x->limit;
	if (!x->value_too_long)
		put(x, escape, strlen(escape));
}

static bool
is_wanted(const char *name)
{
	static const char *const names[] = {"MESSAGE",
					    "SYSLOG_IDENTIFIER",
					    "_COMM",
					    "_PID",
					    "SYSLOG_PID",
					    "_HOSTNAME",
					    "__REALTIME_TIMESTAMP",
					    "_UID",
					    "_SYSTEMD_OWNER_UID",
					    "_TRANSPORT",
					    "_STREAM_ID",
					    "_LINE_BREAK",
					    "CONTAINER_NAME",
					    "CONTAINER_ID_FULL",
					    "CONTAINER_PARTIAL_MESSAGE",
					    "PRIORITY"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void
begin_value(struct envelope_export *x)
{
	x->name[x->name_len] = '\0';
	x->wanted = is_wanted(x->name);
	x->name_len = 0;
	if (!x->wanted)
		return;
	put(x, x->len == 0 ? "{\"" : ",\"", 2);
	put(x, x->name, strlen(x->name));
	put(x, "\":\"", 3);
	x->value_at = x->len;
	x->value_too_long = false;
	x->limit = sizeof(x->line) - 1;
	if (strcmp(x->name, "MESSAGE") == 0)
		x->limit = sizeof(x->line) - OTHERS_ROOM;
}

static void
end_value(struct envelope_export *x)
{
	if (x->wanted && x->value_too_long)
		x->len = x->value_at;
	if (x->wanted)
		put(x, "\"", 1);
	x->state = IN_NAME;
}

static void
end_entry(struct envelope_export *x, linebuf_line_fn *fn, void *arg)
{
	if (x->len > 0)
		put(x, "}", 1);
	if (x->len > 0 && !x->too_long)
		fn(arg, x->line, x->len);
	x->len = 0;
	x->too_long = false;
}

/* ---- one byte more ---- */

static void
take_name(struct envelope_export *x, char c, linebuf_line_fn *fn, void *arg)
{
	if (c == '\n' && x->name_len == 0) {
		end_entry(x, fn, arg);
	} else if (c == '=') {
		begin_value(x);
		x->state = IN_VALUE;
	} else if (c == '\n') {
		begin_value(x);
		x->state = IN_SIZE;
		x->left = 8;
		x->size = 0;
	} else if (x->name_len + 1 < sizeof(x->name)) {
		x->name[x->name_len++] = c;
	} else {
		x->state = BROKEN;
	}
}

static void
take_size(struct envelope_export *x, char c)
{
	x->size |= (uint64_t)(unsigned char)c << (8 * (8 - x->left));
	if (--x->left > 0)
		return;
	x->left = x->size;
	x->state = x->left > 0 ? IN_DATA : AT_DATA_END;
}

static void
take_value(struct envelope_export *x, char c)
{
	if (x->state == IN_VALUE && c == '\n') {
		end_value(x);
		return;
	}
	if (x->wanted)
		put_byte(x, c);
	if (x->state == IN_DATA && --x->left == 0)
		x->state = AT_DATA_END;
}

static void
take(struct envelope_export *x, char c, linebuf_line_fn *fn, void *arg)
{
	switch (x->state) {
	case IN_NAME:
		take_name(x, c, fn, arg);
		return;
	case IN_SIZE:
		take_size(x, c);
		return;
	case IN_VALUE:
	case IN_DATA:
		take_value(x, c);
		return;
	case AT_DATA_END:
		x->state = BROKEN;
		if (c == '\n')
			end_value(x);
		return;
	default:
		return;
	}
}

static const char first_name[] = "__CURSOR=";

bool
envelope_export_begins(const char *line, size_t len)
{
	return len >= strlen(first_name) &&
	       memcmp(line, first_name, strlen(first_name)) == 0;
}

/* The first piece may be a short one. */
static bool
may_begin(const char *bytes, size_t len)
{
	return len < strlen(first_name) ? memcmp(bytes, first_name, len) == 0
					: envelope_export_begins(bytes, len);
}

bool
envelope_export_feed(struct envelope_export *x, const char *bytes, size_t len,
		     linebuf_line_fn *fn, void *arg)
{
	if (x->state == AT_START && len > 0)
		x->state = may_begin(bytes, len) ? IN_NAME : FOREIGN;
	if (x->state == FOREIGN || x->state == AT_START)
		return false;
	for (size_t i = 0; i < len; i++)
		take(x, bytes[i], fn, arg);
	return true;
}
