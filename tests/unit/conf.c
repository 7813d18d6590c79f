/* Flags and keys: which values are accepted, which take precedence, and how
 * errors are reported. */
#include "daemon/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/conf/options.h"
#include "tests/tap.h"

static char file[] = "/tmp/pbs-conf.XXXXXX";

static void
write_file(const char *text)
{
	FILE *f = fopen(file, "w");

	fputs(text, f);
	fclose(f);
}

/* Loads the file and up to three flags. */
static int
load(struct conf *conf, struct err *err, const char *a, const char *b,
     const char *c)
{
	char name[] = "pop-before-smtp", config[64], *argv[6] = {name, config};
	const char *flags[] = {a, b, c};
	int argc = 2, code;

	snprintf(config, sizeof(config), "--config=%s", file);
	for (size_t i = 0; i < 3 && flags[i] != NULL; i++)
		argv[argc++] = strdup(flags[i]);
	code = conf_load(conf, NULL, argc, argv, err);
	while (argc > 2)
		free(argv[--argc]);
	return code;
}

static void
defaults(void)
{
	struct conf conf;
	struct err err;

	write_file("");
	is_int(load(&conf, &err, "--nowrite", NULL, NULL), 0, "an empty file");
	is_int(conf.grace, 1800, "grace: half an hour");
	ok(conf.flock && conf.mynetworks && !conf.debug && !conf.once,
	   "flock and mynetworks are on, debug and once are not");
	ok(!conf.sessions && conf_hold(&conf) == 0, "sessions hold nothing");
	is_int(conf_longest(&conf), 1800, "nothing outlasts the grace");
	is_int((long long)conf.max_addresses, 1000000, "a million addresses");
	is_int((long long)conf.maps.count, 1, "one map");
	ok(strncmp(conf.maps.list[0], "hash:/", 6) == 0, "a hash: map");
	is_str(conf.checkpoint + strlen(conf.checkpoint) - 22,
	       "/pop-before-smtp.state", "the checkpoint lies beside it");
	/* Two that are waited for, where there is neither a log nor a journal.
	 */
	ok(conf.logfiles.count == 1 || conf.logfiles.count == 2, "a log");
	ok(conf.patterns.count >= 1, "patterns");
	ok(conf.user == NULL && conf.logto == NULL && conf.pidfile == NULL,
	   "nobody's user, standard error, foreground");
	conf_clear(&conf);
}

static void
every_key(void)
{
	struct conf conf;
	struct err err;

	write_file("logfile: [/a, 'journal:/d _UID=5 + _EXE=/x=y']\n"
		   "dbfile: 'hash:/m'\ngrace: 2h\n"
		   "sessions: yes\nsession_max: 8h\n"
		   "write: no\ndebug: on\nflock: false\nreprocess: yes\n"
		   "once: true\npatterns: /p\nenable: [x, y]\n"
		   "checkpoint: /c\nlogto: '-'\nuser: u\nvalue: permit\n"
		   "max_addresses: 5\nmynetworks: off\n"
		   "exclude: [192.0.2.0/24, '2001:db8::/32']\n");
	if (!is_int(load(&conf, &err, NULL, NULL, NULL), 0, "every key")) {
		printf("# %s\n", err.text);
		return;
	}
	is_int((long long)conf.logfiles.count, 2, "logfile: a list");
	is_str(conf.logfiles.list[1], "journal:/d _UID=5 + _EXE=/x=y",
	       "in its order");
	is_str(conf.maps.list[0], "hash:/m", "dbfile");
	is_int(conf.grace, 7200, "grace");
	ok(conf.sessions, "sessions");
	is_int(conf.session_max, 28800, "session_max");
	is_int(conf_hold(&conf), 28800, "a session holds so long");
	is_int(conf_longest(&conf), 28800, "the longest there is");
	ok(!conf.write && conf.debug && !conf.flock && conf.reprocess &&
	       conf.once && !conf.mynetworks,
	   "yes and no in all their spellings");
	is_str(conf.patterns.list[0], "/p", "patterns: one value for a list");
	is_int((long long)conf.enable.count, 2, "enable");
	is_str(conf.checkpoint, "/c", "checkpoint");
	is_str(conf.logto, "-", "logto");
	is_str(conf.user, "u", "user");
	is_str(conf.value, "permit", "value");
	is_int((long long)conf.max_addresses, 5, "max_addresses");
	is_int((long long)conf.nexclude, 2, "exclude");
	is_int(conf.exclude[1].bits, 32, "exclude: IPv6");
	conf_clear(&conf);
}

