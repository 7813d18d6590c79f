#include "tools/setup/map_choice.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/conf/conf.h"
#include "daemon/sys/helper.h"
#include "maps/map.h"
#include "tools/doctor/postconf.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/restrictions.h"

static const struct {
	const char *name, *suffix;
} types[] = {{"lmdb", ".lmdb"}, {"hash", ".db"}, {"cdb", ".cdb"}};

enum { NTYPES = sizeof(types) / sizeof(types[0]) };

/* The map that main.cf names already, if only its type is another. */
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

void
map_choose(struct map_choice *choice, const struct conf *conf,
	   const struct postconf *postfix)
{
	const char *usual = conf->maps.list[0];
	const char *name = strchr(usual, ':') + 1;
	bool lmdb = helper_has_word(postfix->types, "lmdb") &&
		    map_check_type("lmdb", &(struct err){0}) == 0;

	choice->dbfile = named_already(name, postfix);
	if (choice->dbfile != NULL) {
		choice->why = alloc_string("main.cf names it already");
	} else if (exists(name)) {
		choice->dbfile = alloc_string(usual);
		choice->why = alloc_string("this map exists already");
	} else if (lmdb) {
		choice->dbfile = alloc_format("lmdb:%s", name);
		choice->why = alloc_string(
		    "postconf -m lists lmdb: a login counts at once, and no "
		    "smtpd restarts for it");
	} else {
		choice->dbfile = alloc_string(usual);
		choice->why = alloc_string(
		    "postconf -m does not list lmdb (on Debian, the package "
		    "postfix-lmdb adds it)");
	}
}

void
map_choice_clear(struct map_choice *choice)
{
	free(choice->dbfile);
	free(choice->why);
}
