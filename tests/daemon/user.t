#!/usr/bin/env python3
# --user: a daemon that root starts runs as that user and can never be root
# again; what that user may not do is reported at the start, not at 3 a.m.
# tests/run: root
import os
import pwd
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip_all

NOBODY = pwd.getpwnam("nobody")
GUEST = "198.51.100.1"


class OwnedSite(pbs.Site):
    """Its map's directory belongs to the user nobody."""

    def __init__(self):
        super().__init__()
        os.chown(self.mapdir, NOBODY.pw_uid, NOBODY.pw_gid)


def processes(daemon):
    """[pid]: the daemon and all that it has started."""
    pids, at = [daemon.pid], 0
    while at < len(pids):
        path = "/proc/%d/task/%d/children" % (pids[at], pids[at])
        with open(path) as f:
            pids += map(int, f.read().split())
        at += 1
    return pids


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.strip().split(":\t", 1) for line in f if ":\t" in line)


def works():
    with OwnedSite() as site:
        os.chmod(site.logfile, 0o644)
        daemon = site.start("--user=nobody")
        for pid in processes(daemon):
            now = status(pid)
            equal(set(now["Uid"].split()), {str(NOBODY.pw_uid)},
                  "works as nobody, real, effective and saved")
            equal(set(now["Gid"].split()), {str(NOBODY.pw_gid)},
                  "and in nobody's group")
            equal(int(now["CapEff"], 16), 0, "without capabilities")
            equal(now["NoNewPrivs"], "1", "and can get no others")
        site.log(login(GUEST))
        ok(site.wait_key(GUEST), "a login is found")
        equal(os.stat(site.map + ".db").st_uid, NOBODY.pw_uid,
              "the map is nobody's")
        equal(daemon.stop(), 0, "a clean end")


def refused():
    with OwnedSite() as site:
        os.chmod(site.logfile, 0o600)
        run = site.run("--user=nobody", "--once")
        equal(run.returncode, 66, "a log that nobody may not read: 66")
        contains(run.stderr, site.logfile, "which is named")
        contains(run.stderr, "Permission denied", "with the reason")
        run = site.run("--user=nobdy")
        equal(run.returncode, 77, "no such user: 77")
        contains(run.stderr, "user 'nobdy': no such user", "and says so")
        os.chown(site.mapdir, 0, 0)
        os.chmod(site.logfile, 0o644)
        run = site.run("--user=nobody")
        equal(run.returncode, 73, "a map that nobody may not write: 73")
        contains(run.stderr, "directory %s: Permission denied" % site.mapdir,
                 "which is named, with the reason")


def after_it():
    """What root types later does not stumble over the user's directory."""
    with OwnedSite() as site:
        os.chmod(site.logfile, 0o644)
        site.log(login(GUEST))
        site.run("--user=nobody", "--once")
        ok(GUEST in site.dump(), "--once has authorized somebody")
        run = site.run("--user=nobody", "--check")
        equal(run.returncode, 0, "--check --user: all is well",
              run.stdout + run.stderr)
        run = site.run("--user=nobody", "--clear")
        equal((run.returncode, site.dump()), (0, {}),
              "--clear --user: nobody is authorized", run.stderr)
        equal(os.stat(site.map + ".db").st_uid, NOBODY.pw_uid,
              "the map is still nobody's")


def listed_by_root():
    """After a stop, as the unit and the init script start it, root need not know
    whom the daemon runs as."""
    with OwnedSite() as site:
        os.chmod(site.logfile, 0o644)
        site.log(login(GUEST))
        site.start("--user=nobody").stop()
        for flags in (), ("--user=nobody",):
            run = site.run("--list", *flags)
            equal((run.returncode, run.stdout[:len(GUEST)]), (0, GUEST),
                  " ".join(("--list", *flags)), run.stderr)
        os.chmod(site.map + ".state", 0o666)
        run = site.run("--list")
        equal((run.returncode, run.stdout), (65, ""), "what others may write is "
              "not believed: 65")
        contains(run.stderr, "no daemon is running, and what it has saved "
                 "cannot be listed: %s.state: " % site.map, "and it says why")
        os.chmod(site.map + ".state", 0o600)
        run = site.run("--list", wrap=("setpriv", "--reuid=1", "--clear-groups"))
        equal((run.returncode, run.stdout), (66, ""), "nor for others to read: "
              "66", run.stderr)
        run = site.run("--list", "--user=nobdy")
        equal(run.returncode, 77, "no such user: 77", run.stderr)


def command_fails():
    """Root's pid file is gone when the command is back, though nobody may not
    remove it; and so the next start says what is wrong, not what is left."""
    with OwnedSite() as site:
        os.chmod(site.dir, 0o755)
        os.chown(site.mapdir, 0, 0)
        run = site.run("--user=nobody", "--daemon=" + site.path("pid"))
        equal(run.returncode, 73, "--daemon --user: no map: 73", run.stderr)
        contains(run.stderr, site.mapdir, "which is named")
        ok(not os.path.exists(site.path("pid")), "no pid file is left")
        run = site.run("--user=nobody", "--daemon=" + site.path("pid"),
                       "--dbfile=hash:" + site.path("nowhere/pbs"))
        equal(run.returncode, 73, "no such directory: 73")
        contains(run.stderr, "directory %s: No such" % site.path("nowhere"),
                 "which is named")


