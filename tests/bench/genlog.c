/*
 * genlog: writes a mail log such as a busy host has, the same for each seed.
 *
 *	genlog [--lines N] [--logins PERCENT] [--addresses N] [--seed N]
 *	    [--stamp traditional|iso] [--start EPOCH] [--span SECONDS]
 *	    [--format syslog|xmail] [--export]
 *
 * A share of the lines are logins to Dovecot (2.3 and 2.4), Courier, UW and
 * qpopper; the rest is what Postfix, Dovecot, sshd and amavis have to say, and
 * what strangers make them say. Stamps move forward evenly from --start over
 * --span seconds and are local time; the last line is always a login. Every
 * address is seen if there are twice as many logins as addresses. With --export
 * the same lines are entries of a journal, with the fields that journald
 * adds, as systemd-journal-remote(8) reads them.
 *
 * Nothing here may ever authorize 192.0.2.66: it is in forged text only.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/shapes.h"

enum { ADDRESS_MAX = 48, LINE_MAX_BYTES = 2048, DRAW = 1024, USERS = 20000 };

struct table {
	const struct shape *shapes;
	size_t count;
	const struct shape *draw[DRAW]; /* by weight */
};

struct options {
	uint64_t lines, addresses, seed;
	unsigned int logins; /* percent */
	time_t start, span;
	bool iso, xmail, export;
};

struct gen {
	struct options opt;
	struct table logins, others;
	char (*addresses)[ADDRESS_MAX];
	uint64_t random, nlogins, realtime; /* of the line, in us */
	size_t sweep;  /* the next address of the even logins */
	time_t second; /* that stamp and zone are for */
	char stamp[32], zone[8];
};

/* A line being written. */
struct text {
	char bytes[LINE_MAX_BYTES];
	size_t len;
};

/* What one line is about. */
struct scene {
	const char *address;
	size_t who; /* index of the address */
	const char *stamp;
};

static uint64_t
draw(struct gen *g) /* splitmix64 */
{
	uint64_t z = (g->random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void
put(struct text *t, const char *s, size_t len)
{
	if (len > sizeof(t->bytes) - t->len)
		abort();
	memcpy(t->bytes + t->len, s, len);
	t->len += len;
}

static void
put_string(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static void
put_number(struct text *t, uint64_t n)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	put(t, digits + at, sizeof(digits) - at);
}

static void
put_token(struct text *t, uint64_t bits, size_t len, const char *alphabet,
	  unsigned int size)
{
	char token[24];

	for (size_t i = 0; i < len; i++, bits /= size)
		token[i] = alphabet[bits % size];
	put(t, token, len);
}

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
put_session(struct gen *g, struct text *t)
{
	put_token(t, draw(g), 10, base64, 64);
	put_token(t, draw(g), 6, base64, 64);
}

/* Every third user has a mail address for a login name. */
static void
put_user(struct text *t, size_t who, bool login)
{
	size_t n = who * 7919 % USERS;

	put_string(t, n % 2 ? "anna.huber" : "t.okafor");
	put_number(t, n);
	if (login && n % 3 == 0)
		put_string(t, "@example.org");
}

static void
put_host(struct text *t, size_t who)
{
	put_string(t, who % 5 ? "dyn-" : "6.6.6.6.pool-");
	put_number(t, who);
	put_string(t, ".isp.example");
}

struct number {
	char letter;
	unsigned int from, count;
};
static const struct number numbers[] = {
    {'d', 1, 90},
    {'n', 1000, 900000},
    {'p', 400, 60000},	/* pid */
    {'w', 1024, 64000}, /* port */
};

static bool
expand_number(struct text *t, char letter, uint64_t random)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].letter == letter) {
			put_number(t,
				   numbers[i].from + random % numbers[i].count);
			return true;
		}
	return false;
}

/* An IPv4 address as a server on an IPv6 socket sees it. */
static void
put_mapped(struct text *t, const char *address)
{
	if (strchr(address, ':') == NULL)
		put_string(t, "::ffff:");
	put_string(t, address);
}

