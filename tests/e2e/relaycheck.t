#!/usr/bin/env python3
# pbsctl relay-check finds the opening in each of eight open Postfix
# configurations, by the form that is meant for it, and finds none in a closed
# one. Servers that do not start, greet or answer prove nothing, and no server
# makes it send more than MAIL and RCPT.
# tests/run: root
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from tap import equal, join, main, ok

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
CLOSED, OPEN, USAGE, UNAVAILABLE = 0, 1, 64, 69
STRANGER = "127.0.0.2"  # may not relay: mynetworks is 127.0.0.1
PUBLIC = "192.0.2.2"  # of this machine, and of no private network
OWN, RELAYED, HOST = "example.org", "relayed.example", "mail.example.org"
PLAIN = ("<relay-check@example.net>", "<relay-check@example.com>")

# Each smtpd has a port and one setting of its own: the relay restrictions
# before reject_unauth_destination, or another parameter.
CONFIGURATIONS = {
    "closed": "",
    "mynetworks": "mynetworks = 0.0.0.0/0",
    "own sender": "check_sender_access inline:{%s=OK}" % OWN,
    "null sender": "check_sender_access inline:{<>=OK}",
    "postmaster": "check_sender_access inline:{postmaster@%s=OK}" % OWN,
    "helo": "check_helo_access inline:{%s=OK}" % HOST,
    "routing": "allow_untrusted_routing = yes",
    "pattern": "rewrite_service_name = open-rewrite",
    "client": "check_client_access static:OK",
    "no guard": "smtpd_relay_restrictions = permit_mynetworks",
}
PORTS = {name: 2600 + n for n, name in enumerate(CONFIGURATIONS)}
# What must be open, and whether that is all: helo, sender, recipient.
OPENINGS = {
    "mynetworks": ((None, *PLAIN), False),
    "own sender": ((None, "<relay-check@%s>" % OWN, PLAIN[1]), False),
    "null sender": ((None, "<>", PLAIN[1]), True),
    "postmaster": ((None, "<postmaster@%s>" % OWN, PLAIN[1]), True),
    "helo": ((HOST, *PLAIN), True),
    "routing": ((None, PLAIN[0], "<relay-check%%example.com@%s>" % RELAYED),
                False),
    "pattern": ((None, PLAIN[0], "<relay-check@evil%s>" % OWN), False),
    "client": ((None, *PLAIN), False),
}


# smtpd asks it for the class of a recipient's domain.
REWRITE = "open-rewrite unix - - n - - trivial-rewrite\n" \
    "  -o { relay_domains = regexp:%s }\n"


def service(name):
    setting = CONFIGURATIONS[name]
    if " = " not in setting:
        setting = "smtpd_relay_restrictions = " + ", ".join(
            ["permit_mynetworks", *filter(None, [setting]),
             "reject_unauth_destination"])
    return "%d inet n - n - 5 smtpd\n  -o { %s }\n  -o { syslog_name = %s }\n" % (
        PORTS[name], setting, name.replace(" ", "-"))


def check(*words, seconds=120):
    """(exit code, forms, what it said on standard error)"""
    done = subprocess.run(
        pbs.WRAP + [PBSCTL, "relay-check", "--json", *words], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=seconds)
    return (done.returncode, list(map(json.loads, done.stdout.splitlines())),
            done.stderr)


def ask(name, *words):
    return check("--source", STRANGER, "--relayed", RELAYED, *words,
                 "127.0.0.1:%d" % PORTS[name])


def found(forms, verdict="open"):
    return [(f["helo"], f["from"], f["to"]) for f in forms
            if f["verdict"] == verdict]


# --- Postfix ----------------------------------------------------------------

def closed():
    code, forms, said = ask("closed")
    equal((code, len(found(forms, "closed"))), (CLOSED, len(forms)),
          "a closed server: every form is closed", said,
          [f for f in forms if f["verdict"] != "closed"])
    ok(all(f["code"] in range(500, 600) for f in forms), "by refusals")
    ok(len(forms) > 50, "%d forms" % len(forms))
    groups = "plain sender helo percent quoted route bang syntax pattern"
    equal({f["form"] for f in forms}, {*groups.split(), "two @"},
          "in all groups")


