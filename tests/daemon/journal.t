#!/usr/bin/env python3
# Logins are read from the systemd journal, including those logged while the
# daemon was down. Lines of other programs, the rest of a line that journald
# cut, and what a user writes do not count. The test runs a journald of its own
# in its own mount namespace; if that is impossible (a bare chroot), it runs one
# in place, unless another journald has been there.
# tests/run: root
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import journald
import pbs
from pbs import login
from tap import equal, main, ok, skip_all

PLACES = (journald.RUN, journald.LOG)
SOCKET = PLACES[0] + "/socket"
DEV_LOG, STREAMS = PLACES[0] + "/dev-log", PLACES[0] + "/stdout"
FORGED = "203.0.113.66"
SESSION = "user.slice/user-1234.slice/session-7.scope"


def enter_namespace():
    """Runs this test again in a mount namespace of its own."""
    if os.environ.get("PBS_JOURNAL"):
        return
    if not os.path.exists(journald.PROGRAM) or not os.path.exists("/etc/machine-id"):
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


def send(text, program="dovecot", where=PLACES[0]):
    fields = b"PRIORITY=6\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n%s%s\n" % (
        program.encode(), len(text.encode()).to_bytes(8, "little"),
        text.encode())
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(where + "/socket")
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


MINE = """server: Mine
program: [mine]
rules:
  - name: mine-login
    match: 'in (?<user>\\S+) from (?<ip>[0-9a-f.:]+)'
    accept:
      - { line: 'Nov 21 02:01:00 mail mine: in ann from 192.0.2.7',
          ip: 192.0.2.7, user: ann }
"""


def without_rules():
    """Entries of programs without rules are only counted, until there is a
    rule for one of them."""
    with pbs.Site() as site:
        os.mkdir(site.path("patterns"))
        daemon = site.start("--logfile=journal:", "--patterns=" +
                            site.path("patterns"), "--patterns=" +
                            os.path.join(pbs.ROOT, "patterns"))
        before = lines_read(daemon)
        for n in range(3):
            send("in ann from 198.51.100.41", program="mine")
            send(message("198.51.100.%d" % (42 + n)))
            ok(site.wait_key("198.51.100.%d" % (42 + n)), "login %d" % n)
        equal(lines_read(daemon) - before, 6, "all are counted")
        site.write("patterns/mine.yaml", MINE)
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        send("in ann from 198.51.100.45", program="mine")
        ok(site.wait_key("198.51.100.45"), "after a reload, a new rule is used")
        ok("198.51.100.41" not in site.dump(), "for what comes then")
        daemon.stop()


def lines_read(daemon):
    """As SIGUSR1 makes it say."""
    before = daemon.messages().count("state: ")
    daemon.kill(signal.SIGUSR1)
    daemon.wait_message("state: ", count=before + 1)
    return int(re.findall(r"state: .* lines=(\d+)", daemon.messages())[-1])


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
        while place != groups and not any(
                entry.is_dir() for entry in os.scandir(place)):
            os.rmdir(place)
            place = os.path.dirname(place)


def gone(text, uid=1234):
    """Written by a user who has ended before the journal looks."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        pid = os.fork()
        if pid == 0:
            os.setuid(uid)
            send(text)
            os._exit(0)
        os.waitpid(pid, 0)
    finally:
        os.kill(process.pid, signal.SIGCONT)


def who_in_which_unit():
    """What a user runs in another's unit does not count; his own service, and
    a system user's job, do."""
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal:")
        with written(message("203.0.113.1"), "system.slice/cron.service"), \
                written(message("203.0.113.2"), "system.slice/a2.service"), \
                written(message("198.51.100.7"), "system.slice/dovecot.service"
                        ), \
                written(message("198.51.100.8"), "system.slice/atd.service",
                        uid=199):
            for ip in "198.51.100.7", "198.51.100.8":
                ok(site.wait_key(ip), "its own service; a system user")
        equal([ip for ip in site.dump() if ip.startswith("203.0.113.")], [],
              "not a user's job in cron's unit or a web server's")
        daemon.stop()
    for match, counts in (("SYSLOG_IDENTIFIER=dovecot", False),
                          ("_SYSTEMD_UNIT=cron.service", True),
                          ("_UID=1234 + SYSLOG_IDENTIFIER=dovecot", False),
                          ("_UID=1234 SYSLOG_IDENTIFIER=dovecot", True)):
        with pbs.Site() as site:
            site.run("--logfile=journal:" + match, "--once")
            equal("203.0.113.1" in site.dump(), counts,
                  "who may write can be named, by %s" % match)


