#!/usr/bin/env python3
# Whatever happens to a log that is followed, a login written afterwards is
# found, and text that only looks like a login line is not.
import fcntl
import os
import re
import shutil
import signal
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from clocks import Clocks
from pbs import login, stamped, until
from tap import contains, equal, main, ok

FORGED = "203.0.113.66"


def found(site, ip, name):
    ok(site.wait_key(ip), name)


def shift(site):
    """As logrotate does: .1 becomes .2, the log .1."""
    for n in range(8, 0, -1):
        old = site.logfile + ".%d" % n
        if os.path.exists(old):
            os.rename(old, site.logfile + ".%d" % (n + 1))
    os.rename(site.logfile, site.logfile + ".1")


def rename():
    with pbs.Site() as site:
        site.start()
        os.rename(site.logfile, site.logfile + ".1")
        site.log(login("198.51.100.1"), name="mail.log.1")
        found(site, "198.51.100.1", "renamed: what is still written to the "
              "old file is found")
        site.log(login("198.51.100.2"))
        found(site, "198.51.100.2", "renamed: the new file is followed")
        site.log(login("198.51.100.3"), name="mail.log.1")
        found(site, "198.51.100.3", "a late line in the old file is found")
        for n in range(4, 10):
            shift(site)
            site.log(login("198.51.100.%d" % n))
            site.wait_key("198.51.100.%d" % n)
        ok(True, "renamed again and again")
        equal(sorted(site.dump()),
              ["198.51.100.%d" % n for n in range(1, 10)], "nothing is lost")


def copytruncate():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        site.start()
        for n in range(2, 5):
            shutil.copy(site.logfile, site.logfile + ".1")
            os.truncate(site.logfile, 0)
            site.log(login("198.51.100.%d" % n))
            found(site, "198.51.100.%d" % n, "truncated %d times" % (n - 1))


def truncated_and_longer():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        site.start()
        os.truncate(site.logfile, 0)
        site.log(*[login("198.51.100.%d" % n) for n in range(2, 30)])
        found(site, "198.51.100.2", "truncated and grown past the old end: "
              "the first new line")
        found(site, "198.51.100.29", "and the last")


def deleted():
    with pbs.Site() as site:
        site.start()
        os.unlink(site.logfile)
        site.log(login("198.51.100.1"))
        found(site, "198.51.100.1", "deleted and created again")


def directory():
    with pbs.Site() as site:
        site.start("--logfile=" + site.path("logs/mail.log"))
        os.mkdir(site.path("logs"))
        site.log(login("198.51.100.1"), name="logs/mail.log")
        found(site, "198.51.100.1", "the directory came later")
        os.rename(site.path("logs"), site.path("old"))
        os.mkdir(site.path("logs"))
        site.log(login("198.51.100.2"), name="logs/mail.log")
        found(site, "198.51.100.2", "the directory was replaced")


def symlink():
    with pbs.Site() as site:
        site.write("a.log", "")
        site.write("b.log", "")
        os.symlink("a.log", site.path("current"))
        site.start("--logfile=" + site.path("current"))
        site.log(login("198.51.100.1"), name="a.log")
        found(site, "198.51.100.1", "a symbolic link is followed")
        os.symlink("b.log", site.path("next"))
        os.rename(site.path("next"), site.path("current"))
        site.log(login("198.51.100.2"), name="b.log")
        found(site, "198.51.100.2", "when it is switched, its new file")


def several():
    with pbs.Site() as site:
        site.start("--logfile=" + site.path("a.log"),
                   "--logfile=" + site.path("b.log"))
        site.log(login("198.51.100.1"), name="b.log")
        found(site, "198.51.100.1", "the second of two logs")
        site.log(login("198.51.100.2"), name="a.log")
        found(site, "198.51.100.2", "the first of two logs")


def newest():
    with pbs.Site() as site:
        site.write("mail-20261120", "")
        site.start("--logfile=" + site.path("mail-*"))
        site.log(login("198.51.100.1"), name="mail-20261120")
        found(site, "198.51.100.1", "the newest file of a name with *")
        site.log(login("198.51.100.2"), name="mail-20261121")
        found(site, "198.51.100.2", "and its successor")


