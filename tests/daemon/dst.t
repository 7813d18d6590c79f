#!/usr/bin/env python3
# The order of the lines decides in the hour that occurs twice in autumn, and
# the hour that is skipped in spring counts as the minute before it: with the
# clock in the middle of either, at a start, while the log is followed, and
# after a restart.
import calendar
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import equal, main, ok, skip_all


def utc(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M"))


def at(site, text):
    """The clock of the wall, in UTC; it goes on from there."""
    site.write("clock", "%+d\n" % (utc(text) - time.time()))
    site.env.update(LD_PRELOAD=pbs.LIBFAKETIME, FAKETIME_NO_CACHE="1",
                    FAKETIME_TIMESTAMP_FILE=site.path("clock"),
                    DONT_FAKE_MONOTONIC="1", TZ="Europe/Berlin")


def write(site, *lines):
    site.raw("".join("%s:00 mail %s\n" % (stamp, login(ip))
                     for stamp, ip in lines))


def seen(site):
    """When each address logged in, in UTC."""
    return {ip: time.strftime("%H:%M", time.gmtime(int(when)))
            for ip, when in site.dump().items()}


def autumn():
    with pbs.Site() as site:
        at(site, "2026-10-25 01:50")
        write(site, ("Oct 25 02:30", "198.51.100.1"),
              ("Oct 25 02:55", "198.51.100.2"),
              ("Oct 25 02:20", "198.51.100.3"),
              ("Oct 25 02:40", "198.51.100.4"))
        daemon = site.start("--grace=1h")
        ok(site.wait_key("198.51.100.4"), "read")
        equal(seen(site), {"198.51.100.2": "00:55", "198.51.100.3": "01:20",
                           "198.51.100.4": "01:40"},
              "before the log goes back, it is the first hour")
        write(site, ("Oct 25 02:50", "198.51.100.5"))
        ok(site.wait_key("198.51.100.5"), "written now")
        equal(seen(site)["198.51.100.5"], "01:50", "is the second hour")
        daemon.stop()
        write(site, ("Oct 25 02:50", "198.51.100.6"))
        site.start("--grace=1h")
        ok(site.wait_key("198.51.100.6"), "written while we were away")
        equal(seen(site)["198.51.100.6"], "01:50", "after what we knew")


def spring():
    with pbs.Site() as site:
        at(site, "2026-03-29 01:10")
        write(site, ("Mar 29 02:30", "198.51.100.1"),
              ("Mar 29 03:05", "198.51.100.2"))
        site.start()
        ok(site.wait_key("198.51.100.2"), "read")
        equal(seen(site), {"198.51.100.1": "00:59", "198.51.100.2": "01:05"},
              "a time that there was not is that before")


if pbs.LIBFAKETIME is None:
    skip_all("no libfaketime, or none that works here")
main(autumn, spring)
