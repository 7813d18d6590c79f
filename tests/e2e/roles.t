#!/usr/bin/env python3
# The gateways of INSTALL, part 14: Postfix starts with each main.cf as printed
# there, with the daemon following the primary's log in each of the ways
# described. A known user gets mail, an unknown one does not; a stranger may not
# relay, and somebody who has logged in to the primary may until the grace
# period is over; relay-check finds no opening. Only the directories and the
# port are the test's own.
# tests/run: root
import json
import os
import re
import smtplib
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from tap import contains, equal, join, main, ok

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
GRACE, PRIMARY = 5, "192.0.2.10"
ABROAD, KNOWN, UNKNOWN = ("someone@foreign.example", "ann@example.org",
                          "nobody@example.org")
ROLES = {"incoming": "Incoming gateway, main.cf",
         "outgoing": "Outgoing gateway, main.cf",
         "backup": "Backup MX, main.cf",
         "verifying": "Incoming gateway without a list, main.cf"}
SHARE, SYSLOG = "/srv/primary", "/var/log/smartermail.log"


# --- what INSTALL says --------------------------------------------------------

class Manual:
    """Part 14, with the paths in it below a directory of the test's."""

    def __init__(self, site, etc):
        with open(os.path.join(pbs.ROOT, "INSTALL")) as f:
            part = f.read().partition("\n14. ")[2]
        for path, own in (("/etc/postfix/", etc + "/"), (SHARE, site.path(
                "share")), (SYSLOG, site.path("smartermail.log")), (
                    "/var/lib/pop-before-smtp/pop-before-smtp", site.map)):
            part = part.replace(path, own)
        self.paragraphs = re.split(r"\n(?=\S)|(?<=\n)\n(?=    )", part)

    def _after(self, words):
        """The indented block that follows the text with these words."""
        for n, text in enumerate(self.paragraphs):
            if words in " ".join(text.split()) and not text.startswith("  "):
                break
        block = next(p for p in self.paragraphs[n:] if p.startswith("    "))
        return "".join(re.sub("^    ", "", line) + "\n"
                       for line in block.rstrip().split("\n"))

    def main_cf(self, role):
        return self._after(ROLES[role])

    def share(self):
        return self._after("put this into the configuration file:")

    def syslog(self):
        return next(re.sub("(?m)^    ", "", p) for p in self.paragraphs
                    if p.startswith("    logfile:")
                    and "smartermail-login-syslog" in p)

    def recipients(self):
        return self._after("Make its tables once").replace(
            "pbsctl", PBSCTL, 1)


# --- the primary --------------------------------------------------------------

class Primary:
    """The server with the mailboxes: it knows ann, and it logs logins."""

    def __init__(self, site):
        self.site, self.asked = site, []
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "addr", "add", PRIMARY + "/32", "dev", "lo"],
                       check=True)
        self.socket = socket.create_server((PRIMARY, 25))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self._talk, args=(client,),
                             daemon=True).start()

    def _talk(self, client):
        with client, client.makefile("rwb", 0) as stream:
            stream.write(b"220 primary.example.org ESMTP\r\n")
            for line in stream:
                stream.write(self._answer(line.decode().strip()))
                if line.startswith(b"QUIT"):
                    return

    def _answer(self, command):
        if not command.upper().startswith("RCPT TO:"):
            return b"250 primary.example.org\r\n"
        self.asked.append(command[8:].strip("<>"))
        return (b"250 ok\r\n" if KNOWN in command
                else b"550 5.1.1 no such user\r\n")

    def login(self, address, how):
        """A line of its administrative log, as it gets to the gateway."""
        clock = time.strftime("%H:%M:%S.123")
        text = "[%s] IMAP Login successful: With user %s" % (address, KNOWN)
        if how == "syslog":
            self.site.raw(pbs.stamped("smartermail: %s %s\n" % (clock, text)),
                          "smartermail.log")
        elif how == "trailing":
            self.site.raw("%s %s\r\n" % (text, clock), self._file())
        else:
            self.site.raw("%s %s\r\n" % (clock, text), self._file())

    @staticmethod
    def _file():
        return "share/2026.11.28-administrative.log"


# --- the gateway --------------------------------------------------------------

