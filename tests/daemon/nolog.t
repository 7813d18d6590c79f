#!/usr/bin/env python3
# No log is configured and none exists: the daemon logs what it follows instead,
# and if there is no journal either, it finds the log that the first mail
# creates.
# tests/run: root exclusive
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip_all

GUEST = "198.51.100.7"


USUAL = ("/var/log/maillog", "/var/log/mail.log", "/var/log/mail",
         "/var/log/messages", "/run/systemd/journal/socket",
         "/run/log/journal/*/*.journal", "/var/log/journal/*/*.journal")
IN_PLACE = os.geteuid() == 0 and subprocess.run(
    ["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0


def hidden(site):
    """Runs what follows where /var/log and /run are empty: a bare chroot, which
    can hide nothing, has nothing there."""
    if IN_PLACE:
        return ()
    os.makedirs(site.path("log"), exist_ok=True)
    os.makedirs(site.path("run"), exist_ok=True)
    return ("unshare", "-m", "sh", "-ec",
            "mount --bind %s /var/log; mount --bind %s /run; %s"
            % (site.path("log"), site.path("run"), 'exec "$0" "$@"'))


def without_log(command):
    return [word for word in command if not word.startswith("--logfile")]


class BareSite(pbs.Site):
    def place(self, path):
        """The path outside of a file that the program sees in there."""
        if not IN_PLACE:
            path = self.path(path.replace("/var/", "/").lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def command(self, *flags):
        return without_log(super().command(*flags))


def nothing():
    with BareSite() as site:
        run = site.run("--check", wrap=hidden(site))
        equal(run.returncode, 0, "--check: 0", run.stdout)
        contains(run.stdout, "warning log /var/log/mail.log: no such file yet",
                 "a log that may come is waited for")
        contains(run.stderr, "none of the usual logs exists; there is no "
                 "journal either", "and it is said that there is none")
        run = site.run("--once", wrap=hidden(site))
        equal(run.returncode, 66, "--once has nothing to read: 66")


def journal():
    with BareSite() as site:
        made = site.place("/run/systemd/journal/socket")
        with open(made, "w"):
            run = site.run("--check", wrap=hidden(site))
        os.unlink(made)
        contains(run.stdout, "ok log journal:", "a journal is written: it")
        contains(run.stderr, "none of the usual logs exists; following "
                 "the journal", "and it is said that it takes a log's place")


def comes():
    with BareSite() as site:
        daemon = site.start(wrap=hidden(site))
        log = site.place("/var/log/mail.log")
        try:
            site.log(login(GUEST), name=log)
            ok(site.wait_key(GUEST), "a mail.log that comes later is followed")
        finally:
            os.unlink(log)
        equal(daemon.stop(), 0, "a clean end")


if os.geteuid() != 0:
    skip_all("only root can hide /var/log")
if IN_PLACE and any(map(glob.glob, USUAL)):
    skip_all("no mount namespaces here, and there is "
             + next(filter(glob.glob, USUAL)))
main(nothing, journal, comes)
