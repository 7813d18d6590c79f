/*
 * pbsctl import-perl: a script in Perl, as what it reads is Perl, too. This is
 * only the way to it.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "patterns/match/patterndir.h"
#include "tools/verb.h"

/* The installed script; or, as with the patterns, that of the source tree whose
 * build directory this program runs from. To be freed. */
static char *
find_script(const char *patterns)
{
	if (strcmp(patterns, PATTERN_DIR) == 0)
		return alloc_string(LIBEXEC_DIR "/import-perl");
	return alloc_format("%s/../tools/import/import-perl", patterns);
}

/* Why the script has not begun. A script that is there is not found if what
 * its first line names is missing. */
static int
unavailable(const char *script)
{
	int error = errno;

	if (error == ENOENT && access(script, X_OK) == 0)
		verb_error(&verb_import_perl,
			   "Perl is missing: apt-get install libppi-perl");
	else
		verb_error(&verb_import_perl, "%s: %s", script,
			   strerror(error));
	return EX_UNAVAILABLE;
}

static int
run_import(int argc, char **argv)
{
	char self[PATH_MAX] = "pbsctl", state[] = STATE_DIR;
	char *patterns = patterndir_default(), *script = find_script(patterns);
	char *known[] = {script, self, patterns, state};
	size_t nknown = sizeof(known) / sizeof(known[0]);
	char **words = alloc_zero(nknown + (size_t)argc, sizeof(*words));
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int status;

	if (len > 0)
		self[len] = '\0';
	memcpy(words, known, sizeof(known));
	/* Without the verb, but with the NULL at the end. */
	memcpy(words + nknown, argv + 1, (size_t)argc * sizeof(*words));
	execv(script, words);
	status = unavailable(script);
	free(words);
	free(script);
	free(patterns);
	return status;
}

const struct verb verb_import_perl = {
    .name = "import-perl",
    .arguments = "[--only patterns|settings] FILE",
    .summary = "carry over a pop-before-smtp-conf.pl, as YAML",
    .run = run_import,
};
