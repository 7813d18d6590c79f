"""pbs: a daemon under test in a directory of its own, and what it did.

    with Site() as site:
        site.log("dovecot: imap-login: Login: ...")
        daemon = site.start("--grace=60")      # READY=1 has come
        site.wait_key("198.18.0.1")            # the map has it
        daemon.stop()

Nothing here sleeps: it waits for the notify socket, for inotify on the map's
directory or for the daemon's end, each with a deadline.
"""
import ctypes
import glob
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import tap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
DAEMON = os.path.join(BUILD, "pop-before-smtp")
GENLOG = os.path.join(BUILD, "tests", "bench", "genlog")
ORACLE = os.path.join(ROOT, "tests", "oracle.py")
WRAP = os.environ.get("PBS_WRAP", "").split()  # valgrind: make memcheck
DEADLINE = float(os.environ.get("PBS_DEADLINE", "20"))



def need(path):
    """Ends a test that was begun before the program it uses was built."""
    if os.path.exists(path):
        return
    name = os.path.relpath(path, ROOT)
    build = os.path.relpath(BUILD, ROOT)
    tap.bail_out("%s is not built: make %s%s" % (
        name, "" if build == "build" else "BUILD=%s " % build, name))


need(DAEMON)
with open(DAEMON, "rb") as _program:
    _code = _program.read()
