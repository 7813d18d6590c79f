#!/usr/bin/env python3
# The wall clock is set back: what was written before then bears times that seem
# to lie ahead, or less far back than they do.
"""Each login is 30 s old by the clock that cannot be set, or more, when it is
read for the second time, or only now: it must not be granted. Of lines that a
worker has read since, the new time counts."""
import datetime
import gzip
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import clocks
import pbs
from pbs import login
from tap import main, ok, skip_all

GRACE = 30
OLD, NEW = "198.51.100.7", "198.51.100.8"
LAST = "198.51.100.9"


class Host:
    """A site, its clocks and a daemon, which may be started later."""

    def __init__(self, started=True, **env):
        self.started = started
        self.env = env

    def __enter__(self):
        self.site = pbs.Site()
        self.clocks = clocks.Clocks(self.site)
        if self.started:
            self.start()
        return self

    def __exit__(self, *exc):
        self.clocks.__exit__(*exc)
        self.site.__exit__(*exc)

    def start(self, *flags):
        self.daemon = self.site.start("--grace=%d" % GRACE, *flags,
                                      env=dict(self.clocks.env, **self.env))

    def set_clock(self, by):
        """When it returns, no process is in a round of its loop that has read
        the clock before."""
        said = self.daemon.messages().count("state:")
        self.clocks.set(by)
        self.daemon.kill(signal.SIGUSR1)
        self.daemon.wait_message("state:", count=said + 1)

    def write(self, ip, name="mail.log", ahead=0):
        when = datetime.datetime.fromtimestamp(self.clocks.wall() + ahead,
                                               datetime.timezone.utc)
        self.site.raw(when.isoformat() + " mail " + login(ip) + "\n", name)
        os.utime(self.site.path(name), (self.clocks.wall(),) * 2)

    def granted(self, ip, name="mail.log", ahead=0):
        self.write(ip, name, ahead)
        self.clocks.advance(1)  # the map is written once a second
        return self.site.wait_key(ip)

    def kill_worker(self, meanwhile):
        """It dies, and when the keeper sees that, all of it has happened."""
        self.daemon.kill(signal.SIGSTOP)
        worker = self.daemon.worker()
        os.kill(worker, signal.SIGKILL)
        meanwhile()
        self.daemon.kill(signal.SIGCONT)
        self.site.wait_gone(OLD)
        self.clocks.advance(1)  # the pause before the next worker
        self.daemon.wait_message("publishing to", count=2)

    def kill_keeper(self, meanwhile):
        self.daemon.kill(signal.SIGKILL)
        self.daemon.wait()
        meanwhile()
        self.start()


def not_again(kill, set_first, back, **env):
    """Whether a login is granted again after one of our processes was killed,
    its lease has ended, and the clock was set back."""
    with Host(**env) as host:
        host.clocks.set(set_first)
        host.granted(OLD)

        def meanwhile():
            host.clocks.advance(GRACE + 5)
            host.clocks.set(-back)

        kill(host, meanwhile)
        host.granted(LAST)
        return host.site.query(OLD) is None


def by_a_minute():
    ok(not_again(Host.kill_worker, 0, 60), "a worker that follows a killed "
       "one grants no ended login again, the clock a minute back")
    ok(not_again(Host.kill_keeper, 0, 60), "nor does a new start")


def by_less_than_the_age():
    ok(not_again(Host.kill_worker, 0, 20), "a login that is not ahead, but "
       "seems younger than it is, is not granted again either")
    ok(not_again(Host.kill_keeper, 0, 20), "nor at a new start")


def forth_and_back():
    ok(not_again(Host.kill_worker, 50, 55), "the clock is set forth after "
       "the last checkpoint, and back while nobody reads")
    ok(not_again(Host.kill_keeper, 50, 55), "the same at a new start")


def what_the_keeper_knows():
    ok(not_again(Host.kill_worker, 0, 60, BOOT_ID=""), "the keeper knows that "
       "the clock was set back where a checkpoint cannot tell of which boot it "
       "is")


def what_is_new_counts():
    for kill, who in ((Host.kill_worker, "worker"),
                      (Host.kill_keeper, "keeper")):
        with Host() as host:
            host.granted(OLD)
            host.clocks.advance(GRACE + 5)
            host.site.wait_gone(OLD)
            host.set_clock(-3600)
            host.granted(NEW)
            kill(host, lambda: None)
            host.site.wait_key(NEW)
            ok(host.site.query(OLD) is None, "a login after the clock was set "
               "back an hour is granted again after a kill of the " + who)


def compress(host, name):
    path = host.site.path(name)
    with open(path, "rb") as plain, gzip.open(path + ".gz", "wb") as f:
        f.write(plain.read())
    shutil.copystat(path, path + ".gz")
    os.unlink(path)


