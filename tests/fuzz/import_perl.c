/*
 * Any bytes at all are a pop-before-smtp-conf.pl: nothing is read that is not
 * the text, values are within bounds, and what becomes of a pattern is text.
 */
#include "tools/perlconf.c"
#include "tools/perlpattern.c"
#include "tools/perlskip.c"
#include "tools/perlvalue.c"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_pattern(const char *text)
{
	char *timed = perlpattern_with_time(text, "(t)"), *named, *closed;
	struct strings programs = {0};
	bool front, back;

	named = perlpattern_named(timed, 2, "ip");
	assert(named == NULL || strlen(named) == strlen(timed) + 5);
	closed = perlpattern_closed(timed, &front, &back);
	assert(strlen(closed) >= strlen(timed));
	if (perlpattern_programs(text, &programs) == 0)
		assert(programs.count > 0);
	strings_clear(&programs);
	free(closed);
	free(named);
	free(timed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perlconf *conf = perlconf_read((const char *)data, size);
	unsigned int lines = 1;
	size_t i;

	for (i = 0; i < size; i++)
		lines += data[i] == '\n';
	for (i = 0; i < conf->nvalues; i++) {
		assert(conf->values[i].lineno <= lines);
		try_pattern(conf->values[i].text);
	}
	for (i = 0; i < conf->nnotes; i++)
		assert(conf->notes[i].lineno <= lines);
	perlconf_free(&conf);
	assert(conf == NULL);
	return 0;
}
