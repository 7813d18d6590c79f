#!/usr/bin/env python3
# pbsctl import-xmail: the result for each file and variable of XMail, row by
# row, as postmap reads it; random tables compared with XMail's rules; and files
# that nobody would write.
# tests/run: timeout=600
import ipaddress
import os
import random
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import imports
from imports import MailRoot, xmail
from tap import contains, equal, main, ok, skip, skip_all

REFUSED = "554 5.7.1 Your address is not welcome here"
SPAMMER = "504 5.7.1 Your address is not welcome here"
OURS = "check_client_access hash:/var/lib/pop-before-smtp/pop-before-smtp"
CLIENTS, SENDERS, RELAY = ("smtpd_%s_restrictions" % w for w in
                           ("client", "sender", "relay"))
DOMAINS = [("example.com",), ("example.org",)]
USER = ("example.com", "ann", "s3cretANN", "1", "ann", "U")


def server(**variables):
    return [(name.replace("_", "-"), value)
            for name, value in variables.items()]


# --- one row after another --------------------------------------------------

def relays():
    made = xmail({"smtprelay.tab": [
        ("192.0.2.7", "255.255.255.0"), ("10.0.0.0/8",), ("198.51.100.9",),
        ("2001:db8:1::5/48",), ("::ffff:203.0.113.8/125",)]})
    equal((made.status, made.said), (0, ""), "relays: nothing is lost")
    equal(made.setting("mynetworks"), [
        "127.0.0.0/8", "192.0.2.0/24", "10.0.0.0/8", "198.51.100.9/32",
        "[2001:db8:1::]/48", "203.0.113.8/29"],
        "relays: host bits are masked off, mapped IPv4 is IPv4")
    contains(made.main_cf(), "# smtprelay.tab:1-5\nmynetworks = ",
             "relays: says which lines it is from")
    made = xmail({"smtprelay.tab": [
        ("8.0.0.0/8",), ("192.0.2.7", "0.255.255.255"), ("10.0.0.0/8",),
        ("2000:1::/31",), ("2001:db8::/32",)]})
    equal((made.status, len(made.said.splitlines())), (0, 3),
          "relays: wide ones are reported", made.said)
    for line, part in ((1, "lets 16777216 public addresses in 8.0.0.0/8"),
                       (2, "lets 256 public addresses in 0.0.0.0/0 relay"),
                       (4, "lets 2^97 public addresses in 2000::/31 relay")):
        ok(made.says("smtprelay.tab:%d" % line, part), "relays: " + part,
           made.said)
    for row in (("0.0.0.0", "0.0.0.0"), ("0.0.0.0/0",), ("::/0",),
                ("128.0.0.0/1",), ("10.0.0.0", "254.0.0.0"), ("2000::/3",),
                ("0.0.0.1", "0.0.0.1"), ("mail.example.com",), ("",),
                ("10.0.0.0/x",), ("10.0.0.0/",), ("10.0.0/8",),
                ("10.0.0.0", "255.0"), ("10.0.0.0", "ffff::"),
                ("::1", "255.0.0.0"), ("010.0.0.0/8",),
                ("::ffff:10.0.0.0/64",)):
        made = xmail({"smtprelay.tab": [("192.0.2.0/24",), row]})
        equal((made.status, made.setting("mynetworks")),
              (1, ["127.0.0.0/8", "192.0.2.0/24"]),
              "relays: %s: may not relay" % " ".join(row))
        ok(made.says("smtprelay.tab:2", "may not relay"),
           "relays: %s: is reported" % " ".join(row), made.said)
    made = xmail({"smtprelay.tab": [("192.0.2.1", "255.255.0.255")]})
    equal(len(made.lines("mynetworks")), 256, "relays: a mask with a hole")
    equal(made.ask("cidr", "mynetworks", ["192.0.9.1", "192.0.9.2"]),
          {"192.0.9.1": "OK"}, "relays: which postmap reads")
    equal(made.setting("mynetworks"), ["127.0.0.0/8", "cidr:DIR/mynetworks"],
          "relays: more than 50 networks are a table")
    made = xmail({"smtprelay.tab": [("%d.0.0.0/8" % i,) for i in range(1, 99)]})
    equal((made.status, made.setting("mynetworks")), (1, ["127.0.0.0/8"]),
          "relays: so many networks of their own make an open relay, too")


def pair():
    made = xmail({"smtp.ipmap.tab": [
        ("0.0.0.0", "0.0.0.0", "DENY", "1"),
        ("192.0.2.7", "255.255.255.0", "ALLOW", "2"),
        ("192.0.2.66", "255.255.255.255", "deny", "2")]})
    equal((made.status, made.said), (0, ""), "the pair: nothing is lost")
    equal(made.lines("clients"), [
        "192.0.2.66/32 " + REFUSED, "192.0.2.0/24 DUNNO",
        "0.0.0.0/0 " + REFUSED], "the pair: the table")
    equal(made.ask("cidr", "clients",
                   ["192.0.2.66", "198.51.100.1", "192.0.2.9"]),
          {"192.0.2.66": REFUSED, "198.51.100.1": REFUSED,
           "192.0.2.9": "DUNNO"}, "the pair: the answers")
    equal(made.setting(CLIENTS), ["check_client_access cidr:DIR/clients"],
          "the pair: main.cf asks it")


def ignored_rows():
    made = xmail({"smtp.ipmap.tab": [
        ("192.0.2.1", "255.255.255.255", "DENY"),
        ("192.0.2.2", "255.255.255.255", "DENY", "-2"),
        ("192.0.2.3", "255.255.255.255", "DENY", "-1"),
        ("192.0.2.4/32", "-", "DENY", "0"),
        ("192.0.2.5", "255.255.255.255", "allow", "9"),
        ("192.0.2.6", "255.255.255.255", "whatever", "9")]})
    equal(made.ask("cidr", "clients", ["192.0.2.%d" % i for i in range(1, 8)]),
          {"192.0.2.3": REFUSED, "192.0.2.4": REFUSED, "192.0.2.5": "DUNNO",
           "192.0.2.6": REFUSED}, "ipmap: rows that count, and others")
    ok(made.says("smtp.ipmap.tab:1", "fewer than 4 fields") and
       made.says("smtp.ipmap.tab:2", "below -1"), "ipmap: both are reported",
       made.said)
    equal(made.status, 0, "ipmap: XMail ignores these, too")


def lost_denials():
    for row in (("mail.example.com", "255.255.255.255", "DENY", "1"),
                ("10.0.0.0", "170.170.170.171", "DENY", "1"),
                ("10.0.0.0/x", "-", "DENY", "1"),
                ("10.0.0.0", "mask", "DENY", "1")):
        made = xmail({"smtp.ipmap.tab": [("192.0.2.1/32", "-", "DENY", "1"),
                                         row]})
        equal((made.status, os.listdir(made.where)), (1, []),
              "ipmap: %s: refused as a whole" % " ".join(row))
        ok(made.says("smtp.ipmap.tab:2", "cannot be refused"),
           "ipmap: %s: by name" % " ".join(row), made.said)
    made = xmail({"spammers.tab": [("host.example.com",)]})
    equal((made.status, os.listdir(made.where)), (1, []),
          "spammers: a name is refused as a whole, too")
    made = xmail({"smtp.ipmap.tab": [
        ("mail.example.com", "-", "ALLOW", "2"),
        ("0.0.0.0/0", "-", "DENY", "1")]})
    equal((made.status, made.lines("clients")), (1, ["0.0.0.0/0 " + REFUSED]),
          "ipmap: an ALLOW that is lost refuses more, and is left out")


