#include "tools/postfix/importing.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/string_map.h"
#include "tools/gateway/comparison.h"
#include "tools/integer.h"
#include "tools/postfix/maincf.h"
#include "tools/postfix/outdir.h"
#include "tools/verb.h"

#define DEFAULT_MAP "hash:" STATE_DIR "/pop-before-smtp"
#define DEFAULT_DIRECTORY "/etc/postfix"

static int
set_only(struct importing *import, const char *word)
{
	const char **words = outset_words(import->parts);
	int status = EX_USAGE;

	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0) {
			import->only = words[i];
			status = EX_OK;
		}
	if (status != EX_OK)
		verb_unknown(import->verb, "part", word, words);
	free(words);
	return status;
}

/* As smtpd(8) names it; the path may be relative to its root directory. */
static int
check_socket(const char *name, struct err *err)
{
	const char *last = strrchr(name, ':');
	bool path = strncmp(name, "unix:", 5) == 0 && last > name + 5;
	bool port = strncmp(name, "inet:", 5) == 0 && last > name + 5 &&
		    memchr(name + 5, ':', (size_t)(last - name - 5)) != NULL;

	if ((path || port) && last[1] != '\0')
		return 0;
	return err_set(err, "is neither socketmap:unix:PATH:MAP nor "
			    "socketmap:inet:HOST:PORT:MAP");
}

/* smtpd(8) can ask the other types of map that the daemon keeps (policy: text:
 * cidr:) not at all by check_client_access, or reads them only at its start. */
static int
check_map(const char *type, const char *name, struct err *err)
{
	if (strcmp(type, "socketmap") == 0)
		return check_socket(name, err);
	if (string_map_check_type(type, err) != 0)
		return err_set(err, "is not a map that pop-before-smtp keeps "
				    "and check_client_access can ask: "
				    "hash:/NAME, lmdb:/NAME, cdb:/NAME, "
				    "socketmap:unix:PATH:MAP or "
				    "socketmap:inet:HOST:PORT:MAP");
	return string_map_check_name(type, name, err);
}

/* TYPE:NAME, as it will be in main.cf. */
static int
set_map(struct importing *import, const char *map)
{
	size_t len = strcspn(map, ":");
	char *type = alloc_bytes(map, len);
	const char *name = map[len] == ':' ? map + len + 1 : "";
	struct err err;
	int code = check_map(type, name, &err);

	free(type);
	if (code == 0 && (!maincf_plain(map) || strchr(map, ' ') != NULL))
		code = err_set(&err, "main.cf cannot name it");
	import->map = map;
	if (code == 0)
		return EX_OK;
	verb_error(import->verb, "--dbfile: '%s': %s", shown(map).text,
		   err.text);
	return EX_USAGE;
}

static int
set_max_shrink(struct importing *import, const char *value)
{
	long long percent;

	if (integer_parse(value, 0, 100, &percent) == 0) {
		import->max_shrink = (size_t)percent;
		return EX_OK;
	}
	verb_error(import->verb, "--max-shrink: '%s' is not a number up to 100",
		   shown(value).text);
	return EX_USAGE;
}

static int
set_option(struct importing *import, int c)
{
	switch (c) {
	case 'a':
		import->arguments = optarg;
		return EX_OK;
	case 'd':
		return set_map(import, optarg);
	case 'f':
		import->force = true;
		return EX_OK;
	case 'h':
		printf("usage: pbsctl %s %s\n", import->verb->name,
		       import->verb->arguments);
		import->done = true;
		return EX_OK;
	case 'o':
		return set_only(import, optarg);
	case 's':
		return set_max_shrink(import, optarg);
	case 't':
		import->to = optarg;
		return EX_OK;
	default:
		return EX_USAGE;
	}
}

static int
set_source(struct importing *import, int argc, char **argv)
{
	struct err err;

	if (optind != argc - 1) {
		verb_error(import->verb, "needs one argument: pbsctl %s %s",
			   import->verb->name, import->verb->arguments);
		return EX_USAGE;
	}
	import->source = argv[optind];
	import->directory = outset_directory(
	    import->to != NULL ? import->to : DEFAULT_DIRECTORY, &err);
	if (import->directory != NULL)
		return EX_OK;
	verb_error(import->verb, "--to: %s", err.text);
	return EX_USAGE;
}

int
importing_options(struct importing *import, int argc, char **argv)
{
	/* The last one only where it means something. */
	const struct option options[] = {
	    {"dbfile", required_argument, NULL, 'd'},
	    {"force", no_argument, NULL, 'f'},
	    {"help", no_argument, NULL, 'h'},
	    {"max-shrink", required_argument, NULL, 's'},
	    {"only", required_argument, NULL, 'o'},
	    {"to", required_argument, NULL, 't'},
	    {import->takes_arguments ? "xmail-args" : NULL, required_argument,
	     NULL, 'a'},
	    {NULL, 0, NULL, 0},
	};
	int c, status = EX_OK;

	import->map = DEFAULT_MAP;
	import->max_shrink = COMPARISON_MAX_SHRINK;
	while (status == EX_OK && !import->done &&
	       (c = verb_option(import->verb, argc, argv, options)) != -1)
		status = set_option(import, c);
	if (status == EX_OK && !import->done)
		status = set_source(import, argc, argv);
	return status;
}

void
importing_clear(struct importing *import)
{
	free(import->directory);
	import->directory = NULL;
}

static int
write_files(const struct importing *import, struct outset *out)
{
	const struct outdir to = {.name = import->directory,
				  .verb = import->verb->name,
				  .only = import->only,
				  .force = import->force,
				  .max_shrink = import->max_shrink};
	struct err err;
	int code = outdir_write(&to, out, &err);

	if (code != 0)
		verb_error(import->verb, "%s", err.text);
	return code < 0 ? EX_CANTCREAT : code;
}

int
importing_finish(const struct importing *import, const struct remarks *remarks,
		 struct outset *out)
{
	int status = EX_OK;

	if (remarks->refused) {
		verb_error(import->verb, "refused: nothing was written, since "
					 "without these lines more would be "
					 "allowed");
		return 1;
	}
	if (import->to == NULL)
		outset_print(out, import->only, stdout);
	else
		status = write_files(import, out);
	if (status == EX_OK)
		status = remarks->incomplete;
	return verb_finish(import->verb, status);
}
