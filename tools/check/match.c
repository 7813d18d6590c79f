/*
 * pbsctl match: which lines of a log are logins, by the rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "patterns/line/envelope.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"
#include "tools/output/json.h"
#include "tools/verb.h"

enum { MATCHED = 0, NOTHING = 1, READ_SIZE = 256 * 1024, USER_MAX = 1024 };
enum { PROGRAM_MAX = 64 };

struct options {
	bool json, help;
	struct strings dirs, files;
};

struct job {
	bool json;
	struct recognizer *recognizer;
	struct linebuf *lines;
	struct envelope *envelope; /* of the file that is read */
	time_t now;
	uint64_t read; /* lines handed out; see line_number() */
	uint64_t matches, headerless;
	uint64_t empty; /* JSON without a line */
	uint64_t unused; /* last parts of a line that is not used */
	uint64_t known;		   /* lines of programs with rules */
	uint64_t ruleless;	   /* lines of programs that no rule knows, */
	char program[PROGRAM_MAX]; /* of which this is the first */
};

struct input {
	struct envelope_export *export;
	bool blank;    /* only a hole so far, */
	uint64_t hole; /* of that size */
};

static const char help[] =
    "usage: pbsctl match [--json] [--patterns DIR] [FILE...]\n"
    "\n"
    "Runs the lines of the FILEs, or of standard input, through the patterns\n"
    "and prints those that are logins. All rules are tried, also those that\n"
    "are optional; own and excluded networks are not checked. Lines are\n"
    "numbered through all FILEs; a login in two lines has the number of the\n"
    "second. For the journal: journalctl -o short-iso -u UNIT | pbsctl match\n"
    "\n"
    "  --json          one object for each login: line, rule, ip, user, time\n"
    "                  (seconds since 1970; user and time null if unknown);\n"
    "                  a byte that is not UTF-8 becomes \\u00XX\n"
    "  --patterns DIR  the *.yaml of this directory in place of those that "
    "are\n"
    "                  installed; may be repeated, a later file of the same\n"
    "                  name replaces an earlier one\n"
    "\n"
    "Exit: 0 something matched, 1 nothing did, 64 wrong usage, 66 a FILE\n"
    "cannot be read, 78 the patterns have an error.\n";

/* Overlong lines are skipped, but they count. */
static uint64_t
line_number(const struct job *job)
{
	return job->read + linebuf_dropped(job->lines);
}

static void
print_json(const struct job *job, const struct match *match, const time_t *when)
{
	char ip[ADDR_TEXT_MAX];

	addr_format(&match->addr, ip);
	printf("{\"line\": %ju, \"rule\": ", (uintmax_t)line_number(job));
	json_string(stdout, match->rule->name, strlen(match->rule->name));
	printf(", \"ip\": \"%s\", \"user\": ", ip);
	json_string(stdout, match->user, match->user_len);
	if (when != NULL)
		printf(", \"time\": %jd}\n", (intmax_t)*when);
	else
		puts(", \"time\": null}");
}

