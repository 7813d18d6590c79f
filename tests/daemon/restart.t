#!/usr/bin/env python3
# Across a stop, a kill -9, a rotation in between, or a broken checkpoint,
# nothing is lost and nothing outlives its grace period.
import gzip
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import clocks
import pbs
from pbs import login
from tap import contains, equal, main, ok

MANY = 3000


def addresses(start, count=MANY):
    return ["198.18.%d.%d" % divmod(n, 250) for n in range(start,
                                                           start + count)]


def write(site, ips, **how):
    site.log(*map(login, ips), **how)


def missing(site, ips):
    held = site.dump()
    return [ip for ip in ips if ip not in held][:5]


def checkpoint():
    with pbs.Site() as site:
        before = addresses(0)
        write(site, before)
        daemon = site.start()
        equal(daemon.stop(), 0, "a clean stop")
        equal(site.dump(), {}, "leaves an empty map")
        os.unlink(site.logfile)
        site.start()
        equal(missing(site, before), [],
              "the next start knows the table without the log")


def while_stopped(name, rotate):
    with pbs.Site() as site:
        first, unread, new = (addresses(n * MANY) for n in range(3))
        write(site, first)
        site.start().stop()
        write(site, unread)
        rotate(site)
        write(site, new)
        site.start()
        equal(missing(site, first + unread + new), [],
              name + " while stopped: nothing is lost")


def same_file():
    while_stopped("not rotated", lambda site: None)


def renamed():
    while_stopped("renamed to .1", lambda site: os.rename(
        site.logfile, site.logfile + ".1"))


def dated():
    while_stopped("renamed to -DATE", lambda site: os.rename(
        site.logfile, site.logfile + time.strftime("-%Y%m%d")))


def twice():
    def rotate(site):
        os.rename(site.logfile, site.logfile + ".2")
        site.log("postfix/qmgr[1]: between")
        os.rename(site.logfile, site.logfile + ".1")
    while_stopped("rotated twice", rotate)


def zip_away(site, name):
    with open(site.logfile, "rb") as log, gzip.open(name, "wb") as out:
        out.write(log.read())
    os.unlink(site.logfile)


def zipped():
    while_stopped("compressed to .1.gz", lambda site: zip_away(
        site, site.logfile + ".1.gz"))


def moved_away():
    """logrotate's olddir, with the sandbox that a worker has."""
    def rotate(site):
        os.mkdir(site.path("archive"))
        os.rename(site.logfile, site.path("archive/mail.log-20261128"))
    while_stopped("moved to another directory", rotate)


def copied():
    def rotate(site):
        with open(site.logfile, "rb") as log:
            site.write("mail.log.1", log.read())
        os.truncate(site.logfile, 0)
    while_stopped("copied and truncated", rotate)


def killed():
    with pbs.Site() as site:
        first, unread = addresses(0), addresses(MANY)
        site.start("--grace=600")
        write(site, first)
        site.wait_key(first[-1])
        equal(site.daemons[-1].stop(signal.SIGKILL), -signal.SIGKILL,
              "killed")
        write(site, unread)
        site.start("--grace=600")
        equal(missing(site, first + unread), [],
              "kill -9: nothing is lost")


def killed_and_late():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        site.start("--grace=3", wrap=["setsid"])
        when = int(site.query("198.51.100.1"))
        os.killpg(site.daemons[-1].pid, signal.SIGKILL)
        site.daemons[-1].wait()
        ok("198.51.100.1" in site.dump(), "kill -9 of all leaves the map")
        # Nothing reports that time has passed.
        time.sleep(max(0, when + 3.1 - time.time()))
        site.start("--grace=3")
        equal(site.dump(), {}, "what expired meanwhile is gone at READY=1")


def large():
    """A large checkpoint is saved rarely, and a crash loses nothing by that."""
    many = 20000
    with pbs.Site() as site, clocks.Clocks(site) as time_:
        path = site.path("state/pbs.state")
        os.mkdir(os.path.dirname(path), 0o755)
        saves = pbs.Inotify(os.path.dirname(path))
        flags = ("--grace=1d", "--checkpoint=" + path)

        def another(ip, after):
            time_.advance(after)
            site.log(login(ip), when=time_.wall())
            site.wait_key(ip)

        write(site, addresses(0, many))
        site.start(*flags, env=time_.env)
        saves.wait_for("pbs.state", pbs.DEADLINE)
        minutes = os.stat(path).st_size / 2**20
        ok(minutes > 1, "a checkpoint of a megabyte", "%.2f" % minutes)
        another("198.51.100.1", 0)
        another("198.51.100.2", minutes * 60 - 10)
        equal(saves.wait(0), [], "is not saved twice a minute")
        time_.advance(11)
        saves.wait_for("pbs.state", pbs.DEADLINE)
        another("198.51.100.3", 0)
        site.daemons[-1].stop(signal.SIGKILL)
        site.start(*flags, env=time_.env)
        equal(missing(site, addresses(0, many)
                      + ["198.51.100.%d" % n for n in range(1, 4)]), [],
              "kill -9: the log has what it lacks")
        saves.close()


