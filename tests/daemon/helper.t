#!/usr/bin/env python3
# If the helper is killed, its guardian starts another; if the guardian is
# killed, the helper does. Both are logged. What was known of mynetworks counts
# until a query succeeds again, even for an unprivileged user.
import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, main, ok

GUEST, OURS = "198.51.100.200", "203.0.113.7"
AGAIN = "the helper died of signal 9 (Killed); starting another"
GUARDIAN = "the guardian of the helper died; there is a new one"
GONE = "the helper and its guardian died: "


def wait_child(pid, name, but=()):
    """The child of that name, other than those."""
    def look():
        return [c for c in children(pid, name) if c not in but]
    children = pbs.children
    pbs.until("a process %s" % name, pbs.DEADLINE, look,
              lambda left: time.sleep(0.02))
    return look()[0]


@contextlib.contextmanager
def running(user):
    """A daemon, its guardian and its helper."""
    with pbs.Site("127.0.0.0/8 203.0.113.0/24") as site:
        flags = []
        if user and os.geteuid() == 0:
            os.chown(site.mapdir, pwd.getpwnam(user).pw_uid, -1)
            flags = ["--user=" + user]
        daemon = site.start(*flags)
        guardian = wait_child(daemon.pid, "pbs-guardian")
        yield site, daemon, guardian, wait_child(guardian, "pbs-helper")


def reload(site, daemon, nth=1):
    daemon.kill(signal.SIGHUP)
    daemon.wait_message("reloaded: ", count=nth)


def refuses(site, what, *ips, guest=GUEST):
    """None of them is granted; a guest that comes later is."""
    site.log(*map(login, ips), login(guest))
    site.wait_key(guest)
    ok(not set(ips) & set(site.dump()), what, site.dump())


def helper_killed(user=None):
    with running(user) as (site, daemon, guardian, helper):
        os.kill(helper, signal.SIGKILL)
        daemon.wait_message(AGAIN)
        ok(wait_child(guardian, "pbs-helper", (helper,)),
           "a helper that is killed is started again, and that is logged")
        reload(site, daemon)
        refuses(site, "a reload asks it for mynetworks", OURS)
        site.main_cf("127.0.0.0/8 192.0.2.0/24")
        reload(site, daemon, 2)
        refuses(site, "and hears of changes", "192.0.2.9",
                guest="203.0.113.9")


def guardian_killed(user=None):
    with running(user) as (site, daemon, guardian, helper):
        os.kill(guardian, signal.SIGKILL)
        daemon.wait_message(GUARDIAN)
        second = wait_child(helper, "pbs-helper")
        ok(second, "the helper takes the place of a guardian that is killed")
        os.kill(second, signal.SIGKILL)
        daemon.wait_message(AGAIN)
        wait_child(helper, "pbs-helper", (second,))
        site.main_cf("127.0.0.0/8 192.0.2.0/24")
        reload(site, daemon)
        refuses(site, "and starts the next helper", "192.0.2.9")


def both_killed(user=None):
    with running(user) as (site, daemon, guardian, helper):
        os.kill(guardian, signal.SIGSTOP)  # both at the same moment
        os.kill(helper, signal.SIGSTOP)
        os.kill(guardian, signal.SIGKILL)
        os.kill(helper, signal.SIGKILL)
        daemon.wait_message(GONE)
        reload(site, daemon)
        contains(daemon.messages(), "mynetworks stays as it was last known",
                 "with both killed, a reload keeps what was known")
        refuses(site, "and it is in force", OURS)
        reload(site, daemon, 2)
        refuses(site, "after the next reload, too", OURS, guest="198.51.100.2")


def failing_reload(user=None):
    with running(user) as (site, daemon, _, _):
        site.main_cf("127.0.0.0/8\nmynetworks_style")
        reload(site, daemon)
        site.log(login(OURS))
        daemon.wait_message("refused " + OURS + ": mynetworks ")
        ok(True, "a postconf that fails at a reload changes nothing")


def tables(user=None):
    """A helper that is started again knows which tables it may ask."""
    with running(user) as (site, daemon, guardian, helper):
        site.write("table", "192.0.2.7 x\n192.0.2.8 x\n")
        subprocess.run(["postmap", "hash:" + site.path("table")],
                       env=site.env, check=True)
        site.main_cf("127.0.0.0/8, hash:" + site.path("table"))
        reload(site, daemon)
        refuses(site, "a table is asked", "192.0.2.7")
        os.kill(helper, signal.SIGKILL)
        daemon.wait_message(AGAIN)
        refuses(site, "by the next helper, too", "192.0.2.8",
                guest="198.51.100.2")


def all_killed():
    """Whoever is killed first, the last one clears the map."""
    for first in ("keeper", "helper"):
        with running(None) as (site, daemon, guardian, helper):
            site.log(login(GUEST))
            site.wait_key(GUEST)
            victims = [daemon.pid, helper]
            for pid in victims if first == "keeper" else victims[::-1]:
                os.kill(pid, signal.SIGKILL)
            site.wait_gone(GUEST, 10)
            ok(True, "%s and the other killed: the map is cleared" % first)


def run():
    for case in (helper_killed, guardian_killed, both_killed, failing_reload,
                 tables):
        for user in (None, "nobody") if os.geteuid() == 0 else (None,):
            case(user)
    all_killed()


main(run)
