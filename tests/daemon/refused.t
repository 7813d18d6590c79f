#!/usr/bin/env python3
# A start that is refused changes nothing: it leaves no file that was not there
# before, and keeps what an earlier run needs.
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import equal, main

CLIENT = "198.51.100.7"


class Refused(pbs.Site):
    """Its directory for maps also has the checkpoint, the locks and sockets."""

    def bad_patterns(self):
        os.makedirs(self.path("bad"), exist_ok=True)
        self.write("bad/bad.yaml", "rules: [\n")
        return "--patterns=" + self.path("bad")

    def files(self):
        return sorted(os.listdir(self.mapdir))

    def leaves_nothing(self, what, code, *flags):
        for how in (), ("--daemon=" + os.path.join(self.mapdir, "pid"),):
            done = self.run(*flags, *how)
            equal((done.returncode, self.files()), (code, []),
                  "%s%s: nothing is left" % (what, ", --daemon" if how else ""),
                  done.stdout, done.stderr)


def refused():
    with Refused() as site:
        live = ("--dbfile=hash:" + site.map,
                "--dbfile=socketmap:unix:" + os.path.join(site.mapdir, "sock"))
        site.leaves_nothing("a flag", 64, "--grace=often")
        site.leaves_nothing("a pattern", 78, site.bad_patterns())
        site.leaves_nothing("a pattern, with a socket", 78,
                            site.bad_patterns(), *live)
        site.leaves_nothing("one of two maps", 73, "--dbfile=hash:" + site.map,
                            "--dbfile=cdb:" + site.path("absent/map"))
        os.mkdir(site.path("other"))
        os.mkdir(site.path("other/map.cdb"))
        site.leaves_nothing("a map that is a directory", 73,
                            "--dbfile=hash:" + site.map,
                            "--dbfile=cdb:" + site.path("other/map"))
        site.leaves_nothing("a log, with a socket", 66, *live,
                            "--logfile=journal:" + site.path("absent"))


def killed_before():
    """What a killed daemon has left must still be cleared one day."""
    with Refused() as site:
        site.start()
        site.log(login(CLIENT))
        site.wait_key(CLIENT)
        pids = site.processes()
        for signo in signal.SIGSTOP, signal.SIGKILL:
            for pid in pids:
                os.kill(pid, signo)
        site.daemons[-1].wait()
        before = site.files()
        done = site.run(site.bad_patterns())
        with open(site.map + ".state.maps") as f:
            equal((done.returncode, f.read().split()),
                  (78, ["hash:" + site.map]), "the list of a killed daemon "
                  "stays after a refused start", *before)


def anothers_socket():
    with Refused() as site, \
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        path = os.path.join(site.mapdir, "sock")
        other.bind(path)
        other.listen()
        done = site.run("--dbfile=hash:" + site.map,
                        "--dbfile=socketmap:unix:" + path)
        equal((done.returncode, site.files()), (73, ["sock"]),
              "the socket of another process stays", done.stderr)


main(refused, killed_before, anothers_socket)
