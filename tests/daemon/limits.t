#!/usr/bin/env python3
# Limits of the process: a write that the system refuses is logged as an error,
# and nobody stays authorized because of it.
import os
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import equal, main, ok

GRACE = 5


def processes(daemon):
    """All of the daemon: keeper, worker, guardian, helper."""
    pids = [daemon.pid]
    for pid in pids:
        pids += pbs.children(pid)
    return pids


def limit(pids, size):
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE,
                         (size, resource.RLIM_INFINITY))


def file_size(kind, size):
    """RLIMIT_FSIZE, as ulimit -f sets it: SIGXFSZ must end no process."""
    what = "%s, %d bytes: " % (kind, size)
    with pbs.Site() as site:
        name = os.path.join(site.mapdir, "limited")
        daemon = site.start("--grace=%d" % GRACE,
                            "--dbfile=%s:%s" % (kind, name))

        def has(address):
            if kind == "cidr":
                with open(name) as f:
                    return address in f.read()
            done = subprocess.run(["postmap", "-q", address, kind + ":" + name],
                                  env=site.env, stdout=subprocess.DEVNULL)
            return done.returncode == 0

        def wait(condition, seconds=pbs.DEADLINE):
            pbs.until(what, seconds, condition, lambda left: time.sleep(0.1))

        site.log(login("198.51.100.1"))
        wait(lambda: has("198.51.100.1"))
        when = time.time()
        pids = processes(daemon)
        limit(pids, size)
        site.log(login("198.51.100.2"))
        if size:  # with 0, the file of messages cannot be written either
            daemon.wait_message("File too large")
            ok(True, what + "the write that failed is logged")
        wait(lambda: not has("198.51.100.1"), GRACE + 5)
        ok(time.time() - when <= GRACE + 6, what + "the address goes in time",
           time.time() - when)
        equal(processes(daemon), pids, what + "no process has died")
        limit(pids, resource.RLIM_INFINITY)

        def returns():
            site.log(login("198.51.100.3"))
            return has("198.51.100.3")
        wait(returns)
        ok(True, what + "and all is well once it may write")


def file_sizes():
    for kind in "hash", "lmdb", "cdb":
        file_size(kind, 1000)
    file_size("hash", 0)


main(file_sizes)
