#include "tools/setup/plan.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/sys/subprocess.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/survey.h"
#include "tools/network_disk.h"
#include "tools/settings.h"
#include "tools/setup/edit.h"
#include "tools/setup/list_edits.h"
#include "tools/setup/service.h"
#include "tools/shellword.h"

enum { COMMAND_MS = 30 * 1000 };

static const char usual_file[] =
    SYSCONF_DIR "/pop-before-smtp/pop-before-smtp.yaml";

static void
add_format(struct strings *list, char *text)
{
	strings_add(list, text);
	free(text);
}

/* ---- our settings ---- */

static int
choose_log(struct plan *plan, struct err *err)
{
	struct surveyor *surveyor = surveyor_new(&plan->conf, err);

	if (surveyor == NULL)
		return -1;
	log_choose(&plan->log, &plan->conf, &plan->servers, surveyor,
		   plan->now);
	surveyor_free(&surveyor);
	if (plan->log.logfile == NULL)
		strings_add(&plan->notes, plan->log.why);
	else
		add_format(&plan->keys, alloc_format("logfile: \"%s\"",
						     plan->log.logfile));
	return 0;
}

static void
choose_map(struct plan *plan)
{
	map_choose(&plan->map, &plan->conf, &plan->postfix);
	add_format(&plan->keys, alloc_format("dbfile: %s", plan->map.dbfile));
	free(plan->conf.maps.list[0]);
	plan->conf.maps.list[0] = alloc_string(plan->map.dbfile);
}

/* Hosts must not share a map, and LMDB does not work on a network disk. */
static void
note_disk(struct plan *plan)
{
	const char *path = strchr(plan->conf.maps.list[0], ':') + 1;
	char *copy = alloc_string(path);
	const char *dir = dirname(copy), *kind = NULL;

	if (*dir == '/' && strcmp(dir, "/") != 0)
		kind = network_disk(access(dir, F_OK) == 0 ? dir : "/var/lib");
	if (kind != NULL)
		add_format(&plan->notes,
			   alloc_format("%s is on %s: keep it on a local disk, "
					"or mount a tmpfs there: tmpfs %s "
					"tmpfs mode=755 0 0 in /etc/fstab",
					dir, kind, dir));
	free(copy);
}

static int
plan_settings(struct plan *plan, struct err *err)
{
	if (!plan->file.names_log && choose_log(plan, err) != 0)
		return -1;
	if (!plan->file.names_map)
		choose_map(plan);
	note_disk(plan);
	if (plan->keys.count == 0)
		return 0;
	plan->text =
	    settings_file_with(&plan->file, &plan->keys, plan->now, err);
	return plan->text != NULL ? 0 : -1;
}

/* ---- main.cf ---- */

/* postconf -e replaces main.cf by a new file, even if it was a symbolic link. */
static int
check_main_cf(const struct plan *plan, struct err *err)
{
	struct stat st;

	if (lstat(plan->main_cf, &st) != 0)
		return err_set(err, "%s: %s", plan->main_cf, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is not a regular file; postconf -e "
				    "would replace it by one",
			       plan->main_cf);
	return 0;
}

static void
note_interfaces(struct plan *plan)
{
	const char *value = postconf_value(&plan->postfix, "inet_interfaces");

	if (strcmp(value, "loopback-only") == 0 ||
	    strcmp(value, "localhost") == 0 || strcmp(value, "127.0.0.1") == 0)
		add_format(&plan->notes,
			   alloc_format("inet_interfaces = %s: no other "
					"machine can connect to this Postfix",
					value));
}

static int
plan_main_cf(struct plan *plan, struct err *err)
{
	plan->main_cf = alloc_format(
	    "%s/main.cf", postconf_value(&plan->postfix, "config_directory"));
	note_interfaces(plan);
	err->text[0] = '\0';
	if (list_edits_plan(&plan->settings, &plan->conf, &plan->postfix,
			    plan->commands.directory, &plan->reasons) != 0)
		return -1;
	return plan->settings.count > 0 ? check_main_cf(plan, err) : 0;
}

/* ---- steps ---- */

static int
copy_file(void *arg, struct err *err)
{
	const struct plan *plan = arg;

	return edit_copy(plan->file.path, plan->file_backup, err);
}