def whose():
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal:")
        gone(message(FORGED))
        with written(message(FORGED), SESSION), \
                written(message("198.51.100.6"), "system.slice/imapd.service"):
            send(message("198.51.100.5"))
            ok(site.wait_key("198.51.100.5"), "what a server writes counts")
        ok(FORGED not in site.dump(), "what a user writes does not")
        ok("that no server's unit wrote, first those of uid 1234"
           in daemon.messages(), "and that is logged", daemon.messages())
        daemon.stop()
    who_in_which_unit()
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal: _UID=1234 + _UID=1235")
        ok(site.wait_key(FORGED), "who may write can be named")
        ok("198.51.100.5" not in site.dump(), "others may not then")
        daemon.stop()
    with pbs.Site() as site:
        done = site.run("--logfile=journal: dovecot", "--once")
        ok(done.returncode != 0 and "'dovecot' is not FIELD=VALUE"
           in done.stderr, "a word that is no match", done.stderr)


def container_line(text, tag="0123456789ab", **fields):
    fields = {"PRIORITY": "6", "SYSLOG_IDENTIFIER": tag,
              "CONTAINER_NAME": "mailserver", "MESSAGE": text, **fields}
    entry = "".join("%s=%s\n" % field for field in fields.items()).encode()
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
        container_line("x", CONTAINER_PARTIAL_MESSAGE="true")
        container_line("an error", PRIORITY="3")
        container_line(own % 65)
        container_line(own % 66)
        ok(site.wait_key("198.51.100.66"), "the line after that")
        equal(site.dump().get("198.51.100.65"), None, "the rest of a line "
              "begins none, though a line of standard error came between")
        daemon.stop()
    several_containers(own)
    with pbs.Site() as site:
        site.start("--logfile=journal:")
        container_line(own % 63)
        send(login("198.51.100.64").split("dovecot: ")[1])
        ok(site.wait_key("198.51.100.64"), "a server's own entry")
        equal(site.dump().get("198.51.100.63"), None,
              "without its name, no container's line counts")
        server, text = "dovecot", login("198.51.100.%d").split("dovecot: ")[1]
        container_line("x", server, CONTAINER_PARTIAL_MESSAGE="true")
        container_line("an error", server, PRIORITY="3")
        container_line(text % 67, server)
        container_line(text % 68, server)
        ok(site.wait_key("198.51.100.68"), "a container with a server's tag")
        equal(site.dump().get("198.51.100.67"), None,
              "the rest of its line begins none")


def several_containers(own):
    """Parts of their lines, mixed, with one name and with two."""
    first, second = ({"CONTAINER_ID_FULL": digit * 64} for digit in "ab")
    part = {"CONTAINER_PARTIAL_MESSAGE": "true"}
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal: CONTAINER_NAME=mailserver "
                            "CONTAINER_NAME=other")
        container_line((own % 71)[:40], **first, **part)
        container_line((own % 72)[:40], **second, **part)
        container_line((own % 73)[:40], CONTAINER_NAME="other", **part)
        container_line((own % 71)[40:], **first)
        container_line((own % 73)[40:], CONTAINER_NAME="other")
        container_line((own % 72)[40:], **second)
        for n in (71, 72, 73):
            ok(site.wait_key("198.51.100.%d" % n), "container %d's line" % n)
        container_line("x", **first, **part)
        container_line("y", **second)
        container_line(own % 74, **first)
        container_line("x", CONTAINER_NAME="other", **part)
        container_line(own % 75, **first)
        container_line(own % 76, CONTAINER_NAME="other")
        container_line(own % 77, **second)
        ok(site.wait_key("198.51.100.77"), "the lines after those")
        keys = site.dump()
        ok("198.51.100.75" in keys, "a line after the rest of another")
        ok("198.51.100.74" not in keys and "198.51.100.76" not in keys,
           "the rest of a container's line begins none", *keys)
        daemon.stop()