def live_together():
    """Two servers, each with a file of its own; one has nobody for a minute."""
    with pbs.Site() as site, Clocks(site) as clocks:
        daemon = site.start("--logfile=" + site.path("mail-*"),
                            env=clocks.env)
        for n, name in enumerate(["mail-a", "mail-b"] * 4, 1):
            site.log(login("198.51.100.%d" % n), name=name)
            found(site, "198.51.100.%d" % n, "%s, a minute later" % name)
            if n > 1:
                clocks.advance(61)
            site.log(login("198.51.100.20"), name=name)
            site.log(login("198.51.100.%d" % (100 + n)), name=name)
            found(site, "198.51.100.%d" % (100 + n), "and goes on")
        daemon.stop()
        for n, name in (30, "mail-b"), (31, "mail-a"), (32, "mail-b"):
            site.log(login("198.51.100.%d" % n), name=name)
        daemon = site.start("--logfile=" + site.path("mail-*"),
                            env=clocks.env)
        for n in 30, 31, 32:
            found(site, "198.51.100.%d" % n, "written while it was stopped")
        for n, name in (33, "mail-a"), (34, "mail-b"):
            site.log(login("198.51.100.%d" % n), name=name)
            found(site, "198.51.100.%d" % n, "%s after a restart" % name)


def overwrite(path):
    """As shred(1) does, a block at a time, to the end of the last one."""
    with open(path, "r+b", buffering=0) as f:
        size = (os.fstat(f.fileno()).st_size + 4095) // 4096 * 4096
        while f.tell() < size:
            f.write(os.urandom(min(65536, size - f.tell())))


def shredded():
    """logrotate's shred, of what was just rotated, and is still open."""
    for spec in "mail.log", "mail.log*":
        with pbs.Site() as site:
            site.log(*[login("198.51.100.1")] * 2000)
            daemon = site.start("--logfile=" + site.path(spec))
            old = site.logfile + ".1"
            os.rename(site.logfile, old)
            site.write("mail.log", "")
            daemon.wait_message("following" if "*" in spec else "rotated",
                                count=2 if "*" in spec else 1)
            for n in 2, 3, 4:
                overwrite(old)
                site.log(login("198.51.100.%d" % n))
                found(site, "198.51.100.%d" % n,
                      "%s: after %d passes over the old one" % (spec, n - 1))
            os.unlink(old)
            site.log(login("198.51.100.5"))
            found(site, "198.51.100.5", "and its end")
            said = daemon.messages()
            equal(said.count(" it was overwritten"), 1, "said once", said)
            ok(not re.search("truncated|lost|unknown log header", said),
               "and nothing of it was read", said)


def odd_bytes():
    with pbs.Site() as site:
        site.start()
        site.log(login("198.51.100.1"), end="\r\n")
        found(site, "198.51.100.1", "CR LF")
        site.raw(b"\xff\xfe\xc3\x28 no text at all\n")
        site.log(login("198.51.100.3", "\udcff\udcfe"))
        found(site, "198.51.100.3", "a user that is not UTF-8")
        site.log(login(FORGED, "a\x01b"))
        site.log(login("198.51.100.4"))
        found(site, "198.51.100.4", "behind a line with control bytes")
        ok(FORGED not in site.dump(), "which itself grants nothing")


def write_at(site, offset, ip):
    """As a writer does that keeps its offset when its log is truncated."""
    with open(site.logfile, "r+b") as log:
        log.truncate(0)
        log.seek(offset)
        log.write(stamped(login(ip)).encode() + b"\n")


def truncated_with_a_hole():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"))
        daemon = site.start()
        write_at(site, 5000, "198.51.100.2")
        found(site, "198.51.100.2", "behind the hole of a truncated log")
        daemon.stop()
        write_at(site, 5001, "198.51.100.3")
        site.start()
        found(site, "198.51.100.3", "behind one that is there at the start")
        write_at(site, 4096, FORGED)
        site.log(login("198.51.100.4"))
        found(site, "198.51.100.4", "a hole that ends with a sector")
        ok(FORGED not in site.dump(), "may as well be a lost sector")


def hole_of_gigabytes():
    line = stamped(login("198.51.100.1")).encode() + b"\n"
    with pbs.Site() as site:
        with open(site.logfile, "r+b") as log:
            log.seek((20 << 30) + 1)
            log.write(line)
        site.start()
        found(site, "198.51.100.1", "20 GB that are a hole")
    with pbs.Site() as site:
        site.write("mail.log", (64 << 20) * b"\0" + b"\0" + line)
        site.start()
        found(site, "198.51.100.1", "64 MB of NULs, with signs of life")


def lost_sectors():
    """After a crash: what comes after the NULs may be the end of a line that a
    stranger has written into."""
    def write(site):
        rest = "\0" * 5000 + stamped(login(FORGED)) + "\n"
        site.log(login("198.51.100.1"))
        site.raw(rest + stamped(login("198.51.100.2")) + rest
                 + "\0" * 100000 + rest)
        site.log(login("198.51.100.3"))

    for flags in None, [], ["--reprocess"]:
        name = "followed" if flags is None else "at a start " + " ".join(flags)
        with pbs.Site() as site:
            if flags is not None:
                write(site)
            daemon = site.start(*flags or [])
            if flags is None:
                write(site)
            found(site, "198.51.100.3", name + ": a line after lost ones")
            equal(sorted(site.dump()), ["198.51.100.1", "198.51.100.3"],
                  name + ": these grant nothing")
            contains(daemon.messages(), "granted nothing: its beginning may be "
                     "lost: NULs are before it: "
                     + stamped(login(FORGED))[:6], name + ": which is said")
            daemon.kill(signal.SIGUSR1)
            daemon.wait_message(" doubtful=3 ")
            ok(True, name + ": and counted")


