#include "tools/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "tools/consult.h"
#include "tools/explain/explain_print.h"
#include "tools/settings.h"

static void
add_flags(struct strings *flags, const char *name, const struct strings *values)
{
	char *flag;

	for (size_t i = 0; i < values->count; i++) {
		flag = alloc_format("--%s=%s", name, values->list[i]);
		strings_add(flags, flag);
		free(flag);
	}
}

/* Such that it writes nothing, goes nowhere and takes the line's time as now:
 * what the configuration says of these is left out. */
static void
make_flags(const struct settings *settings, const char *empty,
	   struct strings *flags)
{
	static const char *const always[] = {"--nowrite",   "--once",
					     "--reprocess", "--debug",
					     "--logfile=-", "--logto=-"};
	char *text;
	size_t i;

	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		strings_add(flags, always[i]);
	text = alloc_format("--config=%s", empty);
	strings_add(flags, text);
	free(text);
	text = alloc_format("--grace=%u", settings->grace);
	strings_add(flags, text);
	free(text);
	strings_add(flags,
		    settings->mynetworks ? "--mynetworks" : "--nomynetworks");
	add_flags(flags, "patterns", &settings->patterns);
	add_flags(flags, "enable", &settings->enable);
	add_flags(flags, "exclude", &settings->exclude);
	add_flags(flags, "dbfile", &settings->maps);
	flags->list =
	    alloc_resize(flags->list, flags->count + 1, sizeof(char *));
	flags->list[flags->count] = NULL;
}

/* Runs the lines through it. As consult(). */
static int
ask_daemon(const struct settings *settings, const struct strings *lines,
	   char **said, struct err *err)
{
	char empty[] = "/tmp/pbsctl.XXXXXX", *input;
	struct strings flags = {0};
	size_t len;
	FILE *out = open_memstream(&input, &len);
	int fd = mkstemp(empty), r;

	for (size_t i = 0; i < lines->count; i++)
		fprintf(out, "%s\n", lines->list[i]);
	fclose(out);
	if (fd >= 0) {
		close(fd);
		make_flags(settings, empty, &flags);
		r = consult((const char *const *)flags.list, input, len, said,
			    err);
		unlink(empty);
	} else {
		r = err_set(err, "%s: %s", empty, strerror(errno));
	}
	strings_clear(&flags);
	free(input);
	return r;
}

/* The last that it said of the address. */
static void
take_answer(struct explanation *e, char *said)
{
	static const char *const grants[] = {"granted", "renewed", "unchanged"};
	char address[ADDR_TEXT_MAX], *line, *at, *why;
	size_t i, len;

	addr_format(&e->match.addr, address);
	snprintf(e->why, sizeof(e->why), "the daemon says nothing of it");
	e->verdict = VERDICT_DOUBTFUL;
	for (line = strtok_r(said, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		len = strcspn(line, " ");
		if (line[len] == '\0' ||
		    strncmp(line + len + 1, address, strlen(address)) != 0 ||
		    line[len + 1 + strlen(address)] != ' ')
			continue;
		for (i = 0; i < sizeof(grants) / sizeof(grants[0]); i++)
			if (strncmp(line, grants[i], len) == 0) {
				e->verdict = VERDICT_GRANTED;
				e->why[0] = '\0';
			}
		why = strstr(line, ": ");
		if (strncmp(line, "refused ", 8) == 0 && why != NULL) {
			/* A user name may hold a colon, a reason not. */
			for (char *next; (next = strstr(why + 1, ": "));)
				why = next;
			e->verdict = VERDICT_REFUSED;
			snprintf(e->why, sizeof(e->why), "%s", why + 2);
		}
	}
}

void
ask_login(const struct settings *settings, const struct strings *lines,
	  struct explanation *e)
{
	struct err err = {""};
	char *said;
	int r = 1;

	if (settings != NULL)
		r = ask_daemon(settings, lines, &said, &err);
	e->until = (e->when < e->now ? e->when : e->now) + e->grace;
	if (r == 0) {
		take_answer(e, said);
		free(said);
		return;
	}
	e->verdict = VERDICT_GRANTED;
	snprintf(e->why, sizeof(e->why),
		 "whether its network is excluded could not be asked%s%s",
		 err.text[0] ? ": " : "", err.text);
	if (addr_is_special(&e->match.addr)) {
		e->verdict = VERDICT_REFUSED;
		snprintf(e->why, sizeof(e->why), "not a client's address");
	}
}
