#!/usr/bin/env python3
# One hour of a busy host, run as fast as possible: sixty rotations with many
# logins each. Every login is counted, every address is in the map, and neither
# memory nor descriptors have grown since the first minutes.
# tests/run: timeout=3600
"""HOUR_LOGINS=N a minute; 600000 is 10,000 a second (make soak)."""
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import equal, main, ok

LOGINS = int(os.environ.get("HOUR_LOGINS", "2000"))
ADDRESSES = min(LOGINS, 10000)
# Old files stay open for a minute, 32 at most: so it has settled late.
MINUTES, SETTLED = 60, 40


def address(n):
    return "198.%d.%d.%d" % (18 + n // 62500, n // 250 % 250, n % 250 + 1)


def kilobytes(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s*(\d+)", f.read()).group(1))


def use(daemon):
    """(KiB, descriptors) of all its processes."""
    pids = {daemon.pid, daemon.worker()}
    return (sum(map(kilobytes, pids)),
            sum(len(os.listdir("/proc/%d/fd" % pid)) for pid in pids))


def minute_of_lines(n):
    """The bytes of one minute; its stamps are now."""
    stamp = pbs.stamped("", time.time())
    if n == 0:
        lines = (login(address(i % ADDRESSES)) + "\n" for i in range(LOGINS))
        minute_of_lines.stamp = stamp
        minute_of_lines.block = "".join(stamp + x for x in lines).encode()
    # No two files of a real log are the same: by that they are told apart.
    first = "%spostfix/qmgr[%d]: minute %d\n" % (stamp, n + 1, n)
    return first.encode() + minute_of_lines.block.replace(
        minute_of_lines.stamp.encode(), stamp.encode())


def rotate(site):
    if os.path.exists(site.logfile + ".1"):
        os.rename(site.logfile + ".1", site.logfile + ".2")
    os.rename(site.logfile, site.logfile + ".1")


def write(site, data):
    """In pieces of what a syslogd writes at once, line by torn line."""
    with open(site.logfile, "ab", buffering=0) as f:
        for at in range(0, len(data), 65536):
            f.write(data[at:at + 65536])


def counted(daemon):
    """How many logins it has seen."""
    before = daemon.messages().count("state: ")
    daemon.kill(signal.SIGUSR1)
    daemon.wait_message("state: ", count=before + 1)
    return int(re.findall(r"state: .* logins=(\d+)", daemon.messages())[-1])


def wait_counted(daemon, wanted):
    pbs.until("%d logins" % wanted, 120, lambda: counted(daemon) >= wanted,
              lambda left: time.sleep(0.02))


def an_hour():
    with pbs.Site() as site:
        daemon = site.start("--nomynetworks", "--dbfile=hash:" + site.map)
        began, settled = time.monotonic(), None
        for minute in range(MINUTES):
            write(site, minute_of_lines(minute))
            if minute % 2:  # half of the rotations find it behind
                wait_counted(daemon, LOGINS * minute)
            rotate(site)
            if minute == SETTLED:
                settled = use(daemon)
        site.log("postfix/qmgr[1]: the end")
        wait_counted(daemon, LOGINS * MINUTES)
        seconds = time.monotonic() - began
        equal(counted(daemon), LOGINS * MINUTES,
              "%d logins over %d rotations in %.0f s: each is seen, once"
              % (LOGINS * MINUTES, MINUTES, seconds))
        site.wait_map("all", lambda m: len(m) == ADDRESSES)
        ok(True, "%d addresses are in the map" % ADDRESSES)
        memory, descriptors = use(daemon)
        ok(memory <= settled[0] * 1.1 + 1024, "memory is flat: %d KiB after "
           "%d minutes, %d at the end" % (settled[0], SETTLED, memory))
        ok(descriptors <= settled[1] + 2, "descriptors are flat: %d, %d"
           % (settled[1], descriptors))
        equal(daemon.stop(), 0, "a clean end")


main(an_hour)
