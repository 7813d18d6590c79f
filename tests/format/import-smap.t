#!/usr/bin/env python3
# pbsctl import-smap: the result for each attribute of a netperm-table, row by
# row, as postmap reads it; random patterns and chains compared with smap's
# rules; and tables that nobody would write.
# tests/run: timeout=600
import ipaddress
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import imports
from imports import smap
from tap import contains, equal, main, ok, skip, skip_all

CLIENTS, SENDERS, RELAY = ("smtpd_%s_restrictions" % w for w in
                           ("client", "sender", "relay"))


def refusal(code):
    return "%d %d.7.1 Mail from here is not welcome" % (code, code // 100)


def table(*lines):
    return "".join("smap: %s\n" % line for line in lines)


def made_of(*lines):
    return smap(table(*lines))


def networks(made):
    """Those of mynetworks, wherever they are."""
    words = made.setting("mynetworks")
    if made.has("mynetworks"):
        words = words[:1] + [line.split()[0]
                             for line in made.lines("mynetworks")]
    return words[1:]


# --- one row after another --------------------------------------------------

def wide_hosts():
    """More public addresses than one organisation has: carried over and
    reported."""
    for pattern, size, span in (
            ("8.*", 16777216, "8.0.0.0/8"), ("192.2*", 4390912, "192.0.0.0/8"),
            ("*.1.2.3", 256, "0.0.0.0/0")):
        made = made_of("permit-hosts 192.168.*", "permit-hosts " + pattern)
        equal((made.status, made.says(
            "netperm-table:2", "lets %d public addresses in %s relay"
            % (size, span)), len(made.said.splitlines())), (0, True, 1),
            "hosts: %s: is reported" % pattern, made.said)
    for pattern in "10.*", "192.168.*", "198.51.*", "203.0.113.*":
        equal(made_of("permit-hosts " + pattern).said, "",
              "hosts: %s: is not" % pattern)
    made = made_of(*["permit-hosts %d.*" % i for i in range(20, 36)])
    equal((made.status, made.said.count("16777216 public addresses")),
          (0, 16), "hosts: sixteen wide ones")
    made = made_of("permit-hosts 198.51.*", "permit-hosts 203.0.*")
    equal((made.status, made.said), (
        0, "netperm-table: all networks together let 131072 public IPv4 "
        "addresses relay: make sure that all of them are yours\n"),
        "hosts: two that are wide together are reported")
    made = made_of(*["permit-hosts %d.*" % i for i in range(256)])
    equal((made.status, networks(made)), (1, []), "hosts: all the world")
    contains(made.said, "so many addresses together", "hosts: is refused")


def hosts():
    made = made_of("permit-hosts 192.168.1.* 10.* 203.0.113.9",
                   "permit-hosts 192.0.2.1* 172.16.*.*")
    equal(networks(made)[:3], ["192.168.1.0/24", "10.0.0.0/8",
                               "203.0.113.9/32"], "hosts: numeric patterns")
    equal((made.status, made.said), (0, ""), "hosts: nothing is lost")
    contains(made.main_cf(), "# netperm-table:1-2\nmynetworks = ",
             "hosts: says which lines they are from")
    made = made_of("permit-hosts 192.168.1*")
    equal(networks(made), [
        "192.168.1.0/24", "192.168.10.0/23", "192.168.12.0/22",
        "192.168.16.0/22", "192.168.100.0/22", "192.168.104.0/21",
        "192.168.112.0/20", "192.168.128.0/18", "192.168.192.0/21"],
        "hosts: 192.168.1* is nine networks")
    equal(networks(made_of("permit-hosts 172.16.*.*")), ["172.16.0.0/16"],
          "hosts: two stars")
    wide_hosts()
    for pattern in ("*", "0.0.0.0/0", "*.*.*.*", "1*", "*1", "mail.example.com",
                    "*.example.com", "10.*.1.*.9", "300.*", "1.2.3", "::1",
                    "*.*.*.*.*", "unknown"):
        made = made_of("permit-hosts 192.0.2.0 " + pattern)
        equal((made.status, networks(made)), (1, ["192.0.2.0/32"]),
              "hosts: %s may not relay" % pattern)
        ok(made.says("netperm-table:1", pattern + ": may not relay"),
           "hosts: %s is reported" % pattern, made.said)
    made = made_of(*["permit-hosts %d.*" % i for i in range(1, 99)])
    equal((made.status, networks(made)), (1, []),
          "hosts: so many networks make an open relay, too")


def denied_hosts():
    for pattern in ("192.0.2.9", "192.0.*", "192.0.2.1*", "*", "*.9",
                    "mail.example.com", "unknown", "192.0.2.9/32", "300.*"):
        deny = "deny-hosts 172.16.0.1 " + pattern
        for n, lines in enumerate(([deny, "permit-hosts 192.0.2.*"],
                                   ["permit-hosts 192.0.2.*", deny])):
            made = made_of(*lines)
            equal((made.status, networks(made)), (1, []),
                  "denied: %s: its network may not relay" % pattern)
            ok(made.says("netperm-table:%d" % (2 - n), "deny-hosts in line %d"
                         % (1 + n)), "denied: %s: says why" % pattern,
               made.said)
            ok(made.says("netperm-table:%d" % (1 + n),
                         "deny-hosts: has no counterpart"),
               "denied: %s is named" % pattern, made.said)
    made = made_of("permit-hosts 192.0.2.* 10.*", "deny-hosts 10.9.*")
    equal((made.status, networks(made)), (1, ["192.0.2.0/24"]),
          "denied: other networks may relay")


def domains():
    made = made_of("permit-domains example.com *Example.org *.example.net")
    equal(made.setting("relay_domains"), [
        "example.com", "example.org", ".example.org", ".example.net"],
        "domains: and those below")
    ok(made.says("netperm-table:1", "*example.org: narrowed"),
       "domains: what is narrowed is reported", made.said)
    ok("relay_domains" not in made.setting("parent_domain_matches_subdomains"),
       "domains: each is itself alone")
    equal(made.status, 0, "domains: that is all")
    for pattern in ("*", "*com", "*.com", "a*.example", "*a*.example", "corp",
                    ".example.com", "a,b.example", "$x.example", "a}.example"):
        made = made_of("permit-domains example.com " + pattern)
        equal((made.status, made.setting("relay_domains")),
              (1, ["example.com"]), "domains: %s is left out" % pattern)
        ok(made.says("netperm-table:1", "is left out"),
           "domains: %s is reported" % pattern, made.said)
    made = made_of("maxbytes 5")
    equal(made.setting("relay_domains"), [""], "domains: none is none")
    made = made_of("set-not-local-errno 550")
    equal(made.setting("relay_domains_reject_code"), ["550"],
          "domains: the code for others")


def spam():
    spam_line = "spam *ispamalot.com 203.0.113.* *.5 mx.bad.example unknown"
    made = made_of("scrub-spam 1", spam_line)
    asked = ["203.0.113.9", "203.0.114.9", "10.0.0.5", "10.0.0.15"]
    equal(made.ask("cidr", "smap-clients", asked),
          {"203.0.113.9": refusal(450)}, "spam: numeric ones, in a cidr table")
    names = ["ispamalot.com", "x.ispamalot.com", "notispamalot.com",
             "NotISpamALot.com", "ispamalot.com.org", "ispamalotXcom",
             "mx.bad.example", "amx.bad.example", "unknown", "10.0.0.5",
             "10.0.0.15", "2001:db8::5"]
    want = {n: refusal(450) for n in (
        "ispamalot.com", "x.ispamalot.com", "notispamalot.com",
        "NotISpamALot.com", "mx.bad.example", "unknown", "10.0.0.5")}
    want["2001:db8::5"] = "DUNNO"
    for engine in imports.engines():
        equal(made.ask(engine, "smap-names", names), want,
              "spam: names, and too many networks, by " + engine)
    equal((made.setting(CLIENTS), made.setting(SENDERS), made.status),
          (["permit_mynetworks", "check_client_access cidr:DIR/smap-clients",
            "check_client_access regexp:DIR/smap-names"],
           ["permit_mynetworks"], 0), "spam: clients alone")
    made = made_of("scrub-spam 1", "check-from-address 1", spam_line,
                   "set-reject-errno 550")
    senders = ["u@ispamalot.com", "u@notispamalot.com", "ispamalot.com@x.y",
               "u@ispamalot.com.org", "u@mx.bad.example", "<>",
               "u@unknown", "a@ispamalot.com@x.y"]
    for engine in imports.engines():
        equal(made.ask(engine, "smap-spam", senders),
              {s: refusal(550) for s in (
                  "u@ispamalot.com", "u@notispamalot.com", "u@mx.bad.example",
                  "u@unknown")}, "spam: domains of senders, by " + engine)
    made = made_of("scrub-spam 1", "check-from-address 1", "check-user-too 1",
                   "spam bad*@x.y *.evil.example")
    for engine in imports.engines():
        equal(set(made.ask(engine, "smap-spam", [
            "bad1@x.y", "abad@x.y", "bad@x.y.z", "u@a.evil.example"])),
            {"bad1@x.y", "u@a.evil.example"},
            "spam: whole addresses, by " + engine)
    made = made_of("scrub-spam 1", "spam *")
    equal(set(made.ask("cidr", "smap-clients", ["192.0.2.1", "2001:db8::1"])),
          {"192.0.2.1", "2001:db8::1"}, "spam: a lone star is everybody")


def no_spam():
    for lines in (["spam x.example"], ["spam x.example", "scrub-spam 0"],
                  ["spam x.example", "scrub-spam"]):
        made = made_of(*lines)
        equal((made.status, made.setting(CLIENTS)),
              (0, ["permit_mynetworks"]), "spam: off: %s" % lines[1:])
        ok(made.says("netperm-table:1", "means nothing without scrub-spam"),
           "spam: that is reported", made.said)
    for pattern in ("caf\u00e9.example", "*a" * 17, "x" * 513):
        made = made_of("scrub-spam 1", "spam " + pattern)
        equal((made.status, os.listdir(made.where)), (1, []),
              "spam: %s: refused as a whole" % pattern[:9])
    for value in "yes", "1x", "99999999999":
        made = made_of("scrub-spam " + value, "spam x.example")
        equal((made.status, made.says(
            "netperm-table:1", "scrub-spam: is not carried over: '%s' is not "
            "a number" % value)), (1, True),
            "spam: a switch that is no number: %s" % value, made.said)
    made = made_of("scrub-spam 1", "spam x.example", "set-reject-errno 250")
    equal((made.status, made.ask("regexp", "smap-names", ["x.example"])),
          (1, {"x.example": refusal(450)}), "spam: 250 refuses nobody")


def addresses():
    made = made_of("require-full-email 1")
    equal((made.status, made.setting(SENDERS)),
          (0, ["permit_mynetworks", "reject_non_fqdn_sender"]),
          "addresses: an @ is required")
    ok(made.says("netperm-table:1", "user@host"), "addresses: a host is, too",
       made.said)
    made = made_of("check-from-address 1",
                   "broken-from *test.com ann@broken.example b*b@x.y")
    equal((made.status, made.setting(SENDERS)),
          (0, ["permit_mynetworks",
               "check_sender_access regexp:DIR/smap-broken",
               "reject_unknown_sender_domain"]),
          "addresses: a domain is required, with exemptions before it")
    for part in ("also tries the parents",):
        ok(made.says("netperm-table:1", part), "addresses: " + part, made.said)
    contains(made.main_cf().replace("\n# ", " "), "not a local domain",
             "addresses: what is ambiguous is a comment")
    asked = ["x@a.test.commercial.de", "x@atest.com", "x@test.net",
             "ann@broken.example", "nan@broken.example", "b*b@x.y", "bob@x.y",
             "ann@brokenXexample", "joann@broken.example", "<>"]
    for engine in imports.engines():
        equal(made.ask(engine, "smap-broken", asked),
              {a: "OK" for a in ("x@a.test.commercial.de", "x@atest.com",
                                 "ann@broken.example", "b*b@x.y")},
              "addresses: exemptions are no patterns, by " + engine)
    equal(made.setting("unknown_address_reject_code"), None,
          "addresses: the code is Postfix's")
    made = made_of("check-from-address 1", "require-full-email 1",
                   "set-bad-address-errno 410")
    equal((made.setting("unknown_address_reject_code"),
           made.setting("non_fqdn_reject_code")), (["410"], ["410"]),
          "addresses: the code of the file")
    made = made_of("broken-from x@y.z")
    equal((made.setting(SENDERS), made.has("smap-broken")),
          (["permit_mynetworks"], False), "addresses: without the check")
    ok(made.says("netperm-table:1", "means nothing"), "addresses: is reported",
       made.said)
    made = made_of("check-from-address 1", "broken-from * a@b.c")
    equal((made.status, made.lines("smap-broken")),
          (1, ["/^a@b\\.c$/ OK"]), "addresses: nobody exempts everybody")


def kill():
    made = made_of("scrub-spam 1", "check-from-address 1",
                   "spam *bad.example 203.0.113.*",
                   "kill-mail *mx2.example 198.51.100.9 mx3.example")
    hosts = ["mx2.example", "a.mx2.example", "mx2.example.com", "mx3.example",
             "a.mx3.example", "198.51.100.9", "198.51.100.90"]
    killed = ["mx2.example", "a.mx2.example", "mx2.example.com",
              "mx3.example", "198.51.100.9"]
    for engine in imports.engines():
        equal(made.ask(engine, "smap-kill", hosts),
              {h: "smap_kill" for h in killed}, "kill: hosts, by " + engine)
        equal(made.ask(engine, "smap-kill-client", hosts),
              {h: "smap_kill_client" for h in killed},
              "kill: and as clients, by " + engine)
        equal((made.ask(engine, "smap-spam", ["u@bad.example"]),
               made.ask(engine, "smap-spam-kill", ["u@bad.example"])),
              ({"u@bad.example": refusal(450)},
               {"u@bad.example": refusal(554)}), "kill: copies, by " + engine)
    equal((made.setting("smap_kill"), made.setting("smap_kill_client"),
           made.setting("smtpd_restriction_classes")),
          (["check_sender_access regexp:DIR/smap-spam-kill"],
           ["check_client_access cidr:DIR/smap-clients-kill",
            "check_client_access regexp:DIR/smap-names-kill"],
           ["smap_kill_client", "smap_kill"]), "kill: classes")
    equal((made.setting(CLIENTS)[1], made.setting(SENDERS)[1:3]),
          ("check_client_access regexp:DIR/smap-kill-client",
           ["check_client_access regexp:DIR/smap-kill",
            "check_sender_access regexp:DIR/smap-spam"]),
          "kill: they are asked first")
    ok(made.says("netperm-table:4", "cannot depend on the client"),
       "kill: what cannot be is reported", made.said)
    made = made_of("scrub-spam 1", "spam 203.0.113.*", "kill-mail x.example",
                   "set-kill-errno 550")
    equal(made.ask("cidr", "smap-clients-kill", ["203.0.113.1"]),
          {"203.0.113.1": refusal(550)}, "kill: a code of its own")
    equal(made.setting(SENDERS), ["permit_mynetworks"],
          "kill: no senders, no copies of them")


def blocks():
    made = made_of("spam-block deny <*@a.example> <bob@example.com>",
                   "spam-block allow <*@a.example> <*>",
                   "spam-block deny <*> <secret@*>",
                   "spam-block deny <> <ann@*>")
    equal(made.setting(SENDERS), [
        "permit_mynetworks", "check_sender_access regexp:DIR/smap-from-1",
        "check_recipient_access regexp:DIR/smap-block-2",
        "check_sender_access regexp:DIR/smap-from-3"],
        "blocks: a chain in the order of the file")
    equal((made.setting("smtpd_restriction_classes"),
           made.setting("smap_block_1"), made.status),
          (["smap_block_1", "smap_block_3"],
           ["check_recipient_access regexp:DIR/smap-block-1"], 0),
          "blocks: a class for each sender")
    for engine in imports.engines():
        equal((made.ask(engine, "smap-from-1", ["x@a.example", "x@b.a.example",
                                                "x@a.example.org", "<>"]),
               made.ask(engine, "smap-block-1", ["bob@example.com", "x@y.z"]),
               made.ask(engine, "smap-block-2", ["secret@x.y", "x@y.z"]),
               made.ask(engine, "smap-from-3", ["<>", "x@y.z"])),
              ({"x@a.example": "smap_block_1"},
               {"bob@example.com": refusal(554), "x@y.z": "OK"},
               {"secret@x.y": refusal(554)}, {"<>": "smap_block_3"}),
              "blocks: each table, by " + engine)
    for rest in ("x y", "<x> y", "<> <>", "<x>", "", "<a> <b> <c>", "<a><b>"):
        made = made_of("maxbytes 5", "spam-block allow " + rest)
        equal((made.status, made.setting(SENDERS)),
              (1, ["permit_mynetworks"]), "blocks: allow %s is left out" % rest)
        ok(made.says("netperm-table:2", "spam-block: is left out"),
           "blocks: allow %s is reported" % rest, made.said)
        refused_block("deny " + rest)
    for line in "maybe <a> <b>", "Deny <a> <b>", "deny <a> <b> c d":
        refused_block(line)
    made = smap(table(*["spam-block deny <a%d@x.y> <b@c.d>" % i
                        for i in range(201)]))
    equal((made.status, os.listdir(made.where)), (1, []),
          "blocks: too many senders are refused as a whole")


def refused_block(line):
    """It refuses somebody, or may do so: without it, nothing is written."""
    made = made_of("maxbytes 5", "spam-block " + line)
    equal((made.status, os.listdir(made.where)), (1, []),
          "blocks: %s: refused as a whole" % line)
    ok(made.says("netperm-table:2", "spam-block: cannot be carried over"),
       "blocks: %s is reported" % line, made.said)


def limits():
    made = made_of("maxbytes 1000000", "maxrecip 50", "timeout 600",
                   "maxbytes 5")
    equal([made.setting(n) for n in ("message_size_limit",
                                     "smtpd_recipient_limit",
                                     "smtpd_timeout", "mailbox_size_limit")],
          [["1000000"], ["50"], ["600s"], None], "limits: three")
    ok(made.says("netperm-table:4", "only the first line counts"),
       "limits: the first line counts", made.said)
    made = made_of("maxbytes 60000000")
    equal(made.setting("mailbox_size_limit"), ["60000000"],
          "limits: a mailbox must hold such a message")
    for line in "maxbytes x", "maxrecip 0", "timeout -1", "maxbytes 1e9":
        made = made_of(line)
        equal((made.status, made.says("netperm-table:1", "no")),
              (1, True), "limits: %s is reported" % line)


def relaying():
    made = made_of("maxbytes 5")
    equal(made.setting(RELAY), [
        "permit_mynetworks", "check_client_access "
        "hash:/var/lib/pop-before-smtp/pop-before-smtp",
        "reject_unauth_destination"], "relaying is judged in one place")


def leftovers():
    for name in ("userid", "groupid", "directory", "max-email", "max-dirent",
                 "badadmin", "deny-hosts", "deny-domains", "Permit-hosts",
                 "whatever"):
        made = made_of(name + " 192.168.1.*")
        equal((made.status, networks(made)), (1, []),
              "leftovers: %s grants nothing" % name)
        ok(made.says("netperm-table:1", name + ": has no counterpart"),
           "leftovers: %s is named" % name, made.said)


# --- how the table is read --------------------------------------------------

def reading():
    allow = ["10.0.0.0/8"]
    for name, text, want in (
            ("keyword *", "*: permit-hosts 10.*\n", allow),
            ("several keywords", "ftp-gw, smap\tx: permit-hosts 10.*\n", allow),
            ("blanks", "  smap  :\t permit-hosts \t 10.*  \n", allow),
            ("no newline", "smap: permit-hosts 10.*", allow),
            ("CR LF", "smap: permit-hosts 10.*\r\n", allow),
            ("quotes", "smap: permit-hosts \"10.*\" '192.0.2.1'\n",
             allow + ["192.0.2.1/32"]),
            ("a quote that is not closed", "smap: permit-hosts \"10.*\n",
             allow),
            ("other keywords", "smapd: permit-hosts 10.*\n"
             "xsmap: permit-hosts 10.*\nSMAP: permit-hosts 10.*\n", []),
            ("a comment", "#smap: permit-hosts 10.*\n", []),
            ("a comment does not go on", "# x \\\nsmap: permit-hosts 10.*\n",
             allow),
            ("not a comment", " # smap: permit-hosts 10.*\n", allow),
            ("no colon", "smap permit-hosts 10.*\n", []),
            ("no argument", "smap: permit-hosts\n", [])):
        equal(networks(smap(text)), want, "reading: " + name)
    made = smap("smap: permit-hosts 10.* \\\n192.0.2.1\n")
    equal(networks(made), allow + ["192.0.2.1/32"], "reading: continued line")
    ok(made.says("netperm-table:1", "FWTK of 1994"),
       "reading: which not every toolkit does", made.said)
    made = smap("smap scrub-spam 1\nsmap: scrub-spam\n")
    ok(made.says("netperm-table:1", "no colon") and
       made.says("netperm-table:2", "no argument"),
       "reading: what smap ignores is reported", made.said)


def hostile():
    for name, data in (("10 MB in one line", b"smap: spam " + b"a" * 10000000),
                       ("a million words", b"smap: permit-hosts" +
                        b" 1.2.3.4.5" * 100000),
                       ("BOM alone", b"\xef\xbb\xbf"), ("empty", b""),
                       ("quotes alone", b'"' * 1000 + b"\n"),
                       ("colons alone", b":" * 1000 + b"\n")):
        made = smap(data)
        ok(made.status in (0, 1), "%s: an answer" % name, made.status)
        equal(networks(made), [], "%s: grants nothing" % name)
    for data in b"\0" * 1000, bytes(range(256)) * 50, b"smap: spam a\0b\n":
        made = smap(data)
        equal((made.status, os.listdir(made.where)), (1, []),
              "NULs are refused as a whole")
    for word in ("$(x)", "${x}.y", "a}.y", "a,b.y", "a\rb.y", "#"):
        lines = ["%s '%s'" % (a, word) for a in (
            "permit-hosts", "permit-domains", "maxbytes", "maxrecip",
            "timeout", "set-not-local-errno", "set-bad-address-errno")]
        made = made_of("require-full-email 1", *lines)
        equal((made.status, networks(made), made.setting("relay_domains")),
              (1, [], [""]), "%r is never part of a setting" % word)
        ok(word.strip() not in "".join(made.settings().values()),
           "%r is in none of them" % word, made.main_cf())


def unreadable():
    top = imports.directory()
    loop = os.path.join(top, "loop")
    os.symlink("loop", loop)
    for name, path in (("a directory", top), ("a circle", loop),
                       ("no such file", os.path.join(top, "none"))):
        where = imports.directory()
        done = imports.run("import-smap", "--to", where, path)
        equal((done.returncode, os.listdir(where)), (66, []),
              "%s: nothing is written" % name, done.stderr.decode())
    for words in ((), ("a", "b"), ("--only=x", "a"), ("--xmail-args=x", "a")):
        equal(imports.run("import-smap", *words).returncode, 64,
              "usage: %s" % " ".join(words))


def again():
    """A second import replaces the first, unless much of it is missing."""
    top, where = imports.directory(), imports.directory()
    table, name = os.path.join(top, "table"), os.path.join(where, "smap-clients")

    def run(count, *words):
        with open(table, "w") as f:
            f.write("smap: scrub-spam 1\n")
            f.writelines("smap: spam 192.0.2.%d\n" % i for i in range(count))
        done = imports.run("import-smap", "--to", where, *words, table)
        return done.returncode, done.stderr.decode()

    def lines(path):
        with open(path) as f:
            return len([line for line in f if not line.startswith("#")])
    equal((run(10), run(10), os.path.exists(name + ".previous")),
          ((0, ""), (0, ""), False), "again: the same: nothing is written")
    equal((run(12), lines(name), lines(name + ".previous")), ((0, ""), 12, 10),
          "again: more: replaced, and what was there is kept")
    code, said = run(5)
    equal((code, lines(name)), (1, 12), "again: 7 of 12 would go: refused")
    contains(said, "7 of 12 entries of smap-clients", "again: and why")
    code, said = run(0)
    equal((code, lines(name)), (1, 12), "again: all would go: refused", said)
    equal((run(5, "--max-shrink=60"), lines(name)), ((0, ""), 5),
          "again: --max-shrink lets it pass")


def foreign():
    """What is there already and is not from this verb stays."""
    top = imports.directory()
    table, where = os.path.join(top, "table"), imports.directory()
    with open(table, "w") as f:
        f.write("smap: permit-hosts 192.0.2.*\nsmap: maxbytes 1000\n")
    own = os.path.join(where, "main.cf.smap")
    with open(own, "w") as f:
        f.write("myhostname = mail.example.com\n")
    done = imports.run("import-smap", "--to", where, table)
    ok(done.returncode == 73 and b"main.cf.smap" in done.stderr and
       b"--force" in done.stderr, "a foreign file: 73", done.stderr.decode())
    with open(own) as f:
        equal((os.listdir(where), f.read()),
              (["main.cf.smap"], "myhostname = mail.example.com\n"),
              "a foreign file: nothing was written")
    for flags in (("--force",), ()):
        done = imports.run("import-smap", *flags, "--to", where, table)
        equal(done.returncode, 0, "replaced: %s" % " ".join(flags))


# --- random patterns against smap's own matching -----------------------------

def namatch(pattern, text):
    """FWTK: `*' is any run, nothing else is special, both ends hold."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(namatch(pattern[1:], text[i:])
                   for i in range(len(text) + 1))
    return text[:1] == pattern[0] and namatch(pattern[1:], text[1:])


def address_oracle():
    """All addresses of a /16, and as many from everywhere."""
    rng, wrong, asked = random.Random(3), [], 0
    patterns = ["192.168.%s" % p for p in (
        "1*", "*", "1.*", "*.1", "1*.2*", "*5", "2.1*", "25*", "100.0", "1",
        "0*", "*.*", "**", "01.*", "*1.1", "1.1*5")] + [
        "192.168*", "192.*.1.1", "*.168.3.4", "192.168.", "1.1.1.1*"]
    for pattern in patterns:
        made = made_of("scrub-spam 1", "spam " + pattern)
        nets = [ipaddress.ip_network(line.split()[0])
                for line in made.lines("smap-clients")] if made.has(
                    "smap-clients") else None
        found = set()
        for net in nets or []:
            if net.overlaps(ipaddress.ip_network("192.168.0.0/16")):
                found |= set(range(int(net[0]), int(net[-1]) + 1)) & SMALL
        texts = {int(a): str(ipaddress.ip_address(a)) for a in SMALL}
        asked += len(texts)
        if nets is None and made.has("smap-names"):
            continue  # more networks than a table should have
        wrong += [(pattern, t) for a, t in texts.items()
                  if namatch(pattern, t) != (a in found)]
        for _ in range(200):
            a = ipaddress.ip_address(rng.randrange(1 << 32))
            wrong += [(pattern, str(a))] if (
                any(a in n for n in nets or []) != namatch(pattern, str(a))
            ) else []
    equal(wrong[:3], [], "oracle: %d addresses of 192.168.0.0/16, one by one"
          % asked)


SMALL = set(range(192 << 24 | 168 << 16, (192 << 24 | 168 << 16) + 65536, 7))


def random_glob(rng):
    return "".join(rng.choice(["*", "*", "a", "b", "@", ".", "+", "?", "[a]",
                               "^", "$", "(", "|", "/", "\\", "{2}", "-"])
                   for _ in range(rng.randrange(1, 7)))


def random_text(rng):
    return "".join(rng.choice("aabb@..+?[]^$(|/\\{2}-")
                   for _ in range(rng.randrange(1, 7)))


def chain_oracle():
    """Pairs with any sender: the first recipient that fits decides."""
    rng, wrong, asked = random.Random(5), [], 0
    for _ in range(60):
        pairs = [(rng.choice(["deny", "allow"]), random_glob(rng))
                 for _ in range(rng.randrange(1, 6))]
        texts = {random_text(rng) for _ in range(40)} | {
            p.replace("*", rng.choice(["", "a", "b@a"])) for _, p in pairs}
        texts = {t for t in texts if t.strip()}
        made = made_of(*["spam-block %s <*> <%s>" % pair for pair in pairs])
        for engine in imports.engines():
            said = made.ask(engine, "smap-block-1", texts)
            asked += len(texts)
            for text in texts:
                verdict = next((v for v, p in pairs if namatch(p, text)), None)
                want = {"deny": refusal(554), "allow": "OK", None: None}
                if said.get(text) != want[verdict]:
                    wrong.append((pairs, text, engine, said.get(text)))
    equal(wrong[:2], [], "oracle: %d recipients in 60 chains, by %s" % (
        asked, " and ".join(imports.engines())))


# --- every attribute is somewhere --------------------------------------------

EVERY = """\
groupid x|userid x|directory /x|maxbytes 1000|maxrecip 9|timeout 99
permit-hosts 10.*|permit-domains example.com|spam *bad.example 203.0.113.*
scrub-spam 1|require-full-email 1|check-from-address 1|check-user-too 1
broken-from *broken.example|kill-mail *mx2.example
spam-block deny <a@b.c> <d@e.f>|spam-block allow <*> <g@h.i>
set-bad-address-errno 411|set-not-local-errno 551|set-reject-errno 451
set-kill-errno 555|max-email 9|max-dirent 9|badadmin x|deny-hosts 192.0.2.9"""


def every_one():
    """Each changes the output when it is taken away, or is reported."""
    lines = [line for row in EVERY.split("\n") for line in row.split("|")]
    whole = made_of(*lines)
    for n, line in enumerate(lines):
        name = line.split()[0]
        if whole.says("netperm-table:%d" % (n + 1), "has no counterpart"):
            ok(True, "every one: %s is reported" % name)
            continue
        without = made_of(*lines[:n] + ["maxnothing 1"] + lines[n + 1:])
        same = [without.text(f).replace(without.where, "") ==
                whole.text(f).replace(whole.where, "") if without.has(f)
                else False for f in os.listdir(whole.where)]
        ok(not all(same), "every one: %s matters" % line)


if not imports.postfix_reads("cidr"):
    skip_all("needs postmap")
if "pcre" not in imports.engines():
    skip("pcre", "postfix-pcre is not installed: only regexp is asked")
try:
    main(hosts, denied_hosts, domains, spam, no_spam, addresses, kill, blocks,
         limits, relaying, leftovers, reading, hostile, unreadable, foreign,
         again, address_oracle, chain_oracle, every_one)
finally:
    imports.close()
