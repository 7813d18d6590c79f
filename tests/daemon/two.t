#!/usr/bin/env python3
# Two daemons would undo each other's work: a second one on the same map is
# refused, with a message that names the first.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok


def second():
    with pbs.Site() as site:
        first = site.start()
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        run = site.run("--checkpoint=" + site.path("other.state"))
        ok(run.returncode != 0, "a second daemon on the same map ends",
           run.returncode)
        contains(run.stderr, str(first.pid), "and says who has it")
        contains(run.stderr, site.map, "and what")
        ok("198.51.100.1" in site.dump(), "the map is the first one's")
        site.log(login("198.51.100.2"))
        ok(site.wait_key("198.51.100.2"), "which still works")


def after():
    with pbs.Site() as site:
        site.start().stop()
        site.start()
        ok(True, "when the first has ended another may begin")
        site.daemons[-1].stop(9)
        site.start()
        ok(True, "also when it was killed")


def beside():
    with pbs.Site() as site:
        site.start()
        other = site.start("--dbfile=hash:" + os.path.join(site.mapdir,
                                                           "other"))
        equal(other.stop(), 0, "two daemons with a map each")


def two_types():
    """While one moves from one type to the other."""
    with pbs.Site() as site:
        daemon = site.start("--dbfile=hash:" + site.map,
                            "--dbfile=text:" + site.map)
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        run = site.run("--dbfile=text:" + site.map,
                       "--checkpoint=" + site.path("other.state"))
        contains(run.stderr, "held by process %d" % daemon.pid,
                 "two types may have one name, and have one owner")
        equal(daemon.stop(), 0, "a clean end")
        equal(os.path.getsize(site.map), 0, "which clears both")


def one_file():
    """Postfix would read what the last writer wrote."""
    with pbs.Site() as site:
        hashed = "--dbfile=hash:" + site.map
        for flags, told in (
                ([hashed, "--dbfile=cidr:" + site.map + ".db"], "the same file"),
                ([hashed, "--checkpoint=" + site.map + ".db"],
                 "checkpoint: %s.db is the file of" % site.map),
                ([hashed, "--daemon=yes"], "daemon: 'yes' is not a pid file")):
            run = site.run(*flags)
            equal(run.returncode, 64, " ".join(flags) + ": refused")
            contains(run.stderr, told, "and said")


def nobody_else():
    """Who may open the lock may hold it: when the daemon is killed he has it,
    nobody clears the map, and no daemon begins."""
    with pbs.Site() as site:
        lock = site.map + ".lock"
        with open(lock, "w"):
            os.chmod(lock, 0o644)
        site.start()
        for path in lock, site.map + ".state.lock":
            equal(oct(os.stat(path).st_mode & 0o077), "0o0",
                  "nobody else may open " + os.path.basename(path))


main(second, after, beside, two_types, one_file, nobody_else)
