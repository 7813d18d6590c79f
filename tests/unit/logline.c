/*
 * A raw line is taken apart into what its writer put there, for every known
 * header; a line that only nearly has one is refused.
 */
#include "patterns/line/logline.h"
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a line must give; NULL: it has no such part. */
struct expected {
	const char *line;
	enum header header;
	enum stamp_kind kind;
	const char *stamp, *host, *program;
	int pid;
	const char *text;
};

static const struct expected good[] = {
    /* RFC 3164, as files have it */
    {"Nov 21 02:01:00 mail imapd[4242]: Login user=ann", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mail", "imapd", 4242,
     "Login user=ann"},
    {"Jan  4 21:51:05 mail pop3d: LOGIN, user=ann", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Jan  4 21:51:05", "mail", "pop3d", 0,
     "LOGIN, user=ann"},
    {"Jan 4 21:51:05 host.example cyrus/imap[5355]: login: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Jan 4 21:51:05", "host.example", "cyrus/imap", 5355,
     "login: x"},
    {"Nov 21 2003 02:01:00 mail AppleMailServer[4242]: IMAP", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 2003 02:01:00", "mail", "AppleMailServer", 4242,
     "IMAP"},
    {"Nov 21 02:01:00.123456 mail dovecot[241]: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00.123456", "mail", "dovecot", 241, "x"},
    {"<22>Feb  2 09:47:12 mail dovecot: pop3-login: Login: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Feb  2 09:47:12", "mail", "dovecot", 0,
     "pop3-login: Login: x"},
    {"<191>2026-11-21T02:42:02Z mail dovecot: x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21T02:42:02Z", "mail", "dovecot", 0, "x"},
    {"Oct  8 19:10:30 (none) imapd-ssl: LOGIN", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Oct  8 19:10:30", "(none)", "imapd-ssl", 0, "LOGIN"},
    {"Nov 21 02:01:00 2001:db8::7 imapd[1]: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "2001:db8::7", "imapd", 1, "x"},
    {"Nov 21 02:01:00 mail a-tag-of-more-than-sixteen-bytes[9999999]: x",
     HEADER_SYSLOG, STAMP_TRADITIONAL, "Nov 21 02:01:00", "mail",
     "a-tag-of-more-than-sixteen-bytes", 9999999, "x"},
    /* the text is exactly what follows */
    {"Nov 21 02:01:00 mail x:   Connect:  127.0.0.1 ", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mail", "x", 0,
     "Connect:  127.0.0.1"},
    {"Nov 21 02:01:00 mail x: \ttext  ", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "mail", "x", 0, "text "},
    {"Nov 21 02:01:00 mail x: ", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "mail", "x", 0, ""},
    {"Nov 21 02:01:00 mail x:", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "mail", "x", 0, ""},
    {"Nov 21 02:01:00 mail imapd[1]: mail dovecot: Login", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mail", "imapd", 1,
     "mail dovecot: Login"},
    /* no host */
    {"Feb 20 17:23:32 cyrus/pop3[4297]: login: a", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Feb 20 17:23:32", NULL, "cyrus/pop3", 4297,
     "login: a"},
    /* busybox, nginx, Solaris */
    {"Nov 21 03:49:35 mail mail.info pop3d: LOGIN", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 03:49:35", "mail", "pop3d", 0, "LOGIN"},
    {"Nov 21 03:49:35 mail local0.err popper[12]: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 03:49:35", "mail", "popper", 12, "x"},
    {"Nov 21 03:32:40 mail mail nginx: 2026/11/21 03:32:40 [info]",
     HEADER_SYSLOG, STAMP_TRADITIONAL, "Nov 21 03:32:40", "mail", "nginx", 0,
     "2026/11/21 03:32:40 [info]"},
    {"Nov 21 02:01:00 mail popper[4242]: [ID 702911 mail.info] (v4.0.5) POP",
     HEADER_SYSLOG, STAMP_TRADITIONAL, "Nov 21 02:01:00", "mail", "popper",
     4242, "(v4.0.5) POP"},
    {"Nov 21 02:01:00 mail popper[4242]: [ID 702911 mail.inf] (v4.0.5) POP",
     HEADER_SYSLOG, STAMP_TRADITIONAL, "Nov 21 02:01:00", "mail", "popper",
     4242, "[ID 702911 mail.inf] (v4.0.5) POP"},
    /* ISO 8601 */
    {"2026-11-21T02:42:02.402254+00:00 mail pop3d: LOGIN", HEADER_SYSLOG,
     STAMP_ISO, "2026-11-21T02:42:02.402254+00:00", "mail", "pop3d", 0,
     "LOGIN"},
    {"2026-11-21T02:49:34+0000 imap-login: Info: Login: x", HEADER_SYSLOG,
     STAMP_ISO, "2026-11-21T02:49:34+0000", NULL, "imap-login", 0,
     "Info: Login: x"},
    {"2026-11-21 02:49:02 imap-login: Info: Login: x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21 02:49:02", NULL, "imap-login", 0, "Info: Login: x"},
    {"2026-11-21 02:49:02.5-03:30 mail pop3d: x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21 02:49:02.5-03:30", "mail", "pop3d", 0, "x"},
    /* RFC 5424 */
    {"<22>1 2026-11-21T02:42:02.402254+00:00 mail cyrus 119 - -  login: a",
     HEADER_SYSLOG, STAMP_ISO, "2026-11-21T02:42:02.402254+00:00", "mail",
     "cyrus", 119, "login: a"},
    {"<22>1 2026-11-21T02:42:02Z - pop3d - ID47 - LOGIN", HEADER_SYSLOG,
     STAMP_ISO, "2026-11-21T02:42:02Z", NULL, "pop3d", 0, "LOGIN"},
    {"<22>1 2026-11-21T02:42:02Z mail a worker-7 - - \xef\xbb\xbf x",
     HEADER_SYSLOG, STAMP_ISO, "2026-11-21T02:42:02Z", "mail", "a", 0, "x"},
    {"<22>1 2026-11-21T02:42:02Z mail a 1 - [x@1 k=\"v ] \\\" \\] - \"][y] t",
     HEADER_SYSLOG, STAMP_ISO, "2026-11-21T02:42:02Z", "mail", "a", 1, "t"},
    {"<22>1 2026-11-21T02:42:02Z mail a 1 - -", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21T02:42:02Z", "mail", "a", 1, ""},
    /* with something around it */
    {"Nov 21 02:01:00 <mail.info> mx dovecot[77]: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mx", "dovecot", 77, "x"},
    {"2026-11-21T02:01:00Z <2.6> dovecot: x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21T02:01:00Z", "", "dovecot", 0, "x"},
    {"Nov 21 02:01:00 [cyrus/imap] x", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "", "cyrus/imap", 0, "x"},
    {"Nov 21 02:01:00 [poppers] x", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "", "poppers", 0, "x"},
    {"Nov 21 02:01:00 198.51.100.2 mx dovecot[77]: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mx", "dovecot", 77, "x"},
    {"Nov 21 02:01:00 mx info dovecot[77]: x", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "mx", "dovecot", 77, "x"},
    {"Nov 21 02:01:00 mx mail:info a[77]: x", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "mx", "a", 77, "x"},
    {"Nov 21 02:01:00 Message forwarded from mx: a[77]: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mx", "a", 77, "x"},
    {"Nov 21 02:01:00 mx a/b[77] <Emergency>: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mx", "a/b", 77, "x"},
    {"Sat Nov 21 02:01:00 2026 [1795226460.123] mail.info a[77]: x",
     HEADER_SYSLOG, STAMP_CTIME, "Sat Nov 21 02:01:00 2026", "", "a", 77, "x"},
    {"mail.info<22>: Nov 21 02:01:00 mx a[77]: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mx", "a", 77, "x"},
    {"6,2,Nov 21 02:01:00,mx,a[77]:, x", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "mx", "a", 77, "x"},
    {"Nov 21 02:01:00 mx 1 2026-11-21T02:01:00Z m a 77 - - x", HEADER_SYSLOG,
     STAMP_ISO, "2026-11-21T02:01:00Z", "m", "a", 77, "x"},
    {"1 2026-11-21T02:01:00Z mx a 77 - - x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21T02:01:00Z", "mx", "a", 77, "x"},
    {"Sat 2026-11-21 02:01:00 UTC mx a.service[77]: x", HEADER_SYSLOG,
     STAMP_W3C, "2026-11-21 02:01:00", "mx", "a", 77, "x"},
    {"Sat 2026-11-21 02:01:00 CET mx a[77]: x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21 02:01:00 CET", "mx", "a", 77, "x"},
    {"Sat 2026-11-21 02:01:00 ChST mx a[77]: x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21 02:01:00 ChST", "mx", "a", 77, "x"},
    {"1795226460.123456 mx a[77]: x", HEADER_SYSLOG, STAMP_UNIX,
     "1795226460.123456", "mx", "a", 77, "x"},
    {"1795226460 a: x", HEADER_SYSLOG, STAMP_UNIX, "1795226460", "", "a", 0,
     "x"},
    {"2026 Nov 21 02:01:00 mx a[77]: x", HEADER_SYSLOG, STAMP_FULL,
     "2026 Nov 21 02:01:00", "mx", "a", 77, "x"},
    {"2026 Nov  1 02:01:00.123 [a] x", HEADER_SYSLOG, STAMP_FULL,
     "2026 Nov  1 02:01:00.123", "", "a", 0, "x"},
    {"2026-11-21 02:01:00 CEST imap-login: Info: x", HEADER_SYSLOG, STAMP_ISO,
     "2026-11-21 02:01:00 CEST", "", "imap-login", 0, "Info: x"},
    {"Nov 21 02:01:00 CET imap-login: Info: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00 CET", "", "imap-login", 0, "Info: x"},
    /* a host */
    {"Nov 21 02:01:00 MAIL dovecot: imap-login: Login", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "MAIL", "dovecot", 0,
     "imap-login: Login"},
    {"Nov 21 02:01:00 MAIL a[7]: Info: x", HEADER_SYSLOG, STAMP_TRADITIONAL,
     "Nov 21 02:01:00", "MAIL", "a", 7, "Info: x"},
    {"Nov 21 02:01:00 MAILT imap-login: Info: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "MAILT", "imap-login", 0, "Info: x"},
    {"Nov 21 02:01:00 AKS imap-login: Info: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "AKS", "imap-login", 0, "Info: x"},
    {"Nov 21 02:01:00 MX1 imap-login: Info: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "MX1", "imap-login", 0, "Info: x"},
    {"2026-11-21T02:01:00.12345 Nov 21 02:01:00 mx a: x", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "mx", "a", 0, "x"},
    {"2026-11-21_02:01:00.12345 mail.info: Nov 21 03:01:00 a: x", HEADER_SYSLOG,
     STAMP_SVLOGD, "2026-11-21_02:01:00.12345", "", "a", 0, "x"},
    {"2026-11-21_02:01:00.12345 a[7]: x", HEADER_SYSLOG, STAMP_SVLOGD,
     "2026-11-21_02:01:00.12345", "", "a", 7, "x"},
    {"@400000004c91b044077a9e94 Nov 21 03:01:00 mx a: x", HEADER_SYSLOG,
     STAMP_TAI64N, "@400000004c91b044077a9e94", "mx", "a", 0, "x"},
    {"imap-login: Nov 21 02:01:00 Info: Login: ann [192.0.2.7]", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", "", "imap-login", 0,
     "Info: Login: ann [192.0.2.7]"},
    /* own logs */
    {"Nov 21 02:48:38 imap-login: Info: Login: user=<a>", HEADER_SYSLOG,
     STAMP_TRADITIONAL, "Nov 21 02:48:38", NULL, "imap-login", 0,
     "Info: Login: user=<a>"},
    {"Nov 21 02:48:42 auth(x,192.0.2.66): imap-login: Info: Login: x",
     HEADER_SYSLOG, STAMP_TRADITIONAL, "Nov 21 02:48:42", NULL,
     "auth(x,192.0.2.66)", 0, "imap-login: Info: Login: x"},
    {"@400000004c91b044077a9e94 imap-login: Info: Login: x", HEADER_SYSLOG,
     STAMP_TAI64N, "@400000004c91b044077a9e94", NULL, "imap-login", 0,
     "Info: Login: x"},
    {"dovecot: 2009-03-08 12:53:46 Info: imap-login: Login: x", HEADER_DOVECOT,
     STAMP_ISO, "2009-03-08 12:53:46", NULL, "dovecot", 0,
     "Info: imap-login: Login: x"},
    {"dovecot: Mar 08 12:53:46 Info: imap-login: Login: x", HEADER_DOVECOT,
     STAMP_TRADITIONAL, "Mar 08 12:53:46", NULL, "dovecot", 0,
     "Info: imap-login: Login: x"},
    {"Nov 21 02:01:00 [popper] (v4.0.5) POP login", HEADER_QPOPPER,
     STAMP_TRADITIONAL, "Nov 21 02:01:00", NULL, "qpopper", 0,
     "(v4.0.5) POP login"},
    {"Thu Nov 21 02:01:00 2002 [4242] Stats:\ta 0", HEADER_QPOPPER, STAMP_CTIME,
     "Thu Nov 21 02:01:00 2002", NULL, "qpopper", 4242, "Stats:\ta 0"},
    {"\"localhost\"\t\"example.org\"\t\"192.0.2.2\"\t\"2026-11-21 03:21:02\""
     "\t\"alice\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\"",
     HEADER_XMAIL, STAMP_ISO, "2026-11-21 03:21:02", NULL, "xmail", 0,
     "\"localhost\"\t\"example.org\"\t\"192.0.2.2\"\t\"2026-11-21 03:21:02\""
     "\t\"alice\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\""},
    /* headers that are rows of data */
    {"\"POP3D\"\t4321\t12\t\"2026-11-21 02:01:00.909\"\t\"192.0.2.7\"\t\"x\"",
     HEADER_HMAILSERVER, STAMP_ISO, "2026-11-21 02:01:00.909", NULL, "POP3D", 0,
     "\"192.0.2.7\"\t\"x\""},
    {"2026-11-21T02:01:00.050Z,00000000000000A0,2,192.0.2.1:993,x",
     HEADER_EXCHANGE, STAMP_ISO, "2026-11-21T02:01:00.050Z", NULL, "exchange",
     0, "00000000000000A0,2,192.0.2.1:993,x"},
    {"2026-11-21 02:01:00,787 INFO  [ImapServer-1] [ip=192.0.2.7;] imap - x",
     HEADER_ZIMBRA, STAMP_ISO, "2026-11-21 02:01:00,787", NULL, "zimbra", 0,
     "INFO  [ImapServer-1] [ip=192.0.2.7;] imap - x"},
    {"Nov 21 02:01:01 mail mailboxlog 2026-11-21 02:01:00,787 WARN [a] [b] x",
     HEADER_ZIMBRA, STAMP_ISO, "2026-11-21 02:01:00,787", "mail", "zimbra", 0,
     "WARN [a] [b] x"},
    {"Nov 21 02:01:01 mail smtpd: 2026-11-21 02:01:00,787 WARN [a] [b] x",
     HEADER_SYSLOG, STAMP_TRADITIONAL, "Nov 21 02:01:01", "mail", "smtpd", 0,
     "2026-11-21 02:01:00,787 WARN [a] [b] x"},
    {"2026-11-21T02:01:00Z INFO Authentication successful (auth.success) x",
     HEADER_STALWART, STAMP_ISO, "2026-11-21T02:01:00Z", NULL, "stalwart", 0,
     "INFO Authentication successful (auth.success) x"},
    {"2026/11/21 03:32:40 [info] 255#255: *1 client", HEADER_NGINX,
     STAMP_SLASHED, "2026/11/21 03:32:40", NULL, "nginx", 0,
     "[info] 255#255: *1 client"},
    {"[2026.11.21] 02:01:00.123 [192.0.2.7][1] cmd", HEADER_SMARTERMAIL,
     STAMP_DOTTED, "[2026.11.21] 02:01:00.123", NULL, "smartermail", 0,
     "[192.0.2.7][1] cmd"},
    {"02:01:00.123 [192.0.2.7] IMAP Login", HEADER_SMARTERMAIL, STAMP_CLOCK,
     "02:01:00.123", NULL, "smartermail", 0, "[192.0.2.7] IMAP Login"},
    {"[192.0.2.7] IMAP Login successful 02:01:00.123",
     HEADER_SMARTERMAIL_TRAILING, STAMP_CLOCK, "02:01:00.123", NULL,
     "smartermail-trailing", 0,
     "[192.0.2.7] IMAP Login successful 02:01:00.123"},
    {"11/21/26 02:01:00\tIMAP-IN\t\t3404\t192.0.2.7\tLOGIN", HEADER_MAILENABLE,
     STAMP_AMERICAN, "11/21/26 02:01:00", NULL, "IMAP-IN", 0,
     "\t3404\t192.0.2.7\tLOGIN"},
    {"[21/Nov/2026 02:01:00] x", HEADER_KERIO, STAMP_BRACKETED,
     "[21/Nov/2026 02:01:00]", NULL, "kerio", 0, "x"},
    {"2026-11-21 02:01:00 192.0.2.7 - GET", HEADER_W3C, STAMP_W3C,
     "2026-11-21 02:01:00", NULL, "w3c", 0, "192.0.2.7 - GET"},
};

#define XMAIL_HEAD "\"h\"\t\"d\"\t\"192.0.2.2\"\t"
#define XMAIL_STAMP "\"2026-11-21 03:21:02\"\t"

/* Lines without a header, and what keeps them from having one. */
static const struct {
	const char *why, *line;
} bad[] = {
    {"empty", ""},
    {"a stamp and no more", "Nov 21 02:01:00"},
    {"a stamp and a space", "Nov 21 02:01:00 "},
    {"no stamp", "imapd[16091]: Authenticated user=a"},
    {"cut in the hour", "Nov 21 02"},
    {"no such month", "Nuv 21 02:01:00 mail imapd[1]: x"},
    {"month of a foreign tongue", "Okt 21 02:01:00 mail imapd[1]: x"},
    {"letters in the hour", "Nov 21 0a:01:00 mail imapd[1]: x"},
    {"a slash in the hour", "Nov 21 02:0/:00 mail imapd[1]: x"},
    {"a colon for a digit", "Nov 21 02:0::00 mail imapd[1]: x"},
    {"no space after the stamp", "Nov 21 02:01:00mail imapd[1]: x"},
    {"two spaces after it", "Nov 21 02:01:00  imapd[1]: x"},
    {"three digits of day", "Nov 211 02:01:00 mail imapd[1]: x"},
    {"a form: no program",
     "\"\"\t4321\t12\t\"2026-11-21 02:01:00.909\"\t\"192.0.2.7\"\t\"x\""},
    {"a form: an invalid stamp",
     "\"POP3D\"\t4321\t12\t\"2026-11-21 x\"\t\"192.0.2.7\"\t\"x\""},
    {"a form: a letter for a number",
     "\"POP3D\"\tx\t12\t\"2026-11-21 02:01:00.909\"\t\"192.0.2.7\""},
    {"a form: no level", "2026-11-21T02:01:00Z Info [a] [b] imap - x"},
    {"a form: no such month", "[21/Nuv/2026 02:01:00] x"},
    {"a form: a letter in the date", "2026/1a/21 03:32:40 [info] x"},
    {"a form: cut in its stamp", "[2026.11.21] 02:0"},
    {"a form: cut after its stamp", "2026-11-21T02:01:00.050Z"},
    {"a stamp at the end: no fraction", "[192.0.2.7] x 02:01:00"},
    {"a stamp at the end: not the last word", "[192.0.2.7] 02:01:00.123 x"},
    {"a stamp at the end: a part of the last word", "[192.0.2.7] x02:01:00.1"},
    {"a stamp at the end: no bracket at the beginning", "x 02:01:00.123"},
    {"a stamp at the end: no more than that", "[02:01:00.123"},
    {"a space before the stamp", " Nov 21 02:01:00 mail imapd[1]: x"},
    {"a year of five digits", "12026-11-21T02:42:02Z mail imapd[1]: x"},
    {"a zone of one digit", "2026-11-21T02:42:02+1 mail imapd[1]: x"},
    {"ten digits of fraction", "2026-11-21T02:42:02.0123456789 m a: x"},
    {"another day's form", "21.11.2026 03:32:40 [info] 255#255: *1 x"},
    {"host and no tag", "Nov 21 02:01:00 mail last message repeated 2 times"},
    {"no colon", "Nov 21 02:01:00 mail imapd[1] x"},
    {"no space after the colon", "Nov 21 02:01:00 mail imapd[1]:x"},
    {"pid without end", "Nov 21 02:01:00 mail vpopmail[18917: x"},
    {"no pid in brackets", "Nov 21 02:01:00 mail imapd[]: x"},
    {"a pid of letters", "Nov 21 02:01:00 mail imapd[12a]: x"},
    {"a pid beyond all pids", "Nov 21 02:01:00 mail imapd[12345678]: x"},
    {"a tag of nothing", "Nov 21 02:01:00 mail : x"},
    {"a pid of nothing", "Nov 21 02:01:00 mail [1]: x"},
    {"control byte in tag", "Nov 21 02:01:00 mail ima\001pd[1]: x"},
    {"DEL in tag", "Nov 21 02:01:00 mail ima\177pd[1]: x"},
    {"DEL in a long line's tag",
     "Nov 21 02:01:00 mail ima\177pd[1]: Login user=ann"},
    {"C1 in a long line's tag",
     "Nov 21 02:01:00 mail ima\x85pd[1]: Login user=ann"},
    {"8-bit byte in a long line's tag",
     "Nov 21 02:01:00 mail im\xffzpd[1]: Login user=ann"},
    {"DEL in a short line's tag", "Nov 21 02:01:00 mail a\177b: x"},
    {"8-bit byte in a short line's tag", "Nov 21 02:01:00 mail a\xffz: x"},
    {"8-bit byte in tag", "Nov 21 02:01:00 mail im\xc3\xa4pd[1]: x"},
    {"8-bit byte in host", "Nov 21 02:01:00 m\xc3\xa4il imapd[1]: x"},
    {"a tab", "Nov 21 02:01:00 mail\timapd[1]: x"},
    {"an unknown word", "Nov 21 02:01:00 mail word imapd[1]: x"},
    {"no such severity", "Nov 21 02:01:00 mx mail.loud imapd[1]: x"},
    {"no such facility", "Nov 21 02:01:00 mail post.info imapd[1]: x"},
    {"another host", "Nov 21 02:01:00 mail mai imapd[1]: x"},
    {"host, and more", "Nov 21 02:01:00 mail mailx imapd[1]: x"},
    {"a stranger's name before the tag",
     "Nov 21 02:48:42 auth(x imap-login: Info: Login: user=<root>, "
     "rip=6.6.6.6"},
    {"priority beyond 191", "<192>Nov 21 02:01:00 mail imapd[1]: x"},
    {"priority of four digits", "<0022>Nov 21 02:01:00 mail imapd[1]: x"},
    {"no priority", "<>Nov 21 02:01:00 mail imapd[1]: x"},
    {"priority without end", "<22 Nov 21 02:01:00 mail imapd[1]: x"},
    {"RFC 5424 version 2", "<22>2 2026-11-21T02:42:02Z m a 1 - - x"},
    {"RFC 5424 without stamp", "<22>1 - mail imapd 1 - - x"},
    {"RFC 5424 without program", "<22>1 2026-11-21T02:42:02Z m - 1 - - x"},
    {"RFC 5424 without data", "<22>1 2026-11-21T02:42:02Z m a 1 - x"},
    {"RFC 5424 with a field less", "<22>1 2026-11-21T02:42:02Z m a 1 -"},
    {"data without end", "<22>1 2026-11-21T02:42:02Z m a 1 - [x k=\"] y"},
    {"data, its end escaped", "<22>1 2026-11-21T02:42:02Z m a 1 - [x k=\"\\"},
    {"data without quotes", "<22>1 2026-11-21T02:42:02Z m a 1 - [x k=v] y"},
    {"data without name", "<22>1 2026-11-21T02:42:02Z m a 1 - [] y"},
    {"text on the data's heels", "<22>1 2026-11-21T02:42:02Z m a 1 - []y"},
    {"dovecot, no stamp", "dovecot: Info: imap-login: Login: x"},
    {"no such facility", "Nov 21 02:01:00 <24.6> mx imapd[1]: x"},
    {"no such severity", "Nov 21 02:01:00 <2.8> mx imapd[1]: x"},
    {"no facility has that name", "Nov 21 02:01:00 <post.info> mx x: y"},
    {"metalog's bracket empty", "Nov 21 02:01:00 [] x"},
    {"metalog's bracket with a space", "Nov 21 02:01:00 [a b] x"},
    {"a relay without address", "Nov 21 02:01:00 relay mx imapd[1]: x"},
    {"a relay's address, half", "Nov 21 02:01:00 198.51.100 mx imapd[1]: x"},
    {"two relays", "Nov 21 02:01:00 192.0.2.1 192.0.2.2 mx imapd[1]: x"},
    {"two severities", "Nov 21 02:01:00 mx info info imapd[1]: x"},
    {"RFC 5424, version 2", "2 2026-11-21T02:01:00Z mx a 7 - - x"},
    {"a number of nine digits", "179522646 mx a[77]: x"},
    {"a number of eleven digits", "17952264601 mx a[77]: x"},
    {"a year and no month", "2026 21 02:01:00 mx a[77]: x"},
    {"a weekday, its zone in small letters",
     "Sat 2026-11-21 02:01:00 cet mx a[7]: x"},
    {"a weekday without zone", "Sat 2026-11-21 02:01:00 mx a[7]: x"},
    {"a weekday, its zone too long",
     "Sat 2026-11-21 02:01:00 ABCDEF mx a[7]: x"},
    {"svlogd and no line", "2026-11-21_02:01:00.12345"},
    {"an own log of 0.99, of no login",
     "imap: Nov 21 02:01:00 Info: Login: ann [192.0.2.7]"},
    {"popper without end", "Nov 21 02:01:00 [popper]"},
    {"a weekday unknown", "Tho Nov 21 02:01:00 2002 [4242] Stats:"},
    {"ctime with the year twice", "Thu Nov 21 2002 02:01:00 2002 [42] x"},
    {"TAI64N too short", "@400000004c91b044077a9e9 imap-login: x"},
    {"TAI64N in capitals", "@400000004C91B044077A9E94 imap-login: x"},
    {"XMail, a failure", XMAIL_HEAD XMAIL_STAMP "\"bob\"\t\"\"\t\"ELOGIN\""},
    {"XMail, ten columns",
     XMAIL_HEAD XMAIL_STAMP "\"bob\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\"\t\"\""},
    {"XMail, a quote in a name",
     XMAIL_HEAD XMAIL_STAMP "\"b\"b\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\""},
    {"XMail, a tab in a name",
     XMAIL_HEAD XMAIL_STAMP "\"b\tb\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\""},
    {"XMail, a name without its end",
     XMAIL_HEAD XMAIL_STAMP "\"b\t\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\""},
    {"XMail, no stamp",
     XMAIL_HEAD "\"\"\t\"b\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\""},
    {"XMail, something after it",
     XMAIL_HEAD XMAIL_STAMP "\"b\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\" "},
    {"XMail, a tab after it",
     XMAIL_HEAD XMAIL_STAMP "\"b\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\"\t"},
    {"XMail, no time of day",
     XMAIL_HEAD "\"2026-11-21\"\t\"b\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\""},
    {"XMail, stamp and more", XMAIL_HEAD
     "\"2026-11-21 03:21:02 x\"\t\"b\"\t\"\"\t\"LOGIN\"\t\"0\"\t\"0\""},
};

static bool
same(const char *got, size_t len, const char *want)
{
	if (want == NULL || *want == '\0')
		return len == 0;
	return len == strlen(want) && memcmp(got, want, len) == 0;
}

static void
test_good(const struct expected *e)
{
	struct logline l;
	bool parsed = logline_parse(&l, e->line, strlen(e->line)) == 0;

	if (!ok(parsed, "has a header: %s", e->line))
		return;
	ok(l.header == e->header && l.stamp_kind == e->kind, "its kind: %s",
	   e->line);
	ok(same(l.stamp, l.stamp_len, e->stamp), "its stamp: %s", e->line);
	ok(same(l.host, l.host_len, e->host), "its host: %s", e->line);
	ok(same(l.program, l.program_len, e->program), "its program: %s",
	   e->line);
	is_int(l.pid, e->pid, "its pid: %s", e->line);
	ok(same(l.text, l.text_len, e->text), "its text: %s", e->line);
	ok(same(l.line, l.line_len, e->line), "itself: %s", e->line);
}

/* One trailing blank does not count. */
static bool
ends_at(const struct logline *l, const char *end)
{
	const char *text_end = l->text + l->text_len;

	return text_end == end || (text_end == end - 1 && *text_end == ' ');
}

/* However a line is cut, nothing is read after its end: the sanitizers and
 * valgrind watch the copy. */
static void
test_cut(const char *line)
{
	char *copy;
	struct logline l;
	size_t len = strlen(line), n;
	bool inside = true;

	for (n = 0; n <= len; n++) {
		copy = malloc(n > 0 ? n : 1);
		memcpy(copy, line, n);
		if (logline_parse(&l, copy, n) == 0)
			inside =
			    inside && l.text >= copy && ends_at(&l, copy + n);
		free(copy);
	}
	ok(inside, "cut anywhere, the text ends with the line: %s", line);
}

static int
parse_with_tag(int len)
{
	char line[1024];
	struct logline l;

	len = snprintf(line, sizeof(line), "Nov 21 02:01:00 m %0*d[1]: x", len,
		       7);
	return logline_parse(&l, line, (size_t)len);
}

static void
test_bounds(void)
{
	int len, parsed = 0;

	is_int(parse_with_tag(48), 0, "a tag may be as long as RFC 5424's");
	for (len = 200; len < 600; len++)
		parsed += parse_with_tag(len) == 0;
	is_int(parsed, 0, "a tag has a limit");
}

static void
test_names(void)
{
	const char *const *names = header_names();
	const char *const *examples = header_examples();

	is_str(names[HEADER_SYSLOG], "syslog", "a name for each header");
	is_str(names[HEADER_DOVECOT], "dovecot", "a name for each header");
	is_str(names[HEADER_QPOPPER], "qpopper", "a name for each header");
	is_str(names[HEADER_XMAIL], "xmail", "a name for each header");
	is_str(names[HEADER_HMAILSERVER], "hmailserver",
	       "a name for each header");
	is_str(names[HEADER_W3C], "w3c", "a name for each header");
	for (size_t i = 0; i < HEADER_COUNT; i++) {
		struct logline l;

		if (i == HEADER_XMAIL) /* described in words */
			continue;
		ok(logline_parse(&l, examples[i], strlen(examples[i])) == 0 &&
		       l.header == i,
		   "an example of %s is one", names[i]);
	}
	ok(names[HEADER_COUNT] == NULL, "the list ends");
}

/* ---- neighbours ---- */

/* A line whose first `same` bytes are those of `before`. */
static size_t
write_neighbour(char *out, const char *before, size_t same, const char *line)
{
	size_t n = strlen(before);

	n = same < n ? same : n;
	memcpy(out, before, n);
	memcpy(out + n, line, strlen(line));
	return n + strlen(line);
}

static bool
equal(const struct logline *a, const struct logline *b)
{
	return a->header == b->header && a->stamp_kind == b->stamp_kind &&
	       a->stamp == b->stamp && a->stamp_len == b->stamp_len &&
	       a->host_len == b->host_len &&
	       (a->host_len == 0 || a->host == b->host) &&
	       a->program_len == b->program_len && a->text == b->text &&
	       a->text_len == b->text_len && a->pid == b->pid;
}

/* Whether a line after `before` gives something else than alone: 0 or 1. */
static size_t
differs(const char *before, const char *line, size_t len)
{
	struct linestart start = {0};
	struct logline l, alone;
	int got, want;

	logline_next(&l, &start, before, strlen(before));
	got = logline_next(&l, &start, line, len);
	want = logline_parse(&alone, line, len);
	return got != want || (got == 0 && !equal(&l, &alone));
}

static size_t
test_pair(const char *before, const char *line)
{
	char text[2048];
	size_t same, len, wrong = 0;

	for (same = 0; same <= strlen(before) && same < 64; same++) {
		len = write_neighbour(text, before, same, line);
		wrong += differs(before, text, len);
	}
	return wrong;
}

/* The same line but for one byte. */
static size_t
test_one_byte(const char *before)
{
	static const char others[] = "x19: [-";
	char text[2048];
	size_t at, k, len = strlen(before), wrong = 0;

	for (at = 0; at < len; at++)
		for (k = 0; k < sizeof(others) - 1; k++) {
			memcpy(text, before, len);
			text[at] = others[k];
			wrong += differs(before, text, len);
		}
	return wrong;
}

static void
test_neighbours(void)
{
	static const char *const tails[] = {
	    "a[1]: x",	 "a: x",
	    "a:",	 "a[1",
	    ": x",	 "[popper] (v4) x",
	    "mail a: x", "mail.info a[2]: [ID 1 mail.info] x",
	    " a: x",	 "1 a: x"};
	size_t count = sizeof(good) / sizeof(good[0]), i, k, wrong = 0;

	for (i = 0; i < count; i++) {
		wrong += test_one_byte(good[i].line);
		for (k = 0; k < count; k++)
			wrong += test_pair(good[i].line, good[k].line);
		for (k = 0; k < sizeof(tails) / sizeof(tails[0]); k++)
			wrong += test_pair(good[i].line, tails[k]);
	}
	is_int((long long)wrong, 0, "no line means more for the one before");
}

/* A line inside which another one begins, and lines that are whole. */
static const struct torn_case {
	const char *line;
	bool torn;
} torn_cases[] = {
    {"Nov 21 02:01:00 mail dovecot: Login: user=<alNov 21 02:01:01 mail "
     "dovecot: x",
     true},
    {"Nov 30 23:59:59 mail dovecot: Login: user=<alDec  1 00:00:00 mail "
     "dovecot: x",
     true},
    {"2026-11-21T02:01:00+00:00 mail pop3d: LOGIN, user=a2026-11-21T02:01:01"
     "+00:00 mail imapd: x",
     true},
    {"Nov 21 02:48:38 pop3-login: Info: Login: user=<alNov 21 02:48:39 "
     "imap-login: Info: x",
     true},
    {"dovecot: 2009-03-08 09:12:44 Info: user=<dovecot: 2009-03-08 09:12:45 "
     "Info: x",
     true},
    {"@400000004c91b044077a9e94 imap-login: a@400000004c91b045077a9e94 "
     "imap-login: x",
     true},
    {"2026-11-21T02:01:00.5Z mail dovecot: Login: user=<alNov 21 02:01:01 "
     "mail dovecot: x",
     true},
    {"1795226460.5 mail dovecot: Login: user=<al1795226461.123456 mail "
     "dovecot: x",
     true},
    {"1795226460 mail dovecot: Login: user=<al91795226461 mail dovecot: x",
     true},
    {"1795226460 mail teapop: Login for al [192.0.2.1795226461 mail teapop: x",
     true},
    {"1795226460 mail imapd: Login user=2125550123 host=x", false},
    {"1795226460 mail dovecot: Login: user=<1795226460>", false},
    {"2026 Nov 21 02:01:00 mail dovecot: Login: user=<al2026 Nov 21 02:01:01 "
     "mail dovecot: x",
     true},
    {"[192.0.2.7] x 02:01:00.1[192.0.2.8] x 02:01:00.123", true},
    {"[192.0.2.7] IMAP Login succ[192.0.2.8] x 02:01:00.123", false},
    {"Nov 21 02:01:00 mail dovecot: Login: user=<Nov 21>", false},
    {"Nov 21 02:01:00 mail dovecot: Login: user=<dovecot@mail>", false},
    {"2026-11-21T02:01:00+00:00 mail dovecot: Login: user=<2026>", false},
    {"Nov 21 02:01:00 mail dovecot: ", false},
};

static void
test_torn(void)
{
	struct logline l;
	size_t i;

	for (i = 0; i < sizeof(torn_cases) / sizeof(torn_cases[0]); i++) {
		const struct torn_case *c = &torn_cases[i];

		ok(logline_parse(&l, c->line, strlen(c->line)) == 0 &&
		       logline_is_torn(&l) == c->torn,
		   "%s: %s", c->torn ? "torn" : "whole", c->line);
	}
}

/* A line is torn wherever the other one begins. */
static void
test_torn_anywhere(void)
{
	static const char head[] = "Nov 21 02:01:00 mail dovecot: ";
	static const char other[] = "Nov 21 02:01:01 ";
	unsigned int wrong = 0;
	struct logline l;
	char line[256];

	for (int before = 1; before < 70; before++)
		for (int after = 0; after < 70; after++) {
			int len = sprintf(line, "%s%*s%s%*s", head, before, "",
					  other, after, "");

			memset(line + strlen(head), 'x', (size_t)before);
			memset(line + len - after, ':', (size_t)after);
			wrong += logline_parse(&l, line, (size_t)len) != 0 ||
				 !logline_is_torn(&l);
			line[len - after - 2] = 'y'; /* no second any more */
			wrong += logline_parse(&l, line, (size_t)len) != 0 ||
				 logline_is_torn(&l);
		}
	is_int(wrong, 0, "torn or whole, wherever the other line would begin");
}

int
main(void)
{
	struct logline l;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		test_good(&good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(logline_parse(&l, bad[i].line, strlen(bad[i].line)) == -1,
		   "no header: %s", bad[i].why);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		test_cut(good[i].line);
	test_cut("Nov 21 02:01:00 a-long-host.example a-l x");
	test_bounds();
	test_neighbours();
	test_names();
	test_torn();
	test_torn_anywhere();
	return tap_done();
}
