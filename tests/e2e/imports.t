#!/usr/bin/env python3
# What pbsctl import-xmail and import-smap write, in a real Postfix: it starts
# without a warning; it accepts, relays and refuses as the old server did; and
# no form of address gets a message through that must not pass. The input is a
# directory of XMail and a netperm-table that use every directive; a client
# pretends to have any address, by XCLIENT.
# tests/run: root
import json
import os
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import imports
import pbs
import servers
from dns import Resolver
from tap import equal, main, ok

# What must not be twice in main.cf is from the import alone.
OURS = ("mynetworks =", "smtpd_relay_restrictions")
POSE = """\
smtpd_authorized_xclient_hosts = 0.0.0.0/0 [::]/0
smtpd_hard_error_limit = 100000
smtpd_soft_error_limit = 100000
smtpd_error_sleep_time = 0
smtpd_peername_lookup = yes
in_flow_delay = 0
relay_transport = discard:
default_transport = discard:
"""
FOREIGN, LOGGED_IN, STRANGER = "u@foreign.example", "198.51.100.7", \
    "198.51.100.8"
TESTER, SERVER = "172.31.0.2", "172.31.0.1"  # of pbsctl relay-check
LISTED = {"99.2.0.192.bl.example.org", "98.2.0.192.late.example.org",
          "97.2.0.192.late.example.org", "96.2.0.192.bl.example.org"}


def names(name, kind):
    """All the world's domains are there, but broken.* and most lists."""
    if name in LISTED:
        return ["127.0.0.2"] if kind == "A" else []
    if name.endswith((".bl.example.org", ".late.example.org")):
        return None
    if name.startswith("broken.") or name == "broken":
        return None
    if name.endswith(".in-addr.arpa"):
        return (["client.example.net"] if kind == "PTR" and
                name.startswith("2.0.31.172.") else None)
    if name == "client.example.net":
        return [TESTER] if kind == "A" else []
    return ["192.0.2.200"] if kind == "A" else []


class Imported(servers.Postfix):
    MAIN = "".join(line + "\n" for line in servers.Postfix.MAIN.splitlines()
                   if not line.startswith(OURS + ("smtpd_peername",)))

    def complaints(self):
        """What postconf and postfix check say of main.cf."""
        said = subprocess.run(["postconf", "-c", self.etc, "-n"], text=True,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE).stderr
        return said + self._postfix("check")[1]

    def warnings(self):
        with open(self.log) as f:
            return [line for line in f if "smtpd[" in line and
                    ("warning: " in line or "fatal: " in line)]


class Asker:
    """One session, in which the client changes."""

    def __init__(self):
        self.smtp = smtplib.SMTP("127.0.0.1", servers.SMTP_PORT, timeout=60)
        self.smtp.ehlo("client.example.com")

    def ask(self, client, sender, recipient, name="mx.foreign.example"):
        """The reply to RCPT; name: of the client, "" without one."""
        self.smtp.rset()
        name = name or "[UNAVAILABLE]"
        code, text = self.smtp.docmd("XCLIENT", "NAME=%s REVERSE_NAME=%s ADDR=%s"
                                     % (name, name, client))
        if code != 220:
            raise RuntimeError("XCLIENT: %d %s" % (code, text))
        self.smtp.ehlo("client.example.com")
        code, text = self.smtp.mail(sender)
        if code == 250:
            code, text = self.smtp.rcpt(recipient)
        return "%d %s" % (code, text.decode())

    def size(self):
        return self.smtp.esmtp_features.get("size")


def check(asker, name, table):
    """table: (what, reply begins with, client, sender, recipient, name...)"""
    for what, want, *words in table:
        got = asker.ask(*words)
        ok(got.startswith(want), "%s: %s: %s" % (name, what, want), got)


