#!/usr/bin/env python3
# Limits of the process: a write that the system refuses is an error that is
# logged, and nobody stays authorized for it.
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import equal, main, ok

GRACE = 5


def file_size():
    """RLIMIT_FSIZE, as ulimit -f sets it: SIGXFSZ must end nobody."""
    with pbs.Site() as site:
        daemon = site.start("--grace=%d" % GRACE)
        site.log(login("198.51.100.1"))
        when = int(site.wait_key("198.51.100.1"))
        workers = pbs.children(daemon.pid)
        for pid in [daemon.pid] + workers:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        site.log(login("198.51.100.2"))
        daemon.wait_message("File too large")
        ok(True, "the write that failed is logged")
        site.wait_gone("198.51.100.1", GRACE + 5)
        ok(time.time() - when <= GRACE + 6, "the address goes in time",
           time.time() - when)
        equal(pbs.children(daemon.pid), workers, "no process has died")
        for pid in [daemon.pid] + workers:
            resource.prlimit(pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY,) * 2)
        daemon.wait_message("written again")
        site.log(login("198.51.100.3"))
        ok(site.wait_key("198.51.100.3"), "and all is well once it may write")


main(file_size)
