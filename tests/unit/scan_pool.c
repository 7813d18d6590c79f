/*
 * A backlog that several threads recognize becomes the same as one that is read
 * line by line: logs made at random of the samples of all rules, with what is
 * no login, no line, or too long; in blocks of any size; with logins in two
 * lines and sessions; at the time of the log and at that of the clock.
 */
#include "daemon/pipeline/scan_pool.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "base/readahead.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/table/authtab.h"
#include "patterns/match/patterndir.h"
#include "patterns/match/rules.h"
#include "tests/tap.h"

enum { LINES = 6000, GRACE = 86400 };

/* A Saturday, some minutes after most samples. */
static const struct moment now = {1795230000, 1795230000};

static char *log_text;
static size_t log_len;
static const char *origin; /* where the first byte of the log would be */
static unsigned int seed = 1;
static struct strings stock; /* lines of samples */

static size_t
any(size_t n)
{
	return (size_t)rand_r(&seed) % n;
}

static void
take_samples(const struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		for (size_t k = 0; k < samples->list[i].nlines; k++)
			strings_add(&stock, samples->list[i].lines[k]);
}

/* Some digits are others: other addresses, processes, times. */
static size_t
write_sample(char *out)
{
	const char *line = stock.list[any(stock.count)];
	size_t len = strlen(line);

	memcpy(out, line, len);
	for (size_t change = any(4); change > 0; change--) {
		size_t at = any(len);

		if (out[at] >= '0' && out[at] <= '9')
			out[at] = (char)('0' + any(10));
	}
	return len;
}

static size_t
write_odd(char *out)
{
	static const char *const odd[] = {
	    "",
	    "\r",
	    "no header",
	    "Nov 21 02:00:00 mail",
	    "\x01\x02",
	    "Nov 21 02:59:59 mail postfix/qmgr[7]: 5317A4687A: removed"};
	size_t len = 70000;

	if (any(200) == 0) {
		memset(out, 'x', len); /* too long */
		return len;
	}
	len = any(3); /* as copytruncate leaves them */
	memset(out, '\0', len);
	return len + (size_t)sprintf(out + len, "%s", odd[any(6)]);
}

static const char *const names[] = {
    "postfix/smtpd", "postfix/qmgr",	"sshd",		"imapd",
    "dovecot",	     "my-dovecot-1",	"docker/pop3d", "abcdefghijklmno",
    "pop3d",	     "mailcowdovecots", "ipop3d",	"abcdefghijklmnop",
    "imap-login",    "mail.info",	"auth",		""};
static const char *const tag_ends[] = {
    ": ",     ": ",	     ": ",	     "[42]: ",
    "[42]: ", "[1234567]: ", "[12345678]: ", "[4x]: ",
    "[]: ",   "[42] ",	     "[42]:",	     ":",
    " ",      " imapd[7]: "};
static const char *const texts[] = {
    "Login user=ann host=client [192.0.2.7]",
    "LOGIN, user=ann, ip=[::ffff:192.0.2.7], port=[40000], protocol=IMAP",
    "imap-login: Login: user=<ann>, method=PLAIN, rip=192.0.2.7, "
    "lip=192.0.2.1, mpid=77, TLS, session=<a>",
    "Nov 21 02:00:00 imap-login: Info: Login: user=<ann>, method=PLAIN, "
    "rip=192.0.2.7, lip=192.0.2.1, mpid=77, TLS, session=<a>",
    "Nov 21 02:00:00 imap-login: Login: user=<ann>",
    "Connection closed by 192.0.2.7",
    "LOGIN FAILED, user=x, ip=[::ffff:192.0.2.7]",
    "LOGIN, user=ann, ip=[fe80::1%eth0], port=[40000], protocol=IMAP",
    "message repeated 2 times: [LOGIN, user=ann, ip=[::ffff:192.0.2.7], "
    "port=[40000], protocol=IMAP]",
    "Logon user=a h [b]",
    "imap-login: ",
    "imap-login: Disconnected: 100% idle",
    "imap-login: Login: user=<ann>, method=PLAIN, rip=fe80::1%2, "
    "lip=fe80::2%eth0",
    "imap(ann)<5><a>: Logged out in=9 out=462",
    "imap(ann)<5><a>: Connection closed",
    "x",
    ""};
