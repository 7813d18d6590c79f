#!/usr/bin/env python3
# --once writes the maps and the checkpoint: the next start knows the logins
# without the log, and where either cannot be written, what was there stays.
import errno
import fcntl
import os
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from faults import FAIL, Faults
from pbs import login
from tap import contains, equal, main, ok

FIRST, SECOND, THIRD = ("192.0.2.%d" % n for n in (7, 8, 9))


def once(site, *flags, **how):
    """--once, with a checkpoint in a directory of its own."""
    os.makedirs(site.path("state"), mode=0o755, exist_ok=True)
    return site.run("--once", "--checkpoint=" + site.path("state/pbs.state"),
                    *flags, **how)


def checkpoint_of(site):
    with open(site.path("state/pbs.state"), "rb") as f:
        return f.read()


def both_are_written():
    with pbs.Site() as site:
        site.log(login(FIRST))
        equal(once(site).returncode, 0, "it ends well")
        equal(list(site.dump()), [FIRST], "the map has the login")
        site.log(login(SECOND))
        equal(once(site).returncode, 0, "once more")
        os.unlink(site.logfile)
        site.start("--checkpoint=" + site.path("state/pbs.state"))
        equal(sorted(site.dump()), [FIRST, SECOND],
              "the next start knows both without the log")


def standard_input():
    """What comes late is in the checkpoint, too."""
    with pbs.Site() as site:
        text = "".join(pbs.stamped(login(ip)) + "\n" for ip in (FIRST, SECOND))
        equal(once(site, "--logfile=-", given=text).returncode, 0,
              "standard input: it ends well")
        site.start("--checkpoint=" + site.path("state/pbs.state"))
        equal(sorted(site.dump()), [FIRST, SECOND],
              "the next start knows what it said")


def slow_writer():
    """Each time the pipe is empty for a moment, more comes."""
    with pbs.Site() as site:
        daemon = subprocess.Popen(
            site.command("--once", "--logfile=-"), cwd=site.dir, env=site.env,
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in range(1, 31):
            daemon.stdin.write(pbs.stamped(login("198.51.100.%d" % n)) + "\n")
            daemon.stdin.flush()
            drained(daemon)
        said = daemon.communicate(timeout=30)[1]
        equal((daemon.returncode, len(site.dump())), (0, 30),
              "a pipe is read to its end, however slowly it is written", said)


def drained(daemon):
    """Waits until all that was written has been read."""
    left = bytearray(4)
    while daemon.poll() is None:
        fcntl.ioctl(daemon.stdin, termios.FIONREAD, left)
        if not any(left):
            return
        os.sched_yield()


def checkpoint_fails(call, error, path="/state/pbs.state"):
    with pbs.Site() as site, Faults(site) as faults:
        site.log(login(FIRST))
        once(site)
        before = checkpoint_of(site)
        site.log(login(SECOND))
        faults.arm(call, path=path, action=FAIL, error=error)
        done = once(site, env=faults.env)
        ok(faults.hits() > 0, "%s fails" % call, faults.hits())
        contains(done.stderr, os.strerror(getattr(errno, error)),
                 "which is said")
        equal(sorted(site.dump()), [FIRST, SECOND], "the map is written")
        equal(checkpoint_of(site), before, "the old checkpoint stays")
        equal(os.path.exists(site.path("state/pbs.state.tmp")), False,
              "nothing is left beside it")


def map_fails():
    with pbs.Site() as site, Faults(site) as faults:
        site.log(login(FIRST))
        once(site)
        before = checkpoint_of(site)
        site.log(login(SECOND))
        faults.arm("rename", path="/pbs.db", action=FAIL, error="ENOSPC")
        done = once(site, env=faults.env)
        ok(faults.hits() > 0, "the map cannot be renamed", faults.hits())
        equal(done.returncode, os.EX_CANTCREAT, "it fails")
        equal(list(site.dump()), [FIRST], "the old map stays")
        equal(checkpoint_of(site), before, "the old checkpoint, too")
        equal(os.listdir(site.path("state")), ["pbs.state"],
              "nothing is left beside it")


def all_ways_of_failing():
    checkpoint_fails("fsync", "EIO")
    checkpoint_fails("fflush", "ENOSPC")
    checkpoint_fails("rename", "EIO")
    checkpoint_fails("open", "EACCES", path="/state/pbs.state.tmp")


main(both_are_written, standard_input, slow_writer, all_ways_of_failing, map_fails)
