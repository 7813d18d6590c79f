#!/usr/bin/env python3
# Lines that a container runtime wraps are recognized as logins at the start and
# while the log is followed, and the daemon warns of a log in an unknown format.
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from clocks import Clocks
from pbs import login
from tap import equal, main, ok

FORGED = "203.0.113.66"


def utc(when=None):
    return time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(when))


def own(ip):
    """Dovecot's own line, without stamp."""
    return ("imap-login: Info: Login: user=<ann>, method=PLAIN, rip=%s, "
            "lip=198.51.100.1, mpid=7, session=<AbCd+/12>" % ip)


def docker(text, end="\n", stream="stderr", when=None):
    return json.dumps({"log": text + end, "stream": stream, "time": utc(when)},
                      separators=(",", ":"))


def cri(text, tag="F", stream="stderr", when=None):
    return "%s %s %s %s" % (utc(when), stream, tag, text)


def docker_part(text, when=None):
    return docker(text, end="", when=when)


def cri_part(text, when=None):
    return cri(text, tag="P", when=when)


def followed():
    for name, wrap in (("json-file", docker), ("CRI", cri)):
        with pbs.Site() as site:
            site.raw(wrap(own("198.51.100.1")) + "\n")
            site.start()
            ok(site.wait_key("198.51.100.1"), name + ": read at the start")
            site.raw(wrap(own("198.51.100.2")) + "\n")
            ok(site.wait_key("198.51.100.2"), name + ": followed")
            os.rename(site.logfile, site.logfile + ".1")
            site.raw(wrap(own("198.51.100.3")) + "\n")
            ok(site.wait_key("198.51.100.3"), name + ": rotated")


def parts():
    """Joined across reads; the tail of a part that is too long is no line."""
    with pbs.Site() as site:
        site.start()
        text = own("198.51.100.1")
        site.raw(docker(text[:40], end="") + "\n")
        time.sleep(0.5)
        site.raw(docker(text[40:]) + "\n")
        ok(site.wait_key("198.51.100.1"), "parts are joined")
        with open(site.logfile, "a") as log:
            log.write(docker("x" * 70000, end="")[:40000])
            log.flush()
            time.sleep(0.5)
            log.write("x" * 40000 + "\n" + docker(own(FORGED)) + "\n")
        site.raw(docker(own("198.51.100.2")) + "\n")
        ok(site.wait_key("198.51.100.2"), "the next line counts")
        equal(site.dump().get(FORGED), None, "what follows a lost part does "
              "not")


def emptied():
    """A part that was read does not go on in the log that was emptied."""
    begun, rest = own(FORGED).split("rip=")
    for name in "mail.log", "m*.log":
        with pbs.Site() as site:
            site.raw("")
            site.start("--logfile=" + site.path(name))
            site.raw(docker_part(begun) + "\n")
            site.raw(docker(own("198.51.100.20"), stream="stdout") + "\n")
            ok(site.wait_key("198.51.100.20"), "a line of the other stream")
            os.truncate(site.logfile, 0)
            site.raw(docker("rip=" + rest) + "\n")
            site.raw(docker(own("198.51.100.21")) + "\n")
            ok(site.wait_key("198.51.100.21"), "emptied: whole lines count")
            ok(FORGED not in site.dump(), "but not the rest of one")
            site.raw(docker(own("198.51.100.22")) + "\n", "m2.log")
            if "*" in name:
                ok(site.wait_key("198.51.100.22"), "and those of a new file")


def lost():
    """A crash has left NULs in the place of a part and half of the next."""
    begun, rest = own(FORGED).split("rip=")
    half = b"\0" * 4096 + docker_part("x").encode()[8:] + b"\n"
    with pbs.Site() as site:
        site.raw(docker_part(begun) + "\n")
        site.raw(half)
        site.raw(docker("rip=" + rest) + "\n")
        site.start()
        site.raw(docker_part(begun) + "\n")
        site.raw(half)
        site.raw(docker("rip=" + rest) + "\n")
        site.raw(docker(own("198.51.100.21")) + "\n")
        ok(site.wait_key("198.51.100.21"), "NULs: whole lines count")
        ok(FORGED not in site.dump(), "but not the rest of one")