def opened(name):
    (form, only) = OPENINGS[name]
    code, forms, said = ask(name)
    ok(code == OPEN and form in found(forms), name + ": the form that is meant "
       "for it finds the opening", code, said, found(forms))
    if only:
        equal(found(forms), [form], name + ": and no other does")


def all_opened():
    for name in OPENINGS:
        opened(name)
    forms = ask("mynetworks")[1]
    equal(len(found(forms)), len(forms), "mynetworks: all forms are accepted")


def trusted():
    for name in "closed", "client":  # trusts 127.0.0.1; trusts everybody
        code, forms, said = check("127.0.0.1:%d" % PORTS[name])
        ok(code == UNAVAILABLE and "either trusts this machine (mynetworks) "
           "or is open to everybody" in said and
           "may not relay (--source)" in said,
           name + ", asked from here: either is possible", code, said)
        equal(len(forms), 1, name + ": and no more is asked")


def own_mailboxes():
    """The same server has mailboxes for all in one more domain."""
    code, forms, said = ask("closed", "--own", OWN, "--own", "all.example")
    equal(code, CLOSED, "a domain in which every recipient is accepted", said)
    ok("all.example" in said and "prove nothing" in said, "it is named", said)
    ok(not any(f["to"].endswith("@all.example>") for f in forms),
       "and forms that end there are left out")