static const char *const befores[] = {"", "", "", " ", "\t ",
				      "[ID 702911 mail.info] "};
static const char *const afters[] = {"", " ", "\r"};

/* Neighbours in a log: of the same second and host, mostly. */
static size_t
write_neighbour(char *out)
{
	return (size_t)sprintf(out, "Nov 21 02:00:%02zu mail%s %s%s%s%s%s",
			       any(20) / 19, any(20) == 0 ? "2" : "",
			       names[any(16)], tag_ends[any(14)],
			       befores[any(6)], texts[any(17)], afters[any(3)]);
}

static void
make_log(void)
{
	size_t room = 0;

	log_len = 0;
	for (size_t i = 0; i < LINES; i++) {
		if (room < log_len + 80000) {
			room = 2 * room + 80000;
			log_text = alloc_resize(log_text, room, 1);
		}
		log_len += any(4) == 0 ? write_odd(log_text + log_len)
				       : write_sample(log_text + log_len);
		log_text[log_len++] = '\n';
		for (size_t more = any(3) == 0 ? any(8) : 0; more > 0; more--) {
			log_len += write_neighbour(log_text + log_len);
			log_text[log_len++] = '\n';
		}
	}
}

/* The end of a block of about so many bytes that begins there. */
static size_t
block_end(size_t at, size_t about)
{
	const char *newline;

	if (at + about >= log_len)
		return log_len;
	newline = memchr(log_text + at + about, '\n', log_len - at - about);
	return (size_t)(newline + 1 - log_text);
}

/* ---- what is found ---- */

static void
write_finding(FILE *out, enum finding finding, const struct found *found)
{
	char text[ADDR_TEXT_MAX] = "";

	fprintf(out, "%d %td", (int)finding, found->line.line - origin);
	if (finding == FOUND_DOUBTFUL)
		fprintf(out, " %d", (int)found->match.doubt);
	if (finding > 0 && finding != FOUND_MULTILINE) {
		if (found->match.addr.family != 0)
			addr_format(&found->match.addr, text);
		fprintf(out, " %s %d %s %.*s %.*s %.*s %lld %d",
			found->match.rule->name, (int)found->match.role, text,
			(int)found->line.host_len, found->line.host,
			(int)found->line.text_len, found->line.text,
			(int)found->match.user_len,
			found->match.user_len ? found->match.user : "",
			found->dated ? (long long)found->when : 0,
			(int)found->line.pid);
	}
	fputc('\n', out);
}

static void
on_finding(void *arg, enum finding finding, struct found *found)
{
	write_finding(arg, finding, found);
}

/* One line after the other. */
static void
find_in_lines(struct recognizer *recognizer, size_t from, size_t to, FILE *out)
{
	const char *at = log_text + from, *line;
	struct found found;
	enum finding finding;
	struct err err;
	size_t len;
	int next;

	while ((next = linebuf_next(&at, log_text + to, &line, &len)) != 0) {
		if (next < 0)
			continue;
		finding = recognize_alone(recognizer, line, len, now.wall,
					  &found, &err);
		if (finding != FOUND_NOTHING && finding != FOUND_HEADERLESS)
			write_finding(out, finding, &found);
	}
}

static char *
findings_of_lines(struct recognizer *recognizer)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	find_in_lines(recognizer, 0, log_len, out);
	fclose(out);
	return text;
}

