#!/usr/bin/env python3
# An authorization ends when its grace period is over, even if nothing is
# logged; a new login prolongs it, a time stamp from the future does not.
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok

GRACE = 4


def quiet():
    with pbs.Site() as site:
        daemon = site.start("--grace=%d" % GRACE)
        site.log(login("198.51.100.1"))
        when = int(site.wait_key("198.51.100.1"))
        site.wait_gone("198.51.100.1")
        lasted = time.time() - when
        # A stamp has whole seconds: of its last one we know nothing.
        ok(GRACE - 1 <= lasted, "not before its grace is over", lasted)
        ok(lasted <= GRACE + 5, "and soon after, though no line came", lasted)
        contains(daemon.messages(), "expired 198.51.100.1", "it is said")


def staggered():
    with pbs.Site() as site:
        now = int(time.time())
        site.log(login("198.51.100.1"), when=now - 7)
        site.log(login("198.51.100.2"), when=now - 4)
        site.start("--grace=10")
        ok("198.51.100.2" in site.dump(), "two of different age")
        site.wait_gone("198.51.100.1")
        ok("198.51.100.2" in site.dump(), "the older one goes first")
        site.wait_gone("198.51.100.2")
        ok(time.time() - now >= 5, "the younger one in its own time")


def renewed():
    with pbs.Site() as site:
        now = int(time.time())
        site.log(login("198.51.100.1"), when=now - 6)
        site.start("--grace=10")
        ok("198.51.100.1" in site.dump(), "a login some seconds old")
        site.log(login("198.51.100.1"), when=now)
        site.wait_gone("198.51.100.1")
        ok(time.time() >= now + 9, "a second one prolongs",
           time.time() - now)


def backwards():
    with pbs.Site() as site:
        now = int(time.time())
        site.log(login("198.51.100.1"), when=now)
        site.log(login("198.51.100.1"), when=now - 300)
        site.start("--grace=600")
        equal(site.query("198.51.100.1"), str(now),
              "an older line read later changes nothing")


def future():
    with pbs.Site() as site:
        daemon = site.start("--grace=%d" % GRACE)
        now = time.time()
        site.log(login("198.51.100.1"), when=now + 3600)
        value = int(site.wait_key("198.51.100.1"))
        ok(value <= time.time(), "a stamp from the future counts as now")
        site.wait_gone("198.51.100.1")
        ok(time.time() - now <= GRACE + 6, "and lasts no longer")
        daemon.wait_message("s ahead of the clock")
        ahead = int(re.search(r"is (\d+) s ahead", daemon.messages())[1])
        ok(3600 - (time.time() - now) - 1 <= ahead <= 3600,
           "a warning says how far it is ahead", ahead)
        site.log(login("198.51.100.2"), when=now + 3600)
        site.wait_key("198.51.100.2")
        equal(daemon.messages().count("ahead of the clock"), 1,
              "and asks for the time zone, once")


def future_before_us():
    """Last year's line, or another zone's, that was there at the start."""
    with pbs.Site() as site:
        now = time.time()
        for n, ahead in enumerate((20 * 3600, 110 * 60, 300)):
            site.log(login("198.51.100.%d" % (n + 1)), when=now + ahead)
        site.log(login("198.51.100.9"), when=now)
        for _ in range(2):
            done = site.run("--grace=600", "--once")
            equal(sorted(site.dump()), ["198.51.100.9"],
                  "grants nothing, however often we start")
            contains(done.stderr, "ahead of the clock: is its log in another "
                     "time zone?", "and there is a warning")
            os.unlink(site.map + ".state")


def future_and_killed():
    """A restart knows the line, but not by its stamp."""
    with pbs.Site() as site:
        daemon = site.start("--grace=%d" % GRACE)
        site.log(login("198.51.100.1"), when=time.time() + 600)
        site.wait_key("198.51.100.1")
        site.wait_gone("198.51.100.1")
        os.kill(daemon.worker(), signal.SIGKILL)
        daemon.wait_message("addresses authorized", count=2)
        equal(site.query("198.51.100.1"), None,
              "a worker that reads the line again does not grant it again")


def rotate(site, ip, when):
    """The next file has a line when it gets its name."""
    site.log(login(ip), when=when, name="next")
    os.rename(site.path("mail.log"), site.path("mail.log.1"))
    os.rename(site.path("next"), site.path("mail.log"))


def future_and_rotated():
    with pbs.Site() as site:
        daemon = site.start("--grace=600")
        now = time.time()
        site.log(login("198.51.100.1"), when=now + 3600)
        site.wait_key("198.51.100.1")
        rotate(site, "198.51.100.2", time.time() + 3600)
        ok(site.wait_key("198.51.100.2"), "a log that is an hour ahead loses "
           "no login when it is rotated")
        rotate(site, "198.51.100.3", time.time() + 5400)
        daemon.wait_message("rotated", count=2)
        site.log(login("198.51.100.4"))
        site.wait_key("198.51.100.4")
        equal(site.query("198.51.100.3"), None, "a file whose login is ahead "
              "by more than what was written to the log is another one")


main(quiet, staggered, renewed, backwards, future, future_before_us,
     future_and_killed, future_and_rotated)