static void
flag_wins(void)
{
	struct conf conf;
	struct err err;

	write_file("grace: 60\nwrite: no\nlogfile: [/a, /b]\n"
		   "exclude: [192.0.2.0/24]\n");
	is_int(load(&conf, &err, "--grace=90", "--watchlog", "/c"), 0, "flags");
	is_int(conf.grace, 90, "a flag wins over its key");
	is_int((long long)conf.logfiles.count, 1, "a flag's list replaces");
	is_str(conf.logfiles.list[0], "/c", "--watchlog VALUE is --logfile");
	is_int((long long)conf.nexclude, 1, "other keys stay");
	conf_clear(&conf);

	is_int(load(&conf, &err, "--logfile=/c", "--logfile=/d", "--write"), 0,
	       "a repeated flag");
	is_int((long long)conf.logfiles.count, 2, "adds up");
	ok(conf.write, "--write undoes the file's no");
	conf_clear(&conf);

	is_int(load(&conf, &err, "--no-flock", "--max-addresses=7",
		    "--exclude=198.51.100.7"),
	       0, "--no-flock, --max-addresses, --exclude");
	ok(!conf.flock && conf.max_addresses == 7, "are understood");
	is_int(conf.exclude[0].bits, 32, "an address is a network of one");
	conf_clear(&conf);
}

static void
read_once_first(void)
{
	struct conf conf;
	struct err err;

	write_file("dbfile: [text:/t, hash:/h, cidr:/c, cdb:/d, cidr:/e]\n");
	is_int(load(&conf, &err, "--nowrite", NULL, NULL), 0, "five maps");
	is_int((long long)conf.maps.count, 5, "are there");
	is_str(conf.maps.list[0], "cidr:/c", "first those that are read once");
	is_str(conf.maps.list[1], "cidr:/e", "in their order");
	is_str(conf.maps.list[2], "text:/t", "then the others");
	is_str(conf.maps.list[4], "cdb:/d", "in theirs");
	is_str(conf.checkpoint, "/t.state", "beside the first that was named");
	conf_clear(&conf);
}

static void
beside_the_map(void)
{
	struct conf conf;
	struct err err;

	write_file("");
	load(&conf, &err, "--nowrite", "--dbfile=/var/x/m", NULL);
	is_str(conf.maps.list[0], "hash:/var/x/m", "a map gets its type");
	is_str(conf.checkpoint, "/var/x/m.state", "the checkpoint its name");
	conf_clear(&conf);
	load(&conf, &err, "--nowrite", "--dbfile=hash:/m", "--dbfile=hash:/m");
	is_int((long long)conf.maps.count, 1, "twice the same map is one");
	conf_clear(&conf);
	load(&conf, &err, "--nowrite", "--daemon=/run/x.pid", NULL);
	is_str(conf.logto, "syslog", "without a terminal: syslog");
	conf_clear(&conf);
}

struct wrong {
	const char *text; /* the file, or the flag */
	const char *said; /* a part of the message */
};

