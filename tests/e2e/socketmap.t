#!/usr/bin/env python3
# A chrooted smtpd queries the daemon, which runs as another user, over a socket
# below the queue directory, set up as INSTALL says: a login counts within the
# open session, no smtpd restarts, and while the daemon is dead nobody can
# relay, but incoming mail is accepted.
# tests/run: root
import os
import shutil
import signal
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from pbs import login
from tap import equal, join, main, ok

USER, GRACE = "nobody", 5
INSTALL = os.path.join(pbs.ROOT, "INSTALL")
ABROAD, HOME = "someone@foreign.example", "joe@mail.example.org"


def from_install():
    """The restrictions of INSTALL's section on socketmap, as one line."""
    begun, words = False, []
    with open(INSTALL) as f:
        for line in f:
            if line.strip() == "smtpd_relay_restrictions =":
                begun, words = True, []
            elif begun and line.strip():
                words.append(line.strip())
            elif begun:
                begun = False
                if any("socketmap:" in w for w in words):
                    return "smtpd_relay_restrictions = " + " ".join(words)
    raise RuntimeError("INSTALL tells no restrictions with socketmap:")


class Session:
    """An SMTP session that says it came from elsewhere."""

    def __init__(self, address):
        self.smtp = smtplib.SMTP("127.0.0.1", servers.SMTP_PORT, timeout=60)
        self.smtp.ehlo("client.example.com")
        self.smtp.docmd("XCLIENT", "ADDR=" + address)
        self.smtp.ehlo("client.example.com")
        self.smtp.mail("ann@example.org")

    def rcpt(self, to):
        return self.smtp.rcpt(to)[0]

    def wait(self, want):
        pbs.until("RCPT %d" % want, pbs.DEADLINE,
                  lambda: self.rcpt(ABROAD) == want,
                  lambda left: time.sleep(0.02))
        return True


class Scene:
    EXTRA = """\
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
smtpd_recipient_limit = 10000
smtpd_recipient_overshoot_limit = 10000
local_transport = discard:
"""

    def __init__(self, site):
        self.site = site
        self.postfix = servers.Postfix(site.dir, "static:dunno",
                                       self.EXTRA + from_install())
        etc = self.postfix.etc
        with open(os.path.join(etc, "master.cf")) as f:
            text = f.read()
        self.postfix._write("master.cf", text.replace(
            "inet n - n -", "inet n - y -"))
        self.directory = os.path.join(
            self.postfix.dir, "spool", "pop-before-smtp")
        self.socket = os.path.join(self.directory, "socket")
        os.mkdir(self.directory)
        os.chmod(self.directory, 0o750)
        shutil.chown(self.directory, USER, "postfix")
        shutil.chown(site.mapdir, USER)

    def daemon(self):
        return self.site.start(
            "--user=" + USER, "--dbfile=socketmap:unix:" + self.socket,
            "--checkpoint=" + self.site.path("map/state"),
            "--grace=%d" % GRACE)

    def postmap(self, key):
        done = subprocess.run(
            ["postmap", "-q", key, "socketmap:unix:%s:pbs" % self.socket],
            env=self.site.env, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.strip()

    def log(self):
        with open(self.postfix.log) as f:
            return f.read()

    def login(self, address):
        self.site.log(login(address))


def relay(scene, address, xclient):
    session = Session(xclient)
    equal(session.rcpt(ABROAD), 554, address + ": a stranger may not relay")
    equal(session.rcpt(HOME), 250, address + ": mail comes in")
    scene.login(address)
    ok(session.wait(250), address + ": after a login it may, in this session")
    other = Session("192.0.2.9")
    equal(other.rcpt(ABROAD), 554, address + ": another may not")
    code, value = scene.postmap(address)
    ok(code == 0 and value.isdigit(), address + ": postmap sees it", value)
    ok(session.wait(554), address + ": when the grace is over it may not")
    equal(scene.postmap(address), (1, ""), address + ": postmap does not")


def death(scene, daemon):
    scene.login("192.0.2.7")
    session = Session("192.0.2.7")
    session.wait(250)
    daemon.stop(signal.SIGKILL)
    ok(os.path.exists(scene.socket), "killed: its socket is left behind")
    equal(session.rcpt(ABROAD), 451, "killed: nobody relays")
    equal(session.rcpt(HOME), 250, "... mail comes in")
    equal(Session("192.0.2.9").rcpt(HOME), 250, "... from all others, too")
    # What was granted before the death has been read from the log again.
    daemon = scene.daemon()
    scene.login("192.0.2.7")
    ok(session.wait(250), "started again: it may relay, in this session")
    equal(daemon.stop(), 0, "a clean end")
    equal(session.rcpt(ABROAD), 451, "stopped: nobody relays")
    equal(session.rcpt(HOME), 250, "... mail comes in")


def scenario():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with pbs.Site() as site:
        scene = Scene(site)
        daemon = scene.daemon()
        scene.postfix.start()
        try:
            relay(scene, "192.0.2.7", "192.0.2.7")
            relay(scene, "2001:db8:0:1::7", "IPV6:2001:db8:0:1::7")
            relay(scene, "2001:db8::1", "IPV6:2001:db8::1")
            scene.login("2001:db8::1")
            Session("IPV6:2001:db8::1").wait(250)
            equal(Session("IPV6:2001:db8::1:0:0:2").rcpt(ABROAD), 554,
                  "not one whose shortened form it is")
            death(scene, daemon)
            equal(scene.log().count("has changed -- restarting"), 0,
                  "no smtpd has restarted")
            code, said = scene.postfix._postfix("check")
            equal((code, "pop-before-smtp" in said), (0, False),
                  "postfix check has no objection", said)
        finally:
            scene.postfix.stop()


if len(sys.argv) == 1:
    namespaces = servers.namespaces()
    join({"socketmap": namespaces + [sys.executable,
                                     os.path.abspath(__file__), "inside"]})
else:
    main(scenario)
