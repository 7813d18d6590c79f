#include "tools/doctor/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/output/json.h"

/* What a finding says: what is wrong, how the doctor knows, and the command or
 * the setting that puts it right. %1 to %4 are the words of the finding. */
struct fault_text {
	const char *name, *what, *how, *remedy;
};

static const struct fault_text texts[FAULT_COUNT] = {
    [FAULT_POSTFIX_SETTINGS] =
	{"postfix-settings", "Postfix's settings cannot be read",
	 "%1", "%2"},
    [FAULT_POSTFIX_STOPPED] =
	{"postfix-stopped", "Postfix is not running",
	 "%1 names no running process", "%START-POSTFIX%"},
    [FAULT_POSTFIX_NOT_AT_BOOT] =
	{"postfix-not-at-boot", "Postfix will not be started at the next boot",
	 "%1: %2", "%3"},
    [FAULT_OPEN_RELAY] =
	{"postfix-open-relay", "Postfix relays for everybody",
	 "smtpd_relay_restrictions (%1) and smtpd_recipient_restrictions (%2) "
	 "permit before they refuse",
	 "%POSTCONF% -e 'smtpd_relay_restrictions = %3' && %POSTFIX% "
	 "reload"},
    [FAULT_NO_REFUSAL] =
	{"postfix-no-refusal",
	 "smtpd does not start, so no mail is accepted",
	 "smtpd_relay_restrictions (%1) and smtpd_recipient_restrictions (%2) "
	 "refuse nothing before they permit",
	 "%POSTCONF% -e 'smtpd_relay_restrictions = %3' && %POSTFIX% "
	 "reload"},
    [FAULT_NOT_NAMED] =
	{"postfix-not-named",
	 "Postfix does not use the map, so no client may relay by it",
	 "%1 is not in %2, nor in another list of restrictions", "%3"},
    [FAULT_NEARLY_NAMED] =
	{"postfix-nearly-named", "main.cf names a map that is nearly ours: %1",
	 "%2 has it; the daemon keeps %3", "%4"},
    [FAULT_WRONG_LIST] =
	{"postfix-wrong-list",
	 "the map is in a list that does not decide who may relay",
	 "%1 is in %2, but not in %3", "%4"},
    [FAULT_TOO_LATE] =
	{"postfix-too-late",
	 "Postfix refuses a client before it looks into the map",
	 "in %1, %2 precedes the map", "%4"},
    [FAULT_OTHER_LIST] =
	{"postfix-other-list",
	 "another list refuses the clients that the map lets relay",
	 "%1 has %2, and not the map before it", "%4"},
    [FAULT_WRONG_CHECK] =
	{"postfix-wrong-check",
	 "Postfix looks for something else than the client's address in the map",
	 "in %1, %2 precedes the map; it must be %3", "%4"},
    [FAULT_NO_DEFAULT] =
	{"postfix-policy-default",
	 "while the daemon is stopped, Postfix refuses all mail with 451",
	 "in %1, check_policy_service %2 has no default_action", "%3"},
    [FAULT_OWN_MAIL] =
	{"postfix-socketmap-order",
	 "while the daemon is stopped, Postfix refuses all mail with 451",
	 "in %1, nothing permits mail for this host's own domains before %2",
	 "%3"},
    [FAULT_OVERRIDE] =
	{"postfix-override",
	 "a service in master.cf has restrictions of its own, without the map",
	 "postconf -P: %1 = %2",
	 "%POSTCONF% -PX '%1' && %POSTFIX% reload"},
    [FAULT_SECOND_LINE] =
	{"postfix-second-line",
	 "main.cf sets %1 twice, and the last line counts",
	 "postconf: %2",
	 "delete one of the two lines, then: %POSTFIX% reload"},
    [FAULT_UNUSED_SETTING] =
	{"postfix-unused-setting", "Postfix knows no setting %1; it is nearly %2",
	 "postconf: %3",
	 "%POSTCONF% -e '%2 = %4' && %POSTCONF% -X '%1' && %POSTFIX% reload"},
    [FAULT_POSTCONF_WARNS] =
	{"postfix-warning", "postconf warns of the settings", "postconf: %1",
	 "correct that line, then: %POSTFIX% check && %POSTFIX% reload"},
    [FAULT_MAP_TYPE] =
	{"postfix-map-type", "this Postfix cannot read %1: maps",
	 "postconf -m lists: %2; dbfile is %3",
	 "install the package postfix-%1, or %4, then: %RESTART%"},
    [FAULT_OLD_TYPE] =
	{"postfix-old-type",
	 "this Postfix warns each time it opens a %1: map, and will drop the "
	 "type",
	 "mail_version is %2; dbfile is %3",
	 "%4, then: %RESTART%; when that map is there, name it in main.cf"},
    [FAULT_PROXY] =
	{"postfix-proxy", "Postfix reads the map through proxymap, which sees a "
			  "change late",
	 "%1 has %2",
	 "%3"},
    [FAULT_MAP_MISSING] =
	{"postfix-map-missing",
	 "main.cf names a map that does not exist, so clients get 451",
	 "%1: %2", "%RESTART%"},
    [FAULT_MAP_LATE] =
	{"postfix-map-late",
	 "a running smtpd found no map when it started, and does not look again",
	 "%1: process %2 logged: %3", "%POSTFIX% reload"},
    [FAULT_RELOAD_MISSING] =
	{"postfix-reload-missing",
	 "%1 was changed after Postfix last read it",
	 "the file is of %2, the running %3",
	 "%POSTFIX% check && %POSTFIX% reload"},
    [FAULT_CHROOT] =
	{"postfix-chroot",
	 "a chrooted smtpd cannot reach the daemon's socket",
	 "master.cf: %1 has chroot y, so %2 means %3, which does not exist",
	 "%4"},
    [FAULT_SHUT_DIRECTORY] =
	{"postfix-shut-directory",
	 "the user %1 cannot reach what main.cf names",
	 "%2: no search permission on %3", "%4"},
    [FAULT_WIDE_NETWORK] =
	{"postfix-wide-network",
	 "mynetworks lets a large part of the Internet relay: %1",
	 "postconf -x mynetworks: %2 addresses",
	 "%POSTCONF% -e 'mynetworks = 127.0.0.0/8 [::1]/128' && %POSTFIX% "
	 "reload"},

    [FAULT_LOG_MISSING] =
	{"log-missing", "there is no log %1",
	 "No such file or directory%2", "%3, then: %RESTART%"},
    [FAULT_LOG_DIRECTORY_MISSING] =
	{"log-directory-missing", "there is no directory for the log %1",
	 "%2: No such file or directory",
	 "name the server's own log as logfile: in %CONFIG%, then: %RESTART%"},
    [FAULT_LOG_DANGLING] =
	{"log-dangling", "the log %1 is a link to nothing", "it points to %2",
	 "name the file itself as logfile: in %CONFIG%, then: %RESTART%"},
    [FAULT_LOG_KIND] =
	{"log-kind", "the log %1 is %2",
	 "ls -ld '%1'",
	 "name a file in it as logfile: in %CONFIG%, then: %RESTART%"},
    [FAULT_LOG_PACKED] =
	{"log-packed", "the log %1 is compressed: nobody appends to it",
	 "its name ends with %2",
	 "%3, then: %RESTART%"},
    [FAULT_LOG_UNREADABLE] =
	{"log-unreadable", "the user %2 may not read the log %1",
	 "open(2) as that user: Permission denied%3",
	 "%4"},
    [FAULT_LOG_WRITABLE] =
	{"log-writable", "any local user can write logins into the log %1",
	 "its mode is %2", "chmod o-w '%1'"},
    [FAULT_LOG_FORM] =
	{"log-form", "most lines of %1 begin like no known log",
	 "%2; one is: %3", "%EXPLAIN% '%3'"},
    [FAULT_LOG_OPTIONAL] =
	{"log-optional", "in %1, only rules that are off would fit",
	 "%2 lines would be logins by %3, none by the rules that are on",
	 "%4, then: %RELOAD%"},
    [FAULT_LOG_NO_RULE] =
	{"log-no-rule", "no rule fits the logins in %1",
	 "%2 is a known program, but no rule matches: %3",
	 "%EXPLAIN% '%4'"},
    [FAULT_LOG_OTHER] =
	{"log-other", "the logins are not in %1, but in %2",
	 "the last %3",
	 "%4, then: %RESTART%"},
    [FAULT_LOG_DOVECOT] =
	{"log-dovecot", "Dovecot logs its logins to %1, which is not followed",
	 "doveconf: %2 = %1; in what is followed there is no login",
	 "%3, then: %RESTART%"},
    [FAULT_LOG_AHEAD] =
	{"log-ahead", "the stamps in %1 are ahead of the clock",
	 "the last line has a stamp %2 after it was written%3",
	 "correct the clock or the time zone (TZ) of whatever writes the log"},
    [FAULT_LOG_BEHIND] =
	{"log-late", "the stamps in %1 are earlier than the clock",
	 "the last line has a stamp %2 before it was written%3",
	 "correct the clock or the time zone (TZ) of whatever writes the log"},
    [FAULT_LOG_NEWLINES] =
	{"log-newlines", "syslog-ng passes on newlines that a stranger sends to %1",
	 "%2 has a source without flags(no-multi-line)",
	 "add flags(no-multi-line) to that source, then: syslog-ng-ctl reload"},

    [FAULT_JOURNAL_MISSING] =
	{"journal-missing", "there is no journal to follow",
	 "%1: No such file or directory",
	 "start systemd-journald, or name a file as logfile: in %CONFIG%, then: "
	 "%RESTART%"},
    [FAULT_JOURNAL_MATCH] =
	{"journal-match", "no entry of the journal has %1",
	 "journalctl %1 shows nothing%2",
	 "%3, then: %RESTART%"},

    [FAULT_SETTINGS] = {"settings", "the daemon refuses its settings", "%1",
			"correct that, then: %CHECK%"},
    [FAULT_SOCKET] = {"daemon-silent", "the daemon does not answer", "%1",
		      "%RESTART%"},
    [FAULT_STOPPED] = {"daemon-stopped", "the daemon is not running",
		       "%1: nobody listens%2", "%START%"},
    [FAULT_NOT_AT_BOOT] =
	{"daemon-not-at-boot",
	 "the daemon runs, but will not be started at the next boot",
	 "%1: %2", "%3"},
    [FAULT_STALE_MAP] =
	{"daemon-stale-map",
	 "addresses stay authorized although no daemon would remove them",
	 "postmap -s %1 prints %2", "%CLEAR%"},
    [FAULT_MAP_UNWRITTEN] =
	{"daemon-map-unwritten",
	 "the daemon cannot write the map %1, so who logs in may not relay",
	 "%2", "%3"},
    [FAULT_MAP_WRITABLE] =
	{"daemon-map-writable",
	 "others than the daemon can write the map %1, and so let anybody relay",
	 "the mode of %2 is %3", "%4"},
    [FAULT_FOREIGN_MAP] =
	{"daemon-foreign-map",
	 "something else than the daemon has written the map, or removed it",
	 "pbsctl status: map_replaced %1, since the daemon was started",
	 "find the script or the person that does so, or runs postmap on it; to "
	 "add an address use pbsctl add"},
    [FAULT_TWO_DAEMONS] =
	{"daemon-twice", "two daemons follow the same log",
	 "processes %1 both have %2 open", "stop one of them: kill %3"},
    [FAULT_OLD_SETTINGS] =
	{"daemon-old-settings", "%1 was changed after the daemon read it",
	 "the file is of %2, the daemon read its settings at %3",
	 "%RELOAD%"},
    [FAULT_OLD_MAPS] =
	{"daemon-old-dbfile",
	 "dbfile has changed in %1, and the daemon still keeps the old map",
	 "dbfile is %2; the daemon has %3, and a reload does not change it",
	 "%RESTART%"},
    [FAULT_DIRECTORY_MISSING] =
	{"daemon-directory-missing",
	 "there is no directory for %1: %2, and the daemon does not start without "
	 "it",
	 "%3", "%4"},
    [FAULT_DIRECTORY_CLOSED] =
	{"daemon-directory-closed",
	 "the daemon may not write in the directory of %1: %2, and does not "
	 "start",
	 "%3", "%4"},
    [FAULT_PATH_RELATIVE] =
	{"settings-relative",
	 "%1: %2 begins in the directory where the daemon was started",
	 "%3", "write the whole path in %CONFIG%, then: %RESTART%"},
    [FAULT_OWN_LOG] =
	{"daemon-log-closed",
	 "the daemon cannot open its own log again: once %1 is rotated, messages "
	 "go to the old file",
	 "%2", "%3"},
    [FAULT_EXCLUDED] =
	{"daemon-excluded", "an address is authorized that exclude: refuses: %1",
	 "%2 of exclude: contains it", "%RELOAD%"},
    [FAULT_ALL_EXCLUDED] =
	{"daemon-all-excluded",
	 "exclude: refuses every IPv4 address, so nobody is authorized over "
	 "IPv4",
	 "the networks of exclude: are together 0.0.0.0/0",
	 "take the widest of them out of exclude: in %CONFIG%, then: %RELOAD%"},
    [FAULT_GRACE] =
	{"daemon-grace", "a login authorizes for longer than a day",
	 "grace is %1; by then, somebody else often has the address",
	 "set `grace: 30m' in %CONFIG%, then: %RELOAD%"},
    [FAULT_SHARED] =
	{"daemon-shared",
	 "%2 users share the address %1: carrier NAT, a webmail host or a proxy",
	 "pbsctl show %1",
	 "%3, then: %RELOAD%"},
    [FAULT_PROXY_HOST] =
	{"daemon-proxy-host",
	 "your own proxy or webmail host is authorized, and so all its users: %1",
	 "doveconf: %2 contains it",
	 "%3, then: %RELOAD%"},
    [FAULT_INEXPRESSIBLE] =
	{"daemon-inexpressible",
	 "no map can hold %1, so its client cannot relay",
	 "as a key of %2, it would let other hosts relay, too",
	 "keep a socketmap: map, which has no such limit: INSTALL, part 6"},
    [FAULT_UNWATCHED] =
	{"daemon-unwatched",
	 "nothing starts the daemon again if all of it is killed, and the map "
	 "stays as it is",
	 "process %1 has neither a watchdog of systemd nor --daemon",
	 "run it by the unit, or with --daemon=PIDFILE"},
    [FAULT_SANDBOX] =
	{"daemon-sandbox", "the process that reads the log is not in a sandbox",
	 "%1", "%2"},

    [FAULT_DISK] = {"disk-full", "the disk of %1 is nearly full",
		    "%2 are free", "make room in %3"},
    [FAULT_INOTIFY] =
	{"inotify-limit", "few files can be watched on this machine",
	 "%1 is %2",
	 "sysctl %3=%4 && echo %3=%4 >>/etc/sysctl.d/pop-before-smtp.conf"},
    [FAULT_NETWORK_DISK] =
	{"network-disk",
	 "%1 is on a network file system, which reports no changes",
	 "statfs(2): %2", "keep it on a local disk"},
    [FAULT_CLOCK] =
	{"clock", "this clock is not synchronised, and %1 has lines of another "
		  "host",
	 "adjtimex(2): not synchronised; the host is %2",
	 "apt-get install systemd-timesyncd, or another NTP client"},
};

