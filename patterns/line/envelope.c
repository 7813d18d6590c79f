#include "patterns/line/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"
#include "patterns/line/envelope_entry.h"
#include "patterns/line/envelope_prefix.h"
#include "patterns/line/jsonfields.h"
#include "patterns/line/logline.h"

enum { HEADER_ROOM = ENVELOPE_ENTRY_HEADER };

struct envelope {
	struct envelope_parts *parts;
	char *room;		    /* values of JSON */
	char *line;		    /* what is handed out */
	struct cut_streams *cuts; /* of journalctl's entries */
	bool lost;		    /* a line, since the last entry */
	uint64_t file;		    /* of the lines that come */
};

struct envelope *
envelope_new(void)
{
	return alloc_zero(1, sizeof(struct envelope));
}

void
envelope_free(struct envelope **ep)
{
	struct envelope *e = *ep;

	*ep = NULL;
	if (e == NULL)
		return;
	envelope_parts_free(&e->parts);
	free(e->room);
	free(e->line);
	free(e->cuts);
	free(e);
}

/* Most logs have no envelopes, and need no memory for them. */
static struct envelope_parts *
need_parts(struct envelope *e)
{
	if (e->parts == NULL) {
		e->parts = envelope_parts_new();
		envelope_parts_from(e->parts, e->file, false);
	}
	return e->parts;
}

void
envelope_from(struct envelope *e, uint64_t file, bool first)
{
	e->file = file;
	if (e->parts != NULL)
		envelope_parts_from(e->parts, file, first);
}

void
envelope_lost(struct envelope *e)
{
	envelope_parts_lost(need_parts(e));
	e->lost = true;
}

static char *
need(char **memory, size_t size)
{
	if (*memory == NULL)
		*memory = alloc_zero(size, 1);
	return *memory;
}

/* ---- the line inside ---- */

/* Whether a text without stamp must not get one. After a stamp, a word between
 * brackets would be metalog's program, and two words before a stamp a host and a
 * tag, but it is a stranger's text, or another envelope. */
static bool
is_no_header(const struct envelope_text *c)
{
	struct envelope_text inner;

	return (c->len > 0 && *c->bytes == '[' && !c->doubtful) ||
	       envelope_prefix_take(&inner, c->bytes, c->bytes + c->len);
}

/* What follows the stamp and its space. s6-log writes two of them. */
static const char *
after_stamp(const char *text, size_t stamp, const char *end)
{
	static const char s6[] = "2026-11-21 02:01:00.123456789";

	text += stamp;
	if (stamp == sizeof(s6) - 1 && text[10 - (ptrdiff_t)stamp] == ' ' &&
	    end - text > 1 && text[1] == ' ')
		text++;
	return text + 1;
}

/* How long the stamp at the beginning of a line is with a zone apart from it,
 * as "2026-11-21 02:01:00 CET"; "+0100" looks like a column of W3C's. */
static size_t
with_zone(const struct logline *l, size_t stamp)
{
	struct logline other = *l;

	if (l->header != HEADER_SYSLOG && !logline_reread(&other))
		return stamp;
	return other.stamp == l->line && other.stamp_len > stamp
		   ? other.stamp_len
		   : stamp;
}

/* Whether a line that begins with an envelope's stamp names its program directly
 * after that. Nobody writes a host without a time, but a stranger may have
 * written what follows the first word of a text. */
static bool
names_program_first(const char *line, size_t len, size_t stamp)
{
	struct logline l;

	if (logline_parse(&l, line, len) != 0)
		return false;
	return l.header == HEADER_SYSLOG ? l.program == line + stamp + 1
					 : l.header != HEADER_W3C;
}

/* Puts the envelope's stamp in the place of the text's own and of its zone. A
 * text whose header has its stamp elsewhere stays as it is. */
static void
restamp(struct envelope *e, const struct envelope_text *c, const char **line,
	size_t *len)
{
	const char *text = c->bytes, *end = text + c->len;
	enum stamp_kind kind;
	struct logline l;
	size_t stamp = stamp_find(text, end, &kind), out;
	bool known = logline_parse(&l, text, c->len) == 0 ||
		     logline_bare(&l, text, c->len) == 0;
	bool own = stamp > 0 && text + stamp < end && text[stamp] == ' ';

	*line = text;
	*len = c->len;
	if (c->stamp == NULL || c->stamp_len > HEADER_ROOM / 2 ||
	    (known && (!own || logline_is_torn(&l))) ||
	    (!own && is_no_header(c)))
		return;
	if (own)
		text = after_stamp(text, known ? with_zone(&l, stamp) : stamp,
				   end);
	need(&e->line, HEADER_ROOM + LINEBUF_LINE_MAX);
	memcpy(e->line, c->stamp, c->stamp_len);
	e->line[c->stamp_len] = ' ';
	memcpy(e->line + c->stamp_len + 1, text, (size_t)(end - text));
	out = c->stamp_len + 1 + (size_t)(end - text);
	if (!own && !c->doubtful &&
	    !names_program_first(e->line, out, c->stamp_len))
		return;
	*line = e->line;
	*len = out;
}

/* ---- JSON ---- */

enum { LOG, STREAM, TIME };

