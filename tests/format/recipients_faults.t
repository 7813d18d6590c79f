#!/usr/bin/env python3
# pbsctl recipients when something fails: each system call on its tables fails,
# the disk is full or read-only, the program is killed at each of these calls
# and at random moments, the list changes while it is read. Each table is the
# old one or the new one, whole.
# tests/run: timeout=600
"""RECIPIENTS_KILLS=N: so many kills at random moments of runs, and as many of
--watch (which takes seconds for each). RECIPIENTS_SEED=S."""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
from faults import DIE, PAUSE, Faults
from recipients import Lists, map_types
from tap import equal, main, ok, skip

# Hundreds of runs sync their files: in memory, that costs nothing.
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"
KILLS = int(os.environ.get("RECIPIENTS_KILLS", "24"))
WATCH_KILLS = int(os.environ.get("RECIPIENTS_KILLS", "6"))
SEED = int(os.environ.get("RECIPIENTS_SEED", str(int(time.time()))))
TYPES = map_types()
SIZE = 20000


def text_of(version, size):
    """A list of which 10 % are of this version only, and its rules."""
    lines = ["u%d@d%d.tld" % (i, i % 7) for i in range(size)]
    lines += ["v%d-%d@v.tld" % (version, i) for i in range(size // 10)]
    lines += ["v%d-%d\\+.*@v.tld" % (version, i) for i in range(size // 10)]
    return "\n".join(lines) + "\n"


class Tables:
    """Which version the tables are, if they are whole."""

    def __init__(self, lists, kind, size):
        self.lists, self.kind, self.size = lists, kind, size
        self.known = {}  # contents of files that postmap has read

    def map_version(self):
        with open(self.lists.file(self.kind), "rb") as f:
            contents = f.read()
        if contents not in self.known:
            self.known[contents] = self.ask_version()
        return self.known[contents]

    def ask_version(self):
        keys = self.lists.keys(self.kind)
        found = {k.split("-")[0] for k in keys if k.endswith("@v.tld")}
        if len(keys) != self.size + self.size // 10 or len(found) != 1:
            return "broken: %d keys of %s" % (len(keys), found)
        return int(found.pop()[1:])

    def plus_version(self):
        with open(self.lists.plus()) as f:
            text = f.read()
        users = text.count("|") + text.count("/ ok\n")
        if users != self.size // 10 or not text.endswith("\nendif\n"):
            return "broken: %d users" % users
        return int(text.partition("/^(v")[2].partition("-")[0])

    def versions(self):
        return self.map_version(), self.plus_version()

    def save(self):
        """All files, for restore()."""
        self.saved = self.lists.path("saved")
        shutil.copytree(self.lists.mapdir, self.saved)

    def restore(self):
        for name in os.listdir(self.lists.mapdir):
            os.unlink(os.path.join(self.lists.mapdir, name))
        for name in os.listdir(self.saved):
            shutil.copy2(os.path.join(self.saved, name), self.lists.mapdir)

    def leftovers(self):
        """Temporary files."""
        return [n for n in self.lists.state() if n.startswith(".")]


def spec_of(lists, kind):
    return ["--max-shrink", "100", "--map", lists.spec(kind)]


def mute(faults):
    """The environment for a run of many: main.cf is not asked each time."""
    return dict(faults.env, PATH="/nonexistent")


CALLS = ("open", "openat", "read", "pread", "write", "pwrite", "writev",
         "fsync", "fdatasync", "rename", "link", "unlink", "fchmod", "mmap",
         "flock", "fstat", "lstat", "stat", "ftruncate", "lseek", "statvfs",
         "opendir", "fcntl")
CHANGING = ("open", "openat", "write", "pwrite", "writev", "fsync",
            "fdatasync", "rename", "link", "unlink", "fchmod", "ftruncate")


def each_call_fails():
    """One after the other, of those that are about a table."""
    for kind in TYPES:
        with Lists() as lists, Faults(lists) as faults:
            spec, tables = spec_of(lists, kind), Tables(lists, kind, 100)
            lists.run(*spec, lists.put(text_of(0, 100)))
            path, env = lists.put(text_of(1, 100)), mute(faults)
            tables.save()
            faults.arm(*CALLS, path="/map/", times=1, first=10 ** 9)
            equal(lists.run(*spec, lists.put(text_of(0, 100), "same"),
                            env=faults.env)[0], 0, kind + ": none fails")
            broken, codes, n = [], {}, 0
            while True:
                n += 1
                before = lists.state()
                faults.arm(*CALLS, path="/map/", times=1, first=n,
                           error="ENOSPC")
                code, _, said = lists.run(*spec, path, env=env)
                name, hit = faults.last(), faults.hits()
                faults.lift()
                if not hit:
                    break
                codes[code] = codes.get(code, 0) + 1
                versions = tables.versions()
                if code and (versions != (0, 0) or not said):
                    # What was renamed may not be on the disk yet: said so.
                    if name not in ("fsync", "open", "openat", "rename"):
                        broken.append((n, name, code, versions, said))
                if code == 0 and versions != (1, 1):
                    broken.append((n, name, code, versions, said))
                if code and versions == (0, 0) and lists.state() != before \
                        and name != "link":
                    extra = set(lists.state()) - set(before)
                    if not all(e.startswith(".") or "previous" in e
                               for e in extra):
                        broken.append((n, name, code, extra, said))
                if versions != (0, 0):
                    tables.restore()
            ok(not broken and n > 20, "%s: of %d calls each one failed: old or "
               "new, and a message: %s" % (kind, n - 1, codes), *broken)
            equal(set(codes) <= {0, 1, 73}, True, kind + ": by exit codes",
                  codes)
            equal((lists.run(*spec, path)[0], tables.versions()), (0, (1, 1)),
                  kind + ": then all is well")
            equal(tables.leftovers(), [], kind + ": and nothing is left over")


def killed_at_each_call():
    for kind in TYPES:
        with Lists() as lists, Faults(lists) as faults:
            spec, tables = spec_of(lists, kind), Tables(lists, kind, 100)
            lists.run(*spec, lists.put(text_of(0, 100)))
            path, env = lists.put(text_of(1, 100)), mute(faults)
            tables.save()
            broken, n = [], 0
            while True:
                n += 1
                tables.restore()
                faults.arm(*CHANGING, path="/map/", first=n, action=DIE)
                code, _, said = lists.run(*spec, path, env=env)
                faults.lift()
                versions = tables.versions()
                if code != -signal.SIGKILL:
                    break
                if versions not in ((0, 0), (0, 1), (1, 1)):
                    broken.append((n, faults.last(), versions))
                # Killed between the two: the next run finishes the work.
                lists.run(*spec, path, env=env)
                if tables.versions() != (1, 1) or tables.leftovers():
                    broken.append((n, "next", tables.versions(),
                                   tables.leftovers()))
            ok(not broken and n > 10, "%s: killed at each of %d calls: whole, "
               "and right after the next run" % (kind, n - 1), *broken)


def killed_at_random():
    """A run takes so long; it is killed within that time."""
    rng = random.Random(SEED)
    for kind in TYPES:
        with Lists() as lists:
            spec, tables = spec_of(lists, kind), Tables(lists, kind, SIZE)
            lists.put(text_of(0, SIZE), "list0")
            lists.put(text_of(1, SIZE), "list1")
            lists.run(*spec, "list0")
            begin = time.monotonic()
            lists.run(*spec, "list1")
            lasts = time.monotonic() - begin
            killed, runs, bad, seen, turn = 0, 0, [], set(), 0
            while killed < -(-KILLS // len(TYPES)):
                runs += 1
                run = lists.start(*spec, "list%d" % turn)
                try:
                    run.wait(rng.random() * lasts)
                except subprocess.TimeoutExpired:
                    run.kill()
                    killed += 1
                run.communicate()
                versions = tables.versions()
                seen.add(versions)
                if not {*versions} <= {0, 1}:
                    bad.append(versions)
                turn = 1 - versions[0] if versions[0] in (0, 1) else turn
            ok(not bad, "%s: killed %d times in %d runs: whole; seen %s"
               % (kind, killed, runs, sorted(seen, key=str)), *bad)
            lists.run(*spec, "list1")
            equal((tables.versions(), tables.leftovers()), ((1, 1), []),
                  kind + ": then all is well")


def watch_killed():
    rng = random.Random(SEED)
    kind = TYPES[-1]
    with Lists() as lists:
        spec, tables = spec_of(lists, kind), Tables(lists, kind, SIZE)
        lists.put(text_of(0, SIZE), "list0")
        lists.put(text_of(1, SIZE), "list1")
        lists.run(*spec, "list0")
        killed, bad, lasts = 0, [], 2.0
        for n in range(WATCH_KILLS):
            watch = lists.start(*spec, "--watch", "--settle", "1s", "list")
            lists.put(text_of(1 - n % 2, SIZE), "new")
            os.rename(lists.path("new"), lists.path("list"))
            time.sleep(1 + rng.random() * (lasts - 1))
            watch.kill()
            killed += watch.wait() == -signal.SIGKILL
            watch.communicate()
            if not {*tables.versions()} <= {0, 1}:
                bad.append(tables.versions())
        ok(not bad, "--watch, %s: killed %d times: whole" % (kind, killed),
           *bad)
        equal(lists.run(*spec, "list1")[0], 0, "a run after that")
        equal((tables.versions(), tables.leftovers()), ((1, 1), []),
              "all is well then")


def changes_while_read():
    def append(path):
        with open(path, "a") as f:
            f.write("late@d.tld\n")

    def replace(path):
        with open(path) as old, open(path + ".new", "w") as new:
            new.write(old.read())
        os.rename(path + ".new", path)

    def touch(path):
        os.utime(path, (1, 1))

    for name, change in (("grows", append), ("is replaced", replace),
                         ("is touched", touch), ("is removed", os.unlink)):
        with Lists() as lists, Faults(lists) as faults:
            spec = spec_of(lists, TYPES[0])
            lists.run(*spec, lists.put("a@d.tld\n"))
            before = lists.state()
            path = lists.put(text_of(0, 100))
            faults.arm("read", path="/list", action=PAUSE)
            run = lists.start(*spec, path, env=faults.env)
            pbs.until("it reads", pbs.DEADLINE, lambda: faults.hits() > 0,
                      lambda left: time.sleep(0.01))
            change(path)
            faults.release(10 ** 6)
            _, said = run.communicate(timeout=60)
            equal((run.returncode, lists.state()), (1, before),
                  "a list that %s while it is read: exit 1" % name)
            ok("try again" in said and len(said.splitlines()) == 1,
               "and a line that says so", said)


def in_mount(options, size, commands):
    """Runs shell commands with a small file system of their own at ./map."""
    return subprocess.run(
        ["unshare", "-m", "sh", "-c",
         "mount --make-rprivate / 2>/dev/null; mount -t tmpfs -o mode=755,"
         "size=%s none map && %s" % (size, commands)], **options)


def disk():
    """A full one, and a read-only one."""
    if os.geteuid() != 0:
        skip("a full disk", "needs root")
        return
    for kind in TYPES:
        with Lists() as lists:
            lists.put("a@d.tld\nb@d.tld\n", "small")
            lists.put(text_of(0, 9000) + "a@d.tld\nb@d.tld\n", "large")
            run = " ".join(lists.command(*spec_of(lists, kind)))
            options = dict(cwd=lists.dir, env=lists.env, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            done = in_mount(options, "200k", "%s small >&2; ls -i map >one; "
                            "echo =; %s large; echo =$?; ls -i map >two; "
                            "cmp one two" % (run, run))
            if "mount:" in done.stdout or "unshare:" in done.stdout:
                skip(kind + ": a full disk", done.stdout.splitlines()[0])
                continue
            said = done.stdout.partition("=\n")[2]
            ok(said.endswith("=73\n") and "No space left" in said,
               kind + ": a full disk: 73, a message, nothing changed", said)
            done = in_mount(options, "4m", "%s small >&2; ls -i map >one; "
                            "mount -o remount,ro map; echo =; %s large; "
                            "echo =$?; ls -i map >two; cmp one two"
                            % (run, run))
            said = done.stdout.partition("=\n")[2]
            ok(said.endswith("=73\n") and "Read-only" in said,
               kind + ": a read-only one: the same", said)


print("# seed %d" % SEED)
main(each_call_fails, killed_at_each_call, killed_at_random, watch_killed,
     changes_while_read, disk)
