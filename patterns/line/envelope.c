#include "patterns/line/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"
#include "patterns/line/envelope_entry.h"
#include "patterns/line/jsonfields.h"
#include "patterns/line/logline.h"

enum { NAME_MAX_BYTES = 128, STREAMS = 2 };
enum { HEADER_ROOM = ENVELOPE_ENTRY_HEADER };

/* A text whose end has not come. */
struct parts {
	char *bytes;
	size_t len;
	bool skip; /* it is too long, or its beginning was lost */
};

struct envelope {
	struct parts parts[STREAMS]; /* of stdout, of stderr */
	char *room;		     /* values of JSON */
	char *line;		     /* what is handed out */
	struct envelope_cuts *cuts;  /* of journalctl's entries */
	bool lost;		     /* a line, since the last entry */
	bool past;		     /* in envelope_past() */
	bool begun[STREAMS];	     /* some content of it was seen there */
};

/* An envelope that was taken apart. */
struct content {
	const char *stamp; /* NULL: it has none */
	size_t stamp_len;
	const char *text;
	size_t len;
	int stream;   /* an index of parts */
	bool partial; /* the text goes on in the next one of its stream */
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
	for (int i = 0; i < STREAMS; i++)
		free(e->parts[i].bytes);
	free(e->room);
	free(e->line);
	free(e->cuts);
	free(e);
}

void
envelope_lost(struct envelope *e)
{
	for (int i = 0; i < STREAMS; i++)
		e->parts[i].skip = true;
	e->lost = true;
}

/* Most logs have no envelopes, and need no memory for them. */
static char *
need(char **memory, size_t size)
{
	if (*memory == NULL)
		*memory = alloc_zero(size, 1);
	return *memory;
}

/* ---- the line inside ---- */

/* Puts the envelope's stamp in the place of the text's own. A text whose header
 * has its stamp elsewhere stays as it is. */
static void
restamp(struct envelope *e, const struct content *c, const char **line,
	size_t *len)
{
	const char *text = c->text, *end = text + c->len;
	enum stamp_kind kind;
	struct logline l;
	size_t stamp = stamp_find(text, end, &kind);
	bool known = logline_parse(&l, text, c->len) == 0;
	bool own = stamp > 0 && text + stamp < end && text[stamp] == ' ';

	*line = text;
	*len = c->len;
	if (c->stamp == NULL || c->stamp_len > HEADER_ROOM / 2 ||
	    (known && (!own || logline_is_torn(&l))))
		return;
	if (own)
		text += stamp + 1;
	need(&e->line, HEADER_ROOM + LINEBUF_LINE_MAX);
	memcpy(e->line, c->stamp, c->stamp_len);
	e->line[c->stamp_len] = ' ';
	memcpy(e->line + c->stamp_len + 1, text, (size_t)(end - text));
	*line = e->line;
	*len = c->stamp_len + 1 + (size_t)(end - text);
}

/* Adds the text to the parts before it. False if they are not whole yet, or not
 * to be used. */