def drop_codes():
    row = [("192.0.2.0/24", "-", "DENY", "1")]
    for code, where in (("1", ["check_client_access cidr:DIR/clients"]),
                        ("7", ["check_client_access cidr:DIR/clients"]),
                        ("0", ["permit_sasl_authenticated", OURS,
                               "check_client_access cidr:DIR/clients"])):
        made = xmail({"smtp.ipmap.tab": row,
                      "server.tab": server(SMTP_IpMapDropCode=code)})
        equal((made.setting(CLIENTS), made.lines("clients")),
              (where, ["192.0.2.0/24 " + REFUSED]), "drop code " + code)
    made = xmail({"smtp.ipmap.tab": row,
                  "server.tab": server(SMTP_IpMapDropCode="-5")})
    equal((made.setting(CLIENTS), made.lines("clients"),
           made.setting("smtpd_restriction_classes"),
           made.setting("xmail_slow")),
          (["permit_sasl_authenticated", OURS,
            "check_client_access cidr:DIR/clients"],
           ["192.0.2.0/24 xmail_slow"], ["xmail_slow"], ["sleep 5"]),
          "drop code -5: slowed down, unless it has logged in")


def spammers():
    made = xmail({"spammers.tab": [
        ("192.0.2.0", "255.255.255.0"), ("192.0.2.0/24", "code=0"),
        ("198.51.100.0/25", "code=0"), ("198.51.100.0/24",),
        ("203.0.113.1", "255.255.255.255", "code=-3"),
        ("203.0.113.2/32", "code=-4"), ("203.0.113.3/32", "code=1"),
        ("203.0.113.4",)]})
    keys = ["192.0.2.1", "198.51.100.1", "198.51.100.200", "203.0.113.1",
            "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5"]
    equal(made.ask("cidr", "spammers", keys), dict(zip(
        keys, [REFUSED, "DUNNO", REFUSED, "DUNNO", "DUNNO", REFUSED,
               REFUSED])), "spammers: those refused at once; the first wins")
    equal(made.ask("cidr", "spammers-late", keys), dict(zip(
        keys, ["DUNNO", REFUSED, "DUNNO", "xmail_slow", "xmail_slow_4",
               "DUNNO", "DUNNO"])), "spammers: those that may log in")
    equal((made.setting(CLIENTS), made.setting("smtpd_restriction_classes"),
           made.setting("xmail_slow_4")),
          (["check_client_access cidr:DIR/spammers",
            "permit_sasl_authenticated", OURS,
            "check_client_access cidr:DIR/spammers-late"],
           ["xmail_slow", "xmail_slow_4"], ["sleep 4"]),
          "spammers: where both are asked")


def exemptions():
    made = xmail({
        "smtp.ipprop.tab": [("192.0.2.128/25", "WhiteList=1"),
                            ("192.0.2.5/32", "WhiteList"),
                            ("192.0.2.6/32", "WhiteList=0", "NoAuth=1")],
        "smtp.ipmap.tab": [("192.0.2.0/24", "-", "DENY", "1")],
        "spammers.tab": [("192.0.2.0/24",)],
        "server.tab": server(CustMapsList="bl.example.org.:1")})
    for name in "clients", "spammers":
        equal(made.ask("cidr", name, ["192.0.2.129", "192.0.2.5", "192.0.2.6"]),
              {"192.0.2.129": "DUNNO", "192.0.2.5": "DUNNO",
               "192.0.2.6": REFUSED}, "exemptions: in front of " + name)
    equal(made.setting(CLIENTS), [
        "check_client_access cidr:DIR/clients",
        "check_client_access cidr:DIR/spammers",
        "check_client_access cidr:DIR/whitelist",
        "reject_rbl_client bl.example.org"],
        "exemptions: and before the lists")
    equal(made.ask("cidr", "whitelist", ["192.0.2.129", "192.0.2.6"]),
          {"192.0.2.129": "OK"}, "exemptions: for these alone")
    ok(made.says("smtp.ipprop.tab:3", "NoAuth=1: is not carried over"),
       "exemptions: other properties are reported", made.said)


def block_lists():
    made = xmail({"server.tab": server(
        CustMapsList="one.example.org.:1,relays.ordb.org.:1,"
                     "two.example.org.:0,three.example.org.:-9,"
                     "dnsbl.njabl.org.:0,bad name.:1,nocode")})
    equal(made.setting(CLIENTS), [
        "reject_rbl_client one.example.org", "permit_sasl_authenticated",
        OURS, "reject_rbl_client two.example.org"],
        "lists: at once, or after those who have logged in")
    contains(made.main_cf().replace("\n# ", " "),
             "reject_rbl_client relays.ordb.org: closed in 2006; since "
             "2008 it lists every address of the world",
             "lists: a dead one is a comment, with the year")
    contains(made.main_cf(), "# reject_rbl_client dnsbl.njabl.org: closed in "
             "2013", "lists: another dead one")
    for part in ("three.example.org: Postfix cannot slow", "bad name: is not",
                 "nocode: has no code"):
        ok(made.says("server.tab:1", part), "lists: reported: " + part,
           made.said)
    equal(made.status, 1, "lists: not all is carried over")


def sender_patterns():
    patterns = ["*@spam.com", "bob?@x.*", "[a-c]x@y.com", "q[^0-9]@y.com",
                "a\\*b@z.com", "plain@z.com", "+(|)$@z.com", "s/l@z.com"]
    made = xmail({"spam-address.tab": [(p,) for p in patterns]})
    asked = ["u@spam.com", "U@SPAM.COM", "u@xspam.com", "u@spam.com.org",
             "u@spamXcom", "bob1@x.org", "bob@x.org", "bx@y.com", "dx@y.com",
             "qz@y.com", "q5@y.com", "a*b@z.com", "aab@z.com", "plain@z.com",
             "+(|)$@z.com", "s/l@z.com", "<>"]
    want = {"u@spam.com", "U@SPAM.COM", "bob1@x.org", "bx@y.com", "qz@y.com",
            "a*b@z.com", "plain@z.com", "+(|)$@z.com", "s/l@z.com"}
    for engine in imports.engines():
        equal(made.ask(engine, "senders", asked),
              {a: SPAMMER for a in asked if a in want},
              "senders: patterns, by " + engine)
    equal((made.status, made.setting(SENDERS)),
          (0, ["check_sender_access regexp:DIR/senders"]),
          "senders: main.cf asks them")
    for pattern in ("[abc", "a[", "b\\", "[]x@y", "caf\u00e9@x.org", "a\x01b",
                    "*x" * 17):
        made = xmail({"spam-address.tab": "ok@x.org\n%s\n" % pattern})
        equal((made.status, made.lines("senders")),
              (1, ["/^ok@x\\.org$/ " + SPAMMER]),
              "senders: %r is left out" % pattern[:20])
        ok(made.says("spam-address.tab:2", "is left out"),
           "senders: %r is reported" % pattern[:20], made.said)
    for pattern, null in (("*", True), ("**", True), ("??", False),
                          ("<*", False), ("?*", False), ("[<]?", False)):
        made = xmail({"spam-address.tab": [(pattern,)]})
        for engine in imports.engines():
            equal("<>" in made.ask(engine, "senders", ["<>"]), null,
                  "senders: %s and the null sender, by %s" % (pattern, engine))