def datagram(text):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(DEV_LOG)
    s.send(("<22>" + text).encode())
    s.close()


def stream(unit="dovecot.service"):
    """As systemd connects a service's standard error."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(STREAMS)
    s.send(b"dovecot\n%s\n30\n0\n0\n0\n0\n" % unit.encode())
    return s


def shapes():
    """A datagram that names a host or has another stamp, of which journald does
    not take off the tag; and Dovecot's own log on standard error."""
    line, own = login("198.51.100.%d"), "%s imap-login: Info: %s\n"
    with pbs.Site() as site, stream() as service:
        site.start("--logfile=journal:")
        datagram("Nov 21 02:01:00 mx " + line % 31)
        datagram("2026-11-21T02:01:00.123456+01:00 mx " + line % 32)
        datagram("2026-11-21T02:01:00Z " + line % 33)
        datagram("1 2026-11-21T02:01:00Z mx dovecot 77 - - "
                 + message("198.51.100.34"))
        datagram("Nov 21 02:01:00 " + line % 35)
        text = message("198.51.100.%d").split(": ", 1)[1]
        service.send((own % ("Nov 21 02:48:38", text % 36)).encode())
        service.send((own % ("2026-11-21 02:49:02", text % 37)).encode())
        datagram("Nov 21 02:01:00 user mx " + line % 38)
        service.send(("imap-login: " + text % 39 + "\n").encode())
        for host in (31, 32, 33, 34, 35, 36, 37, 39):
            ok(site.wait_key("198.51.100.%d" % host), "shape %d" % host)
        ok("198.51.100.38" not in site.dump(), "no header is no header")


def cut():
    """The rest of a line that journald cut does not begin one."""
    with pbs.Site() as site, stream() as service:
        daemon = site.start("--logfile=journal:")
        service.send(b"user=<\0" + message(FORGED).encode() + b"\n")
        service.send(b"x" * 48 * 1024 + message(FORGED).encode() + b"\n")
        service.send(message("198.51.100.21").encode() + b"\n")
        ok(site.wait_key("198.51.100.21"), "the next line counts")
        ok(FORGED not in site.dump(), "the rest of one before does not")
        # One of a container was in the journal before.
        equal(daemon.messages().count("granted nothing: it is the rest of a "
                                      "cut line"), 3, "which is said")
        daemon.kill(signal.SIGUSR1)
        daemon.wait_message("doubtful=3 ")
        service.send(b"user=<\0")
        send(message("198.51.100.22"))
        ok(site.wait_key("198.51.100.22"), "what another process writes counts")
        daemon.stop()
        service.send(message(FORGED).encode() + b"\n")
        service.send(message("198.51.100.23").encode() + b"\n")
        site.start("--logfile=journal:")
        ok(site.wait_key("198.51.100.23"), "nor after a restart in between")
        ok(FORGED not in site.dump(), "is it the beginning of a line")


def entries():
    """What the journal has of the last lines of services."""
    return subprocess.run(
        ["journalctl", "--no-pager", "-n", "4", "-o", "export",
         "_TRANSPORT=stdout"],
        capture_output=True).stdout.decode(errors="replace")


def last_words():
    """Of a process that ends before journald looks, only the unit is known."""
    with pbs.Site() as site, stream() as own, \
            stream("user@1234.service") as session:
        daemon = site.start("--logfile=journal:")
        os.kill(process.pid, signal.SIGSTOP)
        for text, service in (("198.51.100.24", own), (FORGED, session)):
            pid = os.fork()
            if pid == 0:
                os.setuid(199)
                service.send(message(text).encode() + b"\n")
                os._exit(0)
            os.waitpid(pid, 0)
        os.kill(process.pid, signal.SIGCONT)
        came = site.wait_key("198.51.100.24")
        ok(came, "a unit's last line counts", "" if came else entries())
        send(message("198.51.100.25"))
        ok(site.wait_key("198.51.100.25"), "and what comes")
        ok(FORGED not in site.dump(), "but not what a user's manager runs")
        daemon.stop()


