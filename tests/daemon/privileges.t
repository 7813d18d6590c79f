#!/usr/bin/env python3
# The running daemon cannot read /etc/shadow, write elsewhere, execute anything
# or connect anywhere; the worker cannot write at all. A preloaded library tries
# this from inside: tests/lib/probe.c.
# tests/run: root
import os
import pwd
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip

LIBRARY = os.path.join(pbs.BUILD, "tests", "lib", "probe.so")
SOURCE = os.path.join(pbs.ROOT, "tests", "lib", "probe.c")


def sandbox(site):
    """What --check says is in force."""
    out = site.run("--check").stdout
    return [line for line in out.splitlines() if " sandbox" in line]


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def build():
    os.makedirs(os.path.dirname(LIBRARY), exist_ok=True)
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o",
                    LIBRARY, SOURCE, "-ldl"], check=True)


class Probed:
    """A site whose daemon can be asked to try."""

    def __init__(self, site):
        self.site = site
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.stranger = subprocess.Popen(["sleep", "600"])
        os.mkdir(site.path("logs"))
        os.mkdir(site.path("conf"))
        self.elsewhere = "/var/tmp/pbs-probe.%d" % os.getpid()
        self.env = {
            "LD_PRELOAD": LIBRARY, "PROBE": site.path("conf/probe"),
            "PROBE_MAP": site.map, "PROBE_LOG": site.logfile,
            "PROBE_ELSEWHERE": self.elsewhere,
            "PROBE_PID": str(self.stranger.pid),
            "PROBE_PORT": str(self.listener.getsockname()[1])}
        site.config = site.write("conf/pbs.yaml", "")

    def close(self):
        self.listener.close()
        self.stranger.kill()
        self.stranger.wait()
        if os.path.exists(self.elsewhere):
            os.unlink(self.elsewhere)

    def probe(self, daemon, who, last="stay"):
        """{what: how it went}."""
        self.site.write("conf/probe.new", "%s %s" % (who, last))
        os.rename(self.site.path("conf/probe.new"),
                  self.site.path("conf/probe"))
        self.site.log(login("198.51.100.99"))
        daemon.kill(signal.SIGUSR1)
        daemon.wait_message("probe last")
        if last == "stay":
            daemon.wait_message("probe end")
        os.unlink(self.site.path("conf/probe"))
        return dict(line[6:].split(": ", 1) for line
                    in daemon.messages().splitlines()
                    if line.startswith("probe ") and ": " in line)


def described():
    with pbs.Site() as site:
        line = sandbox(site)
        equal(len(line), 1, "--check tells of the sandbox")
        contains(line[0], "no_new_privs, not dumpable, ", "what is in force")
        out = site.run("--check", "--sandbox=off").stdout
        contains(out, "sandbox off", "and that it is off")


def processes():
    with pbs.Site() as site:
        daemon = site.start()
        worker = daemon.worker()
        for pid, who in ((daemon.pid, "keeper"), (worker, "worker")):
            now = status(pid)
            equal(now["NoNewPrivs"], "1", who + ": no new privileges")
            if "no seccomp" in sandbox(site)[0]:
                skip(who + ": seccomp", "not built in")
            else:
                equal(now["Seccomp"], "2", who + ": seccomp")
        equal(int(status(worker)["CapEff"], 16) & ~0x4, 0,
              "the worker, as root, may read and nothing more")
        daemon.stop()
        plain = site.start("--sandbox=off")
        equal(status(plain.pid)["Seccomp"], "0", "sandbox off")


def unprivileged():
    with pbs.Site() as site:
        try:
            uid = pwd.getpwnam("nobody").pw_uid
        except KeyError:
            skip("as another user", "there is no nobody")
            return
        os.chown(site.mapdir, uid, -1)
        daemon = site.start("--user=nobody")
        for pid in (daemon.pid, daemon.worker()):
            now = status(pid)
            equal(now["Uid"].split(), [str(uid)] * 4, "--user: for good")
            equal(int(now["CapEff"], 16) | int(now["CapPrm"], 16), 0,
                  "... without capabilities")


def strict():
    """Nothing is believed that others could have written."""
    with pbs.Site() as site:
        os.mkdir(site.path("patterns"))
        mine = site.write("patterns/mine.yaml", "server: Mine\n"
                          "program: [mine]\nrules: []\n")
        flags = ("--patterns=" + os.path.join(pbs.ROOT, "patterns"),
                 "--patterns=" + site.path("patterns"))
        for path, mode in ((mine, 0o666), (mine, 0o664),
                           (site.path("patterns"), 0o777)):
            was = os.stat(path).st_mode & 0o777
            os.chmod(path, mode)
            done = site.run(*flags)
            equal(done.returncode, 78, "%s of mode %o is refused"
                  % (os.path.basename(path), mode), done.stderr)
            contains(done.stderr, path + ": others than its owner",
                     "... and named")
            os.chmod(path, was)
        os.mkdir(site.path("state"))
        os.chmod(site.path("state"), 0o777)
        done = site.run("--checkpoint=" + site.path("state/x"))
        ok(done.returncode not in (0, 64), "a state directory of mode 777 "
           "is refused", done.returncode)
        contains(done.stderr, "others can write", "... and why")