class Gateway:
    """Postfix and the daemon, set up by the manual. The primary has an address
    of this machine, at which Postfix must not listen."""
    EXTRA = """\
inet_interfaces = 127.0.0.1
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_peername_lookup = no
address_verify_poll_delay = 1
"""

    def __init__(self, site, role):
        self.site = site
        self.postfix = servers.Postfix(
            site.dir, "static:dunno",
            services="verify unix - - n - 1 verify\n"
            "flush unix n - n 1000? 0 flush\n")
        self.manual = Manual(site, self.postfix.etc)
        # Not after it but in place of it: nothing else is set.
        self.postfix._write("main.cf", self._own() + self.manual.main_cf(role)
                            + self.EXTRA)
        site.env["MAIL_CONFIG"] = self.postfix.etc

    def _own(self):
        """Where this Postfix has its files."""
        return "".join(line + "\n" for line in self.postfix.MAIN.format(
            dir=self.postfix.dir, extra="", permit="").split("\n")
            if line.startswith(("compatibility_level", "queue_directory",
                                "data_directory", "maillog_file", "alias_maps")))

    def make_recipients(self):
        self.site.write("share/recipients.txt",
                        "Ann@Example.org\r\nann\\+.*@example.org\r\n")
        return subprocess.run(
            ["sh", "-c", self.manual.recipients()], env=self.site.env,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self, how):
        config = self.manual.syslog() if how == "syslog" else (
            self.manual.share())
        if how == "trailing":
            config = config.replace("[smartermail-login]",
                                    "[smartermail-login-trailing]")
        self.site.write("pbs.yaml", config)
        command = self.site.command("--grace=%d" % GRACE)
        command = [w for w in command if not w.startswith("--logfile=")]
        daemon = pbs.Daemon(self.site, command, self.site.env)
        self.site.daemons.append(daemon)
        daemon.wait_state()
        self.postfix.start()

    def rcpt(self, client, to):
        """(code, text): what it says to a client with this address."""
        with smtplib.SMTP("127.0.0.1", servers.SMTP_PORT, timeout=60) as smtp:
            smtp.ehlo("client.example.com")
            smtp.docmd("XCLIENT", "ADDR=" + client)
            smtp.ehlo("client.example.com")
            smtp.mail("bob@elsewhere.example")
            code, text = smtp.rcpt(to)
            return code, text.decode()

    def relay_check(self):
        """From an address of ours that may not relay."""
        done = subprocess.run(
            [PBSCTL, "relay-check", "--json", "--source", PRIMARY,
             "--relayed", "example.org", "--own", "gateway.example.org",
             "127.0.0.1:%d" % servers.SMTP_PORT], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        forms = [json.loads(s) for s in done.stdout.splitlines()]
        return done.returncode, [f for f in forms if f["verdict"] != "closed"]


# --- the scenarios ------------------------------------------------------------

STRANGER, GUEST = "198.51.100.9", "198.51.100.7"


def refuses_unknown(gateway, name, known, unknown):
    code, text = gateway.rcpt(STRANGER, UNKNOWN)
    equal(code, unknown, name + ": mail for an unknown user", text)
    equal(gateway.rcpt(STRANGER, KNOWN)[0], known,
          name + ": mail for a known user")


def roaming(gateway, primary, name, how):
    """May relay after a login, until the grace is over."""
    site = gateway.site
    equal(gateway.rcpt(GUEST, ABROAD)[0], 554,
          name + ": before the login a client may not relay")
    primary.login(GUEST, how)
    site.wait_key(GUEST)
    equal(gateway.rcpt(GUEST, ABROAD)[0], 250, name + ": after it, it may")
    equal(gateway.rcpt(STRANGER, ABROAD)[0], 554,
          name + ": a stranger may not")
    site.wait_gone(GUEST, GRACE + pbs.DEADLINE)
    equal(gateway.rcpt(GUEST, ABROAD)[0], 554,
          name + ": when the grace is over, it may not")


def play(role, how, known, unknown, also=None):
    with pbs.Site() as site:
        os.mkdir(site.path("share"))
        site.write(Primary._file(), "")
        site.write("smartermail.log", "")
        gateway, primary = Gateway(site, role), Primary(site)
        if "recipients" in gateway.manual.main_cf(role):
            made = gateway.make_recipients()
            equal((made.returncode, made.stdout), (0, ""),
                  role + ": the tables of recipients")
        try:
            gateway.start(how)
            refuses_unknown(gateway, role, known, unknown)
            roaming(gateway, primary, role, how)
            if also:
                also(gateway, primary)
            equal(site.daemons[-1].stop(), 0, role + ": a clean end")
        finally:
            gateway.postfix.stop()


def closed(gateway, _):
    equal(gateway.rcpt(STRANGER, "ann+list@example.org")[0], 250,
          "plus addressing for those who have it")
    equal(gateway.relay_check(), (0, []), "relay-check: every form is closed")


def of_primary(gateway, _):
    equal(gateway.rcpt(PRIMARY, ABROAD)[0], 250,
          "outgoing: the primary may send")


def verified(gateway, primary):
    ok({KNOWN, UNKNOWN} <= set(primary.asked), "the primary was asked for both",
       primary.asked)
    equal([a for a in primary.asked if not a.endswith("@example.org")], [],
          "but for nobody abroad")
    contains(gateway.rcpt(STRANGER, UNKNOWN)[1], "5.1.1",
             "its answer is passed on")
    primary.socket.close()
    equal(gateway.rcpt(STRANGER, KNOWN)[0], 250,
          "while it is down, who is known stays so")


def incoming():
    play("incoming", "share", 250, 550, closed)


def outgoing():
    play("outgoing", "syslog", 554, 554, of_primary)


def backup():
    play("backup", "trailing", 250, 550, closed)


def verifying():
    play("verifying", "share", 250, 550, verified)


# --- each in namespaces of its own ----------------------------------------------

if len(sys.argv) == 1:
    namespaces = servers.namespaces()
    pbs.need(PBSCTL)
    join({role: namespaces + [sys.executable, os.path.abspath(__file__), role]
          for role in ROLES})
else:
    main(globals()[sys.argv[1]])
