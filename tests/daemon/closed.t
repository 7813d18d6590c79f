#!/usr/bin/env python3
# Whatever fails, nobody stays authorized later than the grace period and five
# seconds after the last login: the daemon is killed or stopped, the disk is
# full or has errors, the map is read-only, the clock jumps, the log is quiet or
# gone, Postfix is restarted. Each map type is examined right after the fault,
# and when the time is over.
# tests/run: root
import concurrent.futures
import contextlib
import os
import signal
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import faults
import pbs
import policy
import servers
import socketmap
from pbs import login
from tap import equal, main, ok, skip, skip_all

# On a busy machine, five maps are written and asked before each fault.
GRACE, LATE, DAY = 8, 5, 86400
JOBS = 13
STILL = "; expired addresses are still in it"
GUEST, OTHER = "198.51.100.1", "198.51.100.2"
FILES = ("hash", "lmdb", "cdb", "cidr", "text")
LIVE = ("socketmap", "policy")  # in no file: the daemon is asked


def asked(client, kind, key):
    """Whether the one at the other end says that key may relay."""
    try:
        answer = (client.ask(key) if kind == "socketmap"
                  else client.ask(client=key))
    except OSError:  # too late, or gone: smtpd permits nobody by that
        return False
    return answer is not None and answer.startswith("OK")