def relays_nothing(name, *own):
    """Each form that testers try, by our own tester."""
    done = subprocess.run(
        [imports.PBSCTL, "relay-check", "--json", "--source", TESTER,
         "--to", FOREIGN,
         *["--own=" + d for d in own], *["--relayed=" + d for d in own],
         "%s:%d" % (SERVER, servers.SMTP_PORT)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    forms = [json.loads(line) for line in done.stdout.splitlines()]
    by = {v: [f for f in forms if f.get("verdict") == v]
          for v in ("OPEN", "closed", "unclear")}
    equal((by["OPEN"], done.returncode), ([], 69 if by["unclear"] else 0),
          name + ": relays nothing", done.stdout[-2000:], done.stderr)
    # smap's own codes may be 4xx: for a sender without a full domain.
    equal([f for f in by["unclear"] if
           "." in f["from"].partition("@")[2]], [],
          name + ": what is put off is not for its recipient")
    ok(len(by["closed"]) >= 25, "%s: %d forms were refused" % (
        name, len(by["closed"])), done.stdout[-2000:])


def served(made, site_dir, name, scenario):
    server = Imported(site_dir, "", made.main_cf() + POSE)
    equal(server.complaints(), "", name + ": Postfix finds nothing wrong")
    server.start()
    try:
        asker = Asker()
        scenario(asker)
        asker.smtp.close()
        equal(server.warnings(), [], name + ": nor does smtpd")
    finally:
        server.stop()


def our_map(where, *addresses):
    path = os.path.join(where, "pbs")
    with open(path, "w") as f:
        f.writelines("%s 1\n" % a for a in addresses)
    subprocess.run(["postmap", "-c", imports.CONFIG, "hash:" + path],
                   check=True)
    return "hash:" + path


# --- XMail --------------------------------------------------------------------

def mail_root():
    user = ("p4ssword", "1")
    return imports.MailRoot({
        "server.tab": [
            ("EnableAuthSMTP-POP3", "1"), ("SmtpConfig", "mail-auth,WantTLS"),
            ("SmtpConfig-192.0.2.1", "mail-auth"),
            ("DefaultSmtpPerms", "MRVZ"), ("CheckMailerDomain", "1"),
            ("SMTP-RDNSCheck", "1"), ("MaxMessageSize", "1024"),
            ("AllowNullSender", "1"), ("SMTP-MaxErrors", "9"),
            ("SMTP-IpMapDropCode", "1"),
            ("CustMapsList", "bl.example.org.:1,late.example.org.:0,"
                             "relays.ordb.org.:1,slow.example.org.:-5")],
        "smtprelay.tab": [("10.0.0.0", "255.0.0.0"), ("0.0.0.0", "0.0.0.0")],
        "smtp.ipmap.tab": [
            ("203.0.113.77", "255.255.255.0", "DENY", "1"),
            ("203.0.113.9", "255.255.255.255", "ALLOW", "2"),
            ("100.64.0.7", "255.255.0.255", "DENY", "3")],
        "smtp.ipprop.tab": [("100.64.1.7/32", "WhiteList=1", "NoAuth=1"),
                            ("192.0.2.96/32", "WhiteList=1")],
        "spammers.tab": [("100.64.1.0", "255.255.255.0"),
                         ("100.64.2.0/24", "code=0"),
                         ("100.64.3.0/24", "code=-1")],
        "spam-address.tab": [("*@spam.example",), ("bulk[0-9]*@*",)],
        "domains.tab": [("example.com",), ("example.org",)],
        "aliasdomain.tab": [("alias.example", "example.com"),
                            ("*.wild.example", "example.com")],
        "custdomains/cust.example.tab": "",
        "mailusers.tab": [("example.com", "ann", *user, "ann", "U"),
                          ("example.com", "off", *user, "off", "U")],
        "domains/example.com/off/user.tab": [("ReceiveEnable", "0")],
        "aliases.tab": [("example.com", "postmaster", "ann"),
                        ("example.com", "sales-*", "ann"),
                        ("example.org", "*", "ann@example.com")],
        "cmdaliases/example.com/robot.tab": "", "smtpgw.tab": "x",
        "smtpfwd.tab": "x", "smtpauth.tab": "x", "filters.in.tab": "x",
        "pop3links.tab": "x", "ctrl.ipmap.tab": "x", "pop3.ipmap.tab": "x"})


KNOWN = ["ann@example.com", "ANN@example.com", "postmaster@example.com",
         "sales-eu@example.com", "robot@example.com", "any@example.org",
         "ann@alias.example", "ann@a.wild.example", "any@cust.example"]
UNKNOWN = ["nobody@example.com", "off@example.com", "sales@example.com",
           "nobody@alias.example", "nobody@a.wild.example"]
OUTSIDE = ["ann@sub.example.com", "ann@evilexample.com", "ann@wild.example",
           "ann@evilwild.example", "any@sub.cust.example"]


def xmail():
    where = imports.directory()
    users = our_map(where, LOGGED_IN, "100.64.2.9", "192.0.2.97")
    made = mail_root().made("--dbfile", users, "--xmail-args=-Se 600")
    ok(made.says("smtprelay.tab:2", "open relay"),
       "XMail: 0.0.0.0/0 is reported", made.said)

    def scenario(asker):
        s, own = "a@foreign.example", "ann@example.com"
        check(asker, "XMail", [
            ("a relay's network", "250", "10.1.2.3", s, FOREIGN),
            ("a login", "250", LOGGED_IN, s, FOREIGN),
            ("a stranger", "554 5.7.1", STRANGER, s, FOREIGN),
            ("a stranger, own sender", "554 5.7.1", STRANGER, own, FOREIGN),
            ("a stranger, null sender", "554 5.7.1", STRANGER, "", FOREIGN),
            ("ipmap DENY", "554 5.7.1", "203.0.113.5", s, own),
            ("ipmap ALLOW", "250", "203.0.113.9", s, own),
            ("ipmap ALLOW is no relay", "554", "203.0.113.9", s, FOREIGN),
            ("ipmap, a mask with a hole", "554", "100.64.9.7", s, own),
            ("beside it", "250", "100.64.9.8", s, own),
            ("a spammer", "554 5.7.1", "100.64.1.5", s, own),
            ("an exempted one", "250", "100.64.1.7", s, own),
            ("which may not relay", "554", "100.64.1.7", s, FOREIGN),
            ("a spammer, code 0", "554 5.7.1", "100.64.2.5", s, own),
            ("code 0, logged in", "250", "100.64.2.9", s, own),
            ("a list", "554 5.7.1", "192.0.2.99", s, own),
            ("a list, exempted", "250", "192.0.2.96", s, own),
            ("a list, code 0", "554 5.7.1", "192.0.2.98", s, own),
            ("a list, code 0, logged in", "250", "192.0.2.97", s, own),
            ("no name", "450 4.7.1", STRANGER, s, own, ""),
            ("no name, logged in", "250", LOGGED_IN, s, own, ""),
            ("a spammer's address", "504 5.7.1", STRANGER, "x@spam.example",
             own),
            ("another", "504 5.7.1", STRANGER, "bulk7@x.example", own),
            ("no such domain", "450 4.1.8", STRANGER, "x@broken.example", own),
            ("the null sender", "250", STRANGER, "", own)])
        check(asker, "XMail", [(r, "250", STRANGER, s, r) for r in KNOWN])
        check(asker, "XMail", [(r, "550 5.1.1", STRANGER, s, r)
                               for r in UNKNOWN])
        check(asker, "XMail", [(r, "554 5.7.1", STRANGER, s, r)
                               for r in OUTSIDE])
        before = time.monotonic()
        check(asker, "XMail", [("a slow one", "250", "100.64.3.5", s, own)])
        ok(time.monotonic() - before >= 1, "XMail: it had to wait a second")
        equal(asker.size(), "1048576", "XMail: the size of messages")
        relays_nothing("XMail", "example.com", "alias.example")

    served(made, where, "XMail", scenario)


def without_logins():
    where = imports.directory()
    root = mail_root()
    root.put("server.tab", [("EnableAuthSMTP-POP3", "1"),
                            ("DefaultSmtpPerms", "MVZ")])
    made = root.made("--dbfile", our_map(where, LOGGED_IN))

    def scenario(asker):
        check(asker, "XMail without R", [
            ("a login", "554 5.7.1", LOGGED_IN, "a@b.example", FOREIGN),
            ("a relay's network", "250", "10.0.0.1", "a@b.example", FOREIGN)])
        relays_nothing("XMail without R", "example.com")

    served(made, where, "XMail without R", scenario)


# --- smap ---------------------------------------------------------------------

NETPERM = """\
# every directive
smap, smapd:	userid 6
smap:	groupid 6
smap:	directory /var/spool/smap
*:	timeout 300
smap:	maxbytes 1000000
smap:	maxrecip 3
smap:	permit-hosts 10.* 192.168.1* 172.16.* mail.example.com *
smap:	deny-hosts 172.16.9.*
smap:	permit-domains example.com *example.org *.example.net *
smap:	scrub-spam 1
smap:	spam *ispamalot.example 203.0.113.* 192.0.2.66 unknown.example
smap:	require-full-email 1
smap:	check-from-address 1
smap:	check-user-too 0
smap:	broken-from *broken.trusted ann@broken.example
smap:	kill-mail *mx2.example 198.51.100.25
smap:	spam-block deny <*@foe.example> <ann@example.com>
smap:	spam-block allow <*@foe.example> <*@example.com>
smap:	spam-block deny <*@foe.example> <*>
smap:	spam-block deny <*> <secret@*>
smap:	spam-block allow <*@ispamalot.example> <bob@example.com>
smap:	spam-block allow <pal@*> <*>
smap:	spam-block allow <> <>
smap:	set-bad-address-errno 411
smap:	set-not-local-errno 551
smap:	set-reject-errno 451
smap:	set-kill-errno 555
smap:	max-email 10
smap:	max-dirent 10
smap:	badadmin root
"""


def smap():
    where = imports.directory()
    made = imports.smap(NETPERM, "--dbfile", our_map(where, LOGGED_IN))
    lost = [n for n, line in enumerate(NETPERM.splitlines(), 1)
            if made.says("netperm-table:%d" % n, "has no counterpart")]
    equal(lost, [2, 3, 4, 9, 29, 30, 31],
          "smap: those without a counterpart, and no others", made.said)

    def scenario(asker):
        s, own, mx2 = "a@friend.example", "bob@example.com", "a.mx2.example"
        check(asker, "smap", [
            ("permit-hosts", "250", "10.1.2.3", s, FOREIGN),
            ("permit-hosts, numbers", "250", "192.168.17.3", s, FOREIGN),
            ("beside them", "551", "192.168.2.3", s, FOREIGN),
            ("with a denied host", "551", "172.16.9.1", s, FOREIGN),
            ("they are not checked", "250", "10.1.2.3", "a", FOREIGN),
            ("a login", "250", LOGGED_IN, s, FOREIGN),
            ("set-not-local-errno", "551 5.7.1", STRANGER, s, FOREIGN),
            ("own sender", "551 5.7.1", STRANGER, own, FOREIGN),
            ("null sender", "551 5.7.1", STRANGER, "", FOREIGN),
            ("permit-domains", "250", STRANGER, s, own),
            ("it alone", "551", STRANGER, s, "bob@sub.example.com"),
            ("*domain", "250", STRANGER, s, "x@example.org"),
            ("and below", "250", STRANGER, s, "x@sub.example.org"),
            ("but not evil", "551", STRANGER, s, "x@evilexample.org"),
            ("*.domain", "250", STRANGER, s, "x@sub.example.net"),
            ("below alone", "551", STRANGER, s, "x@example.net"),
            ("spam, an address", "451 4.7.1", "203.0.113.5", s, own),
            ("spam, one address", "451 4.7.1", "192.0.2.66", s, own),
            ("beside it", "250", "192.0.2.6", s, own),
            ("spam, a name", "451 4.7.1", STRANGER, s, own,
             "mx.notispamalot.example"),
            ("spam, a sender", "451 4.7.1", STRANGER,
             "x@mail.ispamalot.example", "x@example.org"),
            ("spam, allowed by spam-block", "250", STRANGER,
             "x@ispamalot.example", own),
            ("kill-mail, an address", "555 5.7.1", "203.0.113.5", s, own, mx2),
            ("kill-mail, a sender", "555 5.7.1", STRANGER,
             "x@ispamalot.example", "x@example.org", mx2),
            ("kill-mail by address", "555 5.7.1", "198.51.100.25",
             "x@ispamalot.example", "x@example.org"),
            ("kill-mail, nothing wrong", "250", STRANGER, s, own, mx2),
            ("require-full-email", "411 4.5.2", STRANGER, "anna", own),
            ("check-from-address", "411 4.1.8", STRANGER, "x@broken.example",
             own),
            ("broken-from, exact", "250", STRANGER, "ann@broken.example", own),
            ("broken-from, a part", "250", STRANGER, "x@broken.trusted.example",
             own),
            ("the null sender", "250", STRANGER, "", own),
            ("spam-block, denied", "554 5.7.1", STRANGER, "x@foe.example",
             "ann@example.com"),
            ("spam-block, allowed", "250", STRANGER, "x@foe.example", own),
            ("spam-block, the rest", "554 5.7.1", STRANGER, "x@foe.example",
             "x@example.org"),
            ("spam-block, anybody", "554 5.7.1", STRANGER, s,
             "secret@example.com"),
            ("and nobody", "554 5.7.1", STRANGER, "", "secret@example.com"),
            ("an allowed one", "250", STRANGER, "pal@x.example", own),
            ("which is no relay", "551", STRANGER, "pal@x.example", FOREIGN)])
        equal(asker.size(), "1000000", "smap: maxbytes")
        replies = [asker.ask(STRANGER, s, own)] + [
            "%d" % asker.smtp.rcpt(own)[0] for _ in range(3)]
        equal([r[:3] for r in replies], ["250", "250", "250", "452"],
              "smap: maxrecip")
        relays_nothing("smap", "example.com", "example.org")

    served(made, where, "smap", scenario)


# --- namespaces of their own ----------------------------------------------------

servers.apart(SERVER, TESTER)
try:
    Resolver(imports.directory(), names)
    main(xmail, without_logins, smap)
finally:
    imports.close()