def logins():
    before = ["permit_mynetworks", "permit_sasl_authenticated"]
    after = ["reject_unauth_destination"]
    for value, pop in ((None, True), ("1", True), ("0", False), ("2", True),
                       ("-1", True)):
        variables = [] if value is None else [("EnableAuthSMTP-POP3", value)]
        made = xmail({"server.tab": variables + [("MaxMessageSize", "1")]})
        equal((made.setting(RELAY), made.has("pop-before-smtp.yaml.xmail"),
               made.setting("smtpd_sasl_auth_enable")),
              (before + [OURS] * pop + after, pop, None if pop else ["yes"]),
              "logins: EnableAuthSMTP-POP3 %r" % value)
    for value in "no", "", "1x", "0x1", "99999999999":
        made = xmail({"server.tab": [("EnableAuthSMTP-POP3", value),
                                     ("SMTP-RDNSCheck", "1")]})
        equal((made.status, made.setting(RELAY), made.setting(CLIENTS),
               made.has("pop-before-smtp.yaml.xmail"),
               made.setting("smtpd_sasl_auth_enable")),
              (1, before + after, [
                  "permit_sasl_authenticated",
                  "reject_unknown_reverse_client_hostname"], False, None),
              "logins: EnableAuthSMTP-POP3 %r: nobody relays" % value)
        equal([line.partition("server.tab:1: ")[2]
               for line in made.said.splitlines()],
              ["EnableAuthSMTP-POP3: is not carried over: '%s' is not a "
               "number" % value],
              "logins: EnableAuthSMTP-POP3 %r: reported once" % value)
    made = xmail({"server.tab":
                  '#"EnableAuthSMTP-POP3"\t"0"\n"MaxMessageSize"\t"1"\n'})
    equal(made.setting(RELAY), before + [OURS] + after,
          "logins: as shipped, that line is a comment")
    made = xmail({"server.tab": server(DefaultSmtpPerms="MVZ")})
    equal((made.setting(RELAY), made.says("server.tab:1", "has no R")),
          (before + after, True), "logins: without the permission to relay")
    made = xmail({"server.tab": server(MaxMessageSize="1")})
    contains(made.text("pop-before-smtp.yaml.xmail"), "\ngrace: 900\n",
             "logins: 900 seconds")
    contains(made.text("pop-before-smtp.yaml.xmail"),
             "\npolicy:\n  sender_binding: always\n",
             "logins: for the account's own sender")
    for args, grace in (("-Ms /x -Se 1200 -St 5", 1200), ("-Se77", 77),
                        ("-Se 5 -Se 999999", 999999), ("-Sl", 900),
                        ("-Ms /mail-Server", 900)):
        made = xmail({"server.tab": server(MaxMessageSize="1")},
                     "--xmail-args=" + args)
        equal((made.status, made.said), (0, ""), "logins: %r: no remark" % args)
        contains(made.text("pop-before-smtp.yaml.xmail"),
                 "\ngrace: %d\n" % grace, "logins: %r" % args)
    for args, value in (("-Se x", "x"), ("-Se -5", "-5"), ("-Se 15m", "15m"),
                        ("-Se 0", "0"), ("-Se 99999999", "99999999"),
                        ("-Se 1000000", "1000000"), ("-Se", ""),
                        ("-Se 99999999999999999999", "99999999999999999999")):
        made = xmail({"server.tab": server(MaxMessageSize="1")},
                     "--xmail-args=" + args)
        equal((made.status, len(made.said.splitlines())), (1, 1),
              "logins: %s: reported" % args)
        contains(made.said, "--xmail-args: -Se: '%s' is not a number of "
                 "seconds" % value, "logins: %s: by what is wrong" % args)
        ok("grace:" not in made.text("pop-before-smtp.yaml.xmail"),
           "logins: %s: no grace is made up" % args)
    made = xmail({"server.tab": server(MaxMessageSize="1")},
                 "--dbfile=lmdb:/x/y")
    equal(made.setting(RELAY)[2], "check_client_access lmdb:/x/y",
          "logins: another map")


def options():
    made = xmail({"server.tab": [("SmtpConfig", "mail-auth,WantTLS,other"),
                                 ("SmtpConfig-192.0.2.1", "mail-auth"),
                                 ("SmtpConfig-192.0.2.1,25", "WantTLS")]})
    equal((made.setting(CLIENTS), made.setting("smtpd_tls_security_level")),
          (None, None), "options: nothing is in effect")
    contains(made.main_cf(), "#smtpd_client_restrictions = "
             "permit_sasl_authenticated,\n#    " + OURS + ", reject\n",
             "options: mail-auth is a comment")
    contains(made.main_cf(), "#smtpd_tls_security_level = encrypt\n",
             "options: WantTLS is a comment")
    contains(made.main_cf().replace("\n# ", " "), "mail from outside ends",
             "options: with a warning")
    for line, part in ((1, "other: is not"), (2, "SmtpConfig-192.0.2.1: is"),
                       (3, "SmtpConfig-192.0.2.1,25: is not carried over")):
        ok(made.says("server.tab:%d" % line, part),
           "options: reported: " + part, made.said)
    made = xmail({"server.tab": [("SmtpConfig", "mail-auth=0,MailAuth=0")]})
    ok("#smtpd_client" not in made.main_cf(), "options: =0 is off")
    made = xmail({"server.tab": [("SmtpConfig", "MailAuth=1")]})
    contains(made.main_cf(), "#smtpd_client", "options: the other spelling")


def lookups():
    made = xmail({"server.tab": server(CheckMailerDomain="1",
                                       SMTP_RDNSCheck="1")})
    equal((made.status, made.setting(SENDERS), made.setting(CLIENTS)),
          (0, ["reject_unknown_sender_domain"],
           ["permit_sasl_authenticated", OURS,
            "reject_unknown_reverse_client_hostname"]),
          "lookups: the sender's domain, the client's name")
    made = xmail({"server.tab": server(CheckMailerDomain="0",
                                       SMTP_RDNSCheck="-3")})
    equal((made.status, made.setting(SENDERS), made.setting(CLIENTS)),
          (1, None, None), "lookups: off, and without a counterpart")
    ok(made.says("server.tab:2", "SMTP-RDNSCheck"), "lookups: reported",
       made.said)


