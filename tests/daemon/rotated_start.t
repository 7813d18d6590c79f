#!/usr/bin/env python3
# A rotation at any moment of a start loses no line: the daemon is paused before
# each call that it makes on the directory of its logs, and the files are
# renamed there, all at once or one at each call.
# tests/run: timeout=900
"""START_STEP=N: at each N-th call, not each 5th. START_GAPS: calls between two
steps of the rotation."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import faults
import pbs
from pbs import login
from tap import main, ok

STEP = int(os.environ.get("START_STEP", "5"))
GAPS = [int(n) for n in os.environ.get("START_GAPS", "0 1 6").split()]
ADDRESSES = ["198.51.100.%d" % n for n in range(1, 5)]


def old(site, n):
    return site.path("logs/mail.log" + (".%d" % n if n else ""))


def prepare(site, checkpoint):
    """Three files, and a checkpoint after the first line, or none."""
    os.mkdir(site.path("logs"))
    site.log(login(ADDRESSES[0]), name="logs/mail.log")
    if checkpoint:
        site.start("--logfile=" + old(site, 0)).stop()
    for ip in ADDRESSES[1:3]:
        for n in (1, 0):
            if os.path.exists(old(site, n)):
                os.rename(old(site, n), old(site, n + 1))
        site.log(login(ip), name="logs/mail.log")


def steps(site, late):
    """The parts of a rotation, as logrotate(8) does them."""
    def create():
        site.log(login(ADDRESSES[3]), name="logs/mail.log")
    renames = [lambda n=n: os.rename(old(site, n), old(site, n + 1))
               for n in (2, 1, 0)]
    return renames + ([lambda: time.sleep(0.3)] if late else []) + [create]


def start(site, faulty, first, late, gap):
    """Starts it with that rotation, a step each gap calls; 0: all at once. False: there were fewer calls."""
    todo = steps(site, late)
    faulty.arm(path=site.path("logs"), action=faults.PAUSE, first=first)
    daemon = site.spawn("--logfile=" + old(site, 0), env=faulty.env)
    done = 0
    deadline = time.monotonic() + 20
    while todo and time.monotonic() < deadline:
        if faulty.hits() == done:
            if daemon.process.poll() is not None or \
                    " authorized" in daemon.messages():
                break
            time.sleep(0.0005)
            continue
        while todo and (not gap or done % gap == 0):
            todo.pop(0)()
            if gap:
                break
        done += 1
        faulty.release(done)
    reached = done > 0
    faulty.lift()
    faulty.release(1 << 30)
    daemon.wait_state()
    for step in todo:
        step()
    return reached


def at_each_call(checkpoint, late, gap):
    lost, first, calls = [], 1, 0
    while True:
        with pbs.Site() as site:
            prepare(site, checkpoint)
            with faults.Faults(site) as faulty:
                if not start(site, faulty, first, late, gap):
                    break
                try:
                    site.wait_map("all", lambda m: set(ADDRESSES) <= set(m),
                                  5)
                except TimeoutError:
                    lost.append((first, site.daemons[-1].messages()))
        calls += 1
        first += STEP
    ok(calls > 5 and not lost, "%s checkpoint, %s new file, %s: %d moments, %d"
       " lost" % ("with a" if checkpoint else "without", "late" if late else
                  "early", "a step each %d calls" % gap if gap else "at once",
                  calls, len(lost)), *[str(at) + "\n" + text for at, text in lost[:3]])


def scenario(*how):
    def run():
        at_each_call(*how)
    run.__name__ = "rotation %s %s %s" % how
    return run


main(*[scenario(checkpoint, late, gap) for checkpoint in (False, True)
       for late in (False, True) for gap in GAPS], jobs=4)
