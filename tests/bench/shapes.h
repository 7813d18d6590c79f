/*
 * shapes: what genlog writes, by weight: lines of a mail host's log as the
 * programs that are named in them write them, header left out.
 *
 * %a the address, %A the same as a socket for IPv6 sees it, %h a host name,
 * %u a login name, %m its local part, %p a pid, %w a port, %d and %n a small
 * and a large number, %q a queue id, %s a session, %t the stamp.
 */
#ifndef TESTS_BENCH_SHAPES_H
#define TESTS_BENCH_SHAPES_H

struct shape {
	unsigned int share; /* weight among its table */
	const char *text;
};

static const struct shape syslog_logins[] = {
    {260, "dovecot: imap-login: Login: user=<%u>, method=PLAIN, rip=%a, "
	  "lip=192.0.2.1, mpid=%p, TLS, session=<%s>"},
    {100, "dovecot: pop3-login: Login: user=<%u>, method=PLAIN, rip=%a, "
	  "lip=192.0.2.1, mpid=%p, session=<%s>"},
    {20, "dovecot: pop3-login: Login: user=<%u>, method=CRAM-MD5, "
	 "rip=%A, lip=192.0.2.1, mpid=%p, TLS"},
    {200, "dovecot: imap-login: Logged in: user=<%u>, method=PLAIN, "
	  "rip=%a, lip=192.0.2.1, mpid=%p, TLS, session=<%s>"},
    {80, "dovecot: pop3-login: Logged in: user=<%u>, method=LOGIN, "
	 "rip=%a, lip=192.0.2.1, mpid=%p, session=<%s>"},
    {8, "dovecot: imap-login: Login: user=<x, method=PLAIN, "
	"rip=192.0.2.66, lip=192.0.2.1>, method=PLAIN, rip=%a, "
	"lip=192.0.2.1, mpid=%p, TLS, session=<%s>"},
    {80, "pop3d: LOGIN, user=%u, ip=[%A], port=[%w]"},
    {60, "imapd: LOGIN, user=%u, ip=[%A], port=[%w], protocol=IMAP"},
    {40, "imapd-ssl: LOGIN, user=%u, ip=[%A], port=[%w], protocol=IMAP"},
    {4, "pop3d: LOGIN, user=x, ip=[::ffff:192.0.2.66], ip=[%A], "
	"port=[%w]"},
    {40, "ipop3d[%p]: Login user=%u host=%h [%a] nmsgs=%d/%d"},
    {20, "ipop3d[%p]: APOP user=%u host=[%a] nmsgs=0/%d"},
    {20, "imapd[%p]: Login user=%u host=%h [%a]"},
    {20, "imapd[%p]: Authenticated user=%u host=%h [%a] mech=PLAIN"},
    {40, "popper[%p]: (v4.0.19) POP login by user \"%u\" at (%h) %a "
	 "[pop_log.c:244]"},
    {20, "in.qpopper[%p]: (v4.0.9) POP login by user \"%u\" at (%h) %a"},
};