def own_log():
    """Its own log, which root opens, must be rotated all the same."""
    flags = ("--user=nobody",)
    with OwnedSite() as site:
        os.chmod(site.logfile, 0o644)
        log = site.path("own.log")
        daemon = site.start(*flags, "--logto=" + log)
        equal(os.stat(log).st_uid, NOBODY.pw_uid,
              "a log that root has created for the daemon is its user's")
        daemon.kill(signal.SIGHUP)
        pbs.until("reloaded", pbs.DEADLINE,
                  lambda: "reloaded: " in read(log), poll)
        ok("error" not in read(log) and "warning" not in read(log),
           "who can open it again", read(log))
    with OwnedSite() as site:
        os.chmod(site.logfile, 0o644)
        old, log = site.path("old.log"), site.path("own.log")
        with open(log, "w"):
            os.chmod(log, 0o640)
        site.write("pbs.yaml", "logto: %s\n" % log)
        run = site.run("--check", "--user=nobody")
        contains(run.stdout, "warning logto %s: SIGHUP cannot open it again"
                 % log, "--check: a log of root's")
        daemon = site.start(*flags)
        contains(read(log), "warning: logto: %s: this process cannot open it "
                 "again at SIGHUP (Permission denied)" % log, "and the start")
        os.rename(log, old)
        worker = daemon.worker()
        daemon.kill(signal.SIGHUP)
        pbs.until("reloaded", pbs.DEADLINE,
                  lambda: "reloaded: " in read(old), poll)
        site.log(login(GUEST))
        ok(site.wait_key(GUEST), "after SIGHUP it works")
        said = read(old)
        equal(said.count("error: "), 1, "with one error", said)
        contains(said, "error: %s: open: Permission denied; messages go on to "
                 "where they went" % log, "which says where messages are")
        contains(said, "granted " + GUEST, "that is, in the old file")
        equal(daemon.worker(), worker, "the worker is still the same")
        ok(not os.path.exists(log), "a new file there is none")


def adopted():
    """A log that cannot be opened keeps no other setting from being adopted."""
    with OwnedSite() as site:
        os.chmod(site.logfile, 0o644)
        old = site.path("own.log")
        site.write("pbs.yaml", "grace: 2\nlogto: %s\n" % old)
        daemon = site.start("--user=nobody")
        site.write("pbs.yaml", "grace: 1800\nlogto: %s\n"
                   % site.path("nowhere/log"))
        daemon.kill(signal.SIGHUP)
        pbs.until("reloaded", pbs.DEADLINE,
                  lambda: "reloaded: " in read(old), poll)
        site.log(login(GUEST))
        ok(site.wait_key(GUEST), "a log that is not there: a login counts")
        contains(read(old), "nowhere/log: open: No such file or directory; "
                 "messages go on to where they went", "the log stays")


def read(path):
    with open(path) as f:
        return f.read()


def poll(left):
    """The end of a process that is not our child has no event here."""
    time.sleep(min(left, 0.02))


def killed():
    for victim in "worker", "keeper":
        with OwnedSite() as site:
            os.chmod(site.logfile, 0o644)
            site.log(login(GUEST))
            run = site.run("--user=nobody", "--daemon=" + site.path("pid"),
                           "--logto=" + site.path("own.log"))
            equal(run.returncode, 0, "--daemon --user", run.stderr)
            with open(site.path("pid")) as f:
                pid = int(f.read())
            ok(GUEST in site.dump(), "somebody is authorized")
            if victim == "worker":
                os.kill(pbs.children(pid, "pbs-worker")[0], signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGKILL)
            pbs.until("empty", 5, lambda: site.dump() == {}, poll)
            ok(True, "kill -9 of the %s: nobody is authorized" % victim)
            if victim == "keeper":
                pbs.until("no lock", 5, lambda: not os.path.exists(
                    site.map + ".lock"), poll)
                with open(site.path("own.log")) as f:
                    contains(f.read(), "the keeper is gone; cleared",
                             "and a message says so")
                site.start("--user=nobody").stop()
            else:
                os.kill(pid, signal.SIGTERM)
                pbs.until("the end", 20, lambda: not os.path.exists(
                    "/proc/%d" % pid) or status(pid)["State"][0] == "Z", poll)
                equal(os.path.getsize(site.path("pid")), 0,
                      "after a clean end root's pid file names nobody")


def not_root():
    with OwnedSite() as site:
        run = site.run("--user=root", wrap=(
            "setpriv", "--reuid=nobody", "--regid=%d" % NOBODY.pw_gid,
            "--clear-groups"))
        equal(run.returncode, 77, "nobody cannot become root: 77")
        contains(run.stderr, "only root can become another user",
                 "and a message says so")


if os.geteuid() != 0:
    skip_all("only root can become another user")
main(works, refused, listed_by_root, command_fails, own_log, adopted, killed, after_it, not_root)