SANITIZED = b"__asan_init" in _code  # needs more memory, and other preloads
COVERED = b"__gcov_dump" in _code  # make coverage: what is killed counts not
CHECKED = bool(WRAP) or SANITIZED or COVERED
# What sets the clock of a whole program; its functions for threads. None: it is
# missing, or the program brings other preloads.
LIBFAKETIME = next((path for path in (
    os.path.join(d, "faketime", "libfaketimeMT.so.1") for d in (
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64", "/usr/lib"))
    if os.path.exists(path) and not (SANITIZED or WRAP)), None)
_LIBASAN = [name.decode() for name in re.findall(rb"libasan\.so\.\d+", _code)]

_libc = ctypes.CDLL(None, use_errno=True)


class Inotify:
    """Names of the files that appear in a directory (renamed, closed)."""
    MOVED_TO, CLOSE_WRITE = 0x80, 0x8

    def __init__(self, directory, mask=MOVED_TO):
        self.fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watch = _libc.inotify_add_watch(
            self.fd, os.fsencode(directory), ctypes.c_uint32(mask))
        if self.fd < 0 or watch < 0:
            raise OSError(ctypes.get_errno(), "inotify on " + directory)

    def wait(self, timeout):
        """[names]: those since the last call, or the first to come."""
        if not select.select([self.fd], [], [], max(0, timeout))[0]:
            return []
        data, at, names = os.read(self.fd, 65536), 0, []
        while at < len(data):
            length = struct.unpack_from("iIII", data, at)[3]
            name = data[at + 16:at + 16 + length].rstrip(b"\0")
            names.append(name.decode())
            at += 16 + length
        return names

    def wait_for(self, name, timeout):
        """Until name appears; the time when it did."""
        deadline = time.monotonic() + timeout
        while name not in self.wait(deadline - time.monotonic()):
            if time.monotonic() > deadline:
                raise TimeoutError("no %s within %.1f s" % (name, timeout))
        return time.monotonic()

    def close(self):
        os.close(self.fd)


def until(what, seconds, condition, wait):
    """The first true value of condition(); wait(left) sleeps till it may."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("not within %.1f s: %s" % (seconds, what))
        wait(left)


def children(pid, name=None):
    """Pids of the children of a process, oldest first."""
    found = []
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % other) as f:
                comm, _, rest = f.read().rpartition(")")
            if int(rest.split()[1]) == pid and (
                    name is None or comm.endswith("(" + name)):
                found.append(int(other))
        except OSError:
            pass
    return sorted(found)


def descendants(pid, name=None):
    """Pids of its children, of theirs, and so on."""
    below = [p for child in children(pid) for p in descendants(child, name)]
    return children(pid, name) + below


def preload(*libraries):
    """LD_PRELOAD for a daemon; a sanitizer that it is built with comes first."""
    return ":".join([*_LIBASAN[:1], *libraries])


class Daemon:
    """A running pop-before-smtp; its messages go to a file."""

    def __init__(self, site, command, env):
        self.site, self.command = site, command
        self.messages_path = os.path.join(
            site.dir, "messages.%d" % len(site.daemons))
        self.notify_path = self.messages_path + ".notify"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        os.chmod(self.notify_path, 0o777)
        self.states = []
        with open(self.messages_path, "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=dict(env, NOTIFY_SOCKET=self.notify_path), cwd=site.dir)
        self.pid = self.process.pid

    def worker(self):
        """The process that reads the logs; a daemon without a keeper itself."""
        return (children(self.pid, "pbs-worker") or [self.pid])[-1]

    def messages(self):
        with open(self.messages_path, errors="replace") as f:
            return f.read()

    def _listen(self, left):
        self.notify.settimeout(min(left, 0.2))
        try:
            self.states += self.notify.recv(4096).decode().split("\n")
        except socket.timeout:
            pass
        if self.process.poll() is not None:
            raise RuntimeError("ended with %r: %s\n%s" % (
                self.process.returncode, self.command, self.messages()))

    def wait_state(self, state="READY=1", seconds=DEADLINE):
        until(state + " of " + " ".join(self.command), seconds,
              lambda: state in self.states, self._listen)
        self.states.remove(state)
        return self

    def wait_message(self, text, seconds=DEADLINE, count=1):
        """Until text stands in its messages at least count times."""
        watch = Inotify(self.site.dir, 0x2)  # IN_MODIFY
        try:
            until("message " + text, seconds,
                  lambda: self.messages().count(text) >= count,
                  lambda left: watch.wait(min(left, 1)))
        except TimeoutError as e:
            raise TimeoutError("%s\n%s" % (e, self.messages()))
        finally:
            watch.close()

    def kill(self, signo):
        os.kill(self.pid, signo)

    def wait(self, seconds=DEADLINE):
        return self.process.wait(seconds)

    def stop(self, signo=signal.SIGTERM):
        """Its exit code; below 0: it died of that signal."""
        if self.process.poll() is None:
            self.kill(signo)
        code = self.wait()
        self.notify.close()
        return code

    def end(self):
        """Whatever it does. A checker has its last word when it ends well."""
        if self.process.poll() is None and CHECKED:
            self.kill(signal.SIGTERM)
            try:
                self.wait(10)
            except subprocess.TimeoutExpired:
                pass
        if self.process.poll() is None:
            self.kill(signal.SIGKILL)
            self.wait()
            self._remove_faketime()
        self.notify.close()

    def _remove_faketime(self):
        """What libfaketime leaves behind when it is killed: another one with
        the same pid would not start."""
        for name in "faketime_shm_%d", "sem.faketime_sem_%d":
            try:
                os.unlink("/dev/shm/" + name % self.pid)
            except FileNotFoundError:
                pass


class Site:
    """A directory with a log, a map, patterns, and a Postfix to ask."""

    def __init__(self, mynetworks="127.0.0.0/8 [::1]/128"):
        self.dir = tempfile.mkdtemp(prefix="pbs-test.")
        os.chmod(self.dir, 0o755)
        self.logfile = self.path("mail.log")
        self.mapdir = self.path("map")
        self.map = os.path.join(self.mapdir, "pbs")
        self.config = self.path("pbs.yaml")
        self.daemons = []
        os.mkdir(self.mapdir)
        os.mkdir(self.path("postfix"))
        self.main_cf(mynetworks)
        self.write("postfix/master.cf", "")
        self.write("pbs.yaml", "")
        self.write("mail.log", "")
        self.env = dict(os.environ, MAIL_CONFIG=self.path("postfix"),
                        LC_ALL="C.UTF-8", TZ=os.environ.get("TZ", "UTC"))
        self.env.pop("NOTIFY_SOCKET", None)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for daemon in self.daemons:
            daemon.end()
        self._end_strays()
        found = CHECKED and self._findings()
        if not os.environ.get("PBS_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
        if found:
            raise RuntimeError(found)

    def _findings(self):
        """What a checker said: another worker may have hidden the death."""
        for path in (glob.glob(self.path("messages.*"))
                     + glob.glob(self.path("*.log"))
                     + glob.glob(self.path("checked/*.log"))):
            if os.path.isfile(path):
                with open(path, errors="replace") as f:
                    text = f.read()
                if re.search(r"Sanitizer: |runtime error: |^==\d+== ", text,
                             re.M):
                    return text
        return None

    def processes(self):
        """Pids of its daemons, whatever has detached itself included: known by
        our directory's name."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, errors="replace") as f:
                    words = f.read().split("\0")
            except OSError:
                continue
            if DAEMON in words and any(self.dir + "/" in w for w in words):
                found.append(int(pid))
        return found

    def _end_strays(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode="w"):
        if isinstance(text, bytes):
            mode += "b"
        with open(self.path(name), mode) as f:
            f.write(text)
        return self.path(name)

    def main_cf(self, mynetworks):
        path = self.write("postfix/main.cf", "compatibility_level = 3.6\n"
                          "mynetworks = %s\nqueue_directory = %s\n"
                          % (mynetworks, self.path("queue")))
        # Postfix's tools wait for a file that has just been written.
        os.utime(path, (0, 0))

    def log(self, *texts, when=None, name="mail.log", end="\n"):
        """Appends lines with header; text begins with the program."""
        self.raw("".join(stamped(t, when) + end for t in texts), name)

    def raw(self, text, name="mail.log"):
        if isinstance(text, str):
            text = text.encode("utf-8", "surrogateescape")
        fd = os.open(self.path(name),
                     os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(fd, text)
        finally:
            os.close(fd)

    def _wrap(self):
        """valgrind, with a file for what each process is told of."""
        if not WRAP:
            return []
        os.makedirs(self.path("checked"), exist_ok=True)
        os.chmod(self.path("checked"), 0o1777)
        return [*WRAP, "--log-file=" + self.path("checked/%p.log")]

    def _patterns(self, for_all):
        """Another user may have no way to this source tree."""
        shipped, copy = os.path.join(ROOT, "patterns"), self.path("shipped")
        if not for_all:
            return shipped
        if not os.path.exists(copy):
            shutil.copytree(shipped, copy)
        return copy

    def command(self, *flags):
        given = [f.split("=")[0] for f in flags]
        command = self._wrap() + [DAEMON, "--config=" + self.config]
        if "--patterns" not in given:
            command.append("--patterns=" + self._patterns("--user" in given))
        if WRAP and "--sandbox" not in given:
            command.append("--sandbox=off")  # a checker needs more
        if "--logfile" not in given:
            command.append("--logfile=" + self.logfile)
        if "--dbfile" not in given:
            command.append("--dbfile=hash:" + self.map)
        return command + list(flags)

    def spawn(self, *flags, env=None, wrap=()):
        """Starts it; does not wait."""
        daemon = Daemon(self, list(wrap) + self.command(*flags),
                        dict(self.env, **(env or {})))
        self.daemons.append(daemon)
        return daemon

    def start(self, *flags, **how):
        """Starts it and waits until it says that it is ready."""
        return self.spawn(*flags, **how).wait_state()

    def run(self, *flags, env=None, wrap=(), seconds=60, given=None):
        """Runs it to its end: CompletedProcess with text."""
        return subprocess.run(
            list(wrap) + self.command(*flags), cwd=self.dir, text=True,
            env=dict(self.env, **(env or {})), timeout=seconds,
            input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            errors="replace")

    def query(self, key):
        """What postmap -q says; None: not there."""
        done = subprocess.run(
            ["postmap", "-q", key, "hash:" + self.map], env=self.env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.stderr:
            raise RuntimeError(done.stderr)
        return done.stdout.strip() or None

    def dump(self):
        """The whole map as Postfix reads it: {key: value}."""
        done = subprocess.run(
            ["postmap", "-s", "hash:" + self.map], env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode or done.stderr:
            raise RuntimeError("postmap -s: " + done.stderr)
        return dict(line.split("\t", 1) for line in done.stdout.splitlines())

    def wait_map(self, what, condition, seconds=DEADLINE):
        """Until condition(dump) holds; looks again at each rename."""
        watch = Inotify(self.mapdir)
        try:
            return until(what, seconds, lambda: condition(self.dump()),
                         lambda left: watch.wait(left))
        except TimeoutError as e:
            raise TimeoutError("%s; the map is %s\n%s" % (
                e, self.dump(), self.daemons[-1].messages()))
        finally:
            watch.close()

    def wait_key(self, key, seconds=DEADLINE):
        self.wait_map(key + " in the map", lambda m: key in m, seconds)
        return self.query(key)

    def wait_gone(self, key, seconds=DEADLINE):
        self.wait_map(key + " out of the map", lambda m: key not in m, seconds)
        return True

    def inode(self):
        return os.stat(self.map + ".db").st_ino


def stamped(text, when=None):
    """A line with a traditional header, written at when (default now)."""
    t = time.localtime(time.time() if when is None else when)
    return time.strftime("%b %e %H:%M:%S", t) + " mail " + text


def login(ip, user="ann"):
    """What Dovecot 2.3 says of a login."""
    return ("dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=%s, "
            "lip=192.0.2.1, mpid=4711, TLS, session=<b64/SESSION+>"
            % (user, ip))
