#!/usr/bin/env python3
# READY=1 comes when the map has what the log says, and no sooner; by then,
# everything that a crashed run left in the map is gone.
import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from tap import contains, equal, main, ok

NOW = int(time.time())


def ready():
    with pbs.Site() as site:
        site.log(pbs.login("198.51.100.1"), when=NOW - 100)
        site.log(pbs.login("198.51.100.2"), when=NOW - 50)
        site.log(pbs.login("2001:db8:1:2::5"), when=NOW - 10)
        site.start()
        equal(site.dump(), {"198.51.100.1": str(NOW - 100),
                            "198.51.100.2": str(NOW - 50),
                            "2001:db8:1:2::5": str(NOW - 10)},
              "at READY=1 the map holds each login with its own time")


def too_old():
    with pbs.Site() as site:
        site.log(pbs.login("198.51.100.1"), when=NOW - 1000)
        site.log(pbs.login("198.51.100.2"), when=NOW - 10)
        site.start("--grace=10m")
        equal(list(site.dump()), ["198.51.100.2"],
              "a login older than the grace does not count")


def last_year():
    with pbs.Site() as site:
        site.log(pbs.login("198.51.100.1"), when=NOW - 60)
        for days in range(330, 0, -30):
            site.log(pbs.login("198.51.100.2"), when=NOW - days * 86400)
        site.log(pbs.login("198.51.100.3"), when=NOW - 50)
        site.start()
        equal(list(site.dump()), ["198.51.100.3"],
              "in a log that was never rotated, a login before months of "
              "others is of last year")
    with pbs.Site() as site:
        site.log(pbs.login("198.51.100.1"), when=NOW - 60)
        os.utime(site.logfile, (NOW - 365 * 86400,) * 2)
        site.start()
        equal(site.dump(), {},
              "so is one in a log that was last written to then")
        site.log(pbs.login("198.51.100.2"))
        ok(site.wait_key("198.51.100.2"), "but not what is written now")


def crashed():
    with pbs.Site() as site:
        site.write("map/pbs", "203.0.113.9 1700000000\n")
        subprocess.run(["postmap", "hash:" + site.map], env=site.env,
                       check=True)
        equal(site.query("203.0.113.9"), "1700000000",
              "a map that a crashed run left")
        site.start()
        equal(site.dump(), {}, "is replaced before READY=1")


def nothing_yet():
    with pbs.Site() as site:
        os.unlink(site.logfile)
        daemon = site.start()
        equal(site.dump(), {}, "without a log the map is there, and empty")
        contains(daemon.messages(), site.logfile,
                 "the missing log is named")
        site.log(pbs.login("198.51.100.3"))
        ok(site.wait_key("198.51.100.3"), "when it comes it is followed")


def modes():
    with pbs.Site() as site:
        site.start()
        equal(oct(os.stat(site.map + ".db").st_mode & 0o777), "0o644",
              "the map's mode")
        equal(sorted(n for n in os.listdir(site.mapdir)
                     if n.endswith(".db")), ["pbs.db"],
              "nothing that looks like a map lies beside it")


def one_line():
    with pbs.Site() as site:
        daemon = site.start("--grace=600")
        site.log(pbs.login("198.51.100.4", "zoë\\x"))
        site.wait_key("198.51.100.4")
        ok(any(line.startswith("granted 198.51.100.4 for ")
               and "rule=dovecot-login" in line and "user=" in line
               for line in daemon.messages().splitlines()),
           "each grant is said in one line", daemon.messages())


def checked():
    """--check refuses what would only wait, or fail later."""
    for flag, told in (
            ("--logfile=journl:", "log journl:: neither a file nor journal:"),
            ("--logfile=journal:/nonexistent _UID=5",
             "log journal:/nonexistent _UID=5: /nonexistent: No such file"),
            ("--logfile=journal:/etc/passwd",
             "log journal:/etc/passwd: /etc/passwd: not a directory"),
            ("--checkpoint=/", "checkpoint /: not a regular file"),
            ("--logto=/nonexistent/x", "logto /nonexistent/x: /nonexistent"),
            ("--daemon=/nonexistent/x", "daemon /nonexistent/x: /nonexistent"),
            ("--enable=xyz", "patterns: unknown rule 'xyz'")):
        with pbs.Site() as site:
            run = site.run("--check", flag)
            equal(run.returncode, 78, "--check %s: 78" % flag)
            contains(run.stdout, "FAILED " if "'" in told else
                     "FAILED " + told, "it stands out")
            contains(run.stdout, told, "and says why")


def fill(path):
    """The queue of a manager that does not read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        try:
            while True:
                other.sendto(b"STATUS=full", path)
        except BlockingIOError:
            pass


def deaf_manager():
    """What a manager does not read must not keep the keeper from its work."""
    with pbs.Site() as site:
        daemon = site.start("--grace=3")
        fill(daemon.notify_path)
        site.log(pbs.login("198.51.100.4"))
        ok(site.wait_key("198.51.100.4"), "a deaf manager: a login counts")
        ok(site.wait_gone("198.51.100.4", 8), "and expires in time")
        equal(daemon.stop(), 0, "and SIGTERM ends the daemon")


def deaf_at_a_restart():
    """Each new worker is ready for the first time; its keeper is not."""
    with pbs.Site() as site:
        daemon = site.start("--grace=6")
        fill(daemon.notify_path)
        site.log(pbs.login("198.51.100.5"))
        site.wait_key("198.51.100.5")
        os.kill(daemon.worker(), signal.SIGKILL)
        daemon.wait_message("restarting the worker")
        ok(site.wait_key("198.51.100.5"), "a deaf manager, and a new worker: "
           "the address is back")
        ok(site.wait_gone("198.51.100.5", 10), "and expires in time")
        equal(daemon.stop(), 0, "and SIGTERM ends the daemon")


def deaf_at_the_start():
    """READY=1 must reach the manager, but somebody may be authorized by then.
    """
    with pbs.Site() as site, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = site.path("manager")
        manager.bind(path)
        fill(path)
        site.log(pbs.login("198.51.100.6"))
        daemon = site.spawn("--grace=5", wrap=("env", "NOTIFY_SOCKET=" + path))
        daemon.wait_message("publishing to")  # the map is there
        ok(site.wait_key("198.51.100.6"), "deaf at the start: a login counts")
        ok(site.wait_gone("198.51.100.6", 10), "and expires in time")
        manager.settimeout(pbs.DEADLINE)
        while manager.recv(4096) != b"READY=1":
            pass
        ok(True, "READY=1 comes once the manager reads")
        equal(daemon.stop(), 0, "and SIGTERM ends the daemon")


main(ready, too_old, last_year, deaf_manager, deaf_at_a_restart,
     deaf_at_the_start, crashed, nothing_yet, modes, one_line, checked)