static int
write_file(void *arg, struct err *err)
{
	const struct plan *plan = arg;

	return settings_file_write(&plan->file, plan->text, err);
}

static int
copy_main_cf(void *arg, struct err *err)
{
	const struct plan *plan = arg;

	return edit_copy(plan->main_cf, plan->main_cf_backup, err);
}

static int
edit_main_cf(void *arg, struct err *err)
{
	const struct plan *plan = arg;

	return edit_apply(&plan->settings, err);
}

/* The first map that smtpd(8) reads as a file, or NULL. */
static const char *
file_map(const struct plan *plan)
{
	static const char *const types[] = {"hash:", "lmdb:", "cdb:"};
	const struct strings *maps = &plan->conf.maps;

	for (size_t i = 0; i < maps->count; i++)
		for (size_t k = 0; k < sizeof(types) / sizeof(*types); k++)
			if (strncmp(maps->list[i], types[k],
				    strlen(types[k])) == 0)
				return maps->list[i];
	return NULL;
}

/* Postfix must be able to read the map before main.cf names it. If the map does
 * not have the address, postmap(1) prints nothing and exits with 1; that is no
 * error. */
static int
ask_map(void *arg, struct err *err)
{
	const struct plan *plan = arg;
	const char *argv[] = {"postmap", "-q", "127.0.0.1", file_map(plan),
			      NULL};
	char *output = NULL;
	int code = subprocess_run(argv, COMMAND_MS, &output, err);

	if (code > 0 && *output != '\0')
		code = err_set(err, "%s", output);
	free(output);
	return code < 0 ? -1 : 0;
}

static void
add_step(struct plan *plan, char *text, char *undo, step_fn *fn)
{
	steps_add(&plan->steps, text, undo, fn, plan);
	free(text);
	free(undo);
}

static void
add_file_steps(struct plan *plan)
{
	const char *path = plan->file.path, *backup = plan->file_backup;

	if (plan->file.exists)
		add_step(plan, alloc_format("cp -p %s %s", path, backup), NULL,
			 copy_file);
	add_step(plan, alloc_format("write %s", path),
		 plan->file.exists ? alloc_format("mv %s %s", backup, path)
				   : alloc_format("rm -f %s", path),
		 write_file);
}

static char *
postconf_command(const struct plan *plan)
{
	const struct strings *settings = &plan->settings;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "%s -e", plan->commands.postconf);
	for (size_t i = 0; i < settings->count; i++) {
		char *word = shellword(settings->list[i]);

		fprintf(out, " %s", word);
		free(word);
	}
	fclose(out);
	return text;
}

/* word: "check" */
static void
add_postfix(struct plan *plan, const char *word)
{
	const char *argv[] = {"postfix", word, NULL};
	char *text = alloc_format("%s %s", plan->commands.postfix, word);

	steps_add_program(&plan->steps, text, argv, NULL);
	free(text);
}

/* Only root may ask. */
static bool
postfix_runs(void)
{
	static const char *const argv[] = {"postfix", "status", NULL};
	struct err err;
	char *output = NULL;
	int code = subprocess_run(argv, COMMAND_MS, &output, &err);

	free(output);
	return code == 0;
}

static void
add_main_cf_steps(struct plan *plan)
{
	const char *path = plan->main_cf, *backup = plan->main_cf_backup;

	if (file_map(plan) != NULL)
		add_step(plan, alloc_format("%s -q 127.0.0.1 %s",
					    plan->commands.postmap,
					    file_map(plan)),
			 NULL, ask_map);
	add_step(plan, alloc_format("cp -p %s %s", path, backup), NULL,
		 copy_main_cf);
	add_step(plan, postconf_command(plan),
		 alloc_format("cp -p %s %s && %s reload", backup, path,
			      plan->commands.postfix),
		 edit_main_cf);
	add_postfix(plan, "check");
	if (plan->postfix_runs)
		add_postfix(plan, "reload");
}

