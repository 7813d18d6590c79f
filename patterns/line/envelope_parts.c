#include "patterns/line/envelope_parts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cut_streams.h"
#include "base/linebuf.h"

/* The text that a writer has begun, or would begin next. */
struct text {
	char name[ENVELOPE_WRITER_MAX];
	size_t name_len;
	int stream;
	uint64_t used; /* when it was, in calls; 0: the place is free */
	char *bytes;
	size_t len;
	bool skip; /* it is too long, or its beginning was lost */
};

struct envelope_parts {
	struct text texts[ENVELOPE_PARTS_MAX];
	uint64_t calls;
	uint64_t doubtful; /* until so many calls, see begin() */
	bool past;
};

struct envelope_parts *
envelope_parts_new(void)
{
	return alloc_zero(1, sizeof(struct envelope_parts));
}

void
envelope_parts_free(struct envelope_parts **pp)
{
	struct envelope_parts *p = *pp;

	*pp = NULL;
	if (p == NULL)
		return;
	for (size_t i = 0; i < ENVELOPE_PARTS_MAX; i++)
		free(p->texts[i].bytes);
	free(p);
}

static bool
is_of(const struct text *text, const struct envelope_writer *writer)
{
	return text->used > 0 && text->stream == writer->stream &&
	       text->name_len == writer->len &&
	       memcmp(text->name, writer->name, writer->len) == 0;
}

static bool
is_pending(const struct text *text)
{
	return text->len > 0 || text->skip;
}

/* Whether a is the better place for another writer: nothing of it is waiting,
 * or it has waited longer. */
static bool
is_rather_given_up(const struct text *a, const struct text *b)
{
	if (is_pending(a) != is_pending(b))
		return !is_pending(a);
	return a->used < b->used;
}

/* A part was lost, or a text is given up: the next part of any writer that is
 * not known may be the rest of a text. As a rule, it follows at once. */
static void
doubt(struct envelope_parts *p)
{
	p->doubtful = p->calls + CUT_STREAMS_DOUBTFUL;
}

static struct text *
begin(struct envelope_parts *p, struct text *text,
      const struct envelope_writer *writer, bool last)
{
	bool doubtful = p->calls < p->doubtful;

	if (is_pending(text))
		doubt(p);
	memcpy(text->name, writer->name, writer->len);
	text->name_len = writer->len;
	text->stream = writer->stream;
	text->len = 0;
	/* There may be parts before it. */
	text->skip = doubtful || (p->past && !last);
	return text;
}

static struct text *
text_of(struct envelope_parts *p, const struct envelope_writer *writer,
	bool last)
{
	struct text *worst = &p->texts[0];

	for (size_t i = 0; i < ENVELOPE_PARTS_MAX; i++) {
		if (is_of(&p->texts[i], writer))
			return &p->texts[i];
		if (is_rather_given_up(&p->texts[i], worst))
			worst = &p->texts[i];
	}
	return begin(p, worst, writer, last);
}

void
envelope_parts_lost(struct envelope_parts *p)
{
	static const struct envelope_writer only[] = {{"", 0, 0}, {"", 0, 1}};

	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++)
		text_of(p, &only[i], true)->used = ++p->calls;
	for (size_t i = 0; i < ENVELOPE_PARTS_MAX; i++)
		p->texts[i].skip = p->texts[i].used > 0;
	doubt(p);
}

void
envelope_parts_set_past(struct envelope_parts *p, bool past)
{
	p->past = past;
}

bool
envelope_parts_join(struct envelope_parts *p,
		    const struct envelope_writer *writer, bool last,
		    const char **part, size_t *len)
{
	struct text *text = text_of(p, writer, last);
	bool skip = text->skip || text->len + *len > LINEBUF_LINE_MAX;

	text->used = ++p->calls;
	if (last && text->len == 0) {
		text->skip = false;
		return !skip;
	}
	if (!skip) {
		if (text->bytes == NULL)
			text->bytes = alloc_zero(LINEBUF_LINE_MAX, 1);
		memcpy(text->bytes + text->len, *part, *len);
		text->len += *len;
	}
	text->skip = skip;
	if (!last)
		return false;
	*part = text->bytes;
	*len = text->len;
	text->len = 0;
	text->skip = false;
	return !skip;
}