def sizes():
    for value, want in (("1024", ["1048576", None]), ("0", ["0", "0"]),
                        ("50000", ["51200000", None]),
                        ("100000", ["102400000", "102400000"])):
        made = xmail({"server.tab": server(MaxMessageSize=value)})
        got = made.settings()
        equal(([got.get("message_size_limit"), got.get("mailbox_size_limit")],
               got.get("virtual_mailbox_limit")), (want, want[1]),
              "sizes: %s KB, which a mailbox must hold" % value)
    for value in "-1", "99999999999999999999", "abc", "10M", "", "1 2":
        made = xmail({"server.tab": server(MaxMessageSize=value)})
        equal((made.status, made.setting("message_size_limit")), (1, None),
              "sizes: %r is not a number" % value)
        ok(made.says("server.tab:1", "MaxMessageSize: is not carried over: "
                     "'%s' is not" % value), "sizes: reported", made.said)


def numbers():
    """What XMail reads as a number although it is not one."""
    made = xmail({"server.tab": server(
        CheckMailerDomain="yes", SMTP_RDNSCheck="1s", SmtpConfig="mail-auth=on",
        CustMapsList="a.example.:one,b.example.:0,c.example.:")})
    equal((made.status, made.setting(SENDERS), made.setting(CLIENTS)),
          (1, None, ["permit_sasl_authenticated", OURS,
                     "reject_rbl_client b.example"]), "numbers: server.tab")
    ok("#smtpd_client_restrictions" not in made.main_cf(),
       "numbers: not even as a comment", made.main_cf())
    for line, part in ((1, "'yes' is not a number"),
                       (2, "'1s' is not a number"),
                       (3, "mail-auth: is not carried over: 'on' is not"),
                       (4, "a.example: is not asked: 'one' is not a code"),
                       (4, "c.example: is not asked: '' is not a code")):
        ok(made.says("server.tab:%d" % line, part), "numbers: " + part,
           made.said)
    made = xmail({"server.tab": server(SMTP_IpMapDropCode="later"),
                  "smtp.ipmap.tab": [("192.0.2.7", "255.255.255.255", "DENY",
                                      "1")],
                  "spammers.tab": [("192.0.2.8/32", "code=x")],
                  "smtp.ipprop.tab": [("192.0.2.7/32", "WhiteList=x")]})
    equal((made.status, made.ask("cidr", "clients", ["192.0.2.7"]),
           made.ask("cidr", "spammers", ["192.0.2.8"])),
          (1, {"192.0.2.7": REFUSED}, {"192.0.2.8": REFUSED}),
          "numbers: what refuses does so at once")
    for line, part in (("server.tab:1", "'later' is not a number"),
                       ("spammers.tab:1", "code=x: is not carried over"),
                       ("smtp.ipprop.tab:1", "WhiteList=x: is not carried")):
        ok(made.says(line, part), "numbers: " + part, made.said)
    made = xmail({"smtp.ipmap.tab": [
        ("192.0.2.0", "255.255.255.0", "ALLOW", "high"),
        ("0.0.0.0", "0.0.0.0", "DENY", "1")]})
    equal((made.status, made.says("smtp.ipmap.tab:1", "precedence is not a"),
           made.ask("cidr", "clients", ["192.0.2.7"])),
          (1, True, {"192.0.2.7": REFUSED}),
          "numbers: a precedence of what allows: left out")
    made = xmail({"smtp.ipmap.tab": [
        ("192.0.2.0", "255.255.255.0", "DENY", "high")]})
    equal((made.status, made.says("smtp.ipmap.tab:1", "cannot be refused: its "
                                  "precedence"), os.listdir(made.where)),
          (1, True, []), "numbers: of what refuses: nothing is written")
    made = xmail({"domains.tab": DOMAINS, "mailusers.tab": [USER],
                  "domains/example.com/ann/user.tab": [("ReceiveEnable",
                                                        "yes")]})
    equal((made.status, made.lines("recipients"),
           made.says("user.tab:1", "ReceiveEnable: 'yes' is not a number")),
          (1, ["ann@example.com\tok"], True),
          "numbers: a known recipient is not refused")


def domains():
    made = xmail({"domains.tab": DOMAINS + [("EXAMPLE.net",)],
                  "aliasdomain.tab": [("alias.example", "example.com"),
                                      ("*.wild.example", "example.org")],
                  "custdomains/cust.example.tab": "",
                  "custdomains/.below.example.tab": "",
                  "mailusers.tab": [USER]})
    equal(made.setting("relay_domains"), [
        "example.com", "example.org", "example.net", "alias.example",
        ".wild.example", ".below.example", "cust.example"],
        "domains: own, aliases and custom ones")
    parents = made.setting("parent_domain_matches_subdomains")
    ok("relay_domains" not in parents and "smtpd_access_maps" in parents,
       "domains: each is itself alone", parents)
    equal(made.status, 0, "domains: nothing is lost")
    for name, files in (
            ("localhost", {"domains.tab": [("localhost",)]}),
            ("a domain with a dot", {"domains.tab": [(".example.com",)]}),
            ("*", {"aliasdomain.tab": [("*", "example.com")]}),
            ("*.com", {"aliasdomain.tab": [("*.com", "example.com")]}),
            ("a*.example", {"aliasdomain.tab": [("a*.example", "x.y")]}),
            (".tab", {"custdomains/.tab": ""}),
            (".com.tab", {"custdomains/.com.tab": ""}),
            ("$(x).example", {"domains.tab": [("$(x).example",)]}),
            ("a comma", {"domains.tab": [("a.example,b.example",)]}),
            ("a brace", {"domains.tab": [("a}.example",)]}),
            ("a newline", {"custdomains/x\nrelay_domains=y.example.tab": ""})):
        made = xmail(files)
        equal((made.status, made.setting("relay_domains")), (1, [""]),
              "domains: %s is left out" % name)
        ok(made.said, "domains: %s is reported" % name)