/* Writes what the letter after a percent sign stands for. */
static void
expand(struct gen *g, struct text *t, char letter, const struct scene *s)
{
	uint64_t random = draw(g);

	if (letter == 'a')
		put_string(t, s->address);
	else if (letter == 'A')
		put_mapped(t, s->address);
	else if (letter == 'h')
		put_host(t, s->who);
	else if (letter == 'u' || letter == 'm')
		put_user(t, s->who, letter == 'u');
	else if (letter == 'q') /* Postfix's queue id */
		put_token(t, random, 10, "0123456789ABCDEF", 16);
	else if (letter == 's') /* Dovecot's session */
		put_session(g, t);
	else if (letter == 't')
		put_string(t, s->stamp);
	else if (!expand_number(t, letter, random))
		abort();
}

static void
put_shape(struct gen *g, struct text *t, const char *shape,
	  const struct scene *s)
{
	const char *percent;

	for (; (percent = strchr(shape, '%')) != NULL; shape = percent + 2) {
		put(t, shape, (size_t)(percent - shape));
		expand(g, t, percent[1], s);
	}
	put_string(t, shape);
}

/*
 * IPv4 out of 100.64.0.0/10; every eighth is IPv6 in one of the shapes that
 * "::" makes interesting.
 */
static void
make_address(char out[ADDRESS_MAX], uint64_t n)
{
	struct in_addr four = {
	    .s_addr = htonl(0x64400000u | (uint32_t)(n * 40503 % (1 << 22)))};
	static const uint16_t tails[4][4] = {{0xa, 0xb0, 0xc00, 0xd000},
					     {0, 0, 0, 1},
					     {0, 0, 5, 6},
					     {3, 0, 4, 5}};
	const uint16_t *tail = tails[n / 8 % 4];
	uint16_t groups[8] = {0x2001,	   0xdb8,   (uint16_t)(n >> 16) + 1,
			      (uint16_t)n, tail[0], tail[1],
			      tail[2],	   tail[3]};
	struct in6_addr six;

	if (n % 8 != 7) {
		inet_ntop(AF_INET, &four, out, ADDRESS_MAX);
		return;
	}
	for (size_t i = 0; i < 8; i++) {
		six.s6_addr[2 * i] = (uint8_t)(groups[i] >> 8);
		six.s6_addr[2 * i + 1] = (uint8_t)groups[i];
	}
	inet_ntop(AF_INET6, &six, out, ADDRESS_MAX);
}

static void
table_fill(struct table *table, const struct shape *shapes, size_t count)
{
	uint64_t total = 0, sum = 0;
	size_t at = 0;

	table->shapes = shapes;
	table->count = count;
	for (size_t i = 0; i < count; i++)
		total += shapes[i].share;
	for (size_t i = 0; i < count; i++) {
		sum += shapes[i].share;
		while (at < DRAW && at * total < sum * DRAW)
			table->draw[at++] = &shapes[i];
	}
}

static void
gen_init(struct gen *g)
{
	if (g->opt.xmail) {
		table_fill(&g->logins, xmail_logins, 1);
		table_fill(&g->others, xmail_others, 2);
	} else {
		table_fill(&g->logins, syslog_logins,
			   sizeof(syslog_logins) / sizeof(syslog_logins[0]));
		table_fill(&g->others, syslog_others,
			   sizeof(syslog_others) / sizeof(syslog_others[0]));
	}
	g->random = g->opt.seed;
	g->second = (time_t)-1;
	g->addresses = calloc(g->opt.addresses, sizeof(*g->addresses));
	if (g->addresses == NULL)
		abort();
	for (uint64_t i = 0; i < g->opt.addresses; i++)
		make_address(g->addresses[i], i);
}

