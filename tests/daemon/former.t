#!/usr/bin/env python3
# A map that was taken out of dbfile: while nobody was left to clear it, as after
# a power failure, authorizes nobody once the daemon starts, or after --clear.
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok

CLIENT = "198.51.100.7"
CLEARED = "cleared hash:%s: it is no longer in dbfile:"


class Moved(pbs.Site):
    """A daemon has published to the old map when all its processes are killed.
    Then dbfile: names another map; the checkpoint stays."""

    def __init__(self):
        super().__init__()
        self.checkpoint = "--checkpoint=" + self.path("table")
        self.list = self.path("table.maps")
        os.mkdir(self.path("new"))
        self.moved = ("--dbfile=hash:" + self.path("new/pbs"), self.checkpoint)

    def kill_all(self):
        self.start(self.checkpoint)
        self.log(login(CLIENT))
        self.wait_key(CLIENT)
        pids = self.processes()
        for signo in signal.SIGSTOP, signal.SIGKILL:
            for pid in pids:
                os.kill(pid, signo)
        self.daemons[-1].wait()
        if CLIENT not in self.dump():
            raise RuntimeError("somebody was left to clear the map")

    def listed(self):
        if not os.path.exists(self.list):
            return []
        with open(self.list) as f:
            return f.read().split()


def at_the_start():
    with Moved() as site:
        site.kill_all()
        daemon = site.start(*site.moved)
        equal(site.dump(), {}, "the old map is empty at READY=1")
        contains(daemon.messages(), "warning: " + CLEARED % site.map,
                 "and the log says why")
        equal(site.listed(), ["hash:" + site.path("new/pbs")],
              "only the new one is listed")
        equal(daemon.stop(), 0, "a clean stop")
        equal(site.listed(), [], "leaves no list")
        equal(os.listdir(os.path.dirname(site.map)), ["pbs.db"],
              "and nothing beside the old map")


def by_clear():
    with Moved() as site:
        site.kill_all()
        done = site.run("--clear", *site.moved)
        equal((done.returncode, site.dump()), (0, {}), "--clear: the old map "
              "is empty", done.stderr)
        contains(done.stderr, CLEARED % site.map, "and it says why")
        equal(site.listed(), [], "no list is left")
        ok(CLEARED % site.map not in site.start(*site.moved).messages(),
           "the next start has nothing to clear")


def locked():
    """The old map is another daemon's now."""
    with Moved() as site:
        site.kill_all()
        other = site.start("--checkpoint=" + site.path("other"))
        site.wait_key(CLIENT)
        daemon = site.start(*site.moved)
        contains(daemon.messages(), "hash:%s is no longer in dbfile:, but was "
                 "not cleared: %s.lock: held by process %d"
                 % (site.map, site.map, other.pid), "a locked one is left alone")
        ok(CLIENT in site.dump(), "and authorizes as before")
        equal((daemon.stop(), site.listed()), (0, ["hash:" + site.map]),
              "it stays on the list")
        equal(site.run("--clear", *site.moved).returncode, 0, "--clear, too")
        ok(CLIENT in site.dump(), "leaves it alone")


def cannot():
    """Others can write its directory, so we do not."""
    with Moved() as site:
        site.kill_all()
        os.chmod(site.mapdir, 0o777)
        done = site.run("--clear", *site.moved)
        equal(done.returncode, 73, "--clear cannot empty it: 73")
        contains(done.stderr, "hash:%s is no longer in dbfile:, but cannot be "
                 "cleared: " % site.map, "and warns")
        daemon = site.start(*site.moved)
        contains(daemon.messages(), "whom it holds may stay authorized",
                 "the daemon starts, and warns")
        daemon.stop()
        os.chmod(site.mapdir, 0o755)
        site.start(*site.moved)
        equal(site.dump(), {}, "and empties it when it can")


def gone():
    with Moved() as site:
        site.kill_all()
        os.unlink(site.map + ".db")
        daemon = site.start(*site.moved)
        ok(not os.path.exists(site.map + ".db"), "a map that was deleted is "
           "not made again")
        ok(site.map not in daemon.messages(), "and not spoken of")


def same_name():
    """From hash:NAME to text:NAME, and by another path to the directory."""
    with Moved() as site:
        site.kill_all()
        os.symlink(site.mapdir, site.path("link"))
        daemon = site.start("--dbfile=text:" + site.path("link/pbs"),
                            site.checkpoint)
        equal(site.dump(), {}, "another type of the same name")
        daemon.stop()
    with Moved() as site:
        site.kill_all()
        os.symlink(site.mapdir, site.path("link"))
        daemon = site.start("--dbfile=hash:" + site.path("link/pbs"),
                            site.checkpoint)
        ok(CLIENT in site.dump(), "another path to the same map is no other "
           "map")
        ok("no longer in dbfile" not in daemon.messages(), "nothing is cleared")


def clean():
    with Moved() as site:
        daemon = site.start(site.checkpoint)
        equal(site.listed(), ["hash:" + site.map], "a running daemon's list")
        daemon.stop()
        site.write("list", "192.0.2.1 OK\n")
        os.rename(site.path("list"), site.map)
        subprocess.run(["postmap", "hash:" + site.map], env=site.env, check=True)
        daemon = site.start(*site.moved)
        equal(site.dump(), {"192.0.2.1": "OK"}, "after a clean stop, the old "
              "name is free for another use")
        ok(site.map not in daemon.messages(), "and the log is quiet")


def unreadable():
    with Moved() as site:
        site.kill_all()
        site.write("table.maps", "nonsense\n")
        os.chmod(site.list, 0o600)
        daemon = site.start(*site.moved)
        contains(daemon.messages(), "table.maps: 'nonsense' is not a map; ",
                 "a list that makes no sense")
        daemon.stop()
        equal(site.listed(), ["nonsense"], "stays for the administrator")


def full_disk():
    """As with the checkpoint, the daemon works without."""
    with Moved() as site:
        os.mkdir(site.list + ".tmp")
        daemon = site.start(site.checkpoint)
        contains(daemon.messages(), "table.maps: cannot be saved: ",
                 "no list can be kept: a warning")
        site.log(login(CLIENT))
        ok(site.wait_key(CLIENT), "and logins count")


main(at_the_start, by_clear, locked, cannot, gone, same_name, clean, unreadable,
     full_disk)
