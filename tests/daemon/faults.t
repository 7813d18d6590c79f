#!/usr/bin/env python3
# Each system call that can fail is made to fail, with each errno, while the
# daemon starts, follows, publishes, saves and reloads: the daemon logs it once
# and does not crash, and when the fault ends nothing has been lost.
# tests/run: timeout=600
"""The table of what happened is printed as comments."""
import collections
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import faults
import pbs
from pbs import login
from tap import main, ok, skip

JOBS = 6
OLD, NEW, LAST = "198.51.100.1", "198.51.100.2", "198.51.100.3"
FLOOD = 12  # lines, of a fault that lasts for seconds

DISK = ("EIO", "ENOSPC")
WRITE = DISK + ("EINTR", "short")
ERRORS = {
    "open": ("EACCES", "EMFILE", "ENOSPC", "EIO", "EINTR"),
    "fopen": ("EACCES", "EMFILE", "ENOMEM"), "opendir": ("EACCES", "EMFILE"),
    "read": ("EIO", "EINTR", "short"), "pread": ("EIO", "EINTR", "short"),
    "write": WRITE, "pwrite": WRITE, "writev": DISK + ("EINTR",),
    "copy_file_range": WRITE, "fsync": DISK + ("EINTR",), "fdatasync": DISK,
    "rename": DISK + ("EACCES",), "ftruncate": DISK + ("EINTR",),
    "mmap": ("ENOMEM",), "fdopen": ("ENOMEM",), "fflush": DISK,
    "fclose": DISK, "fstat": ("EIO", "ENOMEM"), "lstat": ("EIO", "EACCES"),
    "stat": ("EIO", "EACCES"), "fchmod": ("EIO",), "fcntl": ("EINTR",),
    "flock": ("EINTR",), "lseek": ("EIO",), "unlink": ("EIO", "EACCES"),
    "msync": ("EIO",), "inotify_init1": ("EMFILE", "ENOMEM"),
    "inotify_add_watch": ("ENOSPC", "EACCES", "ENOMEM"),
    "epoll_wait": ("EINTR",), "epoll_ctl": ("ENOMEM", "ENOSPC"),
    "fork": ("ENOMEM",), "malloc": ("ENOMEM",), "calloc": ("ENOMEM",),
    "realloc": ("ENOMEM",),
}
# Whoever does not say these lets one believe in what the disk has lost.
TOLD = ("fsync", "fdatasync", "rename")
# What the fault is confined to. Calls about no file: by their name alone.
NO_FILE = ("inotify_init1", "inotify_add_watch", "epoll_wait", "epoll_ctl",
           "fork") + faults.MEMORY