def begun_before():
    """The daemon starts between two parts of one line."""
    for name, wrap, part in (("json-file", docker, docker_part),
                             ("CRI", cri, cri_part)):
        with pbs.Site() as site:
            text = own("198.51.100.1")
            site.raw(wrap(own("198.51.100.9")) + "\n" + part(text[:40]) + "\n")
            site.start().stop()
            site.raw(wrap(text[40:]) + "\n" + part("user=<") + "\n")
            daemon = site.start()
            ok(site.wait_key("198.51.100.1"), name + ": resumed and joined")
            daemon.stop()
            site.raw(wrap(own(FORGED)) + "\n" + wrap(own("198.51.100.2"))
                     + "\n")
            site.start()
            ok(site.wait_key("198.51.100.2"), name + ": the next line counts")
            ok(FORGED not in site.dump(), name + ": the rest is no line")
        for rotated in False, True:
            with pbs.Site() as site:
                long_ago = time.time() - 7200
                site.raw(part("user=<", when=long_ago) + "\n")
                if rotated:
                    os.utime(site.logfile, (long_ago, long_ago))
                    os.rename(site.logfile, site.logfile + ".1")
                site.raw(wrap(own(FORGED)) + "\n"
                         + wrap(own("198.51.100.2")) + "\n")
                site.start()
                ok(site.wait_key("198.51.100.2"),
                   name + ": the next line counts, without a checkpoint")
                ok(FORGED not in site.dump(), name + ": the rest is no line")


def starred(site, **given):
    return site.start("--logfile=" + site.path("m-*"), **given)


def of_several_files():
    """The parts of files that match a pattern come mixed."""
    for name, wrap, part in (("json-file", docker, docker_part),
                             ("CRI", cri, cri_part)):
        with pbs.Site() as site:
            text, other = own("198.51.100.1"), own("198.51.100.2")
            site.raw("", "m-a")
            site.raw("", "m-b")
            starred(site)
            site.raw(part(text[:40]) + "\n", "m-a")
            site.raw(part(other[:50]) + "\n", "m-b")
            site.raw(wrap(own("198.51.100.3")) + "\n", "m-b")
            site.raw(wrap(text[40:]) + "\n", "m-a")
            ok(site.wait_key("198.51.100.1"), name + ": joined, each by itself")
            site.raw(part("user=<") + "\n", "m-a")
            site.raw(wrap(own("198.51.100.4")) + "\n", "m-b")
            ok(site.wait_key("198.51.100.4"), name + ": a whole line of another")
            site.raw(wrap(own(FORGED)) + "\n", "m-a")
            site.raw(wrap(own("198.51.100.5")) + "\n", "m-a")
            ok(site.wait_key("198.51.100.5"), name + ": the next line counts")
            ok(FORGED not in site.dump(), name + ": the rest is no line")


def begun_in_another_file():
    """A file that matches a pattern may go on with the text of another."""
    for name, wrap, part in (("json-file", docker, docker_part),
                             ("CRI", cri, cri_part)):
        with pbs.Site() as site:
            site.raw(wrap(own("198.51.100.1")) + "\n", "m-1")
            starred(site)
            site.raw(part("user=<") + "\n", "m-1")
            site.raw(wrap(own("198.51.100.2"), stream="stdout") + "\n", "m-1")
            ok(site.wait_key("198.51.100.2"), name + ": the other stream")
            site.raw(wrap(own(FORGED)) + "\n" + wrap(own("198.51.100.3"))
                     + "\n", "m-2")
            ok(site.wait_key("198.51.100.3"), name + ": the next line counts")
            ok(FORGED not in site.dump(),
               name + ": the rest in a new file is no line")