def recipients():
    made = xmail({
        "domains.tab": DOMAINS,
        "aliasdomain.tab": [("alias.example", "example.com"),
                            ("*.wild.example", "example.com")],
        "mailusers.tab": [USER, ("example.com", "Bob.B", "s3cretBOB", "2",
                                 "bob", "U"),
                          ("example.com", "list", "s3cretLST", "3", "list",
                           "M"),
                          ("example.com", "off", "s3cretOFF", "4", "off", "U"),
                          ("example.com", "on", "s3cretON1", "5", "on", "U")],
        "domains/example.com/off/user.tab": [("ReceiveEnable", "0")],
        "domains/example.com/on/user.tab": [("ReceiveEnable", "1"),
                                            ("SmtpPerms", "MVZ")],
        "aliases.tab": [("example.com", "postmaster", "ann"),
                        ("example.com", "sales-*", "ann"),
                        ("*", "abuse", "ann@example.com"),
                        ("*.org", "web?", "ann@example.com"),
                        ("example.org", "*", "ann@example.com")],
        "cmdaliases/example.com/robot.tab": "",
        "custdomains/cust.example.tab": ""})
    keys = dict(line.split("\t") for line in made.lines("recipients"))
    want = {u + "@" + d for d in ("example.com", "alias.example") for u in (
        "ann", "bob.b", "list", "on", "postmaster", "abuse", "robot")}
    want |= {"@example.org", "@cust.example", "abuse@example.org"}
    equal(keys, {k: "ok" for k in want}, "recipients: exact ones")
    equal(made.ask("hash", "recipients", sorted(want) + ["x@example.com"]),
          keys, "recipients: as a map")
    rules = ["sales-eu@example.com", "sales-@alias.example",
             "sales-eu@a.wild.example", "ann@b.wild.example",
             "bob.b@a.wild.example", "webA@example.org"]
    none = ["sales@example.com", "xsales-eu@example.com",
            "sales-eu@example.org", "off@a.wild.example",
            "ann@wild.example", "ann@xwild.example", "bobXb@a.wild.example",
            "web@example.org", "ann@a.wild.example.net", "sales-eu@examplexcom",
            "sales-a@b@example.com"]
    for engine in imports.engines():
        equal(made.ask(engine, "recipients.plus", rules + none),
              {k: "ok" for k in rules},
              "recipients: patterns and domains below, by " + engine)
    equal((made.setting("relay_recipient_maps"),
           made.setting("unknown_relay_recipient_reject_code")),
          (["hash:DIR/recipients", "regexp:DIR/recipients.plus"], ["550"]),
          "recipients: main.cf asks both")
    ok(made.says("domains/example.com/off/user.tab:1", "ReceiveEnable") and
       made.says("domains/example.com/on/user.tab:2", "SmtpPerms"),
       "recipients: what an account may is reported", made.said)
    everything = made.said + "".join(
        made.text(n) for n in os.listdir(made.where) if not n.endswith(".db"))
    ok("s3cret" not in everything, "recipients: no password is anywhere")


def wrong_recipients():
    made = xmail({"domains.tab": DOMAINS, "mailusers.tab": tabs_of(
        USER, ("example.com", "a b", "s3cret", "1", "d", "U"),
        ("other.example", "ann", "s3cret", "1", "d", "U"),
        ("example.com", "short", "s3cret"),
        ("example.com", "up", "s3cret", "1", "../../x", "U"),
        ("example.com", "ann\\+.*", "s3cret", "1", "d", "U"),
        ("example.com", "", "s3cret", "1", "d", "U")) +
        "example.com bob s3cret 1 bob U\n"
        '"example.com" "eve" "s3cret" 1 "eve" "U"\n'})
    equal((made.status, made.lines("recipients")),
          (1, ["ann@example.com\tok"]), "recipients: all others are left out")
    for line in range(2, 10):
        ok(made.says("mailusers.tab:%d" % line, "is left out"),
           "recipients: line %d is reported" % line, made.said)
    ok("s3cret" not in made.said, "recipients: no password is shown",
       made.said)
    made = xmail({"domains.tab": DOMAINS})
    equal((made.status, made.setting("relay_recipient_maps")), (1, None),
          "recipients: none at all is reported, and no list refuses all")


def tabs_of(*rows):
    return imports.tabs(rows)


def leftovers():
    names = ["smtpgw.tab", "smtpfwd.tab", "smtpauth.tab", "filters.in.tab",
             "filters.out.tab", "pop3links.tab", "ctrl.ipmap.tab",
             "ctrlaccounts.tab", "pop3.ipmap.tab", "finger.ipmap.tab",
             "smtp.hnprop.tab", "userdef.tab", "something.else"]
    files = {name: "x" for name in names}
    files.update({"server.tab": [("RootDomain", "x"), ("AllowNullSender", "0"),
                                 ("SMTP-MaxErrors", "5"), ("POP3-x", "1")],
                  "spool/x": "", "logs/x": ""})
    made = xmail(files)
    for name in names:
        ok(any(s.startswith(os.path.dirname(s.split(": ")[0]) + "/" + name +
                            ": is not carried over")
               for s in made.said.splitlines()),
           "leftovers: %s is named" % name, made.said)
    for n, name in enumerate(("RootDomain", "AllowNullSender",
                              "SMTP-MaxErrors", "POP3-x"), 1):
        ok(made.says("server.tab:%d" % n, name + ": is not carried over"),
           "leftovers: %s is named" % name, made.said)
    ok("spool" not in made.said and "logs" not in made.said,
       "leftovers: the queue and the logs are not", made.said)
    equal(made.status, 1, "leftovers: not all was carried over")


# --- how TAB files are read -------------------------------------------------

def tab_rules():
    for name, text, want in (
            ("CR LF", "10.0.0.0/8\r\n", ["10.0.0.0/8"]),
            ("no newline at the end", "10.0.0.0/8", ["10.0.0.0/8"]),
            ("several TABs", "\t10.0.0.0\t\t\t255.0.0.0\n", ["10.0.0.0/8"]),
            ("# in the first byte only", "#10.0.0.0/8\n 10.0.0.0/8\n", []),
            ("what follows the quote", '"10.0.0.0"x\t"255.0.0.0" # c\n',
             ["10.0.0.0/8"]),
            ("a quote that is not closed", '"10.0.0.0\t"255.0.0.0\n',
             ["10.0.0.0/8"]),
            ("an escaped quote", '"10.0.0.0\\"/8"\n', []),
            ("split before quotes", '"10.0.0.0\t255.0.0.0"\n', []),
            ("empty lines", "\n\r\n\t\n10.0.0.0/8\n\n", ["10.0.0.0/8"]),
            ("a NUL", "10.0.0.0/8\0\n", []),
            ("too long", "10.0.0.0/8\t" + "x" * 600 + "\n", [])):
        made = xmail({"smtprelay.tab": text})
        equal(made.setting("mynetworks"), ["127.0.0.0/8"] + want,
              "TAB files: " + name)
    made = xmail({"smtp.ipmap.tab": '"192.0.2.1/32"\t-\tDENY\t1\t' +
                  "x" * 600 + "\n"})
    equal(made.lines("clients"), ["192.0.2.1/32 " + REFUSED],
          "TAB files: a long line refuses those in the part that XMail reads")


# --- files that nobody would write ------------------------------------------

def hostile():
    for name, data in (("10 MB in one line", b"a" * 10000000),
                       ("NULs", b"\0" * 100000), ("BOM alone", b"\xef\xbb\xbf"),
                       ("quotes alone", b'"' * 1000), ("binary",
                        bytes(range(256)) * 50), ("empty", b"")):
        files = {n: data for n in ("smtprelay.tab", "domains.tab",
                                   "aliasdomain.tab", "mailusers.tab",
                                   "aliases.tab", "spam-address.tab",
                                   "server.tab", "smtp.ipprop.tab")}
        made = xmail(files)
        ok(made.status in (0, 1), "%s: an answer" % name, made.status,
           made.said[:500])
        equal((made.setting("mynetworks"), made.setting("relay_domains")),
              (["127.0.0.0/8"], [""]), "%s: grants nothing" % name)
    for word in ("$(x)", "${x}", "a}", "a,b", "a\nb = c", "a\rb", "#", "a b"):
        made = xmail({"domains.tab": tabs_of((word + ".example",)),
                      "server.tab": tabs_of(
                          ("CustMapsList", word.replace(",", " ") +
                           ".example.:1")),
                      "mailusers.tab": tabs_of(
                          (word, word, "p", "1", "d", "U"))})
        ok(not made.setting("relay_domains")[0].strip() and
           "b" not in made.settings() and not made.setting(CLIENTS),
           "%r is never part of a setting" % word, made.main_cf())