/* What a stranger has written into a log must neither end the quotes of a command
 * that an administrator pastes, nor change the terminal. Otherwise a command is
 * printed as it is: with a backslash escaped, it would be another one. */
enum form { TEXT, QUOTED, COMMAND };

static void
print_printable(FILE *out, const char *text, size_t len)
{
	size_t size = 4 * len + 1; /* each byte may become \xNN */
	char *printable = alloc_zero(size, 1);

	fputs(log_printable(printable, size, text, len), out);
	free(printable);
}

static void
print_word(FILE *out, const char *word, enum form form)
{
	static const char *const kept[] = {
	    [TEXT] = "", [QUOTED] = "\\'", [COMMAND] = "\\"};

	while (word != NULL && *word != '\0') {
		size_t len = strcspn(word, kept[form]);

		print_printable(out, word, len);
		word += len;
		if (*word != '\0')
			fputs(*word++ == '\'' ? "'\\''" : "\\", out);
	}
}

/* Prints what the '%' at *at stands for, and goes past it: what a remedy says in
 * more than one place, or a word of this finding. */
static void
print_placeholder(FILE *out, const struct report *report, const char **at,
		  const char *const *words, enum form form)
{
	const struct remedies *r = &report->remedies;
	const struct {
		const char *name, *text;
	} phrases[] = {
	    {"%CONFIG%", report->settings}, {"%START%", r->start},
	    {"%RESTART%", r->restart},	    {"%RELOAD%", r->reload},
	    {"%CHECK%", r->check},	    {"%CLEAR%", r->clear},
	    {"%EXPLAIN%", r->explain},
	    {"%START-POSTFIX%", r->start_postfix},
	    {"%POSTCONF%", r->postconf},    {"%POSTFIX%", r->postfix},
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++) {
		size_t len = strlen(phrases[i].name);

		if (strncmp(*at, phrases[i].name, len) != 0)
			continue;
		print_word(out, phrases[i].text, COMMAND);
		*at += len;
		return;
	}
	if ((*at)[1] < '1' || (*at)[1] > '4') {
		fputc(*(*at)++, out);
		return;
	}
	print_word(out, words[(*at)[1] - '1'], form);
	*at += 2;
}