def another_time():
    """A log of another time zone, as of a server that keeps UTC."""
    with pbs.Site() as site:
        site.log(login("198.51.100.1"), when=time.time() - 7200)
        daemon = site.start()
        site.log(login("198.51.100.2"))
        found(site, "198.51.100.2", "what is old at the start is no wonder")
        ok("time zone" not in daemon.messages(), "and not spoken of")
        for user in ("ann", "bob"):
            site.log(login("198.51.100.3", user), when=time.time() - 7200)
        site.log(login("198.51.100.4"))
        found(site, "198.51.100.4", "behind two that come late")
        equal(re.findall("of (.*) was (.)... s old .* time zone.* rule=(.*);",
                         daemon.messages()),
              [("198.51.100.3", "7", "dovecot-login")],
              "which are spoken of once", daemon.messages())


def short_full(ip, zone, seconds):
    """As journalctl -o short-full writes it in a zone that is so many seconds
    ahead of UTC."""
    stamp = time.strftime("%a %Y-%m-%d %H:%M:%S",
                          time.gmtime(time.time() + seconds))
    return "%s %s mx %s\n" % (stamp, zone, login(ip))


def named_zone():
    """What names its time zone is of no other."""
    with pbs.Site() as site:
        site.raw(short_full("198.51.100.1", "EST", -18000))
        daemon = site.start(env={"TZ": "XST-3"})
        site.raw(short_full("198.51.100.2", "CET", 3600)
                 + short_full("198.51.100.3", "PKT", 18000)
                 + short_full("198.51.100.4", "XST", 10800)
                 + short_full("198.51.100.5", "UTC", 0))
        found(site, "198.51.100.5", "a login in UTC")
        equal(sorted(site.dump()), ["198.51.100.4", "198.51.100.5"],
              "one in the local zone, and none in others")
        warnings = re.findall(r"granted nothing: (\S+): the time zone (\S+) is "
                              r"not in use on this machine at that time, .*"
                              r"rip=(\S+),", daemon.messages())
        equal(warnings, [(site.logfile, "EST", "198.51.100.1")],
              "which the daemon says once", daemon.messages())


def long_lines():
    with pbs.Site() as site:
        site.start()
        tail = stamped(login(FORGED))
        site.log(login("198.51.100.1"), login("198.51.100.2"),
                 "dovecot: " + "x" * 70000 + tail, login("198.51.100.3"))
        found(site, "198.51.100.3", "the line behind an over-long one")
        ok(site.query("198.51.100.2"), "the line before it")
        for size in range(65436, 65636, 20):
            site.raw("x" * size + tail + "\n")
        site.raw("y" * 1000000 + "\n")
        site.log(login("198.51.100.4"))
        found(site, "198.51.100.4", "behind a megabyte")
        ok(FORGED not in site.dump(), "the end of an over-long line is "
           "no line of its own")


def torn():
    with pbs.Site() as site:
        site.start()
        line = stamped(login("198.51.100.77"))
        cut = line.index("198.51.100.77") + len("198.51.100.7")
        site.raw(line[:cut])
        site.raw(line[cut:] + "\n")
        found(site, "198.51.100.77", "a line written in two halves")
        whole = stamped(login("198.51.100.8"))
        site.raw(whole)
        site.raw("\n")
        found(site, "198.51.100.8", "a newline that comes late")
        ok("198.51.100.7" not in site.dump(), "half an address is none")


def fifo():
    """As a syslogd writes to a named pipe; it may be started again."""
    with pbs.Site() as site:
        os.mkfifo(site.path("pipe"))
        daemon = site.start("--logfile=" + site.path("pipe"))
        for n in (1, 2, 3):
            site.log(login("198.51.100.%d" % n), name="pipe")
            found(site, "198.51.100.%d" % n, "a FIFO, writer %d" % n)
        site.raw("torn ", name="pipe")
        time.sleep(0.5)  # else the next writer goes on with that line
        site.log(login("198.51.100.4"), name="pipe")
        found(site, "198.51.100.4", "after a writer that died in a line")
        os.unlink(site.path("pipe"))
        os.mkfifo(site.path("pipe"))
        site.log(login("198.51.100.6"), name="pipe")
        found(site, "198.51.100.6", "a FIFO that was made again")
        equal(daemon.stop(), 0, "stopped")