/* Whether the whole of a field is a stamp: it will begin a line. */
static bool
is_iso(const char *field, size_t len)
{
	enum stamp_kind kind;

	return stamp_find(field, field + len, &kind) == len &&
	       kind == STAMP_ISO;
}

/* {"log":"TEXT\n","stream":"stderr","time":"STAMP"}; without newline, the text
 * goes on. */
static bool
read_docker(const struct jsonfield *fields, struct envelope_text *c)
{
	const struct jsonfield *log = &fields[LOG], *stream = &fields[STREAM];

	if (stream->value == NULL || stream->len != strlen("stderr"))
		return false;
	if (memcmp(stream->value, "stdout", stream->len) != 0 &&
	    memcmp(stream->value, "stderr", stream->len) != 0)
		return false;
	c->writer = (struct envelope_writer){.name = "",
					     .stream = stream->value[3] == 'e'};
	c->bytes = log->value;
	c->len = log->len;
	c->partial = c->len == 0 || c->bytes[c->len - 1] != '\n';
	c->len -= !c->partial;
	if (!c->partial && c->len > 0 && c->bytes[c->len - 1] == '\r')
		c->len--; /* the container has a terminal */
	c->stamp = fields[TIME].value;
	c->stamp_len = fields[TIME].len;
	return c->stamp != NULL && is_iso(c->stamp, c->stamp_len) &&
	       memchr(c->bytes, '\n', c->len) == NULL;
}

static enum envelope_content
open_text(struct envelope *e, struct envelope_text *c, const char **line,
	  size_t *len)
{
	if (!envelope_parts_join(need_parts(e), &c->writer, !c->partial,
				 &c->bytes, &c->len))
		return c->partial ? ENVELOPE_PART : ENVELOPE_UNUSED;
	restamp(e, c, line, len);
	return ENVELOPE_LINE;
}

static enum envelope_content
open_json(struct envelope *e, const char **line, size_t *len)
{
	struct jsonfield docker[] = {
	    {.key = "log"}, {.key = "stream"}, {.key = "time"}, {.key = NULL}};
	static const enum envelope_content contents[] = {
	    [ENTRY_LINE] = ENVELOPE_LINE,
	    [ENTRY_REST] = ENVELOPE_PART,
	    [ENTRY_EMPTY] = ENVELOPE_EMPTY,
	};
	struct jsonfield entry[ENVELOPE_ENTRY_FIELDS];
	struct envelope_text c = {0};

	need(&e->room, LINEBUF_LINE_MAX);
	if (*len > LINEBUF_LINE_MAX)
		return ENVELOPE_EMPTY;
	if (jsonfields_read(*line, *len, docker, e->room) &&
	    docker[LOG].value != NULL)
		return read_docker(docker, &c) ? open_text(e, &c, line, len)
					       : ENVELOPE_EMPTY;
	envelope_entry_keys(entry);
	if (!jsonfields_read(*line, *len, entry, e->room) ||
	    !envelope_entry_is_one(entry))
		return ENVELOPE_NONE;
	need(&e->line, HEADER_ROOM + LINEBUF_LINE_MAX);
	if (e->cuts == NULL)
		e->cuts = alloc_zero(1, sizeof(*e->cuts));
	if (e->lost)
		cut_streams_lost(e->cuts);
	e->lost = false;
	return contents[envelope_entry_open(entry, e->cuts, e->line, line,
					    len)];
}

/* ---- all of them ---- */

/* Most lines are plain, and this is all that they cost. */
static inline bool
is_plain(const char *p, size_t len)
{
	const char *space;

	if (len < 32)
		return false;
	if (p[3] == ' ' && p[9] == ':' && p[12] == ':') /* RFC 3164 */
		return true;
	if (p[4] != '-' || p[7] != '-' || p[13] != ':') /* not ISO */
		return false;
	space = p[10] == 'T' ? memchr(p + 19, ' ', len - 19) : NULL;
	if (space == NULL || p + len - space < 4)
		return true;
	return memcmp(space, " std", 4) != 0 && space[-1] != 'Z';
}

enum envelope_content
envelope_open(struct envelope *e, const char **line, size_t *len)
{
	struct envelope_text c = {0};

	if (linebuf_is_rest(*line, *len)) {
		envelope_lost(e);
		return ENVELOPE_NONE;
	}
	if (*len == 0 || is_plain(*line, *len))
		return ENVELOPE_NONE;
	if (**line == '{')
		return open_json(e, line, len);
	if (!envelope_prefix_take(&c, *line, *line + *len))
		return ENVELOPE_NONE;
	return open_text(e, &c, line, len);
}

enum envelope_content
envelope_past(struct envelope *e, const char **line, size_t *len)
{
	enum envelope_content content;

	envelope_parts_set_past(need_parts(e), true);
	content = envelope_open(e, line, len);
	envelope_parts_set_past(e->parts, false);
	return content;
}

bool
envelope_in_block(const char *lines, size_t len)
{
	enum { LOOKED_AT = 4 };
	const char *end = lines + len, *line;
	size_t line_len;

	for (int i = 0; i < LOOKED_AT; i++) {
		struct envelope_text c = {0};
		int next = linebuf_next(&lines, end, &line, &line_len);

		if (next == 0)
			return false;
		if (next > 0 && line_len > 0 &&
		    (*line == '{' ||
		     envelope_prefix_take(&c, line, line + line_len)))
			return true;
	}
	return false;
}
