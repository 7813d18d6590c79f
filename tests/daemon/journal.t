#!/usr/bin/env python3
# Logins are read from the systemd journal, also those that came while the
# daemon was down; what is no line of one program is not read, nor what a user
# writes who is logged in: against a
# journald of our own, in its own mount namespace; where that cannot be (a bare
# chroot), in place, if no other journald has been there.
# tests/run: root
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import equal, main, ok, skip_all

JOURNALD = "/lib/systemd/systemd-journald"
PLACES = ("/run/systemd/journal", "/run/log/journal")
SOCKET = PLACES[0] + "/socket"
FORGED = "203.0.113.66"
SESSION = "user.slice/user-1234.slice/session-7.scope"


def enter_namespace():
    """Runs this test again in a mount namespace of its own."""
    if os.environ.get("PBS_JOURNAL"):
        return
    if not os.path.exists(JOURNALD) or not os.path.exists("/etc/machine-id"):
        skip_all("no systemd-journald here")
    for how in ("slave", "unchanged"):  # a chroot's root is no mount point
        enter = ["unshare", "-m", "--propagation", how]
        if subprocess.run(enter + ["true"],
                          stderr=subprocess.DEVNULL).returncode == 0:
            os.execvp("unshare", enter + [
                "env", "PBS_JOURNAL=" + how, sys.executable,
                os.path.abspath(__file__)])
    skip_all("no mount namespaces here")


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def prepare():
    """What journald needs: a /run of ours alone, and control groups."""
    if os.environ["PBS_JOURNAL"] == "slave":
        mount("-t", "tmpfs", "tmpfs", "/run")
        mount("-t", "tmpfs", "tmpfs", "/var/log")
    elif any(map(os.path.exists, PLACES)):
        skip_all("no mount namespaces here, and another journald")
    if not os.listdir("/sys/fs/cgroup"):
        mount("--make-rprivate", "/sys")
        mount("-t", "cgroup2", "none", "/sys/fs/cgroup")
    for place in PLACES:
        os.makedirs(place)


def start_journald():
    """Ready: before, its sockets do not yet tell who writes."""
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind("/run/systemd/notify")
    ready.settimeout(20)
    process = subprocess.Popen([JOURNALD], stderr=subprocess.DEVNULL, env=dict(
        os.environ, NOTIFY_SOCKET="/run/systemd/notify"))
    while b"READY=1" not in ready.recv(4096):
        pass
    os.unlink("/run/systemd/notify")
    return process


def send(text, program="dovecot"):
    fields = b"PRIORITY=6\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n%s%s\n" % (
        program.encode(), len(text.encode()).to_bytes(8, "little"),
        text.encode())
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(SOCKET)
    s.send(fields)
    s.close()


def message(ip):
    return login(ip).split(": ", 1)[1]


def journal():
    with pbs.Site() as site:
        send(message("198.51.100.1"))
        daemon = site.start("--logfile=journal:")
        ok(site.wait_key("198.51.100.1"), "what is in the journal at start")
        send(message("198.51.100.2"))
        ok(site.wait_key("198.51.100.2"), "what comes")
        send("two lines\n" + login(FORGED))
        send(message(FORGED), program="dovecot: x")
        send(message(FORGED), program="do ve")
        send(message(FORGED), program="sshd")
        send(message("198.51.100.3"), program="dovecot")
        ok(site.wait_key("198.51.100.3"), "what comes behind odd entries")
        ok(FORGED not in site.dump(), "which are no logins")
        equal(daemon.stop(), 0, "stopped")
        send(message("198.51.100.4"))
        daemon = site.start("--logfile=journal:")
        ok(site.wait_key("198.51.100.4"), "what came while it was down")
        ok("resumed the journal" in daemon.messages(),
           "found by its place", daemon.messages())
        equal(daemon.stop(), 0, "stopped again")


@contextlib.contextmanager
def written(text, where, uid=1234):
    """As one of that control group and user would write it, with logger(1). He
    stays: the journal asks later who he was."""
    groups = next(d for d in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
                  if os.path.exists(d + "/cgroup.procs"))
    place = os.path.join(groups, where)
    os.makedirs(place)
    stay, leave = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            os.close(leave)
            with open(place + "/cgroup.procs", "w") as f:
                f.write("0")
            os.setuid(uid)
            send(text)
            os.read(stay, 1)
            os._exit(0)
        yield
    finally:
        os.close(leave)
        os.close(stay)
        os.waitpid(pid, 0)
        while place != groups:
            os.rmdir(place)
            place = os.path.dirname(place)


