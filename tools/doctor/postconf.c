#include "tools/doctor/postconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/sys/helper.h"

enum { POSTCONF_MS = 10 * 1000 };

static void
add_lines(struct strings *lines, char *text)
{
	char *at, *line;

	for (line = strtok_r(text, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at))
		strings_add(lines, line);
}

/* What the command prints, as lines; 0 or -1. */
static int
ask(struct strings *lines, const char *option, struct err *err)
{
	const char *argv[] = {"postconf", option, NULL};
	char *output = NULL;
	int code = helper_run(NULL, argv, POSTCONF_MS, &output, err);

	if (code == 0)
		add_lines(lines, output);
	else if (code > 0)
		err_set(err, "%s", output);
	free(output);
	return code == 0 ? 0 : -1;
}

/* postconf reports on standard error what it warns of, and succeeds. */
static void
ask_warnings(struct strings *warnings)
{
	static const char *const argv[] = {
	    "sh", "-c",
	    "PATH=$PATH:/usr/sbin:/usr/local/sbin:/sbin; "
	    "postconf -n 2>&1 >/dev/null; postconf -M 2>&1 >/dev/null",
	    NULL};
	static const char prefix[] = "postconf: warning: ";
	struct strings lines = {0};
	struct err err;
	char *output = NULL;

	if (helper_run(NULL, argv, POSTCONF_MS, &output, &err) == 0)
		add_lines(&lines, output);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.list[i];
		bool again = false;

		if (strncmp(line, prefix, strlen(prefix)) != 0)
			continue;
		line += strlen(prefix);
		for (size_t k = 0; k < warnings->count; k++)
			again |= strcmp(warnings->list[k], line) == 0;
		if (!again)
			strings_add(warnings, line);
	}
	strings_clear(&lines);
	free(output);
}

/* As one line; NULL: it fails, as all of Postfix does without a setting that it
 * needs. */
static char *
ask_types(struct err *err)
{
	struct strings lines = {0};
	char *types = NULL;
	size_t len;
	FILE *out;

	if (ask(&lines, "-m", err) != 0)
		return NULL;
	out = open_memstream(&types, &len);
	for (size_t i = 0; i < lines.count; i++)
		fprintf(out, "%s%s", i > 0 ? " " : "", lines.list[i]);
	fclose(out);
	strings_clear(&lines);
	return types;
}

int
postconf_load_settings(struct postconf *pc, struct err *err)
{
	*pc = (struct postconf){0};
	if (ask(&pc->expanded, "-x", err) != 0 || ask(&pc->raw, "-d", err) != 0)
		return -1;
	if (ask(&pc->raw, "-n", err) != 0 || ask(&pc->services, "-M", err) != 0)
		return -1;
	ask(&pc->overrides, "-Px", err);
	return 0;
}

int
postconf_load(struct postconf *pc, struct err *err)
{
	if (postconf_load_settings(pc, err) != 0)
		return -1;
	ask_warnings(&pc->warnings);
	pc->types = ask_types(err);
	return pc->types != NULL ? 0 : -1;
}

void
postconf_clear(struct postconf *pc)
{
	strings_clear(&pc->expanded);
	strings_clear(&pc->raw);
	strings_clear(&pc->services);
	strings_clear(&pc->overrides);
	strings_clear(&pc->warnings);
	free(pc->types);
	*pc = (struct postconf){0};
}

/* The value in the last line that begins "name =". */
static const char *
find(const struct strings *lines, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = lines->count; i-- > 0;) {
		const char *line = lines->list[i];

		if (strncmp(line, name, len) != 0)
			continue;
		line += len;
		if (strncmp(line, " =", 2) == 0)
			return line + 2 + strspn(line + 2, " ");
	}
	return NULL;
}

const char *
postconf_value(const struct postconf *pc, const char *name)
{
	const char *value = find(&pc->expanded, name);

	return value != NULL ? value : "";
}

const char *
postconf_raw(const struct postconf *pc, const char *name)
{
	const char *value = find(&pc->raw, name);

	return value != NULL ? value : "";
}

const char *
postconf_override(const struct postconf *pc, const char *service,
		  const char *name)
{
	char *key;
	const char *value;

	if (service == NULL)
		return NULL;
	key = alloc_format("%s/%s", service, name);
	value = find(&pc->overrides, key);
	free(key);
	return value;
}

/* A "-" in the column chroot: y before compatibility level 1, then n. */
static bool
is_chrooted(const struct postconf *pc, const char *column)
{
	if (*column != '-')
		return *column == 'y';
	return atoi(postconf_value(pc, "compatibility_level")) < 1;
}

bool
postconf_smtpd(const struct postconf *pc, const char *line,
	       struct postfix_service *service)
{
	char name[80], type[16], chroot[8], command[64];

	if (sscanf(line, "%79s %15s %*s %*s %7s %*s %*s %63s", name, type,
		   chroot, command) != 4 ||
	    strcmp(command, "smtpd") != 0)
		return false;
	snprintf(service->name, sizeof(service->name), "%s/%s", name, type);
	service->chroot = is_chrooted(pc, chroot);
	return true;
}
