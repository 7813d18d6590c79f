#!/usr/bin/env python3
# pbsctl import-xmail --to when something fails: each system call on the files
# of its directory fails, or is the last one before a kill -9; the disk is full
# or read-only. Each file is the old one or the new one, whole; the map is not
# replaced before the tables that belong to it; and the next run repairs
# everything.
# tests/run: timeout=600
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
# Hundreds of runs sync their files: in memory, that costs nothing.
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"
import imports
import pbs
from faults import DIE, Faults
from tap import equal, main, ok, skip

CALLS = ("open", "openat", "read", "pread", "write", "pwrite", "writev",
         "fsync", "fdatasync", "rename", "link", "unlink", "fchmod", "mmap",
         "flock", "fstat", "lstat", "stat", "ftruncate", "lseek", "statvfs",
         "opendir", "fcntl")
CHANGING = ("open", "openat", "write", "pwrite", "writev", "fsync",
            "fdatasync", "rename", "link", "unlink", "fchmod", "ftruncate")


def root_of(version, size=9):
    """A MAILROOT of which one line in each file is of this version only."""
    return imports.MailRoot({
        "domains.tab": [("example.com",)],
        "mailusers.tab": [("example.com", "u%d" % i, "p", "1", "u", "U")
                          for i in range(size)] +
                         [("example.com", "v%d" % version, "p", "1", "v",
                           "U")],
        "smtp.ipmap.tab": [("10.1.%d.%d/32" % divmod(i, 256), "-", "DENY", "1")
                           for i in range(size)] +
                          [("192.0.2.%d/32" % version, "-", "DENY", "1")]})


class Target:
    """The directory that is written to, and which version each file is."""
    TEXTS = ("clients", "recipients", "main.cf.xmail")

    def __init__(self, site):
        self.path = os.path.join(site.mapdir, "to")
        self.roots = [root_of(0), root_of(1)]
        self.whole = {}
        for version in 1, 0:
            self.run(version)
            for name in self.TEXTS:
                self.whole[self.read(name)] = version
        self.saved = site.path("saved")
        # Without what a later run does not make again.
        shutil.copytree(self.path, self.saved)

    def run(self, version, env=None):
        done = imports.run(
            "import-xmail", "--max-shrink", "50", "--xmail-args=-Se %d"
            % (900 + version), "--to", self.path, self.roots[version].path,
            env=dict(os.environ, **env or {}))
        return done.returncode, done.stderr.decode()

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as f:
            return name, f.read()

    def restore(self):
        shutil.rmtree(self.path)
        shutil.copytree(self.saved, self.path)

    def map_version(self):
        with open(self.path + "/recipients.db", "rb") as f:
            contents = f.read()
        if contents not in self.whole:
            keys = imports.query(
                "hash", self.path + "/recipients",
                ["%s%d@example.com" % (c, i) for c in "uv" for i in range(9)])
            found = [k for k in keys if k.startswith("v")]
            self.whole[contents] = (int(found[0][1]) if len(found) == 1 and
                                    len(keys) == 10 else "broken")
        return self.whole[contents]

    def versions(self):
        """Of the tables, then of the map; main.cf is the same in both."""
        found = [self.whole.get(self.read(name), "broken")
                 for name in self.TEXTS[:2]]
        return found + [self.map_version()]

    def leftovers(self):
        return [n for n in os.listdir(self.path) if n.endswith(".tmp")]


def each_call_fails():
    with pbs.Site() as site, Faults(site) as faults:
        target, broken, codes, n = Target(site), [], {}, 0
        while True:
            n += 1
            target.restore()
            faults.arm(*CALLS, path="/map/to", times=1, first=n,
                       error="ENOSPC")
            code, said = target.run(1, faults.env)
            name, hit = faults.last(), faults.hits()
            faults.lift()
            if not hit:
                break
            codes[code] = codes.get(code, 0) + 1
            versions = target.versions()
            if "broken" in versions or code not in (0, 1, 73) or \
                    (code and not said) or \
                    (code == 0 and versions != [1, 1, 1]):
                broken.append((n, name, code, versions, said))
            # Some may have been renamed; the map only after the tables.
            if versions[2] == 1 and versions[:2] != [1, 1]:
                broken.append((n, name, "the map first", versions))
            if code == 1 and versions != [0, 0, 0]:
                broken.append((n, name, "refused, and yet", versions))
        ok(not broken and n > 40, "of %d calls each one failed: old or new, "
           "and a message: %s" % (n - 1, codes), *broken)
        equal((target.run(1)[0], target.versions(), target.leftovers()),
              (0, [1, 1, 1], []), "then all is well")


def killed_at_each_call():
    with pbs.Site() as site, Faults(site) as faults:
        target, broken, n = Target(site), [], 0
        while True:
            n += 1
            target.restore()
            faults.arm(*CHANGING, path="/map/to", first=n, action=DIE)
            code, _ = target.run(1, faults.env)
            faults.lift()
            if code != -signal.SIGKILL:
                break
            versions = target.versions()
            if "broken" in versions or \
                    (versions[2] == 1 and versions[:2] != [1, 1]):
                broken.append((n, faults.last(), versions))
            with open(target.path + "/recipients.db", "rb") as f:
                inode = os.fstat(f.fileno()).st_ino
            code, said = target.run(1)
            if code or target.versions() != [1, 1, 1] or target.leftovers():
                broken.append((n, "the next run", code, said,
                               target.versions(), target.leftovers()))
            # smtpd must be told of tables that the killed run has renamed.
            if 1 in versions[:2] and versions[2] == 0 and \
                    os.stat(target.path + "/recipients.db").st_ino == inode:
                broken.append((n, "the map was not written again"))
        ok(not broken and n > 20, "killed at each of %d calls: whole, and "
           "right after the next run" % (n - 1), *broken)


def disk():
    if os.geteuid() != 0:
        skip("a full disk", "needs root")
        return
    with pbs.Site() as site:
        small, large = root_of(0), root_of(1, 9000)
        run = " ".join(imports.pbs.WRAP + [imports.PBSCTL, "import-xmail",
                                           "--to", "map"])
        for name, options, spoil, part in (
                ("full", "size=200k", ":", "No space left"),
                ("read-only", "size=9m", "mount -o remount,ro map",
                 "Read-only file system")):
            done = subprocess.run(
                ["unshare", "-m", "sh", "-c",
                 "mount --make-rprivate / 2>/dev/null; mount -t tmpfs -o "
                 "mode=755,%s none map && %s %s && ls -i map >one; %s; "
                 "echo =; %s %s; echo =$?; ls -i map >two; cmp one two"
                 % (options, run, small.path, spoil, run, large.path)],
                cwd=site.dir, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            if "mount:" in done.stdout or "unshare:" in done.stdout:
                skip("a %s disk" % name, done.stdout.splitlines()[0])
                continue
            said = done.stdout.partition("=\n")[2]
            ok(said.endswith("=73\n") and part in said,
               "a %s disk: 73, a message, nothing changed" % name,
               done.stdout)


try:
    main(each_call_fails, killed_at_each_call, disk)
finally:
    imports.close()
