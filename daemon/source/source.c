#include "daemon/source/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/source/source_file.h"
#include "daemon/source/source_journal.h"
#include "daemon/source/source_stdin.h"

enum { WHOLE, PREFIX };

static const struct {
	const char *spec;
	int how;
	const struct source_ops *ops; /* NULL = left out when it was built */
} sources[] = {
    {"-", WHOLE, &source_stdin},
#ifdef WITHOUT_JOURNAL
    {"journal:", PREFIX, NULL},
#else
    {"journal:", PREFIX, &source_journal},
#endif
    {"", PREFIX, &source_file},
};

static const struct source_ops *
choose(const char *spec, struct err *err)
{
	size_t i = 0;

	while (sources[i].how == PREFIX
		   ? strncmp(sources[i].spec, spec, strlen(sources[i].spec))
		   : strcmp(sources[i].spec, spec))
		i++;
	if (sources[i].ops == NULL)
		err_set(err, "%s: built without the journal", spec);
	return sources[i].ops;
}

struct source *
source_open(const char *spec, struct loop *loop,
	    const struct source_start *start, const struct source_sink *sink,
	    struct err *err)
{
	const struct source_ops *ops = choose(spec, err);
	struct source *source;

	if (ops == NULL)
		return NULL;
	source = ops->open(spec, loop, start, sink, err);
	if (source == NULL)
		return NULL;
	source->ops = ops;
	source->spec = alloc_string(spec);
	return source;
}

int
source_position(struct source *source, struct logpos *pos)
{
	*pos = (struct logpos){0};
	if (source->ops->position == NULL)
		return -1;
	return source->ops->position(source, pos);
}

void
source_close(struct source **source)
{
	if (*source == NULL)
		return;
	free((*source)->spec);
	(*source)->ops->close(*source);
	*source = NULL;
}

void
logpos_clear(struct logpos *pos)
{
	free(pos->path);
	free(pos->cursor);
	*pos = (struct logpos){0};
}
