#include "tools/setup/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/sys/subprocess.h"
#include "tools/verb.h"

/* More than the unit gives the daemon to start. */
enum { COMMAND_MS = 330 * 1000 };

static struct step *
add(struct steps *steps, const char *text, const char *undo)
{
	struct step *step;

	steps->list = alloc_resize(steps->list, steps->count + 1,
				   sizeof(*steps->list));
	step = &steps->list[steps->count++];
	*step = (struct step){.text = alloc_string(text)};
	if (undo != NULL)
		step->undo = alloc_string(undo);
	return step;
}

void
steps_add(struct steps *steps, const char *text, const char *undo,
	  step_fn *fn, void *arg)
{
	struct step *step = add(steps, text, undo);

	step->fn = fn;
	step->arg = arg;
}

void
steps_add_command(struct steps *steps, const char *command, const char *undo)
{
	struct step *step = add(steps, command, undo);
	char *copy = alloc_string(command), *at, *word;

	for (word = strtok_r(copy, " ", &at); word != NULL;
	     word = strtok_r(NULL, " ", &at))
		strings_add(&step->argv, word);
	free(copy);
}

void
steps_add_program(struct steps *steps, const char *text,
		  const char *const *argv, const char *undo)
{
	struct step *step = add(steps, text, undo);

	for (; *argv != NULL; argv++)
		strings_add(&step->argv, *argv);
}

void
steps_clear(struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		free(steps->list[i].text);
		free(steps->list[i].undo);
		strings_clear(&steps->list[i].argv);
	}
	free(steps->list);
	*steps = (struct steps){0};
}

void
steps_print(const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		printf("  %s\n", steps->list[i].text);
}

static int
run_command(const struct step *step, struct err *err)
{
	const char **argv = alloc_zero(step->argv.count + 1, sizeof(*argv));
	char *output = NULL;
	int code;

	for (size_t i = 0; i < step->argv.count; i++)
		argv[i] = step->argv.list[i];
	code = subprocess_run(argv, COMMAND_MS, &output, err);
	if (code > 0)
		err_set(err, "exit %d%s%s", code, *output != '\0' ? ": " : "",
			output);
	free(output);
	free(argv);
	return code == 0 ? 0 : -1;
}

/* In reverse order; nothing if no step can be undone. */
static void
report_undo(const struct steps *steps, size_t count)
{
	const char *heading = "to undo it:\n";

	while (count-- > 0)
		if (steps->list[count].undo != NULL) {
			fprintf(stderr, "%s  %s\n", heading,
				steps->list[count].undo);
			heading = "";
		}
}

static void
report_failure(const struct steps *steps, size_t failed)
{
	fputs(failed > 0 ? "done:\n" : "done: nothing\n", stderr);
	for (size_t i = 0; i < failed; i++)
		fprintf(stderr, "  %s\n", steps->list[i].text);
	fputs("not done:\n", stderr);
	for (size_t i = failed; i < steps->count; i++)
		fprintf(stderr, "  %s\n", steps->list[i].text);
	/* The one that failed may be half done. */
	report_undo(steps, failed + 1);
}

int
steps_run(const struct steps *steps, const struct verb *verb)
{
	struct err err;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->list[i];
		int result;

		printf("  %s\n", step->text);
		fflush(stdout);
		result = step->fn != NULL ? step->fn(step->arg, &err)
					  : run_command(step, &err);
		if (result == 0)
			continue;
		verb_error(verb, "%s: %s", step->text, err.text);
		report_failure(steps, i);
		return -1;
	}
	return 0;
}