def old_files_change():
    """Two files that were too old to be opened at the start."""
    with Host(started=False) as host:
        for n in range(18):
            host.write("198.18.0.%d" % n, "mail-%c" % (ord("a") + n))
            host.clocks.advance(60)
        host.start("--logfile=" + host.site.path("mail-*"))
        host.granted(LAST, "mail-z")
        host.set_clock(-7200)
        host.granted(NEW, "mail-z")
        compress(host, "mail-a")
        host.daemon.wait_message("following %s.gz" % host.site.path("mail-a"))
        host.granted("198.51.100.10", "mail-b")
        host.granted("198.51.100.11", "mail-z")
        ok(host.site.query("198.18.0.0") is None,
           "a file that nobody had read is compressed, and grants nothing")
        ok(host.site.query("198.18.0.1") is None,
           "in another that is written to, only the new line does")


def old_file_comes(back, known):
    """Whether its login is granted, of which the grace period is over. known: the
    daemon is there to see that the clock is set back."""
    with Host(started=False) as host:
        host.write(OLD, "kept")
        host.clocks.advance(400)
        if not known:
            host.clocks.set(-back)
        host.start("--logfile=" + host.site.path("mail-*"), "--grace=300")
        host.granted(LAST, "mail-z")
        if known:
            host.set_clock(-back)
        os.rename(host.site.path("kept"), host.site.path("mail-a"))
        host.daemon.wait_message("the login of %s " % OLD)
        host.granted(NEW, "mail-a")
        return host.site.query(OLD) is not None


def old_files_come():
    ok(not old_file_comes(7200, False), "a file comes with an old login, which "
       "is ahead of the clock: only the line that is new grants something")
    ok(not old_file_comes(7200, True), "the same if it is known that the clock "
       "was set back")
    ok(not old_file_comes(200, True), "or if the login only seems younger than "
       "it is")


def closed_file_is_copied():
    with Host(started=False) as host:
        host.write(OLD, "mail-a")
        host.start("--logfile=" + host.site.path("mail-*"))
        host.granted(LAST, "mail-b")
        host.clocks.advance(61)
        host.granted(NEW, "mail-b")  # mail-a is closed by then
        host.site.wait_gone(OLD)
        host.set_clock(-7200)
        a = host.site.path("mail-a")
        shutil.copy(a, a + ".1")
        os.truncate(a, 0)
        host.granted("198.51.100.10", "mail-a")
        host.granted("198.51.100.11", "mail-b")
        ok(host.site.query(OLD) is None, "a login in a file that was read and "
           "closed counts no second time if it is copied and emptied")


def rotate(host):
    log = host.site.path("mail.log")
    os.rename(log, log + ".1")
    os.rename(host.site.path("next"), log)


def new_file_counts():
    with Host() as host:
        host.granted(OLD, ahead=3600)
        host.set_clock(-7200)
        host.write(NEW, "next")
        rotate(host)
        host.clocks.advance(1)
        ok(host.site.wait_key(NEW), "a login in the next file of a rotation "
           "counts, even if one in the log was ahead of the clock")


def what_is_young_counts():
    with Host() as host:
        host.write(NEW, "next")
        host.clocks.advance(10)
        host.set_clock(-7200)
        rotate(host)
        host.daemon.wait_message("granted %s for" % NEW)
        left = int(re.search("granted %s for (.*)s rule" % NEW,
                             host.daemon.messages())[1])
        ok(GRACE - 20 < left <= GRACE - 10, "a login from before that nobody "
           "had read counts for what is left of its time", left)


def remove(host):
    """An operator removes OLD. The lines of its logins until then."""
    subprocess.run([os.path.join(pbs.BUILD, "pbsctl"), "remove", OLD,
                    "--socket=" + host.site.map + ".ctl"], check=True,
                   env=host.site.env)
    host.site.wait_gone(OLD)
    host.clocks.advance(2)
    with open(host.site.path("mail.log")) as f:
        return "".join(line for line in f if OLD in line)


def still_removed(host, lines):
    """These lines, written once more, authorize nobody."""
    host.site.raw(lines)
    host.granted(LAST)
    return host.site.query(OLD) is None


def removed_before():
    with Host() as host:
        host.granted(OLD)
        first = remove(host)
        host.set_clock(-3600)
        host.clocks.advance(5)
        ok(still_removed(host, first), "what was removed before the clock was "
           "set back an hour stays so")
        ok(host.granted(OLD), "a login after that counts")
        second = remove(host)
        ok(still_removed(host, second), "it can be removed, too")
        ok(host.granted(OLD), "and log in again")
    for when in "before", "while":
        with Host() as host:
            host.granted(OLD)
            lines = remove(host)
            if when == "before":
                host.set_clock(-3600)
                host.clocks.advance(5)

            def meanwhile():
                if when == "while":
                    host.clocks.set(-3600)
                    host.clocks.advance(5)
                host.site.raw(lines)

            host.kill_keeper(meanwhile)
            host.granted(LAST)
            ok(host.site.query(OLD) is None, "what was removed stays so over "
               "a restart, the clock set back %s it was down" % when)
            ok(host.granted(OLD), "a login after that counts")


if pbs.SANITIZED or pbs.WRAP:
    skip_all("another library would have to be loaded first")
main(by_a_minute, by_less_than_the_age, forth_and_back, what_the_keeper_knows,
     what_is_new_counts, old_files_change, old_files_come,
     closed_file_is_copied, new_file_counts, what_is_young_counts,
     removed_before)