def unreadable():
    def refused(name, root, code=66):
        where = imports.directory()
        done = imports.run("import-xmail", "--to", where, root)
        equal((done.returncode, os.listdir(where)), (code, []),
              "%s: nothing is written" % name, done.stderr.decode())
        ok(done.stderr.startswith(b"pbsctl: import-xmail: "),
           "%s: says why" % name, done.stderr.decode())
    for name in ("server.tab", "smtprelay.tab", "domains.tab", "aliases.tab",
                 "mailusers.tab", "smtp.ipmap.tab", "smtp.ipprop.tab",
                 "spammers.tab", "spam-address.tab", "aliasdomain.tab"):
        root = MailRoot({"tmp": ""})
        os.mkdir(os.path.join(root.path, name))
        refused("a directory as " + name, root.path)
    root = MailRoot()
    os.symlink("smtp.ipmap.tab", os.path.join(root.path, "smtp.ipmap.tab"))
    refused("a circle of symbolic links", root.path)
    root = MailRoot()
    os.mkfifo(os.path.join(root.path, "spammers.tab"))
    refused("a FIFO", root.path)
    root = MailRoot()
    root.put("custdomains", "x")
    refused("a file as custdomains", root.path)
    refused("no such directory", os.path.join(imports.directory(), "none"))
    refused("a directory of something else",
            MailRoot({"index.html": "x"}).path)
    refused("a file", __file__)


# --- options and output -----------------------------------------------------

def maps(root):
    """Only a map that the daemon keeps lets nobody else relay."""
    for right in ("hash:/x/y", "lmdb:/x/y", "cdb:/x/y",
                  "socketmap:unix:/x/y:pbs", "socketmap:unix:x/y:pbs",
                  "socketmap:inet:127.0.0.1:10025:pbs"):
        done = imports.run("import-xmail", "--dbfile", right, root.path)
        contains(done.stdout.decode(), "check_client_access " + right,
                 "--dbfile " + right)
    for wrong, why in (
            ("static:OK", "hash:/NAME, lmdb:/NAME, cdb:/NAME, socketmap:unix"),
            ("text:/x", "check_client_access can ask"),
            ("policy:unix:/x", "check_client_access can ask"),
            ("inline:{x=OK}", "check_client_access can ask"),
            ("/x", "check_client_access can ask"), ("hash:x", "absolute"),
            ("hash:", "absolute"), ("hash:/x/", "a directory"),
            ("hash:/x.db", "write '/x'"), ("hash:/x y", "main.cf cannot"),
            ("hash:/x\ny", "main.cf cannot"),
            ("socketmap:unix:/x,y:pbs", "main.cf cannot"),
            ("socketmap:/x", "socketmap:unix:PATH:MAP"),
            ("socketmap:unix:/x", "socketmap:unix:PATH:MAP"),
            ("socketmap:unix:/x:", "socketmap:unix:PATH:MAP"),
            ("socketmap:inet:127.0.0.1:pbs", "socketmap:inet:HOST:PORT:MAP")):
        done = imports.run("import-xmail", "--dbfile", wrong, root.path)
        equal((done.returncode, done.stdout), (64, b""),
              "--dbfile %r: 64" % wrong)
        contains(done.stderr.decode(), why, "and why")


def usage():
    root = MailRoot({"smtprelay.tab": [("10.0.0.0/8",)],
                     "smtp.ipmap.tab": [("192.0.2.1/32", "-", "DENY", "1")]})
    for words in ((), ("a", "b"), ("--only=clientz", root.path),
                  ("--to=/tmp/a b", root.path), ("--to=/tmp/$x", root.path),
                  ("--dbfile=x", root.path), ("--dbfile=a:b,c", root.path),
                  ("--nope", root.path), ("--to",)):
        done = imports.run("import-xmail", *words)
        equal(done.returncode, 64, "usage: %s" % " ".join(words))
    maps(root)
    done = imports.run("import-xmail", "--help")
    ok(done.returncode == 0 and b"MAILROOT" in done.stdout, "usage: --help")
    done = imports.run("import-xmail", "--only", "clients", root.path)
    equal((done.returncode, done.stdout.decode()),
          (0, "# smtp.ipmap.tab:1\n192.0.2.1/32 %s\n" % REFUSED),
          "one part alone")
    done = imports.run("import-xmail", root.path)
    contains(done.stdout.decode(), "\n--- clients\n# smtp.ipmap.tab:1\n",
             "all parts, each after its name")
    contains(done.stdout.decode(), "cidr:/etc/postfix/clients",
             "without --to, the tables are to be in /etc/postfix")
    with open("/dev/full", "w") as full:
        done = subprocess.run([imports.PBSCTL, "import-xmail", root.path],
                              stdout=full, stderr=subprocess.DEVNULL)
    equal(done.returncode, 74, "standard output is full")


def writing():
    root = MailRoot({"smtprelay.tab": [("10.0.0.0/8",)],
                     "smtp.ipmap.tab": [("192.0.2.1/32", "-", "DENY", "1")]})
    before = snapshot(root.path)
    where = os.path.join(imports.directory(), "new")
    done = imports.run("import-xmail", "--to", where, root.path)
    equal((done.returncode, done.stdout), (0, b""), "--to makes the directory")
    equal(sorted(os.listdir(where)),
          ["clients", "main.cf.xmail", "pop-before-smtp.yaml.xmail"],
          "--to: the files")
    equal({stat.S_IMODE(os.stat(os.path.join(where, n)).st_mode)
           for n in os.listdir(where)}, {0o644}, "--to: Postfix may read them")
    equal(snapshot(root.path), before, "MAILROOT is as it was")
    first = snapshot(where)
    os.chmod(where, 0o775)
    refused_write(where, root, "a directory that others may write", first)
    os.chmod(where, 0o755)
    os.rename(os.path.join(where, "clients"), os.path.join(where, "old"))
    os.symlink("old", os.path.join(where, "clients"))
    refused_write(where, root, "a symbolic link as the target",
                  snapshot(where))
    refused_write("/proc/nowhere", root, "a place that cannot be", None)


def make_map(path, keys):
    """As an administrator has it: postmap makes it, and its text is gone."""
    with open(path, "w") as f:
        f.writelines(key + " ok\n" for key in keys)
    subprocess.run(["postmap", "-c", imports.CONFIG, "hash:" + path],
                   check=True, timeout=120)
    os.remove(path)


