#!/usr/bin/env python3
# What pbs-link needs to log in to the engine is checked before the daemon has
# started; whatever happens to pbs-link or to the helper, none of our processes
# is left when the daemon has ended. The daemon starts even if the engine is
# down, and logs what that means for this host.
import os
import pwd
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hosts
import pbs
from hosts import Place, certificates, tls
from pbs import login
from tap import contains, equal, main, ok

hosts.need()
FLAGS = ["--dbfile=none"]
ANN = "192.0.2.7"


def all_end(site):
    """Whether its processes end, without any signal from here."""
    deadline = time.monotonic() + pbs.DEADLINE
    while site.processes() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not site.processes()


def password(host, mode=0o400, text="secret\n"):
    """Makes the password file; the lines of peers: that name it."""
    path = host.write("password", text)
    os.chmod(path, mode)
    return "  user: pop1\n  password_file: %s\n" % path


def refused(host, what, why, more, user=None):
    """It does not start, and says why; --check, too."""
    host.configure(more=more)
    flags = FLAGS + ["--checkpoint=" + host.path("state/checkpoint")]
    if user:
        flags.append("--user=" + user)
    done = host.run(*flags)
    ok(done.returncode == 78 and "peers: " + why in done.stdout + done.stderr,
       what + ": no start", done)
    ok(all_end(host), "and no process is left", host.processes())
    if user:
        return
    done = host.run("--check", *flags)
    ok(done.returncode == 78 and "FAILED peers: " + why in done.stdout,
       "as --check says", done)


def wrong_files():
    with Place("pop1") as (_, host):
        os.mkdir(host.path("state"), 0o777)
        secret = host.path("password")
        refused(host, "a password that others may read",
                "password_file: %s: others may read it (mode 644" % secret,
                password(host, 0o644))
        more = password(host)
        if os.geteuid() == 0:
            for name in "state", "map":
                os.chown(host.path(name), pwd.getpwnam("nobody").pw_uid, -1)
            refused(host, "a password that this user may not read",
                    "password_file: %s: Permission denied (mode 400" % secret,
                    more, user="nobody")
        os.unlink(secret)
        refused(host, "a password file that does not exist",
                "password_file: %s: No such file" % secret, more)
        certificates(host)
        host.write("none", "none\n")
        for more, why in (
                (tls(host, ca="gone"), "tls: ca: %s: open: No such file"
                 % host.path("gone")),
                (tls(host, ca="none"), "tls: ca: %s: " % host.path("none")),
                (tls(host, cert="gone"), "tls: cert: %s: open: No such file"
                 % host.path("gone")),
                (tls(host, key="gone"), "tls: key: %s: No such file"
                 % host.path("gone"))):
            refused(host, why.split(": /")[0], why, more)
        os.chmod(host.path("tls.key"), 0o644)
        refused(host, "a key that others may read", "tls: key: %s: others may "
                "read it (mode 644" % host.path("tls.key"), tls(host))


def refused_after_it():
    """pbs-link is already running when the map cannot be opened."""
    with Place("pop1") as (_, host):
        host.configure()
        done = host.run("--dbfile=hash:" + host.path("none/pbs"))
        equal(done.returncode, 73, "no start without the map's directory")
        ok(all_end(host), "and no process is left", host.processes())


def in_its_pause(signo):
    """pbs-link dies at once, its guardian waits longer and longer, and then the
    daemon ends."""
    with Place("pop1") as (engine, host):
        engine("ACL", "SETUSER", "pop1", "on", ">secret", "allkeys", "+@all")
        host.configure(more=password(host))
        daemon = host.start()
        daemon.wait_message("connected to")
        host.log(login(ANN))
        host.wait_key(ANN)
        [guardian] = [pid for pid in host.processes()
                      if pbs.children(pid, "pbs-link")]
        os.chmod(host.path("password"), 0o644)
        os.kill(pbs.children(guardian, "pbs-link")[0], signal.SIGKILL)
        daemon.wait_message("pbs-link died with exit code 78, and has logged "
                            "why; starting another")
        contains(daemon.messages(), "pbs-link: password_file: %s: others may "
                 "read it" % host.path("password"), "it has")
        before = host.processes()
        daemon.stop(signo)
        ok(all_end(host) and len(before) >= 5, "no process is left after %s"
           % signo.name, (before, host.processes()))
        equal(host.dump(), {}, "and the map is empty")


def terminated():
    in_its_pause(signal.SIGTERM)


def killed():
    in_its_pause(signal.SIGKILL)


def away(what, engine, daemons):
    """Each daemon logs `what', and what still works there."""
    ours = "own logins go on, to be published later"
    for daemon, means in zip(daemons, (
            ours, "logins of other hosts go on until they expire",
            ours + ", those of other hosts until they expire")):
        daemon.wait_message("peers: %s: unix:%s: " % (what, engine.path))
        found = [line for line in daemon.messages().splitlines()
                 if "peers: %s: " % what in line]
        ok(all(line.endswith("; " + means) for line in found),
           "%s: %s" % (what, means), found)


def engine_away():
    with Place("pop1", "pop2", "relay") as (engine, pop1, pop2, relay):
        engine.kill()
        daemons = [pop1.pop(), relay.relay(pop1), pop2.pop(hosts=[pop1])]
        away("no connection", engine, daemons)
        ok(not any("lost" in d.messages() for d in daemons),
           "none is lost that never was")
        for host in pop1, pop2:
            host.log(login(ANN))
        engine.start()
        for daemon in daemons:
            daemon.wait_message("connected to")
        engine.kill()
        away("connection lost", engine, daemons)


main(wrong_files, refused_after_it, terminated, killed, engine_away, jobs=2)