def text():
    done = subprocess.run(
        [PBSCTL, "relay-check", "--source", STRANGER,
         "127.0.0.1:%d" % PORTS["null sender"]], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = done.stdout.splitlines()
    equal([s for s in lines if not s.startswith("closed ")],
          ["OPEN     sender   FROM:<> TO:<relay-check@example.com>  "
           "250 2.1.5 Ok"], "in text: a line for each form, with the reply")
    ok("1 open, %d closed, 0 unclear" % (len(lines) - 1) in done.stderr,
       "and their number", done.stderr)


def unstarted():
    code, forms, said = ask("no guard")
    equal((code, forms), (UNAVAILABLE, []),
          "a Postfix that does not start: nothing is known", said)
    ok("no answer within 10 s" in said, "for it does not greet", said)


def postfix():
    with tempfile.TemporaryDirectory(prefix="pbs-test.") as directory:
        os.chmod(directory, 0o755)
        pattern = os.path.join(directory, "relay-domains")
        with open(pattern, "w") as f:
            f.write("/%s/ ok\n" % re.escape(OWN))
        server = servers.Postfix(
            directory, "", permit="permit_mynetworks", extra="""\
mynetworks = 127.0.0.1/32
mydestination = mail.example.org, all.example
local_recipient_maps = inline:{ann@mail.example.org=ok, @all.example=ok}
relay_domains = %s
in_flow_delay = 0
""" % RELAYED, services="".join(
                map(service, CONFIGURATIONS)) + REWRITE % pattern)
        try:
            server.start()
            main(closed, all_opened, trusted, own_mailboxes, text, unstarted,
                 lambda: silent_about_data(server))
        finally:
            server.stop()


def silent_about_data(server):
    """What each smtpd counted of a session's commands."""
    with open(server.log) as f:
        sessions = re.findall(r"disconnect from \S+ (.*)", f.read())
    ok(len(sessions) > 50, "%d sessions in the log" % len(sessions))
    words = {word.partition("=")[0] for s in sessions for word in s.split()}
    equal(words - {"helo", "mail", "rcpt", "rset", "quit", "commands"}, set(),
          "none of them has DATA")


# --- servers that are not Postfix -------------------------------------------

class Fake:
    """A server that treats all clients alike, and records what they send."""

    def __init__(self, play, address="127.0.0.1"):
        self.play, self.heard, self.connections = play, [], 0
        self.socket = socket.create_server((address, 0))
        self.where = "%s:%d" % self.socket.getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            client, _ = self.socket.accept()
            self.connections += 1
            threading.Thread(target=self._play, args=(client,),
                             daemon=True).start()

    def _play(self, client):
        with client, client.makefile("rwb", 0) as stream:
            try:
                self.play(self, stream)
            except OSError:
                pass

    def commands(self, stream):
        for line in stream:
            self.heard.append(line.decode().rstrip("\r\n"))
            yield self.heard[-1]


def wait_forever(fake, stream):
    list(fake.commands(stream))


def greets(greeting, reply=b"250 ok\r\n", rcpt=b"550 5.7.1 no\r\n"):
    """Says greeting; to RCPT rcpt, to all else reply."""
    def play(fake, stream):
        stream.write(greeting)
        for command in fake.commands(stream):
            if command == "QUIT":
                return
            stream.write(rcpt if command.startswith("RCPT") else reply)
    return play


def drips(_, stream):
    """A greeting that never ends, a byte now and then."""
    while True:
        stream.write(b"220-wait\r\n"[:1])
        threading.Event().wait(1)  # not for an event: it is the play


def unclear(name, play, message, forms=None, connections=None):
    fake = Fake(play)
    code, got, said = check("--source", STRANGER, fake.where)
    ok(code == UNAVAILABLE and message in said, name, code, said)
    if forms is not None:
        equal(len(got), forms, name + ": %d forms" % forms)
    if connections is not None:
        equal(fake.connections, connections,
              name + ": %d connections" % connections)
    return fake, got


GREETING = b"220 mail.example.org ESMTP\r\n"


def no_service():
    fake, _ = unclear("a server that does not greet", wait_forever,
                      ": no answer within 10 s", 0, 1)
    equal(fake.heard, [], "a server that does not greet: hears nothing")
    unclear("421 at once", greets(b"421 4.3.2 busy\r\n"),
            "the server does not serve us: 421 4.3.2 busy", 0, 1)
    unclear("554 at once", greets(b"554-mail.example.org\r\n554 no\r\n"),
            "the server does not serve us: 554 mail.example.org no", 0)
    unclear("a server that hangs up", lambda fake, stream: None,
            "the server closed the connection", 0)
    free = socket.create_server(("127.0.0.1", 0))
    where = "127.0.0.1:%d" % free.getsockname()[1]
    free.close()
    code, _, said = check(where)
    ok(code == UNAVAILABLE and where.replace(":", " port ") +
       ": Connection refused" in said, "no server: says where", said)


def unclear_replies():
    _, forms = unclear("greylisting", greets(
        GREETING, rcpt=b"450 4.2.0 greylisted\r\n"), "0 open, 0 closed")
    equal({f["verdict"] for f in forms}, {"unclear"},
          "greylisting: every form is unclear")
    _, forms = unclear("a server that wants TLS", greets(
        GREETING, b"530 5.7.0 Must issue a STARTTLS command first\r\n"),
        "0 open, 0 closed")
    _, forms = unclear("a server that does not know the commands", greets(
        GREETING, b"502 5.5.2 what?\r\n"), "0 open, 0 closed")


def sender_refused():
    """What is wrong with the sender says nothing about the recipient."""
    def play(fake, stream):
        stream.write(GREETING)
        for command in fake.commands(stream):
            if command.startswith("MAIL"):
                sender = command[len("MAIL FROM:"):]
            refused = command.startswith("RCPT") and (
                b"450 4.1.8 sender\r\n" if "example.net" in sender
                else b"550 5.7.1 no\r\n")
            stream.write(refused or b"250 ok\r\n")
    code, forms, said = check("--source", STRANGER, Fake(play).where)
    routes = [f for f in forms if f["form"] == "route"]
    equal({(f["from"], f["verdict"]) for f in routes}, {("<>", "closed")},
          "a sender that is refused: recipients are tried with another", said)


def pace():
    fake = Fake(greets(GREETING))
    code, forms, said = check("--source", STRANGER, fake.where)
    equal((code, {f["verdict"] for f in forms}), (CLOSED, {"closed"}),
          "a server that refuses everything is closed", said)
    refused, most = 0, 0
    for command in fake.heard:
        refused = 0 if command.startswith("HELO") else (
            refused + command.startswith("RCPT"))
        most = max(most, refused)
    equal(most, 8, "no more than 8 refusals in one connection")
    words = {re.match(r"RSET$|QUIT$|HELO |MAIL FROM:|RCPT TO:|.*",
                      command).group(0) for command in fake.heard}
    equal(words, {"RSET", "QUIT", "HELO ", "MAIL FROM:", "RCPT TO:"},
          "it says nothing but HELO, MAIL, RCPT, RSET and QUIT")

    def once(fake, stream):  # 421 to each RCPT, then it hangs up
        stream.write(GREETING)
        for command in fake.commands(stream):
            rcpt = command.startswith("RCPT")
            stream.write(b"421 4.7.0 too many errors\r\n" if rcpt
                         else b"250 ok\r\n")
            if rcpt:
                return
    fake, forms = unclear("a server that hangs up at each RCPT", once,
                          "unclear", connections=6)


def hostile():
    for name, play, message in (
            ("text without a code", greets(b"hello\r\n"), "has no code"),
            ("a reply without an end", lambda fake, stream:
             [stream.write(b"220-go on\r\n") for _ in range(100000)],
             "more than 100 lines"),
            ("a line without an end", lambda fake, stream:
             [stream.write(b"220 " + 65536 * b"x") for _ in range(100)],
             "more than 65536 bytes"),
            ("two codes in a reply", greets(b"220-a\r\n250 b\r\n"),
             "two codes, 220 and 250"),
            ("NULs", greets(1000 * b"\0" + b"\r\n"), "has no code"),
            ("replies ahead of questions", greets(GREETING + 9 * b"250 ok\r\n"),
             "more than one reply"),
            ("a byte now and then", drips, "no answer within 10 s")):
        unclear("hostile: " + name, play, message, 0)
    fake, forms = unclear("hostile: a name with commands in it", greets(
        b"220 a.example\rDATA\r\n", rcpt=b"450 no\r\n"), "unclear")
    ok(not any("DATA" in command for command in fake.heard),
       "hostile: it is not repeated")
    long = b"550-5.7.1 " + 2000 * b"\x1b]0;x\x07" + b"\r\n550 end\r\n"
    code, forms, said = check("--source", STRANGER, Fake(
        greets(GREETING, rcpt=long)).where)
    equal(code, CLOSED, "hostile: a line of 12,000 bytes is a refusal", said)
    done = subprocess.run(
        [PBSCTL, "relay-check", "--source", STRANGER,
         Fake(greets(GREETING, rcpt=long)).where], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    ok(b"\x1b" not in done.stdout + done.stderr and b"\\x1b" in done.stdout,
       "hostile: escapes do not reach the terminal")


def guards():
    for words, message in (
            (["192.0.2.1"], "say --yes-this-is-mine"),
            (["8.8.8.8:25"], "say --yes-this-is-mine"),
            (["[2001:db8::1]:25"], "say --yes-this-is-mine"),
            (["10.0.0.0/8"], "is not the name or address of one host"),
            (["10.0.0.1,10.0.0.2"], "is not the name or address of one host"),
            (["10.0.0.1", "10.0.0.2"], "needs one HOST"),
            ([], "needs one HOST"),
            (["127.0.0.1:0"], "is not a port"),
            (["127.0.0.1:65536"], "is not a port"),
            (["--own", "x\r\nDATA", "127.0.0.1"], "--own"),
            (["--own", "localhost", "127.0.0.1"], "no dot in the domain"),
            (["--to", "a b@example.com", "127.0.0.1"], "--to"),
            (["--source", "192.0.2.99", "127.0.0.1"], "Cannot assign"),
            (["--source", "here", "127.0.0.1"], "not an address"),
            (["--soruce", "127.0.0.1"], "did you mean '--source'?")):
        code, forms, said = check(*words)
        ok(code == USAGE and message in said and not forms,
           "refused: %r" % " ".join(words), code, said)
    fake = Fake(greets(b"220 mail.example.com ESMTP\r\n"))
    code, _, said = check("--source", STRANGER, fake.where)
    ok(code == USAGE and "with --to" in said,
       "the foreign domain is the server's own", said)
    code, _, said = check(Fake(greets(GREETING), PUBLIC).where)
    equal(code, CLOSED, "an address of this machine is near, too", said)
    code, forms, _ = check("--source", STRANGER, "--to", "Bob@Foreign.example",
                           fake.where)
    equal((code, forms[0]["to"]), (CLOSED, "<bob@foreign.example>"),
          "--to names another recipient")


def fakes():
    main(no_service, unclear_replies, sender_refused, pace, hostile, guards,
         jobs=6)


# --- in a network namespace of its own --------------------------------------

def inside(word):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", PUBLIC, "dev", "lo"], check=True)
    {"postfix": postfix, "fakes": fakes}[word]()


if len(sys.argv) == 1:
    namespaces = servers.namespaces()
    pbs.need(PBSCTL)
    join({word: namespaces + [sys.executable, os.path.abspath(__file__), word]
          for word in ("postfix", "fakes")})
else:
    inside(sys.argv[1])
