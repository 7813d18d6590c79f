#include "tools/setup/map_choice.h"

#include <libgen.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "daemon/conf/conf.h"
#include "daemon/sys/helper.h"
#include "maps/map.h"
#include "tools/doctor/postconf.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/restrictions.h"
#include "tools/setup/service.h"

static const struct {
	const char *name, *suffix;
} types[] = {{"lmdb", ".lmdb"}, {"hash", ".db"}, {"cdb", ".cdb"}};

enum { NTYPES = sizeof(types) / sizeof(types[0]), ROOM = 64 * 1024 * 1024 };

static const char in_memory[] = RUN_DIR "/pop-before-smtp";

/* The map of this name in main.cf, of any type, to be freed; NULL: none. */
static char *
named_already(const char *name, const struct postconf *postfix)
{
	struct strings words = {0};
	char *found = NULL;

	for (size_t i = 0; postfix_lists()[i] != NULL; i++)
		restrictions_read(&words, postfix,
				  postconf_value(postfix, postfix_lists()[i]));
	for (size_t i = 0; i < NTYPES && found == NULL; i++) {
		char *map = alloc_format("%s:%s", types[i].name, name);

		for (size_t k = 0; k < words.count && found == NULL; k++)
			if (strcmp(words.list[k], map) == 0)
				found = alloc_string(map);
		free(map);
	}
	strings_clear(&words);
	return found;
}

static bool
exists(const char *name)
{
	bool found = false;

	for (size_t i = 0; i < NTYPES; i++) {
		char *file = alloc_format("%s%s", name, types[i].suffix);

		found |= access(file, F_OK) == 0;
		free(file);
	}
	return found;
}

static bool
mentions(const struct strings *lines, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < lines->count; i++)
		found |= strstr(lines->list[i], name) != NULL;
	return found;
}

/* Whether any setting of Postfix names the map, such as postscreen(8)'s. */
static bool
is_used(const struct postconf *postfix, const char *name)
{
	return mentions(&postfix->expanded, name) ||
	       mentions(&postfix->overrides, name);
}

/* Under SELinux, smtpd(8) can read only what the policy allows, and no policy
 * covers RUN_DIR. */
static bool
is_confined(void)
{
	size_t len;
	char *mode = readfile("/sys/fs/selinux/enforce", 16, &len,
			      &(struct err){0});
	bool enforcing = mode != NULL && *mode == '1';

	free(mode);
	return enforcing;
}

/* Whether RUN_DIR is in memory, and has enough room: while a map of 100,000
 * addresses is replaced, there are two of 8 MB. */
static bool
fits_into_memory(void)
{
	char directory[] = RUN_DIR;
	struct statfs fs;

	return statfs(dirname(directory), &fs) == 0 && fs.f_type == TMPFS_MAGIC &&
	       fs.f_bavail >= ROOM / (uint64_t)fs.f_bsize;
}

/* Chooses a map that does not exist yet; main.cf will name it. */
static void
choose_new(struct map_choice *choice, const char *usual, bool memory,
	   const struct postconf *postfix)
{
	bool lmdb = helper_has_word(postfix->types, "lmdb") &&
		    map_check_type("lmdb", &(struct err){0}) == 0;
	const char *name = memory ? in_memory : strchr(usual, ':') + 1;

	choice->dbfile =
	    lmdb ? alloc_format("lmdb:%s", name)
		 : alloc_format("%.*s:%s", (int)strcspn(usual, ":"), usual,
				name);
	choice->why = alloc_string(
	    lmdb ? "postconf -m lists lmdb: a login counts at once, and no "
		   "smtpd restarts for it"
		 : "postconf -m does not list lmdb (on Debian, the package "
		   "postfix-lmdb adds it)");
}

void
map_choose(struct map_choice *choice, const struct conf *conf,
	   const struct postconf *postfix)
{
	const char *usual = conf->maps.list[0];
	const char *name = strchr(usual, ':') + 1;
	bool memory = !is_used(postfix, name) && service_keeps_run_dir() &&
		      fits_into_memory() && !is_confined();

	choice->dbfile = named_already(name, postfix);
	if (choice->dbfile == NULL)
		choice->dbfile = named_already(in_memory, postfix);
	if (choice->dbfile != NULL) {
		choice->why = alloc_string("main.cf names it already");
	} else if (!memory && exists(name)) {
		choice->dbfile = alloc_string(usual);
		choice->why = alloc_string("this map exists already");
	} else {
		choose_new(choice, usual, memory, postfix);
	}
	choice->memory = strstr(choice->dbfile, in_memory) != NULL;
}

void
map_choice_clear(struct map_choice *choice)
{
	free(choice->dbfile);
	free(choice->why);
}
