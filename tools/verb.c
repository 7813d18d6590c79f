#include "tools/verb.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/suggest.h"

void
verb_error(const struct verb *verb, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "pbsctl: %s%s", verb ? verb->name : "",
		verb ? ": " : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
verb_unknown(const struct verb *verb, const char *what, const char *word,
	     const char *const *words)
{
	const char *near = suggest(word, words);

	if (near != NULL)
		verb_error(verb, "unknown %s '%s' (did you mean '%s'?)", what,
			   word, near);
	else
		verb_error(verb, "unknown %s '%s'", what, word);
	return EX_USAGE;
}

static void
unknown_option(const struct verb *verb, const char *word,
	       const struct option *options)
{
	struct strings words = {0};
	char *name;

	for (; options->name != NULL; options++) {
		name = alloc_format("--%s", options->name);
		strings_add(&words, name);
		free(name);
	}
	words.list = alloc_resize(words.list, words.count + 1, sizeof(char *));
	words.list[words.count] = NULL;
	verb_unknown(verb, "option", word, (const char *const *)words.list);
	strings_clear(&words);
}

int
verb_option(const struct verb *verb, int argc, char **argv,
	    const struct option *options)
{
	int index, c;

	opterr = 0;
	c = getopt_long(argc, argv, ":", options, &index);
	if (c == ':') {
		verb_error(verb, "%s needs a value", argv[optind - 1]);
		return '?';
	}
	if (c > 0 && c != '?' && optarg != NULL && *optarg == '\0') {
		verb_error(verb, "--%s needs a value", options[index].name);
		return '?';
	}
	if (c == '?')
		unknown_option(verb, argv[optind - 1], options);
	return c;
}

int
verb_finish(const struct verb *verb, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	verb_error(verb, "standard output: %s", strerror(errno));
	return EX_IOERR;
}