static char *
findings_of_blocks(struct recognizer *recognizer, unsigned int helpers,
		   size_t about)
{
	struct scan_pool *pool = scan_pool_new(recognizer, helpers);
	char *text;
	size_t at, end, size;
	FILE *out = open_memstream(&text, &size);

	for (at = 0; at < log_len; at = end) {
		end = block_end(at, about / 2 + any(about));
		scan_pool_begin(pool, log_text + at, end - at, now.wall);
		scan_pool_finish(pool, on_finding, out);
	}
	scan_pool_free(&pool);
	fclose(out);
	return text;
}

static void
finds_the_same(struct recognizer *recognizer)
{
	static const size_t sizes[] = {1, 3000, 150000, 3000000, 1 << 30};
	char *want = findings_of_lines(recognizer), *got;

	ok(strlen(want) > LINES, "much is found");
	for (unsigned int helpers = 0; helpers <= 3; helpers++)
		for (size_t i = 0; i < 5; i++) {
			got = findings_of_blocks(recognizer, helpers, sizes[i]);
			ok(strcmp(want, got) == 0,
			   "%u helpers find the same in blocks of %zu bytes",
			   helpers, sizes[i]);
			free(got);
		}
	free(want);
}

/* ---- a file that is read by the threads ---- */

struct file {
	size_t len; /* what there is of the log */
	atomic_int reading, reads;
};

static int64_t
read_log(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	struct file *file = arg;
	size_t left = offset < file->len ? file->len - offset : 0;

	file->reading++;
	file->reads++;
	memcpy(buf, log_text + offset, len < left ? len : left);
	file->reading--;
	return (int64_t)(len < left ? len : left);
}

/* The lines that lie wholly in a block. */
static size_t
lines_in(const char *block, const char **lines)
{
	const char *end = block + READAHEAD_BLOCK;
	const char *before = block + READAHEAD_AGAIN - 1;

	before = memchr(before, '\n', (size_t)(end - before));
	*lines = before + 1;
	return before == NULL ? 0
			      : (size_t)((const char *)memrchr(before, '\n',
					   (size_t)(end - before)) -
				before);
}

/* As tail.c reads it, but for what is not in one block: that is read line by
 * line. Returns how many blocks came. */
static unsigned int
find_in_file(struct recognizer *recognizer, struct scan_pool *pool,
	     struct file *file, FILE *out)
{
	struct readahead ahead = {.fn = read_log, .file = file};
	const char *block, *lines;
	size_t done = 0, at, len;
	unsigned int blocks = 0;
	bool same = true;

	ahead.offset = any(1000);
	ahead.until = log_len;
	while (scan_pool_read(pool, &ahead, now.wall, &block)) {
		blocks++;
		same = same && memcmp(block, log_text + ahead.offset,
				      READAHEAD_BLOCK) == 0;
		len = lines_in(block, &lines);
		at = (size_t)(lines - block) + ahead.offset;
		ahead.offset += READAHEAD_BLOCK - READAHEAD_AGAIN;
		if (len == 0)
			continue;
		origin = log_text;
		find_in_lines(recognizer, done, at, out);
		origin = lines - at;
		same = same && !scan_pool_begin(pool, lines, len, now.wall);
		scan_pool_finish(pool, on_finding, out);
		done = at + len;
	}
	scan_pool_read_end(pool);
	ok(same && file->reading == 0, "%u blocks of the file", blocks);
	origin = log_text;
	find_in_lines(recognizer, done, log_len, out);
	return blocks;
}

static void
finds_the_same_in_a_file(struct recognizer *recognizer)
{
	char *want = findings_of_lines(recognizer), *got;
	struct scan_pool *pool;
	struct file file = {.len = log_len};
	unsigned int blocks = 0;
	size_t size;
	FILE *out;

	for (unsigned int helpers = 0; helpers <= 3; helpers++) {
		pool = scan_pool_new(recognizer, helpers);
		out = open_memstream(&got, &size);
		file.reads = 0;
		blocks = find_in_file(recognizer, pool, &file, out);
		fclose(out);
		ok(strcmp(want, got) == 0 && (int)blocks == file.reads,
		   "%u helpers read each block once and find the same", helpers);
		free(got);
		scan_pool_free(&pool);
	}
	is_int(blocks, (log_len - 1000 - READAHEAD_AGAIN) /
			   (READAHEAD_BLOCK - READAHEAD_AGAIN),
	       "all whole blocks");
	free(want);
}