def foreign():
    """What is there already and is not from this verb stays."""
    root = MailRoot({"smtp.ipmap.tab": [("192.0.2.1/32", "-", "DENY", "1")],
                     "domains.tab": DOMAINS, "mailusers.tab": [USER]})
    for name in ("clients", "recipients", "recipients.db", "main.cf.xmail"):
        where = imports.directory()
        with open(os.path.join(where, name), "w") as f:
            f.write("192.0.2.99 REJECT\n")
        refused_write(where, root, "a foreign " + name, snapshot(where), name)
        done = imports.run("import-xmail", "--force", "--to", where, root.path)
        with open(os.path.join(where, name), "rb") as f:
            ok(done.returncode == 0 and b"192.0.2.99" not in f.read(),
               "--force replaces " + name, done.stderr.decode())
        equal(os.path.exists(os.path.join(where, {
            "recipients.db": "recipients.previous.db"}.get(
                name, name + ".previous"))), True, "and keeps it: " + name)
    for name, made in (("a map", True), ("an empty map", False)):
        where = imports.directory()
        path = os.path.join(where, "recipients")
        if made:
            make_map(path, ["u%d@example.com" % i for i in range(100)])
        else:
            open(path + ".db", "wb").close()
        refused_write(where, root, name, snapshot(where), "recipients.db")
    where = imports.directory()
    for _ in range(2):
        done = imports.run("import-xmail", "--only", "clients", "--to", where,
                           root.path)
        equal((done.returncode, done.stderr), (0, b""),
              "a file of this verb is replaced")
    with open(os.path.join(where, "clients"), "w") as f:
        f.write("# Made by pbsctl import-smap, which replaces this file.\n")
    refused_write(where, root, "a file of another verb", snapshot(where))


def users(count, deny=10):
    """So many recipients and refused networks, and plus rules of an alias."""
    return {"domains.tab": DOMAINS, "mailusers.tab": [
        ("example.com", "u%d" % i, "p", "1", "u%d" % i, "U")
        for i in range(count)], "aliasdomain.tab": [("*.example.net",
                                                     "example.com")],
        "smtp.ipmap.tab": [("192.0.2.%d/32" % i, "-", "DENY", "1")
                           for i in range(deny)]}


def again():
    """A second import replaces the first, unless it is much smaller; what was
    there is kept."""
    where = imports.directory()

    def run(files, *words):
        done = imports.run("import-xmail", "--to", where, *words,
                           MailRoot(files).path)
        return done.returncode, done.stderr.decode()

    def asked(name):
        keys = imports.query("hash", os.path.join(where, name),
                             ["u%d@example.com" % i for i in range(12)])
        return len(keys)
    equal(run(users(10)), (0, ""), "again: the first import")
    first = snapshot(where)
    equal((run(users(10)), snapshot(where)), ((0, ""), first),
          "again: nothing changed: nothing is written")
    equal((run(users(11)), asked("recipients"), asked("recipients.previous")),
          ((0, ""), 11, 10), "again: a new user; the previous map is kept")
    contains(open(os.path.join(where, "recipients.plus")).read(), "u10)",
             "again: and its rule")
    ok("u10" not in open(os.path.join(
        where, "recipients.plus.previous")).read(), "again: so are the rules")
    present = snapshot(where)
    for files, what in (
            (users(7), "4 of 11 entries of recipients.db"),
            (users(11, 6), "4 of 10 entries of clients"),
            (users(11, 0), "10 of 10 entries of clients"),
            (dict(users(11), **{"mailusers.tab": ""}),
             "11 of 11 entries of recipients")):
        code, said = run(files)
        equal((code, snapshot(where)), (1, present),
              "again: %s: refused" % what, said)
        equal([line for line in said.splitlines() if "refused:" in line],
              [line for line in said.splitlines() if what in line],
              "again: %s: in one line" % what)
        contains(said, "--max-shrink or --force lets it pass",
                 "again: %s: with the way out" % what)
    equal((run(users(8))[0], asked("recipients")), (0, 8),
          "again: 3 of 11 may go")
    equal((run(users(4), "--max-shrink", "50"), asked("recipients")),
          ((0, ""), 4), "again: --max-shrink")
    equal((run(users(1), "--force"), asked("recipients")), ((0, ""), 1),
          "again: --force")
    equal((run(users(3)), run(users(1), "--only", "recipients")[0],
           asked("recipients")), ((0, ""), 1, 3),
          "again: one part alone is guarded, too")
    for wrong in "101", "-1", "x", "30%":
        equal(run(users(3), "--max-shrink", wrong)[0], 64,
              "again: --max-shrink %s: 64" % wrong)
    with open(os.path.join(where, "recipients.db"), "wb") as f:
        f.write(b"no map")
    code, said = run(users(3))
    ok(code == 1 and "--force" in said, "again: a map that is broken", said)
    equal((run(users(3), "--force")[0], asked("recipients")), (0, 3),
          "again: --force repairs it")


def refused_write(where, root, name, want, named=""):
    done = imports.run("import-xmail", "--to", where, root.path)
    equal(done.returncode, 73, name + ": 73", done.stderr.decode())
    contains(done.stderr.decode(), where, name + ": is named")
    contains(done.stderr.decode(), named, name + ": so is the file")
    if want is not None:
        equal(snapshot(where), want, name + ": nothing has changed")


def snapshot(top):
    found = {}
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            with open(path, "rb") as f:
                found[path] = (st.st_mtime_ns, st.st_ino, f.read())
    return found


# --- random tables against the rule -----------------------------------------

POOL = ["10.0.0.%d" % i for i in (0, 1, 2, 127, 128, 254, 255)] + \
       ["10.0.%d.1" % i for i in (1, 2, 128)] + \
       ["10.1.0.1", "11.0.0.1", "192.0.2.7", "0.0.0.0", "255.255.255.255"]
MASKS = ["255.255.255.255", "255.255.255.0", "255.255.255.128", "255.255.0.0",
         "255.0.0.0", "0.0.0.0", "255.255.255.1", "255.255.0.255",
         "255.0.255.0", "255.240.0.255", "0.0.255.255"]


def few_holes(mask):
    bits = format(int(ipaddress.ip_address(mask)), "032b").rstrip("0")
    return bits.count("0") <= 12


def random_row(rng):
    action = rng.choice(["ALLOW", "DENY", "allow", "deny", "Allow", "x"])
    precedence = str(rng.choice([-2, -1, 0, 1, 2, 3, 3, 10]))
    addr = rng.choice(POOL)
    kind = rng.random()
    if kind < .2:
        row = ["%s/%d" % (addr, rng.choice([0, 8, 15, 16, 24, 25, 31, 32])),
               "-", action, precedence]
    elif kind < .3:
        row = ["2001:db8::%d/%d" % (rng.randrange(4),
                                    rng.choice([0, 32, 126, 128])),
               "-", action, precedence]
    else:
        row = [addr, rng.choice([m for m in MASKS if few_holes(m)]), action,
               precedence]
    return tuple(row[:3] if rng.random() < .05 else row)


