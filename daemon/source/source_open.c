/* Knows all types of source, of which each knows only source.h. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/source/source.h"
#include "daemon/source/source_file.h"
#include "daemon/source/source_journal.h"
#include "daemon/source/source_stdin.h"

enum { WHOLE, PREFIX };

static const struct {
	const char *spec;
	int how;
	const struct source_ops *ops; /* NULL: not compiled in */
} types[] = {
    {"-", WHOLE, &source_stdin},
#ifdef WITHOUT_JOURNAL
    {"journal:", PREFIX, NULL},
#else
    {"journal:", PREFIX, &source_journal},
#endif
    {"", PREFIX, &source_file},
};

static const struct source_ops *
choose(const char *spec, bool once, struct err *err)
{
	size_t i = 0;

	/* To read a FIFO once would be to wait for a writer that may not come:
	 * source_file refuses it. */
	if (!once && source_is_fifo(spec))
		return &source_stdin;
	while (types[i].how == PREFIX
		   ? strncmp(types[i].spec, spec, strlen(types[i].spec))
		   : strcmp(types[i].spec, spec))
		i++;
	if (types[i].ops == NULL)
		err_set(err, "%s: built without the journal", spec);
	return types[i].ops;
}

struct source *
source_open(const char *spec, struct loop *loop,
	    const struct source_start *start, const struct source_sink *sink,
	    struct err *err)
{
	const struct source_ops *ops = choose(spec, start->once, err);
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