/* It was longer when somebody looked. */
static void
reads_what_there_is(struct recognizer *recognizer)
{
	struct scan_pool *pool = scan_pool_new(recognizer, 1);
	struct file file = {.len = log_len / 2};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned int blocks = find_in_file(recognizer, pool, &file, out);

	ok(blocks > 2 && blocks * (size_t)READAHEAD_BLOCK < log_len / 2 + 10000,
	   "a block that is not whole does not come: %u did", blocks);
	fclose(out);
	free(text);
	scan_pool_free(&pool);
}

static void
leaves_alone_what_is_not_for_it(struct recognizer *recognizer)
{
	struct scan_pool *pool = scan_pool_new(recognizer, 2);
	struct file file = {.len = log_len}, other = file;
	struct readahead ahead = {read_log, &file, 0, log_len};
	const char *block, *lines;
	size_t len;
	FILE *out = fopen("/dev/null", "w");

	ok(scan_pool_read(pool, &ahead, now.wall, &block), "a block");
	ahead.file = &other;
	ahead.offset = 4096;
	ok(scan_pool_read(pool, &ahead, now.wall, &block) &&
	       memcmp(block, log_text + 4096, READAHEAD_BLOCK) == 0 &&
	       file.reading == 0,
	   "another file, from where it was asked for");
	len = lines_in(block, &lines);
	scan_pool_begin(pool, lines, len, now.wall);
	scan_pool_finish(pool, on_finding, out);
	ahead.offset += READAHEAD_BLOCK - READAHEAD_AGAIN;
	ok(scan_pool_read(pool, &ahead, now.wall, &block), "the next of it");
	scan_pool_read_end(pool);
	ahead.file = &file;
	ok(!scan_pool_read(pool, &ahead, now.wall, &block),
	   "nothing of a file whose lines were not recognized here");
	fclose(out);
	scan_pool_free(&pool);
}

/* What the first run of an expression makes of it, threads make at once. */
static void
finds_the_same_unprepared(const struct ruleset *rules)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	struct err err;
	struct recognizer *recognizer = recognizer_new(rules, &all, &err);
	char *got = findings_of_blocks(recognizer, 3, 1 << 30);
	char *want = findings_of_lines(recognizer);

	ok(strcmp(want, got) == 0, "threads that are the first find the same");
	free(got);
	free(want);
	recognizer_free(&recognizer);
}

/* More in a piece than can be noted at once. */
static void
short_logins(struct recognizer *recognizer)
{
	static const char line[] =
	    "Nov 21 02:00:00 m ipop3d: Login user=a host=b [192.0.2.1]";
	char *want, *got;

	log_len = 0;
	for (size_t i = 0; i < 20000; i++) {
		memcpy(log_text + log_len, line, strlen(line));
		log_len += strlen(line);
		log_text[log_len++] = '\n';
		if (log_len > 500000)
			break;
	}
	want = findings_of_lines(recognizer);
	got = findings_of_blocks(recognizer, 2, 1 << 20);
	ok(strstr(want, "uw-login") != NULL && strcmp(want, got) == 0,
	   "and in nothing but logins");
	free(want);
	free(got);
}

/* ---- what need not be looked at ---- */

static enum finding
find_quickly(struct recognizer *recognizer, const char *line)
{
	char *block = alloc_format("%s\n", line);
	enum finding finding;
	struct found found;
	struct err err;
	uint64_t read = 0;

	recognizer_take(recognizer, block, strlen(block));
	finding =
	    recognize_next(recognizer, now.wall, &read, &found, &err);
	free(block);
	return finding;
}