/* form: of words that are in no quotes. */
static char *
fill(const struct report *report, const char *text, const char *const *words,
     enum form form)
{
	char *filled;
	size_t len;
	FILE *out = open_memstream(&filled, &len);
	char quote = '\0'; /* we are in 'a word of the shell', or `a line' */

	while (*text != '\0')
		if (*text == '%') {
			print_placeholder(out, report, &text, words,
					  quote == '\'' ? QUOTED : form);
		} else {
			if (quote != '\0' && *text == '\'')
				quote = '\0';
			else if (*text == '\'' || *text == '`')
				quote = *text;
			fputc(*text++, out);
		}
	fclose(out);
	return filled;
}

void
report_fault(struct report *report, enum fault fault,
	     const char *const words[4])
{
	const struct fault_text *text = &texts[fault];
	struct found_fault *found;

	report->list = alloc_resize(report->list, report->count + 1,
				    sizeof(*report->list));
	found = &report->list[report->count++];
	found->fault = fault;
	found->what = fill(report, text->what, words, TEXT);
	found->how = fill(report, text->how, words, TEXT);
	found->remedy = fill(report, text->remedy, words, COMMAND);
}

void
report_time(time_t when, char text[32])
{
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm);
}

void
report_unseen(struct report *report, const char *what)
{
	if (!strings_has(&report->unseen, what))
		strings_add(&report->unseen, what);
}

