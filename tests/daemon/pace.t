#!/usr/bin/env python3
# A hash: map is renamed at most once a second, however many log in, since
# each rename restarts every smtpd; the first login after a quiet second is
# in the map at once.
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import main, ok

SECONDS = 3


def renames(watch, until):
    times = []
    while time.monotonic() < until:
        if "pbs.db" in watch.wait(until - time.monotonic()):
            times.append(time.monotonic())
    return times


def busy():
    with pbs.Site() as site:
        site.start()
        watch = pbs.Inotify(site.mapdir)
        begin, times = time.monotonic(), []
        for n in range(SECONDS * 50):
            site.log(login("198.18.%d.%d" % (n // 250, n % 250 + 1)))
            times += renames(watch, begin + (n + 1) / 50)
        gaps = [b - a for a, b in zip(times, times[1:])]
        ok(SECONDS - 1 <= len(times) <= SECONDS + 1,
           "50 logins a second: about one rename a second",
           "%d renames in %d s" % (len(times), SECONDS))
        ok(all(gap > 0.9 for gap in gaps), "never two within a second",
           "smallest gap %.3f s" % min(gaps))
        site.wait_map("all of them", lambda m: len(m) == SECONDS * 50)
        ok(True, "and none is forgotten")
        watch.close()


def quiet():
    with pbs.Site() as site:
        site.start()
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        watch = pbs.Inotify(site.mapdir)
        renames(watch, time.monotonic() + 1.2)  # the quiet second
        began = time.monotonic()
        site.log(login("198.51.100.2"))
        took = watch.wait_for("pbs.db", pbs.DEADLINE) - began
        ok(took < 0.5, "after a quiet second a login is published at once",
           "%.3f s" % took)
        site.log(login("198.51.100.3"))
        took = watch.wait_for("pbs.db", pbs.DEADLINE) - began
        ok(took > 0.9, "the next one waits until the second is over",
           "%.3f s" % took)
        watch.close()


main(busy, quiet)