def other_type():
    """A FIFO where there was nothing, or a file; and the other way round."""
    with pbs.Site() as site:
        pipe = site.path("pipe")
        daemon = site.start("--logfile=" + pipe)
        os.mkfifo(pipe)
        # Its writer is there first, and may have written to another reader.
        site.log("a line", login("198.51.100.1"), name="pipe")
        found(site, "198.51.100.1", "a FIFO where there was nothing")
        os.unlink(pipe)
        site.log(login("198.51.100.2"), name="pipe")
        found(site, "198.51.100.2", "a file in place of the FIFO")
        site.log(login("198.51.100.3"), name="pipe")
        found(site, "198.51.100.3", "which is followed")
        os.mkfifo(site.path("next"))
        os.rename(site.path("next"), pipe)
        site.log("a line", login("198.51.100.4"), name="pipe")
        found(site, "198.51.100.4", "a FIFO in place of the file")
        equal(daemon.messages().count("is another type of file now"), 3,
              "each is said once")
        equal(daemon.stop(), 0, "stopped")


def unread(pipe):
    count = fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4)
    return int.from_bytes(count, sys.byteorder)


def fifo_again():
    """A worker dies in a line, and the next one gets the rest."""
    with pbs.Site() as site:
        pipe = site.path("pipe")
        os.mkfifo(pipe)
        daemon = site.start("--logfile=" + pipe)
        with open(pipe, "w") as writer:
            print(stamped(login("198.51.100.1")), file=writer, flush=True)
            found(site, "198.51.100.1", "a writer of a FIFO")
            writer.write("dovecot: a stranger says: ")
            writer.flush()
            until("an empty FIFO", 20, lambda: unread(writer) == 0,
                  lambda left: time.sleep(0.01))
            os.kill(daemon.worker(), signal.SIGKILL)
            daemon.wait_message("skipping the first line of " + pipe)
            print(stamped(login(FORGED)), file=writer)
            print(stamped(login("198.51.100.2")), file=writer, flush=True)
            found(site, "198.51.100.2", "the next worker reads on")
            ok(FORGED not in site.dump(), "but not the rest of a line")
        os.kill(daemon.worker(), signal.SIGKILL)
        daemon.wait_message("read 0 lines", count=3)
        site.log(login("198.51.100.3"), name="pipe")
        found(site, "198.51.100.3", "a writer that begins later is believed")
        equal(daemon.stop(), 0, "stopped")


def link_to(site, n):
    """A link to a log in a directory of its own, far from that of the link."""
    top = tempfile.mkdtemp(prefix="pbs-elsewhere.")
    os.mkdir(os.path.join(top, "id"))
    os.chmod(top, 0o755)
    target = os.path.join(top, "id", "%d.log" % n)
    with open(target, "w"):
        pass
    os.symlink(target, site.path("links/mail-%d.log" % n))
    return top, target


def links():
    with pbs.Site() as site:
        os.mkdir(site.path("links"))
        first, log = link_to(site, 1)
        daemon = site.start("--logfile=" + site.path("links/mail-*.log"))
        site.log(login("198.51.100.1"), name=log)
        found(site, "198.51.100.1", "a link that matches a *, to elsewhere")
        os.rename(log, log + ".20261129-170000")
        site.log(login("198.51.100.2"), name=log)
        found(site, "198.51.100.2", "its target is rotated")
        second, log = link_to(site, 2)
        site.log(login("198.51.100.3"), name=log)
        found(site, "198.51.100.3", "a link that comes later")
        said = daemon.messages()
        denied = "Permission denied by the sandbox" in said
        equal(denied, "Landlock" in said and "no Landlock" not in said,
              "only Landlock denies it", said)
        equal(said.count("only a new worker"), int(denied),
              "and to one worker only", said)
        for top in first, second:
            shutil.rmtree(top)


def standard_input():
    with pbs.Site() as site:
        done = site.run("--logfile=-", "--once",
                        given=stamped(login("198.51.100.1")) + "\n"
                        + stamped(login("198.51.100.2")))
        equal(done.returncode, 0, "standard input: exit code", done.stderr)
        equal(list(site.dump()), ["198.51.100.1"],
              "standard input: whole lines count")


main(rename, copytruncate, truncated_and_longer, deleted, directory, symlink,
     several, newest, live_together, shredded, odd_bytes,
     truncated_with_a_hole, hole_of_gigabytes, lost_sectors, another_time,
     named_zone, long_lines, torn, fifo, other_type, fifo_again, links,
     standard_input)