/* Logins, each after lines of the same program in which nothing is found. */
static void
finds_what_begins_alike(struct recognizer *recognizer)
{
	static const char *const nothing[] = {
	    "Nov 21 02:00:00 mail imapd[7]: Command stream end of file",
	    "Nov 21 02:00:00 mail gromox-imap[7]: user logged out: b",
	    "Nov 21 02:00:00 mail popa3d[7]: Authentication failed for UNKNOWN",
	    "Nov 21 02:00:00 mail a-dovecot-1[7]: a line of a container",
	    "Nov 21 02:00:00 mail postfix/qmgrd[7]: connect from unknown"};
	static const struct {
		const char *line;
		enum finding finding;
	} lines[] = {
	    {"Nov 21 02:00:00 mail imapd[8]: Login user=ann host=b [192.0.2.7]",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mail imapd: Login user=ann host=b [192.0.2.7] ",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mail imapd:  Login user=ann host=b [192.0.2.7]",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mall imapd[8]: Login user=ann host=b [192.0.2.7]",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:01 mail imapd[8]: Login user=ann host=b [192.0.2.7]",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mail imapd[8]: message repeated 2 times: [Login "
	     "user=ann host=b [192.0.2.7]]",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mail imapd[8]: [ID 702911 mail.info] Login "
	     "user=ann host=b [192.0.2.7]",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mail imapd[8]: LOGIN, user=ann, "
	     "ip=[fe80::1%eth0], protocol=IMAP",
	     FOUND_DOUBTFUL},
	    {"Nov 21 02:00:00 mail gromox-imap[8]: rhost=[fe80::1%eth0]:50312 "
	     "user=ann@example.org LOGIN ok",
	     FOUND_DOUBTFUL},
	    {"Nov 21 02:00:00 mail popa3d[8]: Session from ::1 ", FOUND_PART},
	    {"Nov 21 02:00:00 mail imapd[8] Login user=ann host=b [192.0.2.7]",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mail a-dovecot-1[7]: Nov 21 02:00:00 imap-login: "
	     "Info: Login: user=<ann>, method=PLAIN, rip=192.0.2.7, "
	     "lip=192.0.2.1",
	     FOUND_LOGIN},
	    {"Nov 21 02:00:00 mail postfix/qmgrd[8]: lost connection",
	     FOUND_NOTHING},
	};

	recognizer_forget(recognizer);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (size_t k = 0; k < 10; k++)
			find_quickly(recognizer, nothing[k % 5]);
		is_int(find_quickly(recognizer, lines[i].line),
		       lines[i].finding, "finds it in %s", lines[i].line);
	}
}

/* ---- what it results in ---- */

static char *
outcome(struct pipeline *p, struct authtab *table)
{
	const struct pipeline_stats *s = pipeline_stats(p);
	struct moment end = pipeline_backlog_moment(p, now.wall);
	char text[ADDR_TEXT_MAX], *result;
	struct authtab_row row;
	size_t at = 0, len;
	FILE *out = open_memstream(&result, &len);

	fprintf(
	    out, "%lld: %llu %llu %llu %llu %llu %llu\n", (long long)end.wall,
	    (unsigned long long)s->lines, (unsigned long long)s->headerless,
	    (unsigned long long)s->logins, (unsigned long long)s->stale,
	    (unsigned long long)s->refused, (unsigned long long)s->doubtful);
	while (authtab_next(table, &at, &row)) {
		addr_format(&row.addr, text);
		fprintf(out, "%s %lld %lld %lld", text, (long long)row.when,
			(long long)row.expires, (long long)row.granted);
		for (size_t i = 0; i < row.nusers; i++)
			fprintf(out, " %s", row.users[i].name);
		fputc('\n', out);
	}
	fclose(out);
	return result;
}

