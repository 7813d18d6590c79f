/*
 * Forgeries find the faults that the patterns of this field have had, and
 * nothing in the same rules without the fault.
 */
#include "patterns/check/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"
#include "tests/tap.h"

enum { TRIES = 4000, NOW = 1795226460 };

#define IP "(?<ip>[0-9A-Fa-f:.]+)"
#define USER "(?<user>.*)"
#define LINE "Nov 21 02:01:00 mail xd[7]: "

/* A server, its line, a failure of it; a rule that can be fooled, and one that
 * cannot. */
static const struct server {
	const char *what, *weak, *sound, *accept, *reject;
} servers[] = {
    {"the end is open, the user is what comes first",
     "LOGIN, user=(?<user>.*?), ip=\\[" IP "\\].*",
     "LOGIN, user=" USER ", ip=\\[" IP "\\](?:, port=\\[[0-9]+\\])?",
     "LOGIN, user=ann, ip=[192.0.2.7], port=[59479]",
     "LOGIN FAILED, user=x, ip=[192.0.2.9]"},
    {"the beginning is open", ".*LOGIN, user=" USER ", ip=\\[" IP "\\]",
     "LOGIN, user=" USER ", ip=\\[" IP "\\]", "LOGIN, user=ann, ip=[192.0.2.7]",
     "LOGIN FAILED, user=x, ip=[192.0.2.9]"},
    {"a failure begins with the user",
     "POP login by user \"(?<user>.*)\" at \\(.*\\) " IP ".*",
     "POP login by user \"(?<user>[^\" ]+)\" at \\([^() ]+\\) " IP,
     "POP login by user \"ann\" at (a.example.org) 192.0.2.7",
     "root at b.example.org (192.0.2.9): -ERR Password supplied for \"root\" "
     "is incorrect."},
    {"the host's name precedes the address",
     "login: (?:.* )?\\[" IP "\\] (?<user>.*) plain User logged in.*",
     "login: (?:[^][ ]+ )?\\[" IP "\\] (?<user>[^][ ]+) plain User logged in",
     "login: a.example.org [192.0.2.7] ann plain User logged in",
     "badlogin: b.example.org [192.0.2.9] plain (bob) failed"},
    {"the status is not the last word",
     "Auth: " IP ":[0-9]+ user=\"(?<user>.*)\" status=\"ok\".*",
     "Auth: (?!.{190})" IP ":[0-9]+ user=\"(?<user>[^\"]*)\" status=\"ok\"",
     "Auth: 192.0.2.7:39395 user=\"ann\" status=\"ok\"",
     "Auth: 192.0.2.9:39395 user=\"bob\" status=\"failed\""},
    {"an address within a client's word",
     "in user=(?<user>[^ ]+) .*rip=" IP "(?: .*)?",
     "in user=(?<user>[^ ]+) id=\"[^\"]*\" rip=" IP " tls",
     "in user=ann id=\"x\" rip=192.0.2.7 tls",
     "out user=bob id=\"y\" rip=192.0.2.9 tls"},
    {"a cut line can end within the user",
     "user=(?<user>[^ ]+) host=" IP " login ok",
     "user=(?!.{200})(?<user>[^ ]+) host=" IP " login ok",
     "user=ann host=192.0.2.7 login ok",
     "user=bob host=192.0.2.9 login failed"},
    {"a bound that is wider than busybox's limit",
     "user=(?!.{800})(?<user>[^ ]+) host=" IP " login ok",
     "user=(?!.{200})(?<user>[^ ]+) host=" IP " login ok",
     "user=ann host=192.0.2.7 login ok",
     "user=bob host=192.0.2.9 login failed"},
    {"a copy that was cut vouches for the user",
     "proxy\\((?!.{200})(?<user>.{1,150}?)\\): started to [^<]+: "
     "user=<\\k{user}>, rip=" IP,
     "proxy\\((?!.{200})(?<user>[^,()<>]{1,80}?)(?<!\\.\\.\\.)\\): started to "
     "[0-9a-z.]+: "
     "user=<\\k{user}>, rip=" IP,
     "proxy(ann): started to h.example: user=<ann>, rip=192.0.2.7",
     "proxy(bob): failed at h.example: user=<bob>, rip=192.0.2.9"},
};

