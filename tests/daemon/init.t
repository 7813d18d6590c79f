#!/usr/bin/env python3
# The init script says one thing, and it is true, with the exit codes of the LSB;
# it starts the daemon as another user, and sees whether it runs.
# tests/run: root
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok

GUEST = "198.51.100.1"
SCRIPT = os.path.join(pbs.ROOT, "packaging", "pop-before-smtp.init")
DEFAULTS = "/etc/default/pop-before-smtp"


class Machine(pbs.Site):
    """The script with settings of its own. The daemon's user is nobody."""

    def __init__(self):
        super().__init__()
        self.pidfile = self.path("pid")
        os.chmod(self.logfile, 0o644)
        shutil.copytree(os.path.join(pbs.ROOT, "patterns"), self.path("shipped"))
        with open(SCRIPT) as f:
            text = f.read().replace(DEFAULTS, self.path("default"))
        os.chmod(self.write("script", text), 0o755)
        self.settings()

    def __exit__(self, *exc):
        self.settings()
        self("stop")
        super().__exit__(*exc)

    def settings(self, daemon=pbs.DAEMON, options=""):
        self.write("default", "DAEMON=%s\nRUNAS=nobody\nPIDFILE=%s\nSTATE=%s\n"
                   "OPTIONS='--config=%s --patterns=%s --logfile=%s "
                   "--dbfile=hash:%s %s'\n" % (
                       daemon, self.pidfile, self.mapdir, self.config,
                       self.path("shipped"), self.logfile, self.map, options))

    def __call__(self, word, wrap=()):
        # The daemon keeps what it inherits.
        with open(self.path("out"), "w+") as out, \
                open(self.path("err"), "w+") as err:
            code = subprocess.run(
                [*wrap, self.path("script"), word], stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, timeout=60,
                env=dict(self.env, SYSTEMCTL_SKIP_REDIRECT="1")).returncode
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()

    def says(self, word, code, text, name, wrap=()):
        """This alone; errors are the last line of standard error, after what
        the daemon reports."""
        found = self(word, wrap)
        text = "pop-before-smtp: %s\n" % text
        said = found[2].splitlines(True)[-1:] if code else [found[1]]
        ok(found[0] == code and said == [text] and not (code and found[1]),
           "%s: %s" % (word, name), *map(repr, found))
        return found[2]


def works():
    with Machine() as machine:
        equal(machine("status")[0], 3, "status: it does not run")
        machine.says("reload", 7, "not running", "what does not run")
        machine.says("try-restart", 0, "not running", "nor is that started")
        machine.says("stop", 0, "not running", "nothing to stop")
        machine.says("start", 0, "started", "it starts")
        code, said, _ = machine("status")
        with open(machine.pidfile) as f:
            pid = int(f.read())
        equal((code, said), (0, "pop-before-smtp runs, pid %d\n" % pid),
              "status: it runs")
        other = ("setpriv", "--reuid=1", "--regid=1", "--clear-groups")
        equal(machine("status", other)[0], 0, "status: others see that, too")
        machine.says("stop", 4, "only root may do this", "others may not", other)
        machine.says("start", 0, "already running", "it runs already")
        equal(os.stat("/proc/%d" % pid).st_uid, 65534, "as another user")
        machine.says("reload", 0, "reloading; its log has the result", "a signal")
        machine.says("restart", 0, "restarted", "another one")
        machine.says("stop", 0, "stopped", "it stops")
        equal(machine.dump(), {}, "and nobody may relay")


def refused():
    with Machine() as machine:
        os.mkdir(machine.path("bad"))
        os.chmod(machine.path("bad"), 0o755)
        machine.write("bad/bad.yaml", "rules: [\n")
        bad = "--patterns=" + machine.path("bad")
        machine.settings(options=bad)
        said = machine.says("start", 6, "not started", "a bad pattern")
        contains(said, "bad.yaml:2: ", "which is named before")
        equal(machine("status")[0], 3, "status: it does not run")
        machine.settings(options="--grase=3")
        machine.says("start", 6, "not started", "a wrong flag")
        machine.settings(options="--logfile=journal:/nonexistent")
        machine.says("start", 1, "not started", "a log that is not there")
        machine.settings(daemon="/nonexistent")
        machine.says("start", 5, "not installed: there is no /nonexistent",
                     "no daemon")
        machine.settings()
        machine("start")
        machine.log(login(GUEST))
        machine.wait_key(GUEST)
        _, before, _ = machine("status")
        for options, name in ((bad, "bad.yaml:2: "), ("--grase=3", "--grase"),
                              ("--logfile=journal:x", "journal:x"),
                              ("--logfile=-", "has no standard input")):
            machine.settings(options=options)
            for word in ("restart", "try-restart", "force-reload"):
                said = machine.says(word, 6, "not restarted; it runs on", options)
                contains(said, name, "which is named before")
            said = machine.says("reload", 6, "not reloaded; it runs on", options)
            contains(said, name, "which is named before, too")
        equal(machine("status")[1], before, "the good daemon runs on")
        ok(GUEST in machine.dump(), "and whoever was authorized still is")
        machine.settings()
        machine.says("restart", 0, "restarted", "when that is put right")


def left():
    """A killed daemon leaves its pid file; the number is another's by then."""
    with Machine() as machine:
        machine.write("pid", "%d\n" % os.getpid())
        equal(machine("status")[0], 1, "status: dead, with a pid file")
        machine.says("start", 0, "started", "it starts all the same")
        machine("stop")
        machine.write("pid", "%d\n" % os.getpid())
        machine.says("stop", 0, "not running", "another process is let alone")
        ok(not os.path.exists(machine.pidfile), "and its file is gone")


def killed():
    """Nothing is left that would empty the map."""
    with Machine() as machine:
        machine("start")
        machine.log(login(GUEST))
        machine.wait_key(GUEST)
        with open(machine.pidfile) as f:
            pid = int(f.read())
        kill_all(pid)
        ok(GUEST in machine.dump(), "all of it is killed: the map stays")
        machine.settings(options="--grase=3")
        said = machine.says(
            "stop", 1, "not running, but its map could not be emptied",
            "the configuration is not valid")
        contains(said, "--grase", "which is named before")
        equal(machine("status")[0], 1, "and the trace of it stays")
        machine.settings()
        machine.says("stop", 0, "not running", "it empties the map")
        equal(machine.dump(), {}, "nobody may relay")
        equal(machine("status")[0], 3, "no trace is left")


def kill_all(pid):
    """None of them sees that another one is gone: it would empty the map, or
    start that one again."""
    family, at = [pid], 0
    while at < len(family):
        os.kill(family[at], signal.SIGSTOP)
        family += pbs.children(family[at])
        at += 1
    for one in family:
        os.kill(one, signal.SIGKILL)
    for one in family:
        pbs.until("it is gone", pbs.DEADLINE, lambda: ended(one),
                  lambda left: time.sleep(0.02))


def ended(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def lost():
    """The pid file is gone, the daemon is not."""
    with Machine() as machine:
        machine("start")
        machine.log(login(GUEST))
        machine.wait_key(GUEST)
        os.rename(machine.pidfile, machine.path("kept"))
        said = machine.says("stop", 1, "not stopped: it runs, but %s does not "
                            "name it" % machine.pidfile, "without its pid file")
        with open(machine.path("kept")) as f:
            contains(said, "held by process " + f.read().strip(),
                     "the process is named before")
        ok(GUEST in machine.dump(), "and its map is let alone")
        os.rename(machine.path("kept"), machine.pidfile)
        machine.says("stop", 0, "stopped", "with its pid file")


main(works, refused, left, killed, lost)