static int
plan_steps(struct plan *plan, struct err *err)
{
	char stamp[32];
	struct tm tm;

	localtime_r(&plan->now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	plan->file_backup =
	    alloc_format("%s.before-setup-%s", plan->file.path, stamp);
	plan->main_cf_backup =
	    alloc_format("%s.before-setup-%s", plan->main_cf, stamp);
	/* Finds the errors that main.cf already has: they are not ours. */
	if (plan->settings.count > 0)
		add_postfix(plan, "check");
	if (plan->text != NULL)
		add_file_steps(plan);
	if (service_plan(&plan->steps, plan->text != NULL, err) != 0)
		return -1;
	if (plan->settings.count > 0)
		add_main_cf_steps(plan);
	return 0;
}

/* ---- the whole ---- */

static int
explain_postfix(const struct plan *plan, struct err *err)
{
	char *remedy = postfix_set_up(err->text, &plan->commands);
	char *why = alloc_string(err->text);

	err_set(err, "cannot read Postfix's settings: %s; remedy: %s", why,
		remedy);
	free(why);
	free(remedy);
	return -1;
}

int
plan_make(struct plan *plan, const char *config, const char *directory,
	  time_t now, struct err *err)
{
	*plan = (struct plan){.now = now};
	remedies_instance(&plan->commands, directory);
	if (settings_load(&plan->conf, config, err) != 0)
		return -1;
	if (plan->conf.maps.count == 0)
		return err_set(err, "dbfile: none: there is no map for Postfix "
				    "to look into, and so nothing to set up");
	if (settings_file_load(&plan->file,
			       config != NULL ? config : usual_file, err) != 0)
		return -1;
	if (postconf_load(&plan->postfix, err) != 0)
		return explain_postfix(plan, err);
	servers_find(&plan->servers);
	plan->seen = true;
	plan->postfix_runs = geteuid() != 0 || postfix_runs();
	if (!plan->postfix_runs)
		strings_add(&plan->notes, "Postfix is not running: start it");
	plan->waits_for_log =
	    !plan->file.names_log || log_is_dovecots(&plan->conf);
	if (plan_settings(plan, err) != 0 || plan_main_cf(plan, err) != 0)
		return -1;
	return plan_steps(plan, err);
}

void
plan_clear(struct plan *plan)
{
	conf_clear(&plan->conf);
	postconf_clear(&plan->postfix);
	remedies_clear(&plan->commands);
	servers_clear(&plan->servers);
	settings_file_clear(&plan->file);
	log_choice_clear(&plan->log);
	map_choice_clear(&plan->map);
	strings_clear(&plan->keys);
	free(plan->text);
	strings_clear(&plan->settings);
	free(plan->main_cf);
	free(plan->file_backup);
	free(plan->main_cf_backup);
	strings_clear(&plan->notes);
	strings_clear(&plan->reasons);
	steps_clear(&plan->steps);
}

static void
print_list(const char *title, const struct strings *list)
{
	if (list->count > 0)
		printf("%s:\n", title);
	for (size_t i = 0; i < list->count; i++)
		printf("  %s\n", list->list[i]);
}

static void
print_choice(const char *key, const char *value, const char *why)
{
	if (value != NULL)
		printf("  %s: %s\n      %s\n", key, value, why);
}

void
plan_print(const struct plan *plan)
{
	if (!plan->seen)
		return;
	print_list("POP and IMAP servers", &plan->servers.lines);
	if (plan->servers.lines.count == 0)
		puts("POP and IMAP servers: nothing listens on their ports");
	if (plan->keys.count > 0)
		printf("%s:\n", plan->file.path);
	print_choice("logfile", plan->log.logfile, plan->log.why);
	print_choice("dbfile", plan->map.dbfile, plan->map.why);
	if (plan->map.dbfile != NULL)
		puts(plan->map.memory
			 ? "      in memory: a login writes nothing to the disk; "
			   "the boot puts an\n      empty map there, before the "
			   "daemon starts"
			 : "      on disk: Postfix finds a map there from the "
			   "boot on, before the daemon starts");
	if (plan->reasons.count > 0)
		printf("as it is, ");
	if (plan->settings.count > 0)
		print_list(plan->main_cf, &plan->settings);
	for (size_t i = 0; i < plan->notes.count; i++)
		printf("note: %s\n", plan->notes.list[i]);
}