/* ---- printing ---- */

void
report_print(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct found_fault *found = &report->list[i];

		printf("%s: %s\n    how it shows: %s\n    remedy: %s\n",
		       texts[found->fault].name, found->what, found->how,
		       found->remedy);
	}
	for (size_t i = 0; i < report->unseen.count; i++)
		printf("not seen: %s\n", report->unseen.list[i]);
	if (report->count == 0)
		puts("nothing found");
	else
		printf("%zu found\n", report->count);
}

static void
print_field(const char *name, const char *value, const char *end)
{
	printf("\"%s\": ", name);
	json_string(stdout, value, strlen(value));
	fputs(end, stdout);
}

void
report_print_json(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct found_fault *found = &report->list[i];

		putchar('{');
		print_field("id", texts[found->fault].name, ", ");
		print_field("what", found->what, ", ");
		print_field("how", found->how, ", ");
		print_field("remedy", found->remedy, "}\n");
	}
	for (size_t i = 0; i < report->unseen.count; i++) {
		putchar('{');
		print_field("unseen", report->unseen.list[i], "}\n");
	}
}

void
report_clear(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->list[i].what);
		free(report->list[i].how);
		free(report->list[i].remedy);
	}
	free(report->list);
	strings_clear(&report->unseen);
	remedies_clear(&report->remedies);
	*report = (struct report){0};
}