static void
bad_flags(void)
{
	static const struct wrong wrongs[] = {
	    {"--grase", "--grase: unknown flag (did you mean --grace?)"},
	    {"--grase=5", "--grase: unknown flag (did you mean --grace?)"},
	    {"--nowrit", "did you mean --nowrite?"},
	    {"--dump", "--dump: unknown flag (did you mean --dumpconfig?)"},
	    {"check", "'check': not a flag (did you mean --check?)"},
	    {"-grase=5", "'-grase=5': not a flag (did you mean --grace?)"},
	    {"--xyzzyplugh", "--xyzzyplugh: unknown flag (--help lists them)"},
	    {"--nograce", "--nograce: unknown flag"},
	    {"--grace", "--grace: needs a value, TIME"},
	    {"--grace=", "--grace: is empty"},
	    {"--grace=0", "--grace: '0' is too short: at least 1 second"},
	    {"--grace=-5", "'-5' is not a time"},
	    {"--grace=5x", "'5x' is not a time"},
	    {"--once=1", "--once: takes no value"},
	    {"mail.log", "'mail.log': not a flag"},
	    {"-d", "'-d': not a flag"},
	    {"--", "'--': not a flag"},
	    {"--dbfile=hahs:/m",
	     "unknown map type 'hahs' (did you mean 'hash'"},
	    {"--dbfile=pbs", "'pbs' is relative; write the whole path, as in "},
	    {"--dbfile=hash:pbs", "as in hash:/"},
	    {"--dbfile=policy:unix", "write policy:unix:/PATH or policy:inet:"},
	    {"--dbfile=hash:", "names no map"},
	    {"--max_addresses=0", "'0' is not a number from 1"},
	    {"--max-addresses=1e3", "'1e3' is not a number"},
	    {"--max_addresses=x", "--max-addresses: 'x' is not"},
	    {"--ipv6_prefix=x", "--ipv6-prefix: 'x' is neither"},
	    {"--max_adresses=1", "(did you mean --max-addresses?)"},
	    {"--max-addresses=-1", "'-1' is not a number"},
	    {"--exclude=192.0.2.1/24", "'192.0.2.1/24' is not a network, but "
				       "an address in 192.0.2.0/24; write"},
	    {"--exclude=2001:db8::1/32", "an address in 2001:db8::/32;"},
	    {"--exclude=192.0.2.1/33", "is not a network (as in "},
	    {"--user=a\nb", "control characters"},
	};

	write_file("");
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct conf conf;
		struct err err = {""};

		is_int(load(&conf, &err, wrongs[i].text, NULL, NULL), EX_USAGE,
		       "%s: exit 64", wrongs[i].text);
		if (!ok(strstr(err.text, wrongs[i].said) != NULL,
			"%s: is reported", wrongs[i].text))
			printf("# %s\n", err.text);
	}
}

static void
exclusive_flags(void)
{
	struct conf conf;
	struct err err;

	is_int(load(&conf, &err, "--list", "--check", NULL), EX_USAGE,
	       "two actions");
	is_int(load(&conf, &err, "--daemon=/x", "--once", NULL), EX_USAGE,
	       "--daemon with --once");
	is_int(load(&conf, &err, "--daemon=/x", "--logfile=-", NULL), EX_USAGE,
	       "--daemon with standard input");
	is_int(load(&conf, &err, "--check", "--check", "--nowrite"), 0,
	       "the same action twice");
	is_int(conf.action, CONF_CHECK, "is that action");
	conf_clear(&conf);
}

/* A path in which that is the last part does not fit in a sockaddr_un; with
 * twenty bytes less it does. */
#define TWENTY "aaaaaaaaaaaaaaaaaaaa"
#define LONG TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY

static void
long_sockets(void)
{
	struct conf conf;
	struct err err = {""};

	write_file("dbfile: socketmap:unix:/" LONG "/s\n"
		   "checkpoint: /" LONG "/c.state\n");
	is_int(load(&conf, &err, NULL, NULL, NULL), 0,
	       "sockets with a short name in a long directory");
	conf_clear(&conf);
	write_file("dbfile: hash:/" LONG "\n");
	is_int(load(&conf, &err, NULL, NULL, NULL), EX_CONFIG,
	       "a map beside which no control socket can be");
	ok(strstr(err.text, LONG ".ctl: too long for a Unix socket") != NULL &&
	       strstr(err.text, ":1: dbfile: ") != NULL,
	   "is reported with its place");
}

