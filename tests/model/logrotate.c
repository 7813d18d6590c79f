#include "tests/model/logrotate.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/model/reader.h"
#include "tests/model/writer.h"

/* What compresses a file, by what it appends to the name; the first two are
 * done here. */
static const struct {
	const char *suffix, *command;
} compressors[] = {
    {"", NULL},
    {".gz", NULL},
    {".bz2", "bzip2 -f"},
    {".xz", "xz -0f"},
    {".zst", "zstd -1qf --rm"},
};
enum { COMPRESSORS = sizeof(compressors) / sizeof(compressors[0]) };

/* Makes .1 free. */
static void
shift(struct world *w)
{
	char from[64], to[64];

	for (int i = 60; i > 0; i--) {
		for (int kind = 0; kind < COMPRESSORS; kind++) {
			sprintf(from, "log.%d%s", i, compressors[kind].suffix);
			sprintf(to, "log.%d%s", i + 1,
				compressors[kind].suffix);
			if (world_exists(world_path(w, from)))
				rename(world_path(w, from), world_path(w, to));
		}
	}
}

static const char *
rotated_name(struct world *w)
{
	static char name[64];

	if (w->program->mode == DATED || w->program->mode == AWAY) {
		sprintf(name, "%slog-%d",
			w->program->mode == AWAY ? "old/" : "",
			20260101 + w->rotations++);
		return name;
	}
	shift(w);
	w->rotations++;
	return "log.1";
}

void
logrotate_rotate(struct world *w, bool create)
{
	if (w->rotations > 50)
		return;
	if (w->program->mode == AWAY && !reader_may_go_away(w))
		return;
	if (w->program->mode == STARRED)
		w->rotations++;
	else if (world_exists(world_path(w, "log")))
		rename(world_path(w, "log"), world_path(w, rotated_name(w)));
	if (create) {
		writer_leave(w);
		writer_open(w);
	}
}

static void
compress_file(struct world *w, const char *name)
{
	char gz[80], buffer[65536];
	struct timespec times[2];
	struct stat st;
	ssize_t got;
	gzFile out;
	int in;

	sprintf(gz, "%s.gz", name);
	in = open(world_path(w, name), O_RDONLY);
	out = gzopen(world_path(w, gz), "wb1");
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		gzwrite(out, buffer, (unsigned int)got);
	gzclose(out);
	fstat(in, &st);
	close(in);
	times[0] = times[1] = st.st_mtim;
	utimensat(AT_FDCWD, world_path(w, gz), times, 0);
	unlink(world_path(w, name));
}

/* False: there is no such program here. */
static bool
compress_by(struct world *w, const char *command, const char *name)
{
	char line[700];

	snprintf(line, sizeof(line), "%s '%s' 2>/dev/null", command,
		 world_path(w, name));
	return system(line) == 0;
}

/* Whether the file can only be known by its inode, which it loses if it is
 * compressed: nothing of it was read, or there is nothing to read. */
static bool
is_inode_alone(struct world *w, const char *name)
{
	struct stat st;

	if (!w->running)
		return w->pos.print.offset == 0 &&
		       reader_is_position(w, world_path(w, name));
	return stat(world_path(w, name), &st) == 0 && st.st_size == 0;
}

/* The youngest rotated file that the writer has left. */
void
logrotate_compress(struct world *w, uint32_t arg)
{
	const char *command;
	char name[64];

	for (int i = 1; i <= 60; i++) {
		if (w->program->mode == NUMBERED)
			sprintf(name, "log.%d", i);
		else
			sprintf(name, "%slog-%d",
				w->program->mode == AWAY ? "old/" : "",
				20260101 + w->rotations - i);
		if (!world_exists(world_path(w, name)) || writer_has(w, name) ||
		    arg++ % 3 == 0)
			continue;
		if (w->program->mode == AWAY && is_inode_alone(w, name))
			continue;
		command =
		    compressors[1 + (arg >> 8) % (COMPRESSORS - 1)].command;
		if (command == NULL || !compress_by(w, command, name))
			compress_file(w, name);
		w->compressed = true;
		return;
	}
}

void
logrotate_copytruncate(struct world *w, bool losing)
{
	uint32_t before = w->nlines;

	if (!world_exists(world_path(w, "log")) || w->rotations > 50)
		return;
	if (!writer_has(w, "log"))
		writer_leave(w);
	if (losing)
		writer_finish(w);
	if (w->held_len > 0) {
		/* The two halves end up in two files. */
		world_excuse(w, w->held_line);
		w->split[w->nsplit].line = w->held_line;
		w->split[w->nsplit++].rest = (uint32_t)w->held_len - 1;
	}
	world_copy_file(w, "log", rotated_name(w));
	if (losing) {
		writer_append(w, 1, EXPECTED);
		for (uint32_t n = before; n < w->nlines; n++)
			world_excuse(w, n);
	}
	writer_empty(w);
}