def row_matches(row, client):
    addr, slash, bits = row[0].partition("/")
    addr, client = ipaddress.ip_address(addr), ipaddress.ip_address(client)
    if addr.version != client.version:
        return False
    size = 32 if addr.version == 4 else 128
    mask = ((1 << size) - (1 << (size - int(bits))) if slash
            else int(ipaddress.ip_address(row[1])))
    return int(addr) & mask == int(client) & mask


def allowed(rows, client):
    """As XMail states it: the highest precedence, then the later line."""
    best = (-2, None)
    for row in rows:
        if (len(row) >= 4 and int(row[3]) >= -1 and int(row[3]) >= best[0]
                and row_matches(row, client)):
            best = (int(row[3]), row[2])
    return best[1] is None or best[1].upper() == "ALLOW"


def ipmap_oracle():
    rng, queries, wrong = random.Random(12), 0, []
    for table in range(120):
        rows = [random_row(rng) for _ in range(rng.randrange(1, 12))]
        clients = {rng.choice(POOL) for _ in range(8)} | {
            str(ipaddress.ip_address(rng.randrange(1 << 32)))
            for _ in range(12)} | {
            "10.%d.%d.%d" % (rng.choice([0, 0, 1, 15, 16]),
                             rng.randrange(256), rng.randrange(256))
            for _ in range(40)} | {"2001:db8::%d" % i for i in range(6)} | {
            "2001:db9::1"}
        made = xmail({"smtp.ipmap.tab": rows})
        said = (made.ask("cidr", "clients", clients)
                if made.has("clients") else {})
        queries += len(clients)
        wrong += [(rows, c, said.get(c)) for c in clients if
                  allowed(rows, c) != (said.get(c, "DUNNO") == "DUNNO")]
    equal(wrong[:2], [], "oracle: %d queries in 120 tables of smtp.ipmap.tab"
          % queries)
    ok(queries >= 5000, "oracle: enough of them", queries)


def xmail_matches(pattern, text):
    """XMail's own matching, in lower case."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return any(xmail_matches(rest, text[i:])
                   for i in range(len(text) + 1))
    if not text:
        return False
    if head == "?":
        return xmail_matches(rest, text[1:])
    if head == "\\":
        return text[0] == rest[:1] and xmail_matches(rest[1:], text[1:])
    if head == "[":
        end = rest.index("]")
        inside = rest[:end]
        negated = inside.startswith("^")
        return (set_has(inside[negated:], text[0]) != negated and
                xmail_matches(rest[end + 1:], text[1:]))
    return text[0] == head and xmail_matches(rest, text[1:])


def set_has(inside, c):
    i, previous = 0, "\U0010ffff"
    while i < len(inside):
        if inside[i] == "-":
            if previous <= c <= inside[i + 1]:
                return True
            i += 1
        elif inside[i] == c:
            return True
        previous = inside[i]
        i += 1
    return False


PIECES = ["*", "*", "?", "a", "b", "@", ".", "+", "[ab]", "[^ab]", "[a-c]",
          "[^a-c.]", "[0-9b]", "\\*", "\\?", "\\a", "|", "(", "$", "^", "/",
          "[.+]", "[^@]", "{", "-", "[@-b]"]


def pattern_oracle():
    rng, queries, wrong = random.Random(7), 0, []
    for _ in range(60):
        pattern = "".join(rng.choice(PIECES)
                          for _ in range(rng.randrange(1, 7)))
        if pattern.startswith("#"):
            continue
        texts = {"".join(rng.choice("aabbc@.+*?|($^/{-9")
                         for _ in range(rng.randrange(1, 7)))
                 for _ in range(80)}
        texts |= {pattern.replace("*", rng.choice(["", "a", "b.a"])).replace(
            "?", rng.choice("ab")).replace("\\", "") for _ in range(6)}
        texts = {t for t in texts if t and not t.startswith("#")}
        made = xmail({"spam-address.tab": [(pattern.replace('"', ''),)]})
        for engine in imports.engines():
            said = made.ask(engine, "senders", texts)
            queries += len(texts)
            wrong += [(pattern, t, engine) for t in texts
                      if (t in said) != xmail_matches(pattern, t)]
    equal(wrong[:3], [], "oracle: %d senders against random patterns, by %s"
          % (queries, " and ".join(imports.engines())))


# --- every file and variable is somewhere ------------------------------------

EVERY = ["smtprelay.tab", "smtp.ipmap.tab", "pop3.ipmap.tab",
         "ctrl.ipmap.tab", "finger.ipmap.tab", "spammers.tab",
         "spam-address.tab", "smtp.ipprop.tab", "domains.tab",
         "aliasdomain.tab", "mailusers.tab", "aliases.tab", "smtpgw.tab",
         "smtpfwd.tab", "smtpauth.tab", "filters.in.tab", "pop3links.tab"]
VARIABLES = {"EnableAuthSMTP-POP3": "1", "SmtpConfig": "mail-auth",
             "SmtpConfig-192.0.2.1": "WantTLS", "DefaultSmtpPerms": "MRVZ",
             "CheckMailerDomain": "1", "SMTP-RDNSCheck": "1",
             "MaxMessageSize": "5", "AllowNullSender": "1",
             "SMTP-MaxErrors": "3", "SMTP-IpMapDropCode": "0",
             "CustMapsList": "bl.example.org.:1"}


def every_one():
    """Each is said to be the source of something, or not carried over."""
    files = {name: [("192.0.2.1", "255.255.255.255", "DENY", "1")]
             for name in EVERY}
    files.update({
        "spam-address.tab": [("x@y.org",)], "domains.tab": DOMAINS,
        "smtprelay.tab": [("192.0.2.0/24",)], "spammers.tab": [("192.0.2.1",)],
        "smtp.ipprop.tab": [("192.0.2.9/32", "WhiteList=1")],
        "aliasdomain.tab": [("a.example", "example.com")],
        "mailusers.tab": [USER], "aliases.tab": [("example.com", "x", "ann")],
        "server.tab": list(VARIABLES.items())})
    made = xmail(files)
    sources = "".join(made.text(n) for n in os.listdir(made.where)
                      if not n.endswith((".db", ".yaml.xmail")))
    for name in EVERY:
        ok(name in sources or name + ": is not carried over" in made.said,
           "every one: " + name, sources, made.said)
    for n, name in enumerate(VARIABLES, 1):
        used = name in ("DefaultSmtpPerms", "SMTP-IpMapDropCode")
        ok(used or "server.tab:%d" % n in sources or
           made.says("server.tab:%d" % n, name), "every one: " + name,
           sources, made.said)


if not imports.postfix_reads("cidr"):
    skip_all("needs postmap")
if "pcre" not in imports.engines():
    skip("pcre", "postfix-pcre is not installed: only regexp is asked")
try:
    main(relays, pair, ignored_rows, lost_denials, drop_codes, spammers,
         exemptions, block_lists, sender_patterns, logins, options, lookups,
         sizes, numbers, domains, recipients, wrong_recipients, leftovers, tab_rules,
         hostile, unreadable, usage, writing, foreign, again,
         ipmap_oracle, pattern_oracle,
         every_one)
finally:
    imports.close()