static void
bad_files(void)
{
	static const struct wrong wrongs[] = {
	    {"grase: 5\n", ":1: unknown key 'grase' (did you mean 'grace'?)"},
	    {"grace: 5\n\nwatchlg: /x\n",
	     ":3: unknown key 'watchlg' (did you "},
	    {"config: /x\n", ":1: unknown key 'config' (it is only a flag, "
			     "--config)"},
	    {"list: yes\n", ":1: unknown key 'list' (it is only a flag, "
			    "--list)"},
	    {"grace: 5\nsender_binding: always\n",
	     ":2: unknown key 'sender_binding' (it belongs under `policy:')"},
	    {"policy:\n  grace: 5\n",
	     ":2: unknown key 'grace' (it does not belong under `policy:')"},
	    {"logfile: journal\n", ":1: logfile: 'journal' is no file; the "
				   "systemd journal is 'journal:'"},
	    {"grace: 5\nlogfile: [/a/m-*.log, /a/*/m.log]\n",
	     ":2: logfile: '/a/*/m.log' has a '*' in a directory; '*' is only "
	     "allowed in the last part"},
	    {"watchlog: /a-*/m-*.log\n", ":1: logfile: '/a-*/m-*.log' has a"},
	    {"policy:\n  action: FOO bar\n",
	     "'FOO bar' is no action of access(5), such as OK"},
	    {"policy:\n  limit_action: please wait\n",
	     "'please wait' is no action of access(5)"},
	    {"policy:\n  sender_domains: [a@b]\n",
	     ":2: policy: sender_domains: 'a@b' is not a domain"},
	    {"policy:\n  sender_domain: a\n",
	     ":2: policy: unknown key 'sender_domain' (did you mean"},
	    {"policy:\n  window: [5]\n", ":2: policy: window: takes one value"},
	    {"policy:\n  action: REJCT\n", "(did you mean 'REJECT'?)"},
	    {"text:\n  name: /t\n  line: ''\n  line6: ''\n",
	     ":2: text: /t: line and line6 are empty"},
	    {"grace: 5\ntext:\n- name: /t\n  line: ''\n",
	     ":3: text: /t: line and line6 are empty"},
	    {"logfile: 'journal:foo'\n",
	     ":1: logfile: journal:foo: 'foo' is not FIELD=VALUE"},
	    {"logfile: 'journal:/a foo=b'\n", "'foo=b' is not FIELD=VALUE"},
	    {"logfile: 'journal:=b'\n", "'=b' is not FIELD=VALUE"},
	    {"logfile: 'journal:_UID=0 _UID=x'\n",
	     "'_UID=x' selects nothing: _UID is a number, as in _UID=0"},
	    {"logfile: 'journal:_PID='\n", "'_PID=' selects nothing"},
	    {"logfile: 'journal:+'\n", "'+' has no FIELD=VALUE before it"},
	    {"logfile: 'journal: A=b +'\n", "'+' has no FIELD=VALUE after it"},
	    {"logfile: 'journal: A=b + + C=d'\n",
	     "'+' has no FIELD=VALUE before it"},
	    {"grace = 30m\n", ":1: write `grace: 30m', with a colon"},
	    {"grace: [1, 2]\n", ":1: grace: takes one value"},
	    {"grace:\n  a: b\n", ": grace: takes one value"},
	    {"logfile:\n  - a\n  - {b: c}\n", ":3: logfile: takes a value or"},
	    {"write: maybe\n", ":1: write: 'maybe' is neither yes nor no"},
	    {"user:\n", ":1: user: is empty"},
	    {"user: \"a\\0b\"\n", ":1: user: holds a NUL byte"},
	    {"- grace\n", ":1: not a list of `key: value'"},
	    {"grace: 1\ngrace: 2\n", ":2:"},
	    {"grace: [\n", ":"},
	    {"\n\nexclude: [10.0.0.1/8]\n", ":3: exclude: '10.0.0.1/8'"},
	    {"grace: 5\ndbfile: socketmap:unix:/a/" LONG "\n",
	     ":2: dbfile: /a/" LONG ": too long for a Unix socket"},
	    {"dbfile: policy:unix:/a/" LONG "\n", ":1: dbfile: /a/" LONG ": "},
	    {"checkpoint: /a/" LONG ".state\n",
	     ":1: checkpoint: the control socket beside it: /a/" LONG ".ctl: "},
	};

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct conf conf;
		struct err err = {""};

		write_file(wrongs[i].text);
		is_int(load(&conf, &err, NULL, NULL, NULL), EX_CONFIG,
		       "file %zu: exit 78", i);
		if (!ok(strncmp(err.text, file, strlen(file)) == 0 &&
			    strstr(err.text, wrongs[i].said) != NULL,
			"file %zu: is reported with its place", i))
			printf("# %s\n", err.text);
	}
}

/* Settings that are valid alone: the file's have its name and line, those that
 * a flag has set have neither. */
