#!/usr/bin/env python3
# If a program with rules logs for an hour while none of its lines matches one,
# there is one warning, with a line and the command that explains it. In every
# command that the daemon suggests, a log line is quoted as a single word for
# the shell.
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from tap import contains, equal, main, ok, skip_all

WARNING = "there are rules for dovecot, but none has matched a line of it"
ODD = "dovecot: imap-login: Login: user=<x'; touch pasted; '>, of no form"


class Clock:
    """Both clocks of a daemon, the steady one too."""

    def __init__(self, site):
        self.site, self.offset, self.logins = site, 0, 0
        site.env.update(LD_PRELOAD=pbs.LIBFAKETIME, FAKETIME_NO_CACHE="1",
                        FAKETIME_TIMESTAMP_FILE=site.path("clock"))
        self.advance(0)

    def advance(self, seconds):
        self.offset += seconds
        self.site.write("clock.new", "%+d\n" % self.offset)
        os.rename(self.site.path("clock.new"), self.site.path("clock"))

    def log(self, text):
        """The line, and a login behind it, which is waited for. A process that
        is just at work when the clock jumps counts from the time before: then
        that login is over at once, and another one has to follow."""
        self.logins += 1
        ip = "198.51.100.%d" % self.logins
        self.write(text)
        pbs.until("%s in the map" % ip, pbs.DEADLINE,
                  lambda: self.site.query(ip) is not None,
                  lambda left: (self.write(
                      "imapd: LOGIN, user=ann, ip=[::ffff:%s], port=[5], "
                      "protocol=IMAP" % ip), time.sleep(0.5)))
        ok(True, "read on: " + text[:16])

    def write(self, text):
        self.site.log(text, when=time.time() + self.offset)


def pasted(site, messages):
    """What a shell makes of the command in them."""
    command = messages.split("run: ")[1].split("\n")[0]
    done = subprocess.run(
        ["sh", "-c", command.replace("pbsctl explain", "printf %s.")],
        cwd=site.dir, stdout=subprocess.PIPE, text=True)
    return done.stdout


def an_hour():
    with pbs.Site() as site:
        clock = Clock(site)
        site.log("dovecot: imap-login: Login: a form of an hour ago")
        daemon = site.start("--sandbox=off")
        for seconds, warned in ((0, 0), (1800, 0), (1801, 1), (3600, 1)):
            clock.advance(seconds)
            clock.log(ODD)
            equal(daemon.messages().count(WARNING), warned,
                  "after %d s: warned %d times" % (clock.offset, warned),
                  daemon.messages())
        ok("rules for imapd" not in daemon.messages(),
           "not of one that matches")
        contains(pasted(site, daemon.messages()), ODD + ".",
                 "the command holds the line as one word")
        ok(not os.path.exists(site.path("pasted")), "and runs nothing else")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        clock.advance(3601)
        clock.log(ODD)
        equal(daemon.messages().count(WARNING), 1, "nor again after a reload")


def it_matched():
    """One login is enough, and one of the time before the start."""
    with pbs.Site() as site:
        clock = Clock(site)
        site.log(pbs.login("198.51.100.77"))
        daemon = site.start("--sandbox=off")
        clock.log(ODD)
        clock.advance(3601)
        clock.log(ODD)
        ok(WARNING not in daemon.messages(), "a program that matched once",
           daemon.messages())


def unknown_header():
    with pbs.Site() as site:
        for _ in range(18):
            site.raw("x'; touch pasted; '\n")
        daemon = site.start()
        daemon.wait_message("unknown log header")
        equal(pasted(site, daemon.messages()), "x'; touch pasted; '.",
              "the other warning's command is one word, too")
        ok(not os.path.exists(site.path("pasted")), "and runs nothing else")


def understood_nothing():
    """--once speaks of the first line already, if no line is a login."""
    with pbs.Site() as site:
        site.raw("no header at all\n" * 2 + pbs.stamped("sshd[1]: x") + "\n")
        done = site.run("--once")
        contains(done.stderr, "2 of 3 lines have an unknown log header",
                 "--once that understood nothing")
        site.raw('{"log":"no time\\n","stream":"stderr"}\n' * 2)
        done = site.run("--once", "--reprocess")
        contains(done.stderr, "4 of 5 lines have an unknown log header",
                 "nor JSON that lacks a field")
        site.log(pbs.login("198.51.100.78"))
        done = site.run("--once", "--reprocess")
        ok("unknown log header" not in done.stderr, "but with a login, few "
           "strange lines are no reason", done.stderr)


if pbs.LIBFAKETIME is None:
    skip_all("no libfaketime, or none that works here")
main(an_hour, it_matched, unknown_header, understood_nothing)
