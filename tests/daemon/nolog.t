#!/usr/bin/env python3
# No log is named, and none is there: what is followed in its place is said, and
# where there is no journal either, the log that the first mail makes is found.
# tests/run: root
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip_all

GUEST = "198.51.100.7"


def hidden(site, *more):
    """Runs what follows where /var/log and /run are empty."""
    os.makedirs(site.path("log"), exist_ok=True)
    os.makedirs(site.path("run"), exist_ok=True)
    return ("unshare", "-m", "sh", "-ec",
            "mount --bind %s /var/log; mount --bind %s /run; %s"
            % (site.path("log"), site.path("run"), 'exec "$0" "$@"'))


def without_log(command):
    return [word for word in command if not word.startswith("--logfile")]


class BareSite(pbs.Site):
    def command(self, *flags):
        return without_log(super().command(*flags))


def nothing():
    with BareSite() as site:
        run = site.run("--check", wrap=hidden(site))
        equal(run.returncode, 0, "--check: 0", run.stdout)
        contains(run.stdout, "log /var/log/mail.log: not there yet",
                 "a log that may come is waited for")
        contains(run.stderr, "none of the usual ones is there; nor is a "
                 "journal", "and it is said that there is none")
        run = site.run("--once", wrap=hidden(site))
        equal(run.returncode, 66, "--once has nothing to read: 66")


def journal():
    with BareSite() as site:
        os.makedirs(site.path("run/systemd/journal"))
        site.write("run/systemd/journal/socket", "")
        run = site.run("--check", wrap=hidden(site))
        contains(run.stdout, "ok log journal:", "a journal is written: it")
        contains(run.stderr, "none of the usual ones is there; following "
                 "the journal", "and it is said that it takes a log's place")


def comes():
    with BareSite() as site:
        daemon = site.start(wrap=hidden(site))
        site.log(login(GUEST), name="log/mail.log")
        ok(site.wait_key(GUEST), "a mail.log that appears later is followed")
        equal(daemon.stop(), 0, "a clean end")


if os.geteuid() != 0:
    skip_all("only root can hide /var/log")
main(nothing, journal, comes)
