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
	uint64_t file;
	uint64_t used; /* when it was, in calls; 0: the place is free */
	char *bytes;
	size_t len;
	bool begun; /* a part has come of it, if perhaps not the first */
	bool skip;  /* it is too long, or its beginning was lost */
};

struct envelope_parts {
	struct text texts[ENVELOPE_PARTS_MAX];
	uint64_t file; /* of the parts that come */
	uint64_t calls;
	uint64_t doubtful, lost; /* until so many calls, see doubt() */
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
is_of(const struct text *text, uint64_t file,
      const struct envelope_writer *writer)
{
	return text->used > 0 && text->file == file &&
	       text->stream == writer->stream &&
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

/* A text is given up, or a part was lost: the next part of any writer that is
 * not known may be the rest of a text. As a rule, it follows at once. Of a file
 * with but one writer, it is known which texts the lost one may be. */
static void
doubt(uint64_t *until, const struct envelope_parts *p)
{
	*until = p->calls + CUT_STREAMS_DOUBTFUL;
}

static bool
is_doubtful(const struct envelope_parts *p,
	    const struct envelope_writer *writer)
{
	return p->calls < p->doubtful ||
	       (p->calls < p->lost && writer->len > 0);
}

static struct text *
begin(struct envelope_parts *p, struct text *text,
      const struct envelope_writer *writer, bool last)
{
	bool doubtful = is_doubtful(p, writer);

	if (is_pending(text))
		doubt(&p->doubtful, p);
	memcpy(text->name, writer->name, writer->len);
	text->name_len = writer->len;
	text->stream = writer->stream;
	text->file = p->file;
	text->len = 0;
	text->begun = false;
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
		if (is_of(&p->texts[i], p->file, writer))
			return &p->texts[i];
		if (is_rather_given_up(&p->texts[i], worst))
			worst = &p->texts[i];
	}
	return begin(p, worst, writer, last);
}

/* Whether its rest may be in a new file: what was lost is likely to have gone on
 * at once. */
static bool
may_go_on(const struct envelope_parts *p, const struct text *text)
{
	return text->begun || (text->skip && p->calls < p->lost);
}

/* That of the same writer in this file. */
static void
skip_next(struct envelope_parts *p, const struct text *text)
{
	char name[ENVELOPE_WRITER_MAX];
	const struct envelope_writer writer = {name, text->name_len,
					       text->stream};
	struct text *next;

	memcpy(name, text->name, text->name_len);
	next = text_of(p, &writer, true);
	next->used = ++p->calls;
	next->skip = true;
}

void
envelope_parts_lost(struct envelope_parts *p)
{
	static const struct envelope_writer only[] = {{"", 0, 0}, {"", 0, 1}};

	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++)
		text_of(p, &only[i], true)->used = ++p->calls;
	for (size_t i = 0; i < ENVELOPE_PARTS_MAX; i++)
		if (p->texts[i].used > 0 && p->texts[i].file == p->file)
			p->texts[i].skip = true;
	doubt(&p->lost, p);
}

void
envelope_parts_from(struct envelope_parts *p, uint64_t file, bool first)
{
	p->file = file;
	for (size_t i = 0; first && i < ENVELOPE_PARTS_MAX; i++) {
		const struct text *text = &p->texts[i];

		if (text->used > 0 && text->file != file &&
		    may_go_on(p, text))
			skip_next(p, text);
	}
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
	text->begun = !last;
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