def absent():
    """A match that no entry has is said."""
    with pbs.Site() as site:
        done = site.run("--logfile=journal:_SYSTEMD_UNIT=dovecot", "--once")
        ok("no entry so far has _SYSTEMD_UNIT=dovecot; names of units end in "
           ".service" in done.stderr, "a unit without .service", done.stderr)
        done = site.run("--logfile=journal:_UID=0", "--once")
        ok("no entry" not in done.stderr, "one that there is", done.stderr)


def namespace():
    """LogNamespace=: a journald, and a directory, of its own."""
    other = journald.start("mail")
    try:
        with open("/etc/machine-id") as f:
            place = "/log/journal/%s.mail" % f.read().strip()
        place = next(p + place for p in ("/var", "/run")
                     if os.path.exists(p + place))
        with pbs.Site() as site:
            send(message("198.51.100.26"), where="/run/systemd/journal.mail")
            daemon = site.start("--logfile=journal:" + place)
            ok(site.wait_key("198.51.100.26"), "what a namespace holds")
            send(message(FORGED))
            send(message("198.51.100.27"), where="/run/systemd/journal.mail")
            ok(site.wait_key("198.51.100.27"), "what comes there")
            ok(FORGED not in site.dump(), "not what comes elsewhere")
            daemon.stop()
    finally:
        other.terminate()
        other.wait()
        shutil.rmtree("/run/systemd/journal.mail")


