/* envelope_parts: texts in parts, whoever else writes between them. */
#include "patterns/line/envelope_parts.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/linebuf.h"
#include "tests/tap.h"

/* A part by writer number n. Returns the length of the text, or -1. */
static int
join(struct envelope_parts *parts, int n, bool last, const char *part,
     size_t len)
{
	char name[ENVELOPE_WRITER_MAX];
	struct envelope_writer writer = {.name = name};

	writer.len = (size_t)snprintf(name, sizeof(name), "c%d", n);
	return envelope_parts_join(parts, &writer, last, &part, &len)
		   ? (int)len
		   : -1;
}

static void
mixed(void)
{
	struct envelope_parts *parts = envelope_parts_new();
	int whole = 0;

	for (int i = 0; i < ENVELOPE_PARTS_MAX; i++)
		join(parts, i, false, "half", 4);
	for (int i = 0; i < ENVELOPE_PARTS_MAX; i++)
		whole += join(parts, i, true, "and half", 8) == 12;
	is_int(whole, ENVELOPE_PARTS_MAX, "as many as there is room for");
	for (int i = 100; i < 200; i++)
		whole += join(parts, i, true, "line", 4) == 4;
	is_int(whole, ENVELOPE_PARTS_MAX + 100, "then any number of lines");
	envelope_parts_free(&parts);
}

static void
too_many(void)
{
	struct envelope_parts *parts = envelope_parts_new();
	int rests = 0;

	for (int i = 0; i < 2 * ENVELOPE_PARTS_MAX; i++)
		join(parts, i, false, "half", 4);
	for (int i = 0; i < 2 * ENVELOPE_PARTS_MAX; i++)
		rests += join(parts, i, true, "and half", 8) == 8;
	is_int(rests, 0, "the rest of a forgotten text is not used");
	join(parts, 7, true, "line", 4);
	is_int(join(parts, 7, true, "line", 4), 4, "its next line is one");
	envelope_parts_free(&parts);
}

static void
lost(void)
{
	struct envelope_parts *parts = envelope_parts_new();
	char *most = calloc(LINEBUF_LINE_MAX, 1);

	envelope_parts_lost(parts);
	is_int(join(parts, 1, true, "rest", 4), -1,
	       "the first of an unknown writer after a loss");
	is_int(join(parts, 1, true, "line", 4), 4, "its next line");
	join(parts, 2, false, most, LINEBUF_LINE_MAX);
	is_int(join(parts, 2, true, "rest", 4), -1, "more than a line may have");
	is_int(join(parts, 2, true, "line", 4), 4, "the line after that");
	free(most);
	envelope_parts_free(&parts);
}

static int
part_of(struct envelope_parts *parts, uint64_t file, bool last, size_t len)
{
	envelope_parts_from(parts, file, false);
	return join(parts, 1, last, "a part that is long", len);
}

static void
of_files(void)
{
	struct envelope_parts *parts = envelope_parts_new();

	part_of(parts, 1, false, 4);
	part_of(parts, 2, false, 5);
	is_int(part_of(parts, 3, true, 6), 6, "a whole text between parts");
	is_int(part_of(parts, 2, true, 1), 6, "the rest of that in its file");
	envelope_parts_from(parts, 4, true);
	is_int(part_of(parts, 4, false, 6), -1, "a new file goes on with it");
	is_int(part_of(parts, 4, true, 6), -1, "until it ends");
	is_int(part_of(parts, 4, true, 6), 6, "the next text of the new file");
	is_int(part_of(parts, 1, true, 1), 5, "the old one goes on itself");
	envelope_parts_from(parts, 5, true);
	is_int(part_of(parts, 5, true, 6), 6, "a new file, all texts whole");
	envelope_parts_lost(parts);
	is_int(part_of(parts, 5, true, 6), -1, "the rest of what was lost");
	is_int(part_of(parts, 3, true, 6), 6, "another file has lost nothing");
	envelope_parts_free(&parts);
}

int
main(void)
{
	mixed();
	too_many();
	lost();
	of_files();
	return tap_done();
}