DENIED = ("Permission denied", "Operation not permitted")


def tried_by_worker():
    with pbs.Site() as site:
        p = Probed(site)
        try:
            daemon = site.start(env=p.env)
            if "no Landlock" in sandbox(site)[0]:
                skip("from inside the worker", "this kernel has no Landlock")
                return
            how = p.probe(daemon, "worker")
            for what in ("read /etc/shadow", "write elsewhere",
                         "write the map", "unlink the map", "connect",
                         "signal others", "signal by descriptor",
                         "read the keeper's memory",
                         "write the keeper's memory", "signal the keeper",
                         "be dumped"):
                ok(how.get(what) in DENIED, "the worker cannot " + what,
                   how)
            equal(how.get("read the log"), "possible", "it reads the log")
            site.wait_key("198.51.100.99")
            ok(True, "and does its work")
        finally:
            p.close()


def tried_by_keeper():
    with pbs.Site() as site:
        p = Probed(site)
        try:
            daemon = site.start(env=p.env)
            if "no Landlock" in sandbox(site)[0]:
                skip("from inside the keeper", "this kernel has no Landlock")
                return
            how = p.probe(daemon, "keeper")
            for what in ("write elsewhere", "connect", "be dumped"):
                ok(how.get(what) in DENIED, "the keeper cannot " + what, how)
        finally:
            p.close()


def executes():
    with pbs.Site() as site:
        p = Probed(site)
        try:
            if "no seccomp" in sandbox(site)[0]:
                skip("exec", "no seccomp is built in")
                return
            daemon = site.start(env=p.env)
            site.log(login("198.51.100.1"))
            site.wait_key("198.51.100.1")
            worker = daemon.worker()
            p.probe(daemon, "worker", "exec")
            daemon.wait_message("that the sandbox forbids")
            daemon.wait_message("cleared hash:")
            ok(True, "a worker that executes something is ended, the map "
               "is cleared")
            pbs.until("another worker", pbs.DEADLINE, lambda: daemon.worker()
                      not in (worker, daemon.pid),
                      lambda left: time.sleep(0.05))
            site.wait_key("198.51.100.1")
            ok(True, "and another one takes its place")
        finally:
            p.close()


def traces():
    """The keeper's memory is not the worker's by any call either."""
    for last in ("trace", "peek"):
        with pbs.Site() as site:
            p = Probed(site)
            try:
                if "no seccomp" in sandbox(site)[0]:
                    skip(last, "no seccomp is built in")
                    continue
                daemon = site.start(env=p.env)
                p.probe(daemon, "worker", last)
                daemon.wait_message("that the sandbox forbids")
                ok("probe end" not in daemon.messages(),
                   "a worker that would %s at the keeper is ended" % last)
            finally:
                p.close()


def asks_postfix():
    """Who may start nothing has Postfix asked by the helper."""
    with pbs.Site(mynetworks="127.0.0.0/8 203.0.113.0/24") as site:
        daemon = site.start()
        site.main_cf("127.0.0.0/8 198.51.100.0/24")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        site.log(login("198.51.100.1"), login("203.0.113.1"))
        site.wait_key("203.0.113.1")
        ok("198.51.100.1" not in site.dump(),
           "a reload asks for mynetworks again")


def restarts():
    """A second worker has as little as the first."""
    with pbs.Site() as site:
        daemon = site.start()
        first = daemon.worker()
        os.kill(first, signal.SIGKILL)
        pbs.until("another worker", pbs.DEADLINE, lambda: daemon.worker()
                  not in (first, daemon.pid), lambda left: time.sleep(0.05))
        daemon.wait_message("publishing to", count=2)
        now = status(daemon.worker())
        equal(now["NoNewPrivs"], "1", "the next worker: no new privileges")
        site.log(login("198.51.100.1"))
        ok(site.wait_key("198.51.100.1"), "it does its work")


if pbs.CHECKED:
    main(strict, lambda: skip(
        "the rest", "a checker needs more than the sandbox gives"))
else:
    build()
    main(described, processes, strict, unprivileged, tried_by_worker,
         tried_by_keeper, executes, traces, asks_postfix, restarts)