def gone(text, uid=1234):
    """Written by a user who has ended before the journal looks."""
    os.kill(journald.pid, signal.SIGSTOP)
    try:
        pid = os.fork()
        if pid == 0:
            os.setuid(uid)
            send(text)
            os._exit(0)
        os.waitpid(pid, 0)
    finally:
        os.kill(journald.pid, signal.SIGCONT)


def whose():
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal:")
        gone(message(FORGED))
        with written(message(FORGED), SESSION), \
                written(message("198.51.100.6"), "system.slice/imapd.service"):
            send(message("198.51.100.5"))
            ok(site.wait_key("198.51.100.5"), "what a server writes counts")
        ok(FORGED not in site.dump(), "what a user writes does not")
        ok("in their own sessions, first uid 1234" in daemon.messages(),
           "and that is logged", daemon.messages())
        daemon.stop()
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal: _UID=1234 + _UID=1235")
        ok(site.wait_key(FORGED), "who may write can be named")
        ok("198.51.100.5" not in site.dump(), "others may not then")
        daemon.stop()
    with pbs.Site() as site:
        done = site.run("--logfile=journal: dovecot", "--once")
        ok(done.returncode != 0 and "'dovecot' is not FIELD=VALUE"
           in done.stderr, "a word that is no match", done.stderr)


def container_line(text, **fields):
    entry = b"PRIORITY=6\nSYSLOG_IDENTIFIER=0123456789ab\n" \
        b"CONTAINER_NAME=mailserver\nMESSAGE=%s\n" % text.encode()
    for name, value in fields.items():
        entry += b"%s=%s\n" % (name.encode(), value.encode())
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(SOCKET)
    s.send(entry)
    s.close()


def containers():
    """Docker's journald driver: what a container prints is the line, if the
    administrator named it."""
    own = "Jan  1 02:01:00 imap-login: Info: " + login("198.51.100.%d").split(
        "imap-login: ")[1]
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal: CONTAINER_NAME=mailserver")
        container_line(own % 61)
        ok(site.wait_key("198.51.100.61"), "a line of the container")
        container_line((own % 62)[:40], CONTAINER_PARTIAL_MESSAGE="true")
        container_line((own % 62)[40:])
        ok(site.wait_key("198.51.100.62"), "a line in two parts")
        daemon.stop()
    with pbs.Site() as site:
        site.start("--logfile=journal:")
        container_line(own % 63)
        send(login("198.51.100.64").split("dovecot: ")[1])
        ok(site.wait_key("198.51.100.64"), "a server's own entry")
        equal(site.dump().get("198.51.100.63"), None,
              "without its name, no container's line counts")


def read_once():
    with pbs.Site() as site:
        done = site.run("--logfile=journal:", "--once")
        equal(done.returncode, 0, "once", done.stderr)
        ok("198.51.100.4" in site.dump(), "reads it to its end")


def persistent():
    """Where a Debian host begins to keep its journal over a boot."""
    if os.environ["PBS_JOURNAL"] != "slave":
        return
    with pbs.Site() as first, pbs.Site() as second:
        sites = (first, second)
        first.start("--logfile=journal:")
        second.start("--logfile=journal:", "--sandbox=off")
        send(message("198.51.100.71"))
        ok(all(s.wait_key("198.51.100.71") for s in sites), "not persistent")
        os.mkdir("/var/log/journal")
        os.kill(journald.pid, signal.SIGUSR1)  # journalctl --flush
        send(message("198.51.100.72"))
        for site in sites:
            ok(site.wait_key("198.51.100.72"), "made persistent: followed")
            ok(site.wait_key("198.51.100.71"), "what was known stays")
        send(message("198.51.100.73"))
        ok(all(s.wait_key("198.51.100.73") for s in sites), "and further on")
        ok("only a new worker" not in second.daemons[0].messages(),
           "without a sandbox by the same worker")


enter_namespace()
prepare()
journald = start_journald()
try:
    main(journal, containers, read_once, whose, persistent)
finally:
    journald.terminate()
    journald.wait()
    for place in PLACES:
        shutil.rmtree(place)