def begun_beside(restart, *states):
    """A part ends a file that is not the one where a start begins, and that was
    closed after a quiet minute."""
    for name, wrap, part in (("json-file", docker, docker_part),
                             ("CRI", cri, cri_part)):
        for closed in states:
            with pbs.Site() as site, Clocks(site) as clocks:
                text = own("198.51.100.1")
                for n in "abc":
                    site.raw(wrap(own("198.51.100.9")) + "\n", "m-" + n)
                daemon = starred(site, env=clocks.env)
                site.raw(part("user=<") + "\n", "m-a")
                site.raw(part(text[:40]) + "\n", "m-b")
                site.raw(wrap(own("198.51.100.2")) + "\n", "m-c")
                site.wait_key("198.51.100.2")
                if closed:
                    clocks.advance(61)
                    site.raw(wrap(own("198.51.100.4"), when=clocks.wall())
                             + "\n", "m-c")
                    site.wait_key("198.51.100.4")
                daemon = restart(site, daemon, clocks.env)
                now = clocks.wall()
                site.raw(wrap(own(FORGED), when=now) + "\n"
                         + wrap(own("198.51.100.3"), when=now) + "\n", "m-a")
                site.raw(wrap(text[40:], when=now) + "\n", "m-b")
                what = "%s, %s%s: " % (name, restart.__doc__,
                                       ", closed before" if closed else "")
                ok(site.wait_key("198.51.100.3"), what + "the next line counts")
                ok(site.wait_key("198.51.100.1"), what + "joined")
                ok(FORGED not in site.dump(), what + "the rest is no line")


def _stopped(site, daemon, env):
    """stopped"""
    daemon.stop()
    return starred(site, env=env)


def _killed(site, daemon, env):
    """killed"""
    daemon.kill(signal.SIGKILL)
    daemon.wait()
    return starred(site, env=env)


def _same(site, daemon, env):
    """not restarted"""
    return daemon


def begun_beside_stopped():
    begun_beside(_stopped, False, True)


def begun_beside_killed():
    begun_beside(_killed, True)


def begun_beside_same():
    begun_beside(_same, True)


def another_zone():
    """The container's stamp is in UTC, the host's clock is not."""
    with pbs.Site() as site:
        site.env["TZ"] = "Asia/Kathmandu"
        stamp = time.strftime("%b %d %H:%M:%S ", time.gmtime())
        site.raw(docker(stamp + own("198.51.100.1")) + "\n")
        site.start()
        ok(site.wait_key("198.51.100.1"), "the envelope's time counts")


def not_understood():
    with pbs.Site() as site:
        for _ in range(18):
            site.raw("what is this?\n")
        daemon = site.start()
        daemon.wait_message("18 of 18 lines have an unknown log header")
        daemon.wait_message("pbsctl explain 'what is this?'")
        ok(True, "a log without known header is warned of, with the command")
        site.log(login("198.51.100.1"))
        ok(site.wait_key("198.51.100.1"), "other lines count")


def piped():
    """Standard input, from commands that put something around a line."""
    now = int(time.time() * 1000000)
    export = ("__CURSOR=1\n__REALTIME_TIMESTAMP=%d\n_HOSTNAME=mx\n_UID=0\n"
              "SYSLOG_IDENTIFIER=dovecot\n_PID=7\nMESSAGE=%s\n\n"
              % (now, own("198.51.100.2").replace("Info: ", "")))
    stamp = time.strftime("%b %d %H:%M:%S ")
    for name, ip, text in (
            ("compose", "198.51.100.1", "mail-1  | %s%s\n"
             % (stamp, own("198.51.100.1"))),
            ("export", "198.51.100.2", export),
            ("nerdctl compose", "198.51.100.3", "mail_1 |%s%s\n"
             % (stamp, own("198.51.100.3"))),
            ("stern", "198.51.100.4", "mail-0 dovecot %s %s\n"
             % (utc(), own("198.51.100.4"))),
            ("podman logs --names --timestamps", "198.51.100.5", "mail %s %s\n"
             % (utc(), own("198.51.100.5")))):
        with pbs.Site() as site:
            done = site.run("--logfile=-", "--once", given=text)
            ok(ip in site.dump(), name + " on standard input", done.stderr)


main(followed, piped, parts, emptied, lost, begun_before, of_several_files,
     begun_in_another_file, begun_beside_stopped, begun_beside_killed,
     begun_beside_same, another_zone, not_understood)