static bool
join(struct envelope *e, struct content *c)
{
	struct parts *parts = &e->parts[c->stream];
	bool skip;

	if (e->past && !e->begun[c->stream]) {
		e->begun[c->stream] = true;
		parts->skip = c->partial; /* there may be parts before it */
	}
	skip = parts->skip || parts->len + c->len > LINEBUF_LINE_MAX;

	if (!c->partial && parts->len == 0) {
		parts->skip = false;
		return !skip;
	}
	if (!skip) {
		need(&parts->bytes, LINEBUF_LINE_MAX);
		memcpy(parts->bytes + parts->len, c->text, c->len);
		parts->len += c->len;
	}
	parts->skip = skip;
	if (c->partial)
		return false;
	c->text = parts->bytes;
	c->len = parts->len;
	parts->len = 0;
	parts->skip = false;
	return !skip;
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
read_docker(const struct jsonfield *fields, struct content *c)
{
	const struct jsonfield *log = &fields[LOG], *stream = &fields[STREAM];

	if (stream->value == NULL || stream->len != strlen("stderr"))
		return false;
	if (memcmp(stream->value, "stdout", stream->len) != 0 &&
	    memcmp(stream->value, "stderr", stream->len) != 0)
		return false;
	c->stream = stream->value[3] == 'e';
	c->text = log->value;
	c->len = log->len;
	c->partial = c->len == 0 || c->text[c->len - 1] != '\n';
	c->len -= !c->partial;
	if (!c->partial && c->len > 0 && c->text[c->len - 1] == '\r')
		c->len--; /* the container has a terminal */
	c->stamp = fields[TIME].value;
	c->stamp_len = fields[TIME].len;
	return c->stamp != NULL && is_iso(c->stamp, c->stamp_len) &&
	       memchr(c->text, '\n', c->len) == NULL;
}

static enum envelope_content
open_content(struct envelope *e, struct content *c, const char **line,
	     size_t *len)
{
	if (!join(e, c))
		return c->partial ? ENVELOPE_PART : ENVELOPE_EMPTY;
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
	struct content c = {0};

	need(&e->room, LINEBUF_LINE_MAX);
	if (*len > LINEBUF_LINE_MAX)
		return ENVELOPE_EMPTY;
	if (jsonfields_read(*line, *len, docker, e->room) &&
	    docker[LOG].value != NULL)
		return read_docker(docker, &c) ? open_content(e, &c, line, len)
					       : ENVELOPE_EMPTY;
	envelope_entry_keys(entry);
	if (!jsonfields_read(*line, *len, entry, e->room) ||
	    !envelope_entry_is_one(entry))
		return ENVELOPE_NONE;
	need(&e->line, HEADER_ROOM + LINEBUF_LINE_MAX);
	if (e->cuts == NULL)
		e->cuts = alloc_zero(1, sizeof(*e->cuts));
	if (e->lost)
		envelope_entry_lost(e->cuts);
	e->lost = false;
	return contents[envelope_entry_open(entry, e->cuts, e->line, line,
					    len)];
}

/* ---- CRI ---- */

/* STAMP stdout|stderr F|P TEXT */
static bool
read_cri(const char *p, const char *end, struct content *c)
{
	enum stamp_kind kind;
	size_t stamp = stamp_find(p, end, &kind);

	if (stamp == 0 || kind != STAMP_ISO ||
	    end - p - (ptrdiff_t)stamp < (ptrdiff_t)strlen(" stderr F "))
		return false;
	c->stamp = p;
	c->stamp_len = stamp;
	p += stamp;
	if (memcmp(p, " stdout ", 8) != 0 && memcmp(p, " stderr ", 8) != 0)
		return false;
	c->stream = p[4] == 'e';
	c->partial = p[8] == 'P';
	if ((p[8] != 'P' && p[8] != 'F') || p[9] != ' ')
		return false;
	c->text = p + 10;
	c->len = (size_t)(end - c->text);
	return true;
}

/* ---- docker compose logs ---- */

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

/* NAME-1  | TEXT; with --timestamps, the text begins with a stamp in UTC. */
static bool
read_compose(const char *p, const char *end, struct content *c)
{
	const char *q = p;
	enum stamp_kind kind;
	size_t stamp;

	while (q < end && is_name_byte(*q) && q - p < NAME_MAX_BYTES)
		q++;
	if (q == p || q == end || *q != ' ')
		return false;
	while (q < end && *q == ' ' && q - p < 2 * NAME_MAX_BYTES)
		q++;
	if (end - q < 2 || q[0] != '|' || q[1] != ' ')
		return false;
	q += 2;
	stamp = stamp_find(q, end, &kind);
	if (stamp > 0 && kind == STAMP_ISO && q[stamp - 1] == 'Z' &&
	    q + stamp < end && q[stamp] == ' ') {
		c->stamp = q;
		c->stamp_len = stamp;
		q += stamp + 1;
	}
	c->text = q;
	c->len = (size_t)(end - q);
	return true;
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
	return space == NULL || p + len - space < 4 ||
	       memcmp(space, " std", 4) != 0;
}

/* CRI's or compose's; the latter has no parts. */
static bool
read_prefix(const char *line, size_t len, struct content *c)
{
	return read_cri(line, line + len, c) ||
	       read_compose(line, line + len, c);
}

enum envelope_content
envelope_open(struct envelope *e, const char **line, size_t *len)
{
	struct content c = {0};

	if (*len == 0 || is_plain(*line, *len))
		return ENVELOPE_NONE;
	if (**line == '{')
		return open_json(e, line, len);
	if (!read_prefix(*line, *len, &c))
		return ENVELOPE_NONE;
	return open_content(e, &c, line, len);
}

void
envelope_past(struct envelope *e, const char *line, size_t len)
{
	e->past = true;
	envelope_open(e, &line, &len);
	e->past = false;
}

bool
envelope_in_block(const char *lines, size_t len)
{
	enum { LOOKED_AT = 4 };
	const char *end = lines + len, *line;
	size_t line_len;

	for (int i = 0; i < LOOKED_AT; i++) {
		struct content c = {0};
		int next = linebuf_next(&lines, end, &line, &line_len);

		if (next == 0)
			return false;
		if (next > 0 && line_len > 0 &&
		    (*line == '{' || read_prefix(line, line_len, &c)))
			return true;
	}
	return false;
}