class Case:
    """One login, one fault, one look into each map."""

    def __init__(self, *kinds, grace=GRACE):
        self.kinds, self.site = kinds or ("hash",), pbs.Site()
        self.grace = grace
        self.flags = ["--nomynetworks", "--grace=%d" % grace,
                      "--checkpoint=" + self.site.path("map/state"),
                      *("--dbfile=" + self.spec(k) for k in self.kinds)]
        self.faults = faults.Faults(self.site)
        self.clock = self.site.write("clock", "+0\n")
        self.env = dict(self.faults.env)
        self.daemon = self.keeper = None
        self.sessions = {}  # of clients that stay
        self.when = 0

    def path(self, kind):
        return os.path.join(self.site.mapdir, kind)

    def spec(self, kind):
        return "%s:%s%s" % (kind, "unix:" * (kind in LIVE), self.path(kind))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.faults.lift()
        for session in self.sessions.values():
            session.close()
        for pid in pbs.children(self.keeper or -1) + [self.keeper or 0]:
            if pid:
                os.kill(pid, signal.SIGKILL)
        self.site.__exit__()
        subprocess.run(["umount", "-l", self.site.mapdir],
                       stderr=subprocess.DEVNULL)
        self.site.__exit__()

    def fake_clock(self):
        """A clock of the wall that can be set; steady time stays true."""
        self.env["LD_PRELOAD"] += ":" + pbs.LIBFAKETIME
        self.env.update(FAKETIME_TIMESTAMP_FILE=self.clock,
                        FAKETIME_NO_CACHE="1", DONT_FAKE_MONOTONIC="1")

    def set_clock(self, offset):
        self.site.write("clock.new", "%+d\n" % offset)
        os.rename(self.site.path("clock.new"), self.clock)

    def small_disk(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755",
                        "none", self.site.mapdir], check=True)

    def start(self, wrap=()):
        self.daemon = self.site.start(*self.flags, env=self.env,
                                      wrap=[*wrap, "setsid"])

    def start_kept(self):
        """With --daemon; the pid of the keeper."""
        done = self.site.run("--daemon=" + self.site.path("pid"),
                             "--logto=" + self.site.path("own.log"),
                             *self.flags, env=self.env)
        if done.returncode:
            raise RuntimeError(done.stderr)
        with open(self.site.path("pid")) as f:
            self.keeper = int(f.read())

    def session(self, kind):
        return {"socketmap": socketmap, "policy": policy}[kind].Client(
            self.path(kind), timeout=1)

    def has(self, kind, key):
        if kind == "text":
            with open(self.path(kind)) as f:
                return key in f.read().split()
        if kind in LIVE:
            try:
                session = self.session(kind)
            except OSError:
                return False
            with contextlib.closing(session):
                return asked(session, kind, key)
        done = subprocess.run(["postmap", "-q", key, self.spec(kind)],
                              text=True, env=self.site.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.stderr:
            raise RuntimeError(done.stderr)
        return done.stdout.strip() != ""

    def held(self, key=GUEST):
        """Where key is authorized."""
        return ([k for k in self.kinds if self.has(k, key)]
                + [k + ", an open session" for k, session
                   in self.sessions.items() if asked(session, k, key)])

    def login(self, key=GUEST, offset=0):
        """Now, and until each map has it."""
        self.when = time.time()
        self.site.log(login(key), when=self.when + offset)
        # At once: on a busy machine the grace is over before the last of them
        # is asked.
        with concurrent.futures.ThreadPoolExecutor(len(self.kinds)) as pool:
            list(pool.map(lambda kind: pbs.until(
                "%s in %s" % (key, kind), self.grace,
                lambda: self.has(kind, key), lambda left: time.sleep(0.1)),
                self.kinds))
        self.sessions = {k: self.session(k) for k in self.kinds if k in LIVE}
        if not all(asked(c, k, key) for k, c in self.sessions.items()):
            raise RuntimeError("not authorized in an open session")

    def at_deadline(self, key=GUEST):
        """Where it is authorized when the time is over."""
        time.sleep(max(0, self.when + self.grace + LATE - time.time()))
        return self.held(key)

    def messages(self):
        if self.daemon:
            return self.daemon.messages()
        with open(self.site.path("own.log")) as f:
            return f.read()


# ---- the faults: each is done to a case right after its login ----

def no_fault(case):
    pass


def worker_killed(case):
    os.kill(pbs.children(case.keeper)[0], signal.SIGKILL)


def worker_killed_in_foreground(case):
    os.kill(case.daemon.worker(), signal.SIGKILL)


def worker_stopped(case):
    os.kill(pbs.children(case.keeper)[0], signal.SIGSTOP)


def worker_stopped_in_foreground(case):
    os.kill(case.daemon.worker(), signal.SIGSTOP)


def all_killed(case):
    """Then systemd does what the unit says."""
    os.killpg(case.daemon.pid, signal.SIGKILL)
    case.daemon.wait()
    done = case.site.run("--clear", *case.flags)
    if done.returncode:
        raise RuntimeError("--clear: " + done.stderr)


def disk_full(case):
    with open(os.path.join(case.site.mapdir, "full"), "wb", 0) as f:
        try:
            while f.write(b"\0" * 4096):
                pass
        except OSError:
            pass


def errors_on_map(case):
    case.faults.arm("open", "read", "pread", "write", "pwrite", "writev",
                    "fsync", "fdatasync", "ftruncate", "copy_file_range",
                    path="/map/", error="EIO")


def read_only_to_us(case):
    """As when errors remount it, but that the empty map can be renamed."""
    case.faults.arm("open", "write", "pwrite", "ftruncate", "unlink",
                    path="/map/", error="EROFS")


def clock_back(case):
    case.set_clock(-DAY)


def clock_forward(case):
    case.set_clock(DAY)


def log_gone(case):
    os.unlink(case.site.logfile)


def log_floods(case):
    for n in range(20):
        case.site.raw((pbs.stamped("sshd[1]: noise %d" % n) + "\n") * 5000)


FAULTS = {
    "a quiet log": (no_fault,),
    "the log is gone": (log_gone,),
    "the log is flooded": (log_floods,),
    "kill -9 of the daemon under --daemon": (worker_killed, "kept"),
    "kill -9 of the worker": (worker_killed_in_foreground,),
    "SIGSTOP under --daemon": (worker_stopped, "kept"),
    "SIGSTOP of the worker": (worker_stopped_in_foreground,),
    "kill -9 of all, then ExecStopPost": (all_killed,),
    "the clock goes back a day": (clock_back, "clock"),
    "the clock goes forward a day": (clock_forward, "clock"),
}
DISK_FAULTS = {
    "disk full": (disk_full, "disk"),
    "errors on all but rename": (errors_on_map,),
    "a map that cannot be created": (read_only_to_us,),
}


def play(kinds, fault, *needs):
    """(where one is authorized at the deadline, messages)."""
    with Case(*kinds) as case:
        if "clock" in needs:
            case.fake_clock()
        if "disk" in needs:
            case.small_disk()
        case.start_kept() if "kept" in needs else case.start()
        case.login()
        fault(case)
        return case.at_deadline(), case.messages()


def every_fault():
    """What meets the daemon in all maps at once; what meets the files in one
    alone, so that no other map's trouble helps it."""
    todo = {name: (FILES + LIVE, *how) for name, how in FAULTS.items()
            if pbs.LIBFAKETIME or "clock" not in how}
    todo.update({"%s: %s" % (kind, name): ((kind,), *how) for kind in FILES
                 for name, how in DISK_FAULTS.items()})
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        running = {name: pool.submit(play, *how)
                   for name, how in todo.items()}
        for name, future in running.items():
            held, messages = future.result()
            equal(held, [], "%s: nobody is authorized %d s after the grace"
                  % (name, LATE), messages)
            ok(messages.count("\n") < 40, name + ": no flood of messages",
               messages)


def remount_read_only(case):
    """On top: the lock that the daemon holds forbids to remount the disk."""
    subprocess.run(["mount", "--bind", case.site.mapdir, case.site.mapdir],
                   check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", case.site.mapdir],
                   check=True)


def remount(case):
    subprocess.run(["umount", "-l", case.site.mapdir], check=True)


def errors_on_all(case):
    case.faults.arm("open", "openat", "read", "pread", "write", "pwrite",
                    "writev", "fsync", "fdatasync", "msync", "ftruncate",
                    "copy_file_range", "rename", "renameat", "link",
                    path="/map/", error="EIO")


def no_errors(case):
    case.faults.lift()


def nothing_can_be_done(name, fault, mend, stuck):
    """Not even a rename works: logged, and done once it can be."""
    with Case(*FILES) as case:
        case.small_disk()
        case.start()
        case.login()
        fault(case)
        equal(case.at_deadline(), stuck, name + ": what cannot be emptied",
              case.messages())
        said = [k for k in FILES if any(
            case.spec(k) in line and STILL in line
            for line in case.messages().splitlines())]
        equal(said, stuck, name + ": what is said to hold the expired",
              case.messages())
        mend(case)
        pbs.until("empty maps", LATE + 5, lambda: not case.held(),
                  lambda left: time.sleep(0.1))
        ok(True, name + ": when they can be written again they are emptied")
        pbs.until("a login", 30, lambda: len(case.held(OTHER)) == len(FILES),
                  lambda left: (case.site.log(login(OTHER)), time.sleep(1)))
        ok(True, name + ": and take logins again")


def read_only_disk():
    # What lmdb holds open goes on.
    nothing_can_be_done("read-only", remount_read_only, remount,
                        [k for k in FILES if k != "lmdb"])


def broken_disk():
    nothing_can_be_done("EIO", errors_on_all, no_errors, list(FILES))


def full_and_free():
    with Case() as case:
        case.small_disk()
        case.start()
        disk_full(case)
        case.site.log(login(GUEST))
        case.daemon.wait_message("No space left on device")
        case.site.log(login(OTHER))
        os.unlink(os.path.join(case.site.mapdir, "full"))
        case.login(OTHER)
        ok(True, "a disk that was full: who logged in then is authorized")


def hears(daemon, seconds):
    """Whether any report reaches the watchdog, except one on its way."""
    daemon.states.clear()
    try:
        while True:
            daemon.wait_state("WATCHDOG=1", 0.3)  # it comes twice a second
    except TimeoutError:
        pass
    try:
        daemon.wait_state("WATCHDOG=1", seconds)
    except TimeoutError:
        return False
    return True


def keeper_stopped():
    """Nobody is left to clear the maps but the service manager's watchdog."""
    with Case(*FILES, *LIVE) as case:
        case.env["WATCHDOG_USEC"] = "1000000"
        case.start()
        case.login()
        case.daemon.wait_state("WATCHDOG=1")
        os.killpg(case.daemon.pid, signal.SIGSTOP)
        ok(not hears(case.daemon, 1.5),
           "SIGSTOP of all: the watchdog hears no more")
        equal([h for h in case.held() if h.split(",")[0] in LIVE], [],
              "who asks hears nothing either")
        all_killed(case)
        equal(case.at_deadline(), [], "and clears the maps")


def clock_and_logins():
    """A clock that was set back by a day: logins count as before."""
    if pbs.LIBFAKETIME is None:
        return
    with Case() as case:
        case.fake_clock()
        case.start()
        case.login()
        case.set_clock(-DAY)
        case.login(OTHER, -DAY)
        equal(case.at_deadline(OTHER), [],
              "a login after the clock went back ends in time, too")


def client_relay(server, source):
    with smtplib.SMTP(source_address=(source, 0), timeout=20) as smtp:
        smtp.connect(server, servers.SMTP_PORT)
        smtp.ehlo("client.example.com")
        smtp.mail("ann@example.org")
        print(smtp.rcpt("someone@foreign.example")[0])


def postfix_restarted():
    with Case(grace=3 * GRACE) as case:  # a Postfix takes its time
        network = servers.Network()
        server, guest = network.SERVER[4], network.CLIENTS[4][1]

        def relay():
            return subprocess.run(
                network.enter(network.client_ns)
                + [sys.executable, os.path.abspath(__file__), "relay",
                   server, guest], text=True, timeout=60,
                stdout=subprocess.PIPE).stdout.strip()
        case.start(network.daemon_wrap)
        postfix = servers.Postfix(case.site.dir, case.spec("hash")).start()
        try:
            case.login(guest)
            equal(relay(), "250", "who logged in may relay")
            postfix.stop()
            postfix.start()
            equal(relay(), "250", "Postfix restarted: and still may")
            case.at_deadline(guest)
            equal(relay(), "554", "but not when the time is over")
        finally:
            postfix.stop()
            network.close()


if __name__ == "__main__" and sys.argv[1:2] == ["relay"]:
    client_relay(*sys.argv[2:])
    sys.exit(0)
if sys.argv[1:] != ["inside"]:
    inside = servers.unshare() if os.geteuid() == 0 else None
    if inside is None:
        skip_all("needs root and namespaces")
    os.execvp(inside[0], inside + [sys.executable, __file__, "inside"])
subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
if pbs.LIBFAKETIME is None:
    skip("a clock that jumps", "no libfaketime, or none that works here")
main(every_fault, read_only_disk, broken_disk, keeper_stopped, full_and_free,
     clock_and_logins, postfix_restarted, jobs=4)