static char *
outcome_of(const struct conf *conf, bool log_time, bool blocks)
{
	struct authtab *table = authtab_new(GRACE, 100000, NULL, NULL);
	struct err err;
	struct pipeline *p = pipeline_new(conf, NULL, table, &err);
	const char *at = log_text, *line;
	size_t i, end, len;
	char *result;
	int next;

	authtab_set_hold(table, conf_hold(conf), 0);
	pipeline_set_backlog(p, true);
	for (i = 0; blocks && i < log_len; i = end) {
		end = block_end(i, 1 + any(300000));
		pipeline_block(p, log_text + i, end - i, now, log_time);
	}
	while (!blocks && (next = linebuf_next(&at, log_text + log_len, &line,
					       &len)) != 0) {
		if (next > 0 && log_time)
			pipeline_backlog(p, line, len, now.wall);
		else if (next > 0)
			pipeline_line(p, line, len, now);
	}
	result = outcome(p, table);
	pipeline_free(&p);
	authtab_free(&table);
	return result;
}

static void
does_the_same(char *dir)
{
	struct conf conf = {.grace = GRACE, .session_max = 2 * GRACE};

	strings_add(&conf.patterns, dir);
	for (int how = 0; how < 4; how++) {
		char *want, *got;

		conf.sessions = how & 1;
		make_log();
		want = outcome_of(&conf, how & 2, false);
		got = outcome_of(&conf, how & 2, true);
		ok(strlen(want) > 1000, "some are authorized");
		ok(strcmp(want, got) == 0, "the same are, %s, %s",
		   how & 1 ? "with sessions" : "without sessions",
		   how & 2 ? "at the time of the log" : "now");
		free(want);
		free(got);
	}
	strings_clear(&conf.patterns);
}

/* Messages with newlines in them; nothing counts in the 64 KiB after each. */
static void
does_the_same_after_messages(char *dir)
{
	static const char line[] = "Nov 21 02:01:00 mail imapd[4242]: Login "
				   "failed user=x";
	struct conf conf = {.grace = GRACE, .sessions = true};
	char *want, *got;

	strings_add(&conf.patterns, dir);
	log_len = 0;
	for (size_t i = 0; i < 5000; i++) {
		if (i % 1000 == 500)
			log_len +=
			    (size_t)sprintf(log_text + log_len, "%s\n", line);
		log_len += write_sample(log_text + log_len);
		log_text[log_len++] = '\n';
	}
	for (int log_time = 0; log_time < 2; log_time++) {
		want = outcome_of(&conf, log_time, false);
		got = outcome_of(&conf, log_time, true);
		ok(strlen(want) > 500 && strcmp(want, got) == 0,
		   "the same are, after messages with newlines, %d", log_time);
		free(want);
		free(got);
	}
	strings_clear(&conf.patterns);
}

int
main(void)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	char *dir = patterndir_default();
	const char *dirs[] = {dir};
	struct err err = {""};
	struct ruleset *set = ruleset_load(dirs, 1, &err);
	struct recognizer *recognizer = recognizer_new(set, &all, &err);

	log_open("/dev/null", false, &err);
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < set->count; i++) {
		/* Little would be left of a log after those. */
		if (set->list[i].multiline != NULL)
			continue;
		take_samples(&set->list[i].accept);
		take_samples(&set->list[i].reject);
	}
	make_log();
	origin = log_text;
	finds_the_same_unprepared(set);
	finds_the_same(recognizer);
	finds_the_same_in_a_file(recognizer);
	reads_what_there_is(recognizer);
	leaves_alone_what_is_not_for_it(recognizer);
	short_logins(recognizer);
	finds_what_begins_alike(recognizer);
	does_the_same(dir);
	does_the_same_after_messages(dir);
	strings_clear(&stock);
	free(log_text);
	recognizer_free(&recognizer);
	ruleset_free(&set);
	free(dir);
	return tap_done();
}