def not_read_again():
    """Lines from standard input cannot be read again."""
    with pbs.Site() as site, clocks.Clocks(site) as time_:
        path = site.path("state/pbs.state")
        os.mkdir(os.path.dirname(path), 0o755)
        saves = pbs.Inotify(os.path.dirname(path))
        os.mkfifo(site.path("input"))
        with open(os.open(site.path("input"), os.O_RDWR), "w") as out:
            site.start("--grace=1d", "--checkpoint=" + path, "--logfile=-",
                       env=time_.env, wrap=["sh", "-c", 'exec "$@" <"$0"',
                                            site.path("input")])
            for ips in addresses(0, 20000), ["198.51.100.1"], ["192.0.2.1"]:
                for ip in ips:
                    print(pbs.stamped(login(ip), time_.wall()), file=out)
                out.flush()
                site.wait_key(ips[-1])
                time_.advance(31)
                saves.wait_for("pbs.state", pbs.DEADLINE)
            ok(os.stat(path).st_size > 800000,
               "is saved twice a minute, however large")
            site.daemons[-1].stop()
        saves.close()


def no_checkpoint():
    with pbs.Site() as site:
        now = int(time.time())
        old = addresses(0)
        for ip in old:
            site.log(login(ip), when=now - 7200)
        site.log(login("198.51.100.1"), when=now - 5)
        site.start("--grace=30m")
        equal(list(site.dump()), ["198.51.100.1"],
              "without a checkpoint the log is read from now - grace")


def window_in_rotated():
    with pbs.Site() as site:
        now = int(time.time())
        site.log(login("198.51.100.1"), when=now - 900)
        os.rename(site.logfile, site.logfile + ".1")
        site.log(login("198.51.100.2"), when=now - 5)
        site.start("--grace=30m")
        equal(sorted(site.dump()), ["198.51.100.1", "198.51.100.2"],
              "and from the rotated file where the window reaches into it")


def ask(site, *words):
    done = subprocess.run(
        [os.path.join(pbs.BUILD, "pbsctl"), *words,
         "--socket=" + site.map + ".ctl"], text=True, timeout=20,
        stdout=subprocess.PIPE, check=True)
    return done.stdout


def settings(site, grace):
    site.write("pbs.yaml", "sessions: yes\ngrace: %d\n" % grace)


def by_reload(site, daemon, grace):
    settings(site, grace)
    daemon.kill(signal.SIGHUP)
    daemon.wait_message("reloaded: ")


def by_restart(site, daemon, grace):
    daemon.stop()
    settings(site, grace)
    site.start()


def changed(grace, then, change):
    """How long each address lasts, from now, if the grace is changed."""
    def line(session):
        return login(ip).replace("b64/SESSION+", session)

    with pbs.Site() as site:
        settings(site, grace)
        now = int(time.time())
        for ip, age, session in (("198.51.100.1", 100, ""),
                                 ("198.51.100.2", 1000, ""),
                                 ("198.51.100.3", 1000, "open")):
            site.log(line(session), when=now - age)
        daemon = site.start()
        ask(site, "add", "198.51.100.4", "--for", "500")
        change(site, daemon, then)
        rows = map(json.loads, ask(site, "list", "--json").splitlines())
        return {row["ip"]: row["expires"] - now for row in rows}


def grace_changed():
    """A restart leaves each address as long as a reload does."""
    for grace, then in (1800, 600), (600, 1800), (1800, 1800):
        name = "the grace %d s, then %d s: " % (grace, then)
        want = changed(grace, then, by_reload)
        got = changed(grace, then, by_restart)
        equal("198.51.100.2" in want, grace == then == 1800,
              name + "of a login 1000 s old", want)
        ok("198.51.100.3" in want, name + "a session holds", want)
        ok(abs(got["198.51.100.1"] - then + 100) <= 5,
           name + "a restart leaves a login its grace", got)
        equal(sorted(got), sorted(want),
              name + "a restart leaves whom a reload leaves")
        ok(all(abs(got[ip] - want[ip]) <= 5 for ip in got if ip in want),
           name + "and as long", "%s, by a reload %s" % (got, want))


def broken():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        site.start().stop()
        state = site.map + ".state"
        with open(state, "rb") as f:
            whole = f.read()
        for name, text in (("cut", whole[:len(whole) // 2]),
                           ("changed", whole.replace(b"198.51", b"203.51")),
                           ("of noise", b"\0\xff" * 300), ("empty", b"")):
            with open(state, "wb") as f:
                f.write(text)
            daemon = site.start()
            equal(list(site.dump()), ["198.51.100.1"],
                  "a checkpoint %s: the log tells" % name)
            contains(daemon.messages(), state, "a checkpoint %s is said"
                     % name)
            daemon.stop(signal.SIGKILL)


main(checkpoint, same_file, renamed, dated, twice, zipped, moved_away, copied,
     killed, killed_and_late, large, not_read_again, no_checkpoint,
     window_in_rotated, grace_changed, broken)
