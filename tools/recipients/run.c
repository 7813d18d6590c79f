#include "tools/recipients/run.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/err.h"
#include "tools/gateway/address_list.h"
#include "tools/gateway/complaints.h"
#include "tools/gateway/plus_table.h"
#include "tools/gateway/string_set.h"
#include "tools/recipients/list_file.h"
#include "tools/recipients/main_cf.h"
#include "tools/recipients/settings.h"
#include "tools/verb.h"

static void
fail(struct run *run, int status, const char *why)
{
	fprintf(run->out, "pbsctl: %s: %s\n", run->settings->verb->name, why);
	run->status = status;
}

__attribute__((format(printf, 3, 4))) static void
refuse(struct run *run, const char *way_out, const char *fmt, ...)
{
	va_list ap;

	fprintf(run->out, "%s: refused: ", run->settings->file);
	va_start(ap, fmt);
	vfprintf(run->out, fmt, ap);
	va_end(ap);
	fprintf(run->out, " (%s)\n", way_out);
	run->refused = true;
	run->status = 1;
}

static void
report_names(struct run *run, const char *what, const char *before,
	     const struct string_set *names)
{
	if (string_set_count(names) == 0)
		return;
	fprintf(run->out, "%s: %s", run->settings->file, what);
	for (size_t i = 0; i < string_set_count(names); i++)
		fprintf(run->out, "%s%s%s", i > 0 ? ", " : " ", before,
			string_set_at(names, i));
	putc('\n', run->out);
}

/* ---- the list ---- */

static void
judge_state(struct run *run, enum list_state state, const struct err *err)
{
	switch (state) {
	case LIST_UNREADABLE:
		fail(run, EX_NOINPUT, err->text);
		break;
	case LIST_FAILED:
		fail(run, EX_IOERR, err->text);
		break;
	case LIST_CHANGED:
		run->try_again = true;
		refuse(run, "try again", "it changed while it was read");
		break;
	case LIST_TOO_LARGE:
		refuse(run, "divide it", "it is larger than 2 GiB");
		break;
	case LIST_UNTERMINATED:
		if (!run->settings->unterminated)
			refuse(run, "--unterminated lets it pass",
			       "its last line has no newline, so it may be "
			       "incomplete");
		break;
	case LIST_WHOLE:
		break;
	}
}

static void
judge_entries(struct run *run)
{
	const struct recipients_settings *settings = run->settings;
	size_t entries = string_set_count(run->list->keys) +
			 string_set_count(run->list->plus);

	if (settings->force)
		return;
	if (entries == 0)
		refuse(run, "--force lets it pass",
		       "there is no valid entry in it");
	else if (run->invalid > settings->max_invalid)
		refuse(run, "--max-invalid or --force lets it pass",
		       "invalid lines: %zu", run->invalid);
}

/* A FIFO, for example, for whose writer --watch would wait. */
static bool
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static void
read_list(struct run *run)
{
	struct complaints complaints = {
	    .out = run->out,
	    .file = run->settings->file,
	};
	enum list_state state;
	struct err err;

	if (run->settings->watch && is_special(run->settings->file)) {
		fail(run, EX_NOINPUT, "--watch needs a regular file");
		return;
	}
	state =
	    list_file_read(run->settings->file, run->list, &complaints, &err);
	complaints_end(&complaints);
	run->invalid = complaints.count;
	judge_state(run, state, &err);
	if (run->status == 0)
		judge_entries(run);
	if (run->status == 0)
		address_list_sort(run->list);
}

/* ---- the tables ---- */

static void
judge_shrink(struct run *run, size_t gone, size_t present, const char *what)
{
	if (comparison_shrinks(gone, present, run->settings->max_shrink))
		refuse(run, "--max-shrink or --force lets it pass",
		       "%zu of %zu present %s would go, over %zu %%", gone,
		       present, what, run->settings->max_shrink);
}

static void
judge_change(struct run *run)
{
	const struct tables *tables = &run->tables;

	if (tables->keys.lost != NULL)
		report_names(run, "no entry is left of", "", tables->keys.lost);
	if (run->settings->force)
		return;
	judge_shrink(run, tables->keys.gone, tables->keys.present, "addresses");
	if (run->refused || tables->users == NULL)
		return;
	if (tables->foreign)
		refuse(run, "name another file, or --force replaces it",
		       "%s has lines that are no plus rules of pbsctl",
		       run->settings->plus_name);
	else
		judge_shrink(run, tables->keys.gone + tables->users_gone,
			     tables->keys.present +
				 string_set_count(tables->users),
			     "addresses and users with rules");
}

static void
report_written(struct run *run)
{
	const struct recipients_settings *settings = run->settings;

	report_names(run, "accepts every recipient:", "@",
		     run->list->catchalls);
	if (settings->no_plus)
		fprintf(run->out,
			"%s: without a plus table, recipient_delimiter = + "
			"opens plus addressing for every user: what the "
			"primary does not know is accepted here, and it "
			"bounces\n",
			settings->file);
	main_cf_report(run->out, settings, run->list);
}

static void
reload(struct run *run)
{
	struct err err;

	if (!run->tables.plus_changed)
		return;
	if (!run->settings->reload && !run->tables.plus_new) {
		fprintf(run->out,
			"%s has changed: smtpd reads it when it restarts, "
			"usually at once; `postfix reload' (--reload) makes "
			"sure\n",
			run->settings->plus_name);
		return;
	}
	if (run->settings->reload && main_cf_reload(&err) < 0)
		fail(run, EX_OSERR, err.text);
}

static void
write_tables(struct run *run)
{
	struct err err;

	if (!run->tables.map_changed && !run->tables.plus_changed)
		return;
	if (tables_write(&run->tables, run->list, &err) < 0) {
		fail(run, EX_CANTCREAT, err.text);
		return;
	}
	run->written = true;
	report_written(run);
	reload(run);
}

static void
change_tables(struct run *run)
{
	struct err err;
	int code = tables_open(&run->tables, run->settings, &err);

	if (code < 0) {
		fail(run, EX_CANTCREAT, err.text);
		return;
	}
	code =
	    tables_compare(&run->tables, run->list, run->settings->diff, &err);
	if (code < 0 && !run->settings->force)
		refuse(run, "--force writes it without comparing", "%s",
		       err.text);
	else if (run->settings->diff)
		run->status = run->tables.keys.added > 0 ||
			      run->tables.keys.gone > 0 ||
			      run->tables.plus_changed;
	else
		judge_change(run);
	if (run->status == 0 && !run->settings->diff)
		write_tables(run);
}

/* For those who print it. */
static void
make_text(struct run *run)
{
	run->tables.text = plus_table_text(run->list->plus, &run->tables.len);
	report_names(run, "accepts every recipient:", "@",
		     run->list->catchalls);
}

void
run_make(struct run *run, const struct recipients_settings *settings)
{
	*run = (struct run){.settings = settings, .list = address_list_new()};
	run->out = open_memstream(&run->report, &run->report_len);
	assert(run->out != NULL);
	read_list(run);
	if (run->status == 0 && settings->map_type != NULL)
		change_tables(run);
	else if (run->status == 0)
		make_text(run);
	/* Not all of the list is in the tables. */
	if (run->status == 0 && run->invalid > 0 && !settings->diff)
		run->status = 1;
	fflush(run->out);
}

void
run_clear(struct run *run)
{
	tables_close(&run->tables);
	address_list_free(&run->list);
	fclose(run->out);
	free(run->report);
	run->report = NULL;
}
