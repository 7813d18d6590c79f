#!/usr/bin/env python3
# --daemon returns when the map is ready; the keeper clears the map and starts
# another worker when the worker dies; a SIGTERM ends both.
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok


def children(pid):
    return pbs.children(pid, "pbs-worker")


def gone(pid):
    """Dead, or a zombie that nobody here can reap."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def poll(left):
    """The end of a process that is not our child has no event here."""
    import time
    time.sleep(min(left, 0.05))


class Kept:
    """The keeper and its child; ends with the block."""

    def __init__(self, site, *flags):
        self.site = site
        self.pidfile = site.path("pid")
        self.run = site.run("--daemon=" + self.pidfile,
                            "--logto=" + site.path("own.log"), *flags)
        self.keeper = None

    def __enter__(self):
        with open(self.pidfile) as f:
            self.keeper = int(f.read())
        return self

    def child(self):
        return pbs.until("the keeper has a child", pbs.DEADLINE,
                         lambda: (children(self.keeper) or [None])[0], poll)

    def said(self):
        with open(self.site.path("own.log")) as f:
            return f.read()

    def __exit__(self, *exc):
        if not gone(self.keeper):
            os.kill(self.keeper, signal.SIGTERM)
            try:
                self.wait_end()
            except TimeoutError:
                for pid in children(self.keeper) + [self.keeper]:
                    os.kill(pid, signal.SIGKILL)

    def wait_end(self):
        pbs.until("the keeper's end", pbs.DEADLINE,
                  lambda: gone(self.keeper), poll)


def detaches():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        with Kept(site) as kept:
            equal(kept.run.returncode, 0, "--daemon: the command returns 0",
                  kept.run.stderr)
            ok("198.51.100.1" in site.dump(), "when the map is ready")
            ok(kept.child(), "the pid file names the keeper")
            site.log(login("198.51.100.2"))
            pbs.until("a login", pbs.DEADLINE,
                      lambda: site.query("198.51.100.2"), poll)
            ok(True, "the log is followed")
            child = kept.child()
            os.kill(kept.keeper, signal.SIGTERM)
            kept.wait_end()
            ok(gone(child), "SIGTERM to the keeper ends both")
            equal(site.dump(), {}, "and the map is empty")
            ok(not os.path.exists(kept.pidfile), "and the pid file is gone")


def restarted():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        with Kept(site) as kept:
            child = kept.child()
            os.kill(child, signal.SIGKILL)
            pbs.until("an empty map", pbs.DEADLINE,
                      lambda: site.dump() == {}, poll)
            ok(True, "when the daemon dies the map is cleared")
        with open(site.path("own.log")) as f:
            contains(f.read(), "died of signal", "and a message says so")


def comes_back():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        with Kept(site) as kept:
            child = kept.child()
            os.kill(child, signal.SIGKILL)
            pbs.until("another child", pbs.DEADLINE, lambda: [
                c for c in children(kept.keeper) if c != child], poll)
            site.log(login("198.51.100.2"))
            pbs.until("both logins", pbs.DEADLINE, lambda: set(site.dump())
                      == {"198.51.100.1", "198.51.100.2"}, poll)
            ok(True, "another worker is started, nothing is lost")


def cannot_start():
    with pbs.Site() as site:
        run = site.run("--daemon=" + site.path("pid"),
                       "--dbfile=hash:" + site.path("nowhere/pbs"))
        ok(run.returncode not in (0, 64),
           "--daemon: what cannot be opened ends the command",
           run.returncode)
        contains(run.stderr, "nowhere", "and is said where one sees it")
        ok(not os.path.exists(site.path("pid")), "no pid file is left")


def reloads():
    with pbs.Site() as site:
        with Kept(site) as kept:
            site.write("pbs.yaml", "exclude: [203.0.113.0/24]\n")
            os.kill(kept.keeper, signal.SIGHUP)
            pbs.until("reloaded", pbs.DEADLINE,
                      lambda: "reloaded" in kept.said(), poll)
            ok(True, "SIGHUP to the keeper reaches the daemon")


main(detaches, restarted, comes_back, cannot_start, reloads)