/* The rule of a pattern file made of all this. NULL: the error is printed. */
static struct ruleset *
load(const char *key, const char *match, const struct server *server)
{
	char name[] = "/tmp/forge.XXXXXX";
	const char *path = name;
	int fd = mkstemp(name);
	struct ruleset *set;
	struct err err;
	FILE *out = fdopen(fd, "w");

	fprintf(out,
		"server: X\nprogram: xd\nrules:\n  - name: x-login\n"
		"    %s: '%s'\n    accept:\n"
		"      - {line: '" LINE "%s', ip: 192.0.2.7}\n"
		"    reject:\n      - {line: '" LINE "%s'}\n"
		"  - name: x-other\n    match: 'other " IP "'\n    accept:\n"
		"      - {line: '" LINE "other 192.0.2.7', ip: 192.0.2.7}\n",
		key, match, server->accept, server->reject);
	fclose(out);
	set = ruleset_load(&path, 1, &err);
	unlink(name);
	if (set == NULL)
		is_str(err.text, "", "%s: can be read", server->what);
	return set;
}

/* The forgeries that fooled the rule; the first one, shortened, in *line. */
static unsigned int
attack(const char *key, const char *match, const struct server *server,
       uint64_t seed, char **line)
{
	const struct rule_choice all = {.all = true};
	struct ruleset *set = load(key, match, server);
	struct recognizer *recognizer;
	struct forgery forgery;
	struct addr granted;
	struct forge *forge;
	struct err err;
	unsigned int i, fooled = 0;

	*line = NULL;
	recognizer = recognizer_new(set, &all, &err);
	forge = forge_new(set, recognizer, seed, NOW);
	for (i = 0; i < TRIES && forge_make(forge, 0, &forgery); i++) {
		if (!forge_fools(forge, &forgery, &granted) || fooled++ > 0)
			continue;
		forge_shorten(forge, &forgery);
		*line = alloc_bytes(forgery.run.lines[0].bytes,
				    forgery.run.lines[0].len);
	}
	is_int(i, TRIES, "%s: %d were made", server->what, (int)TRIES);
	forge_free(&forge);
	recognizer_free(&recognizer);
	ruleset_free(&set);
	return fooled;
}

static void
finds_faults(void)
{
	const struct server *s = servers;
	const struct server *end = s + sizeof(servers) / sizeof(servers[0]);
	char *line;

	for (; s < end; s++) {
		ok(attack("match", s->weak, s, 1, &line) > 0, "%s: found",
		   s->what);
		/* A cut line is as long as the limit that cut it. */
		ok(line != NULL &&
		       (strlen(line) < 400 || strstr(line, "xxxxxxxx") != NULL),
		   "%s: in a short line", s->what);
		free(line);
		is_int(attack("match", s->sound, s, 1, &line), 0,
		       "not %s: nothing", s->what);
		is_str(line ? line : "", "", "not %s: nothing believed",
		       s->what);
		free(line);
	}
}

/* A message that goes on after a stranger's newline, and a rule for its first
 * line that knows some such messages only. */
static const struct server multiline = {
    "a first line that is not recognized", "id \"[^\"]{0,40}",
    "id \"(?![^\"]*\"$).*", "id \"x", "id \"x\""};

static void
finds_broken_messages(void)
{
	const char *const key = "multiline";
	char *line;

	ok(attack(key, multiline.weak, &multiline, 1, &line) > 0, "%s: found",
	   multiline.what);
	free(line);
	is_int(attack(key, multiline.sound, &multiline, 1, &line), 0,
	       "not %s: nothing", multiline.what);
	free(line);
}

/* The same seed, the same attacks; another one, others. */
static void
is_repeatable(void)
{
	char *first, *second, *other;
	unsigned int n =
	    attack("match", servers[0].weak, &servers[0], 5, &first);

	is_int(attack("match", servers[0].weak, &servers[0], 5, &second), n,
	       "as many with the same seed");
	is_str(second, first, "the same one");
	ok(attack("match", servers[0].weak, &servers[0], 6, &other) != n ||
	       strcmp(other, first) != 0,
	   "others with another seed");
	free(first);
	free(second);
	free(other);
}

static void
without_samples(void)
{
	static char name[] = "x", *programs[] = {name, NULL};
	struct rule rule = {
	    .name = name, .server = name, .file = name, .programs = programs};
	struct ruleset set = {&rule, 1};
	struct recognizer *recognizer;
	struct forgery forgery;
	struct forge *forge;
	struct err err;
	char match[] = "(?<ip>.*)";

	rule.match = match;
	recognizer = recognizer_new(&set, NULL, &err);
	forge = forge_new(&set, recognizer, 1, NOW);
	ok(!forge_make(forge, 0, &forgery),
	   "nothing can be made of a rule without samples");
	forge_free(&forge);
	recognizer_free(&recognizer);
}

int
main(void)
{
	finds_faults();
	finds_broken_messages();
	is_repeatable();
	without_samples();
	return tap_done();
}