static void
together(void)
{
	static const struct wrong wrongs[] = {
	    {"grace: 5\ndbfile:\n- hash:/m\n- none\n",
	     ":4: dbfile: `none' stands for no map"},
	    {"grace: 5\nlogfile: [none, /a]\n",
	     ":2: logfile: `none' stands for no log"},
	    {"watchlog: /a\nlogfile: none\n", ":2: logfile: `none' stands for"},
	    {"logfile: /a\nwatchlog: none\n", ":2: logfile: `none' stands for"},
	    {"logfile: none\nonce: yes\n", ":2: once: there is nothing to"},
	    {"dbfile: [hash:/m, 'cdb:/m', 'text:/m.db']\n",
	     ":1: dbfile: hash:/m and text:/m.db are the same file, /m.db"},
	    {"dbfile:\n- text:/m.db\n- /m\n",
	     ":3: dbfile: text:/m.db and hash:/m are the same file, /m.db"},
	    {"dbfile: hash:/m\ncheckpoint: /m.db\n",
	     ":2: checkpoint: /m.db is the file of hash:/m"},
	    {"dbfile: text:/m.prom\nmetrics: /m.prom\n",
	     ":2: metrics: /m.prom is the file of text:/m.prom"},
	    {"daemon: yes\n", ":1: daemon: 'yes' is not a pid file"},
	    {"daemon: /p\nonce: yes\n", ":2: once: daemon and once exclude"},
	    {"once: yes\ndbfile: socketmap:unix:/s\n",
	     ":1: once: with once no process is left to answer"},
	    {"daemon: /p\nlogfile: '-'\n", ":2: logfile: a daemon has no"},
	};
	struct conf conf;
	struct err err = {""};

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		write_file(wrongs[i].text);
		is_int(load(&conf, &err, "--nowrite", NULL, NULL), EX_CONFIG,
		       "together %zu: exit 78", i);
		if (!ok(strncmp(err.text, file, strlen(file)) == 0 &&
			    strstr(err.text, wrongs[i].said) != NULL,
			"together %zu: is reported with its place", i))
			printf("# %s\n", err.text);
	}
	write_file("dbfile: [none, hash:/m]\n");
	is_int(load(&conf, &err, "--dbfile=none", "--dbfile=/m", NULL),
	       EX_USAGE, "flags that replace it: exit 64");
	ok(strncmp(err.text, "dbfile: `none'", 14) == 0, "are not the file's");
}

static void
whose_file(void)
{
	struct conf conf;
	struct err err;
	int code;

	write_file("grace: 60\n");
	chmod(file, 0666);
	code = load(&conf, &err, "--nowrite", NULL, NULL);
	if (geteuid() == 0) {
		is_int(code, EX_CONFIG, "root takes no file others may write");
		ok(strstr(err.text, "mode 666") != NULL, "and says its mode");
	} else {
		is_int(code, 0, "a user's file is the user's");
		conf_clear(&conf);
	}
	chmod(file, 0644);
	unlink(file);
	is_int(load(&conf, &err, NULL, NULL, NULL), EX_CONFIG, "no such file");
	is_int(load(&conf, &err, "--help", NULL, NULL), 0,
	       "--help needs no file");
	conf_clear(&conf);
}

/* Every flag of the interface that sets something has its key. */
static void
one_table(void)
{
	static const char *const both[] = {
	    "logfile",	"watchlog",    "dbfile",    "grace",	  "write",
	    "debug",	"flock",       "reprocess", "once",	  "patterns",
	    "sessions", "session-max", "daemon",    "checkpoint", "logto",
	    "user",	NULL};
	static const char *const flags[] = {"config", "list",  "dumpconfig",
					    "check",  "clear", "version",
					    "help",   NULL};

	for (size_t i = 0; both[i] != NULL; i++)
		ok(option_find(both[i], strlen(both[i])) != NULL &&
		       option_key(NULL, both[i]) != NULL,
		   "%s: flag and key", both[i]);
	for (size_t i = 0; flags[i] != NULL; i++)
		ok(option_find(flags[i], strlen(flags[i])) != NULL &&
		       option_key(NULL, flags[i]) == NULL,
		   "%s: a flag only", flags[i]);
}

int
main(void)
{
	close(mkstemp(file));
	defaults();
	every_key();
	flag_wins();
	read_once_first();
	beside_the_map();
	bad_flags();
	exclusive_flags();
	long_sockets();
	bad_files();
	together();
	whose_file();
	one_table();
	unlink(file);
	return tap_done();
}
