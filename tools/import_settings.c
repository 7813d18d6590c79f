/* The settings of the Perl program, and what it had code for. */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "tools/import.h"
#include "tools/perlconf.h"
#include "tools/yamlout.h"

static void
write_key(struct import *im, const char *key, const char *text)
{
	fprintf(im->settings, "%s: ", key);
	yamlout_quote(im->settings, text, strlen(text));
	putc('\n', im->settings);
	im->nsettings++;
}

static void
import_text(struct import *im, const struct perl_value *value, const char *key)
{
	write_key(im, key, value->text);
}

/* Its name was that of the file without ".db". */
static void
import_map(struct import *im, const struct perl_value *value, const char *key)
{
	char *map;

	if (value->text[0] != '/') {
		import_lose(im, value->lineno, "%s: '%s' is no absolute path",
			    value->name, value->text);
		return;
	}
	if (strncmp(value->text, STATE_DIR "/", sizeof(STATE_DIR)) != 0)
		import_remark(
		    im, value->lineno,
		    "%s: its directory must belong to the daemon's "
		    "user, which /etc/postfix cannot; without dbfile: "
		    "it is " STATE_DIR "/pop-before-smtp",
		    value->name);
	map = alloc_format("hash:%s", value->text);
	write_key(im, key, map);
	free(map);
}

static void
import_number(struct import *im, const struct perl_value *value,
	      const char *key)
{
	if (value->len == 0 || value->len > 8 || value->text[0] == '0' ||
	    strspn(value->text, "0123456789") != value->len) {
		import_lose(im, value->lineno,
			    "%s: '%s' is no number of seconds", value->name,
			    value->text);
		return;
	}
	fprintf(im->settings, "%s: %s\n", key, value->text);
	im->nsettings++;
}

static void
import_truth(struct import *im, const struct perl_value *value, const char *key)
{
	bool no = value->len == 0 || strcmp(value->text, "0") == 0;

	fprintf(im->settings, "%s: %s\n", key, no ? "no" : "yes");
	im->nsettings++;
}

static void
import_nothing(struct import *im, const struct perl_value *value,
	       const char *why)
{
	import_remark(im, value->lineno, "%s: not needed: %s", value->name,
		      why);
}

static void
import_elsewhere(struct import *im, const struct perl_value *value,
		 const char *why)
{
	import_lose(im, value->lineno, "%s: %s", value->name, why);
}

static const struct {
	const char *name;
	void (*import)(struct import *, const struct perl_value *,
		       const char *argument);
	const char *argument;
} settings[] = {
    {"%file_tail{name}", import_text, "logfile"},
    {"$watchlog", import_text, "logfile"},
    {"$dbfile", import_map, "dbfile"},
    {"$dbvalue", import_text, "value"},
    {"$grace", import_number, "grace"},
    {"$logto", import_text, "logto"},
    {"$write", import_truth, "write"},
    {"$flock", import_truth, "flock"},
    {"$debug", import_truth, "debug"},
    {"$reprocess", import_truth, "reprocess"},
    {"%file_tail{", import_nothing, "the kernel tells of new lines"},
    {"%ENV{TZ}", import_elsewhere, "set TZ in the environment of the service"},
    {"%ENV{", import_nothing, "the environment is the service's"},
};

/* The row for a name; one that ends with '{' is for all elements. -1: none. */
static int
find_setting(const char *name)
{
	size_t i, len;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		len = strlen(settings[i].name);
		if (strcmp(settings[i].name, name) == 0 ||
		    (settings[i].name[len - 1] == '{' &&
		     strncmp(settings[i].name, name, len) == 0))
			return (int)i;
	}
	return -1;
}

/* @mynets: those that are never written. */
static void
import_nets(struct import *im)
{
	const struct perlconf *conf = im->conf;
	const struct perl_value *value;
	struct cidr net;
	size_t i, n = 0;

	for (i = 0; i < conf->nvalues; i++) {
		value = &conf->values[i];
		if (strcmp(value->name, "@mynets") != 0)
			continue;
		if (cidr_parse(&net, value->text, value->len) != 0) {
			import_lose(im, value->lineno,
				    "@mynets: '%s' is no network", value->text);
			continue;
		}
		if (n++ == 0)
			fputs("exclude:\n", im->settings);
		fputs("  - ", im->settings);
		yamlout_quote(im->settings, value->text, value->len);
		putc('\n', im->settings);
		im->nsettings++;
	}
}

void
import_settings(struct import *im)
{
	const struct perlconf *conf = im->conf;
	const struct perl_value *value;
	size_t i;
	int row;

	for (i = 0; i < conf->nvalues; i++) {
		value = &conf->values[i];
		if (perlconf_find(conf, value->name) != value ||
		    strcmp(value->name, "@mynets") == 0 ||
		    import_is_rule(value->name))
			continue;
		row = find_setting(value->name);
		if (row < 0 && !value->used)
			import_lose(im, value->lineno, "%s: means nothing here",
				    value->name);
		else if (row >= 0 && !import_can_write(value))
			import_lose(im, value->lineno,
				    "%s: bytes that YAML cannot hold",
				    value->name);
		else if (row >= 0)
			settings[row].import(im, value, settings[row].argument);
	}
	import_nets(im);
}

/* What was code, with what to do instead where there is something. */
void
import_notes(struct import *im)
{
	static const struct {
		const char *name, *instead;
	} known[] = {
	    {"custom_match", "write a rule for each pattern: all count"},
	    {"mynet", "Postfix is asked for mynetworks; name others in "
		      "exclude:"},
	    {"$mynet_func", "Postfix is asked for mynetworks; name others in "
			    "exclude:"},
	    {"@mynets", "name the networks in exclude:"},
	    {"$tie_func", "the type of the map is that before its name in "
			  "dbfile:"},
	    {"$sync_func", "dbfile: keeps maps of its own types"},
	    {"$flock_func", "dbfile: keeps maps of its own types"},
	    {"$add_func", "dbfile: keeps maps of its own types"},
	    {"$del_func", "dbfile: keeps maps of its own types"},
	    {"$log_func", "logto: says where messages go"},
	    {"$tail_", "logfile: may be `-', standard input, or `journal:'"},
	};
	const struct perl_note *note;
	const char *instead;
	size_t i, k;

	for (i = 0; i < im->conf->nnotes; i++) {
		note = &im->conf->notes[i];
		instead = NULL;
		for (k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (instead == NULL &&
			    strncmp(note->text, known[k].name,
				    strlen(known[k].name)) == 0)
				instead = known[k].instead;
		import_lose(im, note->lineno, "%s: cannot be carried over%s%s",
			    note->text, instead ? ": " : "",
			    instead ? instead : "");
	}
}
