#!/usr/bin/env python3
# After a mount over a log or its directory, the path names another file, and no
# file event reports that. The daemon follows the new file within seconds, and
# the old one again after the unmount; while it is idle, nothing wakes it.
# tests/run: root
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import equal, main, ok, skip_all

SOON = 5


def enter_namespace():
    """Runs this test again in a mount namespace of its own."""
    if os.environ.get("PBS_MOUNTS"):
        return
    enter = ["unshare", "-m", "--propagation", "private"]
    if subprocess.run(enter + ["true"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        skip_all("no mount namespaces here")
    os.environ["PBS_MOUNTS"] = "private"
    os.execvp("unshare", enter + [sys.executable, os.path.abspath(__file__)])


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def unmount(path):
    subprocess.run(["umount", "-l", path], check=True)


def found(site, ip, name):
    try:
        ok(site.wait_key(ip, SOON), name)
    except TimeoutError as e:
        ok(False, name, e)


def follow(site, where):
    log = os.path.join(where, "mail.log")
    with open(log, "w"):
        pass
    return site.start("--logfile=" + log)


def over_directory(*flags):
    with pbs.Site() as site:
        for name in ("l", "o"):
            os.mkdir(site.path(name))
            site.write(name + "/mail.log", "")
        site.start("--logfile=" + site.path("l/mail.log"), *flags)
        mount("--bind", site.path("o"), site.path("l"))
        site.log(login("203.0.113.3"), name="l/mail.log")
        found(site, "203.0.113.3", "mounted over the directory")
        unmount(site.path("l"))
        site.log(login("203.0.113.4"), name="l/mail.log")
        found(site, "203.0.113.4", "unmounted")
        mount("-t", "tmpfs", "tmpfs", site.path("l"))
        site.log(login("203.0.113.5"), name="l/mail.log")
        found(site, "203.0.113.5", "an empty file system, then a file")
        unmount(site.path("l"))


def without_sandbox():
    over_directory("--sandbox=off")


def over_file():
    with pbs.Site() as site:
        site.write("other", "")
        site.start()
        mount("--bind", site.path("other"), site.logfile)
        site.log(login("203.0.113.3"), name="other")
        found(site, "203.0.113.3", "mounted over the file")
        unmount(site.logfile)
        site.log(login("203.0.113.4"))
        found(site, "203.0.113.4", "unmounted")


def copied():
    """As log2ram(8): the mounted file begins with the lines of the old one."""
    with pbs.Site() as site:
        os.mkdir(site.path("l"))
        os.mkdir(site.path("ram"))
        site.log(*[login("203.0.113.%d" % n) for n in range(9)],
                 name="l/mail.log")
        site.start("--logfile=" + site.path("l/mail.log"))
        mount("-t", "tmpfs", "tmpfs", site.path("ram"))
        shutil.copy2(site.path("l/mail.log"), site.path("ram/mail.log"))
        mount("--bind", site.path("ram"), site.path("l"))
        site.log(login("203.0.113.20"), name="l/mail.log")
        found(site, "203.0.113.20", "a copy mounted over the log")
        messages = site.daemons[-1].messages()
        equal(messages.count("granted 203.0.113.1 "), 0,
              "does not grant its lines again", messages)
        unmount(site.path("l"))
        unmount(site.path("ram"))


def late_disk():
    """It has a log of today from before the boot, older than what came since."""
    with pbs.Site() as site:
        for name in ("l", "disk"):
            os.mkdir(site.path(name))
        mount("-t", "tmpfs", "tmpfs", site.path("disk"))
        site.write("disk/mail-20260101.log", "")
        daemon = site.start("--logfile=" + site.path("l/mail-*.log"),
                            "--sandbox=off")
        site.log(login("203.0.113.3"), name="l/mail-20260101.log")
        found(site, "203.0.113.3", "a login before the disk is mounted")
        mount("--bind", site.path("disk"), site.path("l"))
        try:
            daemon.wait_message("following ", SOON, count=2)
        except TimeoutError as e:
            ok(False, "follows the log on the disk", e)
        site.log(login("203.0.113.4"), name="l/mail-20260101.log")
        found(site, "203.0.113.4", "and one after that")
        unmount(site.path("l"))
        unmount(site.path("disk"))


def over_root_directory():
    """As over /var/log: the sandbox has no rule for the directory above."""
    top = "/var/pbs-mounts.%d" % os.getpid()
    os.mkdir(top)
    try:
        with pbs.Site() as site:
            daemon = follow(site, top)
            mount("-t", "tmpfs", "tmpfs", top)
            site.log(login("203.0.113.3"), name=top + "/mail.log")
            found(site, "203.0.113.3", "mounted over a directory of /var")
            unmount(top)
            site.log(login("203.0.113.4"), name=top + "/mail.log")
            found(site, "203.0.113.4", "unmounted")
            ok(daemon.messages().count("only a new worker") <= 2,
               "workers are replaced once", daemon.messages())
    finally:
        shutil.rmtree(top)


def tree(pid):
    return [pid] + [p for child in pbs.children(pid) for p in tree(child)]


def wakeups(pids):
    """How often they went to sleep, all threads of all processes."""
    count = 0
    for pid in pids:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/status" % (pid, task)) as f:
                line = next(s for s in f if s.startswith("voluntary"))
            count += int(line.split()[1])
    return count


def idle():
    with pbs.Site() as site:
        os.makedirs(site.path("pods/mail"))
        site.write("pods/mail/0.log", "")
        os.symlink("pods/mail/0.log", site.path("pod-1.log"))
        daemon = site.start("--logfile=" + site.logfile,
                            "--logfile=" + site.path("pod-*.log"),
                            env=dict(os.environ, WATCHDOG_USEC="30000000"))
        pids = tree(daemon.pid)
        equal(len(pids), 4, "keeper, worker, helper and guardian")
        time.sleep(1)
        before = wakeups(pids)
        time.sleep(6)
        equal(wakeups(pids) - before, 0, "nothing wakes them")
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        time.sleep(3)  # what a login leads to is over then
        before, begin = wakeups(pids), time.monotonic()
        time.sleep(8)
        took, count = time.monotonic() - begin, wakeups(pids) - before
        ok(0 < count <= took + 2, "while somebody is authorized, all together "
           "wake once a second", "%d in %.1f s" % (count, took))


enter_namespace()
mount("-t", "tmpfs", "tmpfs", "/tmp")  # of our own: others would wake us
main(over_directory, without_sandbox, over_file, copied, late_disk,
     over_root_directory, idle)