static const struct shape syslog_others[] = {
    {150, "postfix/smtpd[%p]: connect from %h[%a]"},
    {120, "postfix/smtpd[%p]: connect from unknown[%a]"},
    {130, "postfix/smtpd[%p]: disconnect from %h[%a] ehlo=1 mail=1 rcpt=1 "
	  "data=1 quit=1 commands=5"},
    {80, "postfix/smtpd[%p]: lost connection after AUTH from "
	 "unknown[%a]"},
    {60, "postfix/smtpd[%p]: %q: client=%h[%a]"},
    {60, "postfix/cleanup[%p]: %q: message-id=<%n.%q@%h>"},
    {70, "postfix/qmgr[%p]: %q: from=<%m@example.org>, size=%n, nrcpt=1 "
	 "(queue active)"},
    {100, "postfix/qmgr[%p]: %q: removed"},
    {30, "postfix/smtp[%p]: %q: to=<%m@example.net>, "
	 "relay=mx.example.net[203.0.113.25]:25, delay=0.%d, "
	 "delays=0.04/0.01/0.2/0.1, dsn=2.0.0, status=sent (250 2.0.0 "
	 "Ok: queued as %q)"},
    {20, "postfix/lmtp[%p]: %q: to=<%m@example.org>, "
	 "relay=mail.example.org[private/dovecot-lmtp], delay=0.%d, "
	 "delays=0.05/0/0.01/0.04, dsn=2.0.0, status=sent (250 2.0.0 "
	 "<%u> %s Saved)"},
    {20, "postfix/smtpd[%p]: NOQUEUE: reject: RCPT from unknown[%a]: 554 "
	 "5.7.1 <%m@example.com>: Relay access denied; "
	 "from=<%m@example.net> to=<%m@example.com> proto=ESMTP "
	 "helo=<%h>"},
    {20, "postfix/anvil[%p]: statistics: max connection rate 4/60s for "
	 "(smtp:%a) at %d"},
    {40, "dovecot: imap(%u)<%p><%s>: Disconnected: Logged out in=%n "
	 "out=%n deleted=0 expunged=0 trashed=0 hdr_count=%d "
	 "hdr_bytes=%n body_count=%d body_bytes=%n"},
    {40, "dovecot: pop3(%u)<%p><%s>: Disconnected: Logged out top=0/0, "
	 "retr=%d/%n, del=%d/%d, size=%n"},
    {30, "dovecot: imap-login: Disconnected: Aborted login by logging "
	 "out (auth failed, 1 attempts in 2 secs): user=<%u>, "
	 "method=PLAIN, rip=%a, lip=192.0.2.1, TLS, session=<%s>"},
    {25, "dovecot: imap-login: Disconnected: Connection closed (no auth "
	 "attempts in 0 secs): user=<>, rip=%a, lip=192.0.2.1, TLS "
	 "handshaking: SSL_accept() failed, session=<%s>"},
    {20, "dovecot: pop3-login: Login aborted: Logged out (auth failed, 1 "
	 "attempts in 2 secs) (auth_failed): user=<%u>, method=PLAIN, "
	 "rip=%a, lip=192.0.2.1, session=<%s>"},
    {20, "dovecot: auth: passwd-file(%u,%a,<%s>): unknown user"},
    {10, "dovecot: lmtp(%u)<%p><%s>: save: msgid=<%n.%q@%h>, size=%n"},
    {40, "pop3d: Connection, ip=[%A], port=[%w]"},
    {40, "pop3d: LOGOUT, user=%u, ip=[%A], port=[%w], top=0, retr=%n, "
	 "rcvd=%d, sent=%n, time=%d"},
    {20, "imapd: DISCONNECTED, user=%u, ip=[%A], port=[%w], headers=0, "
	 "body=%n, rcvd=%d, sent=%n, time=%d"},
    {20, "pop3d: LOGIN FAILED, user=%u, ip=[%A], port=[%w]"},
    {15, "ipop3d[%p]: pop3 service init from %a"},
    {15, "ipop3d[%p]: Logout user=%u host=%h [%a] nmsgs=%d ndele=0"},
    {10, "imapd[%p]: Login failed user=%u auth=%u host=%h [%a]"},
    {15, "popper[%p]: Stats: %u 0 0 %d %n %h %a [pop_updt.c:300]"},
    {15, "popper[%p]: (v4.0.19) Servicing request from \"%h\" at %a "
	 "[pop_init.c:1408]"},
    {60, "sshd[%p]: Invalid user %u from %a port %w"},
    {80, "sshd[%p]: Connection closed by %a port %w [preauth]"},
    {20, "amavis[%p]: (%p-%d) Passed CLEAN {RelayedInbound}, [%a]:%w "
	 "<%m@example.net> -> <%m@example.org>, Message-ID: "
	 "<%n.%q@%h>, mail_id: %s, Hits: -1.9, size: %n, %d ms"},
    {20, "CRON[%p]: pam_unix(cron:session): session opened for user "
	 "root(uid=0) by (uid=0)"},
    {15, "opendkim[%p]: %q: DKIM-Signature field added (s=mail, "
	 "d=example.org)"},
    /* Strangers' text that plays a login, and logins that never count. */
    {4, "dovecot: imap-login: Aborted login (auth failed, 1 attempts in "
	"2 secs): user=<imap-login: Login: user=<root>, method=PLAIN, "
	"rip=192.0.2.66, lip=192.0.2.1, session=<a>>, method=PLAIN, "
	"rip=%a, lip=192.0.2.1, session=<%s>"},
    {4, "dovecot: imap-login: ID sent: name=x, version=Login: "
	"user=<root>, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1: "
	"user=<>, rip=%a, lip=192.0.2.1, session=<%s>"},
    {4, "dovecot: auth: passwd-file(dovecot: imap-login: Login: "
	"user=<root>, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1"},
    {4, "pop3d: LOGIN FAILED, user=LOGIN, user=x, ip=[::ffff:192.0.2.66], "
	"port=[1], ip=[%A], port=[%w]"},
    {4, "ipop3d[%p]: IMAP login to host=%h user=root host=[%a]"},
    {4, "ipop3d[%p]: Login failed user=Login auth=root host=x "
	"[192.0.2.66] nmsgs=0/0 host=%h [%a]"},
    {2, "imapd[%p]: Login user=%u host=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com [192.0."},
    {2, "imapd[%p]: Login user=a\001b host=%h [192.0.2.66]"},
    {4, "popper[%p]: (v4.0.19) POP login by user \"root\" at (x) "
	"192.0.2.66 at %h (%a): -ERR [AUTH] Password supplied for "
	"\"(v4.0.19) POP login by user \"root\" at (x) 192.0.2.66\" is "
	"incorrect. [pop_pass.c:1296]"},
    {4, "postfix/smtpd[%p]: warning: non-SMTP command from unknown[%a]: "
	"dovecot: imap-login: Login: user=<root>, method=PLAIN, "
	"rip=192.0.2.66, lip=192.0.2.1, session=<a>"},
    {3, "sshd[%p]: Invalid user dovecot: pop3-login: Login: user=<root>, "
	"method=PLAIN, rip=192.0.2.66, lip=192.0.2.1 from %a port %w"},
    {3, "dovecotx: imap-login: Login: user=<root>, method=PLAIN, "
	"rip=192.0.2.66, lip=192.0.2.1, mpid=%p, TLS, session=<%s>"},
    {3, "dovecot: imap-login: Login: user=<root>, method=PLAIN, "
	"rip=192.0.2.66, lip=192.0.2.1, mpid=%p, TLS, session=<%s>  "},
    {3, "dovecot: imap-login: Login: user=<root>, method=PLAIN, "
	"rip=192.0.2.066, lip=192.0.2.1, mpid=%p, TLS, session=<%s>"},
    {3, "pop3d: LOGIN, user=webmail, ip=[::ffff:127.0.0.1], port=[%w]"},
    {3, "dovecot: imap-login: Login: user=<webmail>, method=PLAIN, "
	"rip=::1, lip=::1, mpid=%p, secured, session=<%s>"},
    {3, "dovecot: imap-login: Login: user=<%u>, method=PLAIN, "
	"rip=fd00::%d, lip=fd00::25, mpid=%p, TLS, session=<%s>"},
    {3, "dovecot: imap-login: Login: user=<%u>, method=PLAIN, "
	"rip=fe80::7, lip=fe80::25, mpid=%p, TLS, session=<%s>"},
    {3, "dovecot: message repeated 2 times: [ imap-login: Login: "
	"user=<root>, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1, "
	"mpid=%p, TLS, session=<%s>"},
};

static const struct shape xmail_logins[] = {
    {1, "\"mail.example.org\"\t\"example.org\"\t\"%a\"\t\"%t\"\t\"%u\"\t"
	"\"\"\t\"LOGIN\"\t\"%d\"\t\"%n\""},
};

static const struct shape xmail_others[] = {
    {8, "\"mail.example.org\"\t\"example.org\"\t\"%a\"\t\"%t\"\t\"%u\"\t"
	"\"\"\t\"ELOGIN\""},
    {1, "\"mail.example.org\"\t\"d\"\t\"192.0.2.66\"\t\"%t\"\t\"root\"\t"
	"\"\"\t\"LOGIN\"\t\"0\"\t\"0\"\t\"%a\"\t\"%t\"\t\"x\"\t\"\"\t"
	"\"ELOGIN\""},
};

#endif