/* The stamp of line n; the header's when syslog, a column of XMail's. */
static void
put_stamp(struct gen *g, struct text *t, uint64_t n)
{
	uint64_t us = (uint64_t)g->opt.span * 1000000 / g->opt.lines * n;
	time_t second = g->opt.start + (time_t)(us / 1000000);
	struct tm tm;
	char fraction[12];

	g->realtime = (uint64_t)g->opt.start * 1000000 + us;
	if (second != g->second) {
		localtime_r(&second, &tm);
		strftime(g->stamp, sizeof(g->stamp),
			 g->opt.iso	? "%Y-%m-%dT%H:%M:%S"
			 : g->opt.xmail ? "%Y-%m-%d %H:%M:%S"
					: "%b %e %H:%M:%S",
			 &tm);
		strftime(g->zone, sizeof(g->zone), "%z", &tm);
		g->second = second;
	}
	if (g->opt.xmail || g->opt.export)
		return;
	put_string(t, g->stamp);
	if (g->opt.iso) {
		snprintf(fraction, sizeof(fraction), ".%06u",
			 (unsigned int)(us % 1000000));
		put_string(t, fraction);
		put(t, g->zone, 3);
		put_string(t, ":");
		put(t, g->zone + 3, 2);
	}
	put_string(t, " mail ");
}

/* Every other login takes the next address of all, the others favour some. */
static size_t
choose_address(struct gen *g, bool login)
{
	double u = (double)(draw(g) >> 11) / 9007199254740992.0;

	if (login && g->nlogins++ % 2 == 0)
		return g->sweep++ % g->opt.addresses;
	return (size_t)(u * u * (double)g->opt.addresses);
}

/* ---- entries of a journal ---- */

/* Who logs under a tag that begins so. */
struct writer {
	const char *tag, *command, *exe, *unit;
	unsigned int uid, pid;
};

static const struct writer writers[] = {
    {"dovecotx", "logger", "/usr/bin/logger", "cron", 0, 388},
    {"dovecot", "log", "/usr/lib/dovecot/log", "dovecot", 0, 701},
    {"postfix/", "smtpd", "/usr/lib/postfix/sbin/smtpd", "postfix@-", 110, 1},
    {"pop3d", "courierlogger", "/usr/sbin/courierlogger", "courier-pop", 0,
     822},
    {"imapd", "courierlogger", "/usr/sbin/courierlogger", "courier-imap", 0,
     823},
    {"sshd", "sshd", "/usr/sbin/sshd", "ssh", 0, 644},
    {"amavis", "amavisd-new", "/usr/bin/perl", "amavis", 112, 902},
    {"CRON", "cron", "/usr/sbin/cron", "cron", 0, 388},
    {"opendkim", "opendkim", "/usr/sbin/opendkim", "opendkim", 113, 511},
    {"", "inetd", "/usr/sbin/inetd", "inetd", 0, 455},
};

static const struct writer *
find_writer(const char *tag)
{
	const struct writer *w = writers;

	while (strncmp(tag, w->tag, strlen(w->tag)) != 0)
		w++;
	return w;
}

static const char id[] = "5d0c7f5f4bfa4d7c9b0f2a3a0e6f7a11";

/* What journald sets, in its order: a file of the journal keeps the fields of
 * an entry in the order in which they were first written to it. */
static void
write_trusted(const struct gen *g, const struct writer *w, unsigned long pid)
{
	printf("_PID=%lu\n_UID=%u\n_GID=%u\n_COMM=%s\n_EXE=%s\n_CMDLINE=%s\n"
	       "_CAP_EFFECTIVE=%s\n_SELINUX_CONTEXT=unconfined\n",
	       pid, w->uid, w->uid, w->command, w->exe, w->exe,
	       w->uid == 0 ? "1ffffffffff" : "0");
	printf("_SYSTEMD_CGROUP=/system.slice/%s.service\n"
	       "_SYSTEMD_UNIT=%s.service\n_SYSTEMD_SLICE=system.slice\n"
	       "_SYSTEMD_INVOCATION_ID=%.20s%012x\n",
	       w->unit, w->unit, id, (unsigned int)(w - writers));
	printf("_SOURCE_REALTIME_TIMESTAMP=%llu\n_BOOT_ID=%s\n_MACHINE_ID=%s\n"
	       "_HOSTNAME=mail\n\n",
	       (unsigned long long)g->realtime - 40, id, id);
}