class Patient:
    """A daemon, a fault, and what must be true in the end."""

    def __init__(self, kind):
        self.site = pbs.Site()
        self.faults = faults.Faults(self.site)
        self.kind, self.spec = kind, "%s:%s" % (kind, self.site.map)
        os.mkdir(self.site.path("patterns"))
        shutil.copy(os.path.join(pbs.ROOT, "patterns", "dovecot.yaml"),
                    self.site.path("patterns"))
        self.daemon, self.held = None, set()
        self.login(OLD)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.faults.lift()
        self.site.__exit__()

    def login(self, ip):
        self.site.log(login(ip))
        self.held.add(ip)

    def spawn(self):
        self.daemon = self.site.spawn(
            "--nomynetworks", "--dbfile=" + self.spec,
            "--patterns=" + self.site.path("patterns"), env=self.faults.env)

    def start(self):
        watch = pbs.Inotify(self.site.mapdir)
        self.spawn()
        self.daemon.wait_state()
        watch.wait_for("pbs.state", pbs.DEADLINE)
        watch.close()

    def ended(self):
        return self.daemon.process.poll() is not None

    def wait_ready(self, seconds):
        """Whether it is ready; False if it has ended or does not get ready."""
        try:
            self.daemon.wait_state("READY=1", seconds)
        except (RuntimeError, TimeoutError):
            return False
        return True

    def wait_hit(self, seconds=6):
        pbs.until("a hit", seconds, lambda: self.faults.hits() or self.ended(),
                  lambda left: time.sleep(0.02))
        time.sleep(0.2)

    def dump(self):
        done = subprocess.run(["postmap", "-s", self.spec], text=True,
                              env=self.site.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode or done.stderr:
            return {"postmap -s: " + done.stderr}
        return {line.split("\t")[0] for line in done.stdout.splitlines()}

    def has_all(self, seconds):
        try:
            pbs.until("all", seconds, lambda: self.dump() == self.held,
                      lambda left: time.sleep(0.05))
        except TimeoutError:
            return False
        return True


# ---- the moments: each does something that meets the fault ----

def starting(p):
    p.spawn()
    if p.wait_ready(8):
        return
    if not p.ended():
        p.faults.lift()
        p.wait_ready(pbs.DEADLINE)


def following(p):
    p.login(NEW)
    os.rename(p.site.logfile, p.site.logfile + ".1")
    p.login("198.51.100.20")
    p.wait_hit()


def publishing(p):
    p.login(NEW)
    p.wait_hit()


def saving(p):
    p.login(NEW)
    p.has_all(pbs.DEADLINE)
    p.daemon.kill(signal.SIGTERM)
    p.daemon.wait()


def reloading(p):
    p.site.write("pbs.yaml", "grace: 1700\n")
    p.daemon.kill(signal.SIGHUP)
    p.wait_hit()
    p.faults.lift()
    p.login(NEW)
    if p.ended() or not p.has_all(pbs.DEADLINE):
        return
    p.daemon.kill(signal.SIGHUP)
    p.daemon.wait_message("reloaded: ")


Moment = collections.namedtuple("Moment", "act path running")
MOMENTS = {
    "start": Moment(starting, "/map/", False),
    "start, log": Moment(starting, "mail.log", False),
    "follow": Moment(following, "mail.log", True),
    "publish": Moment(publishing, "/map/", True),
    "save": Moment(saving, ".state", True),
    "reload": Moment(reloading, "/pbs.yaml", True),
    "reload, rules": Moment(reloading, "/patterns", True),
}
OF_NO_FILE = {"start": NO_FILE[:-len(faults.MEMORY)], "publish": ("epoll_wait",),
              "start, log": ("inotify_add_watch",),
              "follow": ("epoll_wait", "inotify_add_watch")}


def counted(kind, name):
    """The calls that come in this moment."""
    moment = MOMENTS[name]
    with Patient(kind) as p:
        if moment.running:
            p.start()
        # A hit that changes nothing: it ends the wait, and we count on.
        p.faults.arm(action=faults.SHORT, path=moment.path, error=None,
                     first=1 << 30)
        p.wait_hit = lambda seconds=6: p.has_all(seconds)
        moment.act(p)
        return sorted(p.faults.seen())


def perform(kind, name, call, error, first=1):
    """(outcome, what is wrong or None)."""
    moment = MOMENTS[name]
    with Patient(kind) as p:
        if moment.running:
            p.start()
        before = len(p.daemon.messages().splitlines()) if p.daemon else 0
        path = "" if call in NO_FILE else moment.path
        once = error == "EINTR" or call in faults.MEMORY
        p.faults.arm(call, path=path, first=first,
                     action=faults.SHORT if error == "short" else faults.FAIL,
                     error=None if error == "short" else error,
                     times=1 if once else 0)
        try:
            moment.act(p)
        except TimeoutError as e:
            return "?", "%s\n%s" % (e, p.daemon.messages())
        return judge(p, name, before, call, error)


def judge(p, name, before, call, error):
    said = p.daemon.messages().splitlines()[before:]
    text = "\n".join(said)
    hits = p.faults.hits()
    if len(said) > FLOOD + 2 * (name == "reload"):
        return "flood", "%d lines:\n%s" % (len(said), text)
    if "Sanitizer" in text or "died of signal" in text:
        return "crash", text
    ended, outcome = p.ended(), "went on"
    if ended and name != "save":
        code = p.daemon.process.returncode
        outcome = "exit %d" % code
        if code <= 0 or not said:
            return outcome, "ended with %d:\n%s" % (code, text)
    elif hits and any(word in text for word in (
            os.strerror(getattr(faults.errno, error, 0)), "cannot",
            "trying again", "not reloaded", "died with exit")):
        outcome = "said"
    if outcome == "went on" and call in TOLD and hits:
        return outcome, "and did not say so:\n" + text
    began = time.monotonic()
    p.faults.lift()
    if ended:
        p.start()
    back = p.has_all(pbs.DEADLINE)  # by itself, without a new line
    p.login(LAST)
    if not back or not p.has_all(pbs.DEADLINE):
        return outcome, "lost %s:\n%s" % (p.held - p.dump(),
                                          p.daemon.messages())
    if not hits:
        return "not met", None
    return "%s, %.0f s" % (outcome, time.monotonic() - began), None


def plan(kind, names, pool):
    """[(moment, call, error)]: of those calls that come then."""
    seen = {name: pool.submit(counted, kind, name) for name in names}
    return [(kind, name, call, error) for name in names
            for call in list(seen[name].result())
            + list(OF_NO_FILE.get(name, ()))
            for error in ERRORS.get(call, ())]


def show(results):
    """A line for each moment and call: what each errno led to."""
    rows = collections.defaultdict(list)
    for (kind, name, call, error, *_), (outcome, wrong) in results:
        rows[kind, name, call].append("%s: %s%s" % (
            error, outcome, " WRONG" if wrong else ""))
    for (kind, name, call), outcomes in rows.items():
        print("# %-5s %-13s %-17s %s" % (kind, name, call,
                                         "; ".join(outcomes)))


def each(kind, todo, pool):
    futures = [(words, pool.submit(perform, *words)) for words in todo]
    results = [(words, future.result()) for words, future in futures]
    show(results)
    met = [r for r in results if r[1][0] != "not met"]
    for words, (outcome, wrong) in results:
        if wrong:
            ok(False, "%s: %s" % (" ".join(map(str, words)), outcome),
               wrong)
    ok(len(met) > 5, "%s: %d faults met" % (kind, len(met)), len(results))


def all_calls():
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        each("hash", plan("hash", list(MOMENTS), pool), pool)
        each("lmdb", plan("lmdb", ["start", "publish"], pool), pool)


def memory():
    """Out of memory ends a process; another begins, nothing is lost.

    About the hundredth call at the start is one of the C library's
    getgrnam(3), which crashes then (glibc 2.36), so that is not tried.
    """
    if pbs.SANITIZED or pbs.WRAP:
        return skip("out of memory", "the checker allocates by itself")
    todo = [("hash", name, call, "ENOMEM", n)
            for name in ("start", "publish", "reload")
            for call in ("malloc", "calloc")
            for n in ((1, 10, 44) if name == "start" else (1, 2))]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        each("memory", todo, pool)


main(all_calls, memory)