static void
print_text(const struct job *job, const struct match *match, const time_t *when)
{
	char ip[ADDR_TEXT_MAX], text[64] = "?", user[USER_MAX];
	struct tm tm;

	addr_format(&match->addr, ip);
	if (when != NULL && localtime_r(when, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%ju: %s %s time=%s", (uintmax_t)line_number(job),
	       match->rule->name, ip, text);
	/* A stranger's user name may hold escapes for a terminal. */
	if (match->user != NULL)
		printf(" user=%s", log_printable(user, sizeof(user),
						 match->user, match->user_len));
	puts(match->rule->optional ? " (optional)" : "");
}

/* A syslog daemon may have put its own tag before that of the program. */
static bool
has_rules(struct recognizer *r, const struct logline *line)
{
	const struct matcher *matcher = recognizer_matcher(r);
	struct logline again = *line;

	return matcher_program(matcher, line) != NULL ||
	       (logline_reread(&again) &&
		matcher_program(matcher, &again) != NULL);
}

static void
note_program(struct job *job, const struct logline *line)
{
	if (job->matches > 0)
		return;
	if (has_rules(job->recognizer, line))
		job->known++;
	else if (job->ruleless++ == 0)
		log_printable(job->program, sizeof(job->program),
			      line->program, line->program_len);
}

static void
match_line(void *arg, const char *bytes, size_t len)
{
	struct job *job = arg;
	enum envelope_content content;
	struct found found;
	struct err err;

	job->read++;
	content = envelope_open(job->envelope, &bytes, &len);
	job->empty += content == ENVELOPE_EMPTY;
	job->unused += content == ENVELOPE_UNUSED;
	if (!envelope_has_line(content))
		return;
	switch (
	    recognize(job->recognizer, bytes, len, job->now, &found, &err)) {
	case FOUND_DOUBTFUL:
	case FOUND_MULTILINE:
		job->known++;
		verb_error(&verb_match, "line %ju: %s",
			   (uintmax_t)line_number(job), err.text);
		return;
	case FOUND_LOGIN:
		job->matches++;
		if (!found.dated)
			verb_error(&verb_match,
				   "line %ju: %s: the daemon grants nothing",
				   (uintmax_t)line_number(job),
				   logline_undated(&found.line));
		(job->json ? print_json : print_text)(
		    job, &found.match, found.dated ? &found.when : NULL);
		return;
	case FOUND_HEADERLESS:
		job->headerless++;
		return;
	case FOUND_NOTHING:
		note_program(job, &found.line);
		return;
	default: /* a logout, or one line of two */
		job->known++;
		return;
	}
}

static void
lose_line(void *arg, uint64_t size)
{
	struct job *job = arg;

	(void)size;
	envelope_lost(job->envelope);
}

static void
report_lines(const struct job *job, uint64_t lines, const char *why)
{
	if (lines > 0)
		verb_error(&verb_match, "could not read %ju of %ju lines: %s",
			   (uintmax_t)lines, (uintmax_t)line_number(job), why);
}

/* Silence would not tell a log without logins from one that was not read. */
static void
report_read(const struct job *job)
{
	uint64_t lines = line_number(job);

	verb_error(&verb_match,
		   "no login in %ju line%s, %ju of which %s from programs with "
		   "rules%s",
		   (uintmax_t)lines, lines == 1 ? "" : "s",
		   (uintmax_t)job->known, job->known == 1 ? "is" : "are",
		   job->known > 0 ? "; pbsctl explain shows why not, line by line"
				  : "");
}

/* Somebody whose log is not understood should hear of it. */
static void
report_unread(const struct job *job)
{
	if (job->matches > 0)
		return;
	report_read(job);
	report_lines(job, job->headerless,
		     "unknown log header; pbsctl explain shows those that are "
		     "known");
	report_lines(job, job->empty,
		     "JSON that lacks a field; pbsctl explain shows which it "
		     "needs");
	report_lines(job, job->unused,
		     "in parts that are longer than 64 KiB together, or of "
		     "which one is missing");
	report_lines(job, linebuf_dropped(job->lines),
		     "longer than 64 KiB");
	if (job->ruleless > 0)
		verb_error(&verb_match,
			   "no rule knows the program of %ju of %ju lines; "
			   "the first is '%s'; pbsctl explain tells more of a "
			   "line",
			   (uintmax_t)job->ruleless,
			   (uintmax_t)line_number(job), job->program);
}

/* By gzip, bzip2, xz or zstd, as logrotate(8) may do. */
static bool
is_compressed(const char *bytes, size_t len)
{
	static const char *const begins[] = {"\x1f\x8b\x08", "BZh",
					     "\xfd\x37zXZ", "\x28\xb5\x2f\xfd"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (len >= strlen(begins[i]) &&
		    memcmp(bytes, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static void
feed(struct job *job, struct input *in, const char *bytes, size_t len)
{
	size_t hole = 0;

	if (in->blank) {
		hole = linebuf_hole(job->lines, &in->hole, bytes, len);
		in->blank = hole == len;
	}
	if (!envelope_export_feed(in->export, bytes + hole, len - hole,
				  match_line, job))
		linebuf_feed(job->lines, bytes + hole, len - hole, match_line,
			     job);
}

/* 0, or EX_NOINPUT. */
static int
match_stream(struct job *job, int fd, const char *name)
{
	struct input in = {.blank = true};
	bool first = true, packed = false;
	char *buffer;
	ssize_t n;

	buffer = alloc_resize(NULL, READ_SIZE, 1);
	in.export = envelope_export_new();
	job->envelope = envelope_new();
	linebuf_on_drop(job->lines, lose_line, job);
	for (;;) {
		n = read(fd, buffer, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		packed = first && n > 0 && is_compressed(buffer, (size_t)n);
		first = false;
		if (n <= 0 || packed)
			break;
		feed(job, &in, buffer, (size_t)n);
		fflush(stdout);
	}
	if (n < 0)
		verb_error(&verb_match, "%s: %s", name, strerror(errno));
	if (packed)
		verb_error(&verb_match,
			   "%s is compressed; pipe the output of zcat(1) or "
			   "the like into pbsctl match",
			   name);
	/* The file's last line may lack its newline. */
	if (linebuf_pending(job->lines) > 0)
		linebuf_feed(job->lines, "\n", 1, match_line, job);
	envelope_free(&job->envelope);
	envelope_export_free(&in.export);
	free(buffer);
	return n < 0 || packed ? EX_NOINPUT : 0;
}

static int
match_file(struct job *job, const char *name)
{
	int fd, r;

	if (strcmp(name, "-") == 0)
		return match_stream(job, STDIN_FILENO, "standard input");
	if (strncmp(name, "journal:", 8) == 0) {
		verb_error(&verb_match,
			   "%s is read by the daemon alone; here use "
			   "journalctl(1): `journalctl -o short-iso -u dovecot "
			   "| pbsctl match'",
			   name);
		return EX_NOINPUT;
	}
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		verb_error(&verb_match, "%s: %s", name, strerror(errno));
		return EX_NOINPUT;
	}
	r = match_stream(job, fd, name);
	close(fd);
	return r;
}

static int
match_files(struct job *job, const struct strings *files)
{
	int r, status = 0;
	size_t i;

	job->now = time(NULL);
	job->lines = linebuf_new();
	for (i = 0; i < files->count; i++) {
		r = match_file(job, files->list[i]);
		if (r != 0)
			status = r;
	}
	if (status == 0 || line_number(job) > 0)
		report_unread(job);
	linebuf_free(&job->lines);
	if (status == 0)
		status = job->matches > 0 ? MATCHED : NOTHING;
	return verb_finish(&verb_match, status);
}

static int
match_with(const struct options *options)
{
	static const struct rule_choice all = {.all = true};
	struct job job = {.json = options->json};
	struct ruleset *set;
	struct err err;
	int status = EX_CONFIG;

	set = ruleset_load((const char *const *)options->dirs.list,
			   options->dirs.count, &err);
	if (set != NULL)
		job.recognizer = recognizer_new(set, &all, &err);
	if (job.recognizer != NULL)
		status = match_files(&job, &options->files);
	else
		verb_error(&verb_match, "%s", err.text);
	recognizer_free(&job.recognizer);
	ruleset_free(&set);
	return status;
}

/* 0, or EX_USAGE. */
static int
parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"patterns", required_argument, NULL, 'p'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(&verb_match, argc, argv, known)) != -1)
		if (c == '?')
			return EX_USAGE;
		else if (c == 'p')
			strings_add(&options->dirs, optarg);
		else if (c == 'j')
			options->json = true;
		else
			options->help = true;
	for (; optind < argc; optind++)
		strings_add(&options->files, argv[optind]);
	if (options->files.count == 0)
		strings_add(&options->files, "-");
	if (options->dirs.count == 0)
		conf_default_patterns(&options->dirs);
	return 0;
}

static int
run_match(int argc, char **argv)
{
	struct options options = {0};
	int status = parse(&options, argc, argv);

	if (status == 0 && options.help)
		fputs(help, stdout);
	else if (status == 0)
		status = match_with(&options);
	strings_clear(&options.dirs);
	strings_clear(&options.files);
	return status;
}

const struct verb verb_match = {
    .name = "match",
    .arguments = "[--json] [--patterns DIR] [FILE...]",
    .summary = "run lines through the patterns, print the logins",
    .run = run_match,
};
