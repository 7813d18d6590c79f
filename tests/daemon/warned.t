#!/usr/bin/env python3
# The daemon warns of a setting or an address when it first sees it: addresses
# that no map can hold, link-local ones, long grace periods, shared addresses. A
# signal before the daemon is ready ends it cleanly.
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from metrics import status
from pbs import login
from tap import contains, equal, main, ok


def left_out():
    with pbs.Site() as site:
        daemon = site.start("--dbfile=hash:" + site.map,
                            "--dbfile=lmdb:" + site.map,
                            "--dbfile=socketmap:unix:" + site.path("socket"))
        site.log(login("fd00::1"), login("fd00::1", "bob"),
                 login("2001:db8:1::7"))
        site.wait_key("2001:db8:1::7")
        for kind in ("hash", "lmdb"):
            equal(daemon.messages().count("fd00::1 is not in %s:%s"
                                          % (kind, site.map)), 1,
                  "fd00::1 is in no %s: map, and that is logged once" % kind,
                  daemon.messages())
        ok("not in socketmap" not in daemon.messages(),
           "a socketmap: map has it")
        ok("2001:db8:1::7 is not" not in daemon.messages(),
           "other addresses are in all maps")
        equal(status(site)["left_out"], 1, "status counts it")


def left_out_before():
    """What a start has found in the log, or in the checkpoint."""
    with pbs.Site() as site:
        where = "hash:" + site.map
        site.log(login("fd00::1"), login("2001:db8:1::7"))
        daemon = site.start("--dbfile=" + where)
        contains(daemon.messages(), "fd00::1 is not in " + where,
                 "a start says it of one")
        site.log(login("fd01::1"))
        daemon.wait_message("fd01::1 is not in " + where)
        daemon.stop()
        daemon = site.start("--dbfile=" + where)
        contains(daemon.messages(), "2 addresses are not in " + where,
                 "and of several in one line")
        equal(daemon.messages().count("not in " + where), 1, "and once",
              daemon.messages())


def link_local():
    with pbs.Site() as site:
        daemon = site.start()
        site.log(login("fe80::1%eth0"), login("fe80::2%enp3s0.7"),
                 login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        for address in ("fe80::1", "fe80::2"):
            contains(daemon.messages(), "refused %s: a link-local address"
                     % address, address + " with a zone is refused, and said")
        equal(status(site)["doubtful"], 2, "status counts them")
        equal(set(site.dump()), {"198.51.100.1"}, "and nothing else happens")


def zones_grant_nothing():
    """A zone after an address that is not link-local is no form of it."""
    with pbs.Site() as site:
        daemon = site.start()
        site.log(login("198.51.100.9%eth0"), login("2001:db8:1::9%eth0"),
                 login("fe80::1%eth0").replace("rip=", "rip=198.51.100.8, x="),
                 login("198.51.100.1", "a%b"))
        site.wait_key("198.51.100.1")
        equal(set(site.dump()), {"198.51.100.1"}, "they grant nothing",
              daemon.messages())


def long_grace():
    with pbs.Site() as site:
        daemon = site.start("--grace=3650d")
        contains(daemon.messages(), "more than a day", "grace of ten years")
        other = site.run("--grace=1d", "--check")
        ok("more than a day" not in other.stdout + other.stderr,
           "a day is no fault", other.stdout)


def all_excluded():
    with pbs.Site() as site:
        done = site.run("--exclude=0.0.0.0/1", "--exclude=128.0.0.0/1",
                        "--check")
        contains(done.stdout + done.stderr, "no login over IPv4 authorizes",
                 "networks that are all of IPv4")
        done = site.run("--exclude=0.0.0.0/1", "--exclude=::/0", "--check")
        ok("no login over" not in done.stdout + done.stderr,
           "all of IPv6 is no fault", done.stdout)


def shared():
    with pbs.Site() as site:
        daemon = site.start()
        site.log(*(login("198.51.100.9", "user%d" % n) for n in range(20)))
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        ok("users have logged in" not in daemon.messages(),
           "20 users of an address are no fault")
        site.log(*(login("198.51.100.9", "user%d" % n)
                   for n in range(20, 30)))
        site.log(login("198.51.100.2"))
        site.wait_key("198.51.100.2")
        equal(daemon.messages().count("21 users have logged in from "
                                      "198.51.100.9"), 1,
              "21 are, and that is logged once", daemon.messages())
        equal(daemon.messages().count("users have logged in"), 1,
              "and for no other number")
        site.log(*(login("198.51.100.8", "user%d" % n) for n in range(21)))
        site.log(login("198.51.100.3"))
        site.wait_key("198.51.100.3")
        contains(daemon.messages(), "21 users have logged in from 198.51.100.8",
                 "also within a second")


def holds_signals(pid):
    """main() has begun: SIGTERM waits."""
    with open("/proc/%d/status" % pid) as f:
        mask = f.read().split("SigBlk:")[1].split()[0]
    return int(mask, 16) >> (signal.SIGTERM - 1) & 1


def early(delay, *flags):
    with pbs.Site() as site:
        site.log(*(login("198.51.100.%d" % n) for n in range(200)))
        daemon = site.spawn(*flags)
        pbs.until("it has begun", pbs.DEADLINE,
                  lambda: holds_signals(daemon.pid), lambda left: None)
        time.sleep(delay)  # whatever it does then: no event tells of it
        daemon.kill(signal.SIGTERM)
        return daemon.wait(), daemon.messages()


def early_stop():
    for milliseconds in (0, 10, 20, 50, 100, 200, 400, 2000):
        code, messages = early(milliseconds / 1000)
        ok(code == 0 and "died of signal" not in messages,
           "SIGTERM %d ms after it has begun: exit 0" % milliseconds, code,
           messages)


def in_memory(directory):
    """Whether files there are written to no disk."""
    return subprocess.run(["stat", "-f", "-c", "%T", directory], text=True,
                          stdout=subprocess.PIPE).stdout.strip() in (
                              "tmpfs", "ramfs")


def costly():
    """A map that is written as a whole, to a disk, for each of many logins."""
    with pbs.Site() as site, tempfile.TemporaryDirectory(
            dir=in_memory("/dev/shm") and "/dev/shm" or None) as other:
        os.chmod(other, 0o755)
        kinds = {"hash": site.map, "lmdb": site.map, "cdb": other + "/map"}
        site.log(*(login("198.18.%d.%d" % divmod(n, 250))
                   for n in range(19999)))
        daemon = site.start(*("--dbfile=%s:%s" % kind
                              for kind in kinds.items()))
        ok("comes alone" not in daemon.messages(), "19,999 addresses: nothing",
           daemon.messages())
        for last in range(1, 4):
            site.log(login("198.51.100.%d" % last))
            site.wait_key("198.51.100.%d" % last)
        for kind, name in kinds.items():
            disk = not in_memory(os.path.dirname(name))
            equal(daemon.messages().count(
                "warning: %s:%s: with 20000 addresses, each login that comes "
                "alone writes" % (kind, name)), int(disk and kind != "lmdb"),
                  "one more: logged once, for a whole file on a disk: " + kind,
                  daemon.messages())


main(left_out, left_out_before, link_local, zones_grant_nothing, long_grace,
     all_excluded, shared, costly, early_stop)
