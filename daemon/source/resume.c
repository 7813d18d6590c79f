#include "daemon/source/resume.h"

#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/log.h"
#include "daemon/source/seek.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"

/* A place before the first whole line proves nothing. */
static bool
is_place(const struct logpos *pos)
{
	return pos->cursor == NULL && pos->print.offset > 0;
}

/* The one position of the last run that was this log's. */
static const struct logpos *
own_position(const char *spec, const struct source_start *start)
{
	for (size_t i = 0; i < start->npos; i++)
		if (strcmp(start->pos[i].path, spec) == 0)
			return &start->pos[i];
	return NULL;
}

/* Position i: -1 or the file that holds it. */
static ssize_t
find_position(const struct rotation *files, const struct logpos *pos)
{
	return is_place(pos)
		   ? rotation_find(files, &pos->print, pos->device, pos->inode)
		   : -1;
}

static bool
resume_at(struct resume_point *begin, const struct logpos *pos)
{
	ssize_t found = find_position(&begin->files, pos);

	if (found < 0)
		return false;
	begin->first = (size_t)found;
	begin->offset = pos->print.offset;
	log_info("resumed %s at byte %llu", begin->files.list[found].path,
		 (unsigned long long)begin->offset);
	return true;
}

static bool
resume(struct resume_point *begin, const char *spec,
       const struct source_start *start, const struct logpos *own)
{
	if (own != NULL && resume_at(begin, own))
		return true;
	/* The same log under another spelling. */
	for (size_t i = 0; own == NULL && i < start->npos; i++)
		if (resume_at(begin, &start->pos[i]))
			return true;
	if (own != NULL && is_place(own))
		log_warning(
		    "lost the place of the last run in %s%s%s; "
		    "went back by the grace instead",
		    spec, begin->files.unreadable ? ", cannot read " : "",
		    begin->files.unreadable ? begin->files.unreadable : "");
	return false;
}

/* At its first stamp, compared with since. An empty one is never too old. */
enum age { OLDER, YOUNGER, UNKNOWN };

static enum age
age_of(const struct tail *tail, time_t since, const struct source_sink *sink)
{
	time_t first;
	char byte;

	if (seek_first(tail, sink->stamp, sink->arg, &first) == 0)
		return first < since ? OLDER : YOUNGER;
	return tail_bytes((void *)(uintptr_t)tail, &byte, 1, 0) == 0 ? YOUNGER
								     : UNKNOWN;
}

/* From the newest file back to the one in which `since` lies. */
static void
begin_since(struct resume_point *begin, time_t since,
	    const struct source_sink *sink)
{
	struct tail *tail;
	struct err err;
	enum age age;

	for (size_t i = begin->files.count; i-- > 0;) {
		tail = tail_open(begin->files.list[i].path, &err);
		if (tail == NULL)
			continue;
		age = age_of(tail, since, sink);
		if (age != UNKNOWN || i + 1 == begin->files.count)
			begin->first = i;
		if (age == OLDER && tail->old == NULL)
			begin->offset =
			    seek_since(tail, since, sink->stamp, sink->arg);
		tail_close(&tail);
		/* One without a stamp does not say how far to go. */
		if (age == OLDER)
			return;
	}
}

void
resume_find(struct resume_point *begin, const char *spec,
	   const struct source_start *start, const struct source_sink *sink)
{
	const struct logpos *own = own_position(spec, start);

	memset(begin, 0, sizeof(*begin));
	rotation_list(&begin->files, spec, own);
	if (begin->files.count == 0)
		return;
	begin->first = begin->files.count - 1;
	if (!start->beginning && !resume(begin, spec, start, own))
		begin_since(begin, start->since, sink);
}