def read_once():
    with pbs.Site() as site:
        done = site.run("--logfile=journal:", "--once")
        equal(done.returncode, 0, "once", done.stderr)
        ok("198.51.100.4" in site.dump(), "reads it to its end")
        done = subprocess.run(
            [os.path.join(pbs.BUILD, "pbsctl"), "report", "--json",
             "--logfile=journal:", "--since=30m", "--until=2100-01-01"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=site.env)
        equal(json.loads(done.stdout)["addresses"], len(site.dump()),
              "pbsctl report counts the same addresses", done.stderr)


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
        os.kill(process.pid, signal.SIGUSR1)  # journalctl --flush
        send(message("198.51.100.72"))
        for site in sites:
            ok(site.wait_key("198.51.100.72"), "made persistent: followed")
            ok(site.wait_key("198.51.100.71"), "what was known stays")
        send(message("198.51.100.73"))
        ok(all(s.wait_key("198.51.100.73") for s in sites), "and further on")
        ok("only a new worker" not in second.daemons[0].messages(),
           "without a sandbox by the same worker")


def in_users_journals():
    """Where the journal is kept, an ordinary user's entries are in a file of
    their own, the server's among them."""
    if os.environ["PBS_JOURNAL"] != "slave":
        return
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal:")
        with written(message("203.0.113.1"), "system.slice/cron.service"), \
                written(message("203.0.113.3"), SESSION), \
                written(message("198.51.100.74"),
                        "system.slice/dovecot.service"):
            ok(site.wait_key("198.51.100.74"), "a service of a user")
        equal(len(glob.glob("/var/log/journal/*/user-1234.journal")), 1,
              "which has a file of its own")
        send(message("198.51.100.75"))
        ok(site.wait_key("198.51.100.75"), "what comes")
        equal([ip for ip in site.dump() if ip.startswith("203.0.113.")], [],
              "what he writes in sessions and jobs does not count")
        daemon.stop()


def rotate():
    """journalctl --rotate; returns the directory."""
    place = os.path.dirname(glob.glob("/var/log/journal/*/system.journal")[0])
    before = len(glob.glob(place + "/system@*.journal"))
    appeared = pbs.Inotify(place)
    os.kill(process.pid, signal.SIGUSR2)
    pbs.until("rotated", 20, lambda: len(glob.glob(
        place + "/system@*.journal")) > before, appeared.wait)
    appeared.close()
    return place


def archived():
    """Entries that came before a rotation, of the system and of a user, and
    after it, are all read, in a sandbox, too."""
    if os.environ["PBS_JOURNAL"] != "slave":
        return
    with pbs.Site() as site, pbs.Site() as witness, pbs.Site() as first:
        witness.start("--logfile=journal:")
        daemon = site.start("--logfile=journal:")
        send(message("198.51.100.80"))
        ok(site.wait_key("198.51.100.80"), "before")
        daemon.stop()
        send(message("198.51.100.81"))
        with written(message("198.51.100.82"), "system.slice/dovecot.service"):
            ok(witness.wait_key("198.51.100.82"), "while it is down")
        rotate()
        send(message("198.51.100.83"))
        daemon = site.start("--logfile=journal:")
        for n in (81, 82, 83):
            ok(site.wait_key("198.51.100.%d" % n), "resumed: login %d" % n)
        ok("is gone" not in daemon.messages(), "nothing is missed",
           daemon.messages())
        send(message("198.51.100.84"))
        ok(site.wait_key("198.51.100.84"), "and followed")
        daemon.stop()
        daemon = first.start("--logfile=journal:")
        ok(all(first.wait_key("198.51.100.%d" % n) for n in range(80, 85)),
           "a first start finds all")
        daemon.stop()


def vacuumed():
    """Entries are gone when the daemon comes back."""
    if os.environ["PBS_JOURNAL"] != "slave":
        return
    with pbs.Site() as site:
        daemon = site.start("--logfile=journal:")
        send(message("198.51.100.76"))
        ok(site.wait_key("198.51.100.76"), "before")
        daemon.stop()
        send(message("198.51.100.77"))
        place = rotate()
        for old in glob.glob(place + "/*@*.journal"):
            os.unlink(old)
        send(message("198.51.100.78"))
        daemon = site.start("--logfile=journal:")
        ok(site.wait_key("198.51.100.78"), "what is left is read")
        ok("the entry that was read last is gone" in daemon.messages(),
           "and what is not, said", daemon.messages())
        daemon.stop()
        daemon = site.start("--logfile=journal:")
        ok("is gone" not in daemon.messages(), "not where all is there")


def newest():
    """A start opens only the files that it needs: those of later entries are
    read, too, and a line that was cut in an old one stays cut."""
    if os.environ["PBS_JOURNAL"] != "slave":
        return
    with pbs.Site() as site, stream() as service:
        daemon = site.start("--logfile=journal:")
        send(message("198.51.100.90"))
        ok(site.wait_key("198.51.100.90"), "in an old file")
        rotate()
        send(message("198.51.100.91"))
        ok(site.wait_key("198.51.100.91"), "in a new one")
        daemon.stop()
        daemon = site.start("--logfile=journal:")
        send(message("198.51.100.92"))
        ok(site.wait_key("198.51.100.92"), "what comes")
        rotate()
        send(message("198.51.100.93"))
        ok(site.wait_key("198.51.100.93"), "in a file that came later")
        ok("is gone" not in daemon.messages(), "nothing is missed",
           daemon.messages())
        service.send(b"user=<\0")
        send(message("198.51.100.94"))
        ok(site.wait_key("198.51.100.94"), "after a cut line")
        rotate()
        send(message("198.51.100.95"))
        ok(site.wait_key("198.51.100.95"), "after it has become old")
        daemon.stop()
        service.send(message(FORGED).encode() + b"\n")
        service.send(message("198.51.100.96").encode() + b"\n")
        site.start("--logfile=journal:")
        ok(site.wait_key("198.51.100.96"), "the stream goes on")
        ok(FORGED not in site.dump(), "its first line began long ago")


enter_namespace()
prepare()
process = journald.start()
try:
    main(journal, without_rules, containers, read_once, whose, shapes, cut, last_words,
         absent, persistent, in_users_journals, archived,
         vacuumed, newest, namespace)
finally:
    process.terminate()
    process.wait()
    for place in PLACES:
        shutil.rmtree(place)