/* line: "tag[pid]: message". */
static void
write_entry(const struct gen *g, const char *line)
{
	const struct writer *w = find_writer(line);
	int tag = (int)strcspn(line, "[:");
	unsigned long pid = w->pid;

	printf("__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n"
	       "_BOOT_ID=%s\n_TRANSPORT=syslog\nPRIORITY=6\n"
	       "SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=%.*s\n",
	       (unsigned long long)g->realtime,
	       (unsigned long long)(g->realtime % 1000000000000), id, tag,
	       line);
	if (line[tag] == '[') {
		pid = strtoul(line + tag + 1, NULL, 10);
		printf("SYSLOG_PID=%lu\n", pid);
	}
	printf("SYSLOG_TIMESTAMP=%s \nMESSAGE=%s\n", g->stamp,
	       strstr(line, ": ") + 2);
	write_trusted(g, w, pid);
}

/* ---- lines ---- */

static void
write_line(struct gen *g, struct text *t, uint64_t n)
{
	bool login = n + 1 == g->opt.lines || draw(g) % 100 < g->opt.logins;
	const struct table *table = login ? &g->logins : &g->others;
	size_t who = choose_address(g, login);
	struct scene scene = {g->addresses[who], who, g->stamp};

	t->len = 0;
	put_stamp(g, t, n);
	put_shape(g, t, table->draw[draw(g) % DRAW]->text, &scene);
	put(t, "", 1);
	if (g->opt.export)
		write_entry(g, t->bytes);
	else
		puts(t->bytes);
}

static int
usage(void)
{
	fputs("usage: genlog [--lines N] [--logins PERCENT] [--addresses N] "
	      "[--seed N]\n\t[--stamp traditional|iso] [--start EPOCH] "
	      "[--span SECONDS]\n\t[--format syslog|xmail] [--export]\n",
	      stderr);
	return 64;
}

static bool
parse_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
	    {"lines", required_argument, NULL, 'l'},
	    {"logins", required_argument, NULL, 'p'},
	    {"addresses", required_argument, NULL, 'a'},
	    {"seed", required_argument, NULL, 's'},
	    {"stamp", required_argument, NULL, 'f'},
	    {"start", required_argument, NULL, 't'},
	    {"span", required_argument, NULL, 'd'},
	    {"format", required_argument, NULL, 'o'},
	    {"export", no_argument, NULL, 'e'},
	    {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == '?')
			return false;
		if (c == 'l')
			o->lines = strtoull(optarg, NULL, 10);
		else if (c == 'p')
			o->logins = (unsigned int)atoi(optarg);
		else if (c == 'a')
			o->addresses = strtoull(optarg, NULL, 10);
		else if (c == 's')
			o->seed = strtoull(optarg, NULL, 10);
		else if (c == 'f')
			o->iso = strcmp(optarg, "iso") == 0;
		else if (c == 't')
			o->start = (time_t)strtoll(optarg, NULL, 10);
		else if (c == 'd')
			o->span = (time_t)strtoll(optarg, NULL, 10);
		else if (c == 'o')
			o->xmail = strcmp(optarg, "xmail") == 0;
		else if (c == 'e')
			o->export = true;
	}
	return optind == argc && o->lines > 0 && o->addresses > 0;
}

int
main(int argc, char **argv)
{
	struct gen g = {.opt = {.lines = 4000000,
				.addresses = 100000,
				.seed = 1,
				.logins = 12,
				.start = 1795226400,
				.span = 14400}};
	struct text *text = malloc(sizeof(*text));

	if (text == NULL || !parse_options(&g.opt, argc, argv))
		return usage();
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	gen_init(&g);
	for (uint64_t n = 0; n < g.opt.lines; n++)
		write_line(&g, text, n);
	free(g.addresses);
	free(text);
	return fflush(stdout) == 0 ? 0 : 74;
}
