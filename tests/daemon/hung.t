#!/usr/bin/env python3
# If the worker is stopped or killed, or continues without its keeper, the map
# is empty within 5 seconds, so that nobody stays authorized unwatched.
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok

LIMIT = 5.0


def poll(left):
    """The end of a process that is not our child has no event here."""
    time.sleep(min(left, 0.05))


def gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def authorized(site, *flags, **how):
    """A daemon, and somebody in its map."""
    daemon = site.start(*flags, **how)
    site.log(login("198.51.100.1"))
    site.wait_key("198.51.100.1")
    worker = daemon.worker()
    if worker == daemon.pid:
        raise RuntimeError("one process alone")
    return daemon, worker


def emptied(site, since, what):
    site.wait_map(what, lambda m: m == {})
    took = time.monotonic() - since
    ok(took < LIMIT, "%s: the map is empty within 5 s" % what,
       "%.2f s" % took)


def two():
    with pbs.Site() as site:
        daemon, worker = authorized(site)
        with open("/proc/%d/comm" % worker) as f:
            equal(f.read(), "pbs-worker\n", "the worker has its own name")
        for fd in os.listdir("/proc/%d/fd" % worker):
            link = os.readlink("/proc/%d/fd/%s" % (worker, fd))
            if link.startswith(site.mapdir):
                ok(False, "the worker holds nothing of the map's directory",
                   link)
                break
        else:
            ok(True, "the worker holds nothing of the map's directory")
        equal(daemon.stop(), 0, "both end with a SIGTERM")
        ok(gone(worker), "the worker, too")


def stopped():
    with pbs.Site() as site:
        daemon, worker = authorized(site)
        began = time.monotonic()
        os.kill(worker, signal.SIGSTOP)
        emptied(site, began, "a worker that is stopped")
        daemon.wait_message("does not answer")
        pbs.until("another worker", pbs.DEADLINE, lambda:
                  daemon.worker() not in (worker, daemon.pid), poll)
        site.wait_key("198.51.100.1")
        ok(True, "another one takes over, and knows what it knew")
        site.log(login("198.51.100.2"))
        ok(site.wait_key("198.51.100.2"), "and follows the log")


def stopping():
    """A worker that hangs when it should stop is not waited for either."""
    with pbs.Site() as site:
        daemon, worker = authorized(site)
        os.kill(worker, signal.SIGSTOP)
        done = site.run("--clear")
        equal(done.returncode, 75, "--clear is for who does not run")
        ok("198.51.100.1" in site.dump(), "the daemon's map is its own")
        began = time.monotonic()
        daemon.kill(signal.SIGTERM)
        emptied(site, began, "told to stop, with a worker that is stopped")
        ok(daemon.wait() != 0, "not a clean end")


def killed():
    with pbs.Site() as site:
        daemon, worker = authorized(site)
        began = time.monotonic()
        os.kill(worker, signal.SIGKILL)
        emptied(site, began, "a worker that is killed")
        site.wait_key("198.51.100.1")
        ok(True, "another one takes over")
        daemon.wait_message("died of signal 9")
        ok(daemon.process.poll() is None, "the daemon keeps running")


def beheaded():
    with pbs.Site() as site:
        daemon, worker = authorized(site)
        daemon.stop(signal.SIGKILL)
        pbs.until("the worker's end", LIMIT, lambda: gone(worker), poll)
        ok(True, "a keeper that is killed takes its worker along")
        done = site.run("--clear")
        equal(done.returncode, 0, "what ExecStopPost does then",
              done.stderr)
        equal(site.dump(), {}, "empties the map")
        site.start()
        ok(True, "and another daemon may begin")


def expires():
    """While the worker is stopped, before it is missed."""
    with pbs.Site() as site:
        daemon, worker = authorized(site, "--grace=2")
        os.kill(worker, signal.SIGSTOP)
        began = time.monotonic()
        site.wait_gone("198.51.100.1")
        ok(time.monotonic() - began < 2 + LIMIT, "gone with its grace")


def idle():
    """While nobody is authorized, a silent worker is no fault."""
    with pbs.Site() as site:
        daemon = site.start()
        worker = daemon.worker()
        os.kill(worker, signal.SIGSTOP)
        time.sleep(LIMIT + 1)
        os.kill(worker, signal.SIGCONT)
        site.log(login("198.51.100.1"))
        ok(site.wait_key("198.51.100.1"), "an empty map may wait")
        equal(daemon.worker(), worker, "for the same worker")


def renewed():
    """A renewal reaches Postfix late, but is never lost."""
    with pbs.Site() as site:
        daemon, _ = authorized(site, "--grace=4")
        for _ in range(8):
            time.sleep(1)
            site.log(login("198.51.100.1"))
        ok(site.query("198.51.100.1"), "who logs in again and again stays")
        ok("had expired" not in daemon.messages(), "all the time",
           daemon.messages())
        inode = site.inode()
        site.log(login("198.51.100.1"))
        site.wait_gone("198.51.100.1")
        ok(site.inode() != inode, "until the last grace is over")


def many():
    with pbs.Site() as site:
        when = time.time()
        site.log(*(login("198.%d.%d.%d" % (18 + n // 62500, n // 250 % 250,
                                           n % 250 + 1))
                   for n in range(100000)), when=when)
        daemon = site.start()
        worker = daemon.worker()
        began = time.monotonic()
        os.kill(worker, signal.SIGSTOP)
        emptied(site, began, "100,000 addresses and a stopped worker")


main(two, stopped, stopping, killed, beheaded, expires, idle, renewed, many)
