#!/usr/bin/env python3
# SIGHUP adopts a good configuration and survives a bad one; SIGUSR1 logs the
# state; SIGTERM and SIGINT end the daemon cleanly.
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok


def good_reload():
    with pbs.Site() as site:
        site.write("pbs.yaml", "grace: 1h\n")
        daemon = site.start()
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        site.write("pbs.yaml", "grace: 1h\nexclude: [203.0.113.0/24]\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        site.log(login("203.0.113.5"))
        site.log(login("198.51.100.2"))
        site.wait_key("198.51.100.2")
        ok("203.0.113.5" not in site.dump(), "SIGHUP: the new networks count")
        ok("198.51.100.1" in site.dump(), "SIGHUP: the table is kept")


def between_two_lines():
    """Of a login that its server logs in two."""
    with pbs.Site() as site:
        daemon = site.start()
        site.log("popa3d[77]: Session from 198.51.100.1",
                 "popa3d[78]: Session from 198.51.100.2", login("192.0.2.7"))
        site.wait_key("192.0.2.7")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        site.log("popa3d[77]: Authentication passed for ann",
                 "popa3d[78]: Session from 203.0.113.5",
                 "popa3d[78]: Authentication passed for bob",
                 login("192.0.2.8"))
        site.wait_key("192.0.2.8")
        ok("198.51.100.1" in site.dump(),
           "SIGHUP between the two lines of a login")
        ok("203.0.113.5" not in site.dump(),
           "which forgets no connect from elsewhere")


def shorter_grace():
    with pbs.Site() as site:
        site.write("pbs.yaml", "grace: 1h\n")
        daemon = site.start()
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        site.write("pbs.yaml", "grace: 2\n")
        daemon.kill(signal.SIGHUP)
        site.wait_gone("198.51.100.1")
        ok(True, "SIGHUP: a shorter grace applies to present addresses")


def takes_a_restart():
    with pbs.Site() as site:
        daemon = site.start()
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        site.write("pbs.yaml", "value: OK\nflock: no\n"
                   "ipv6_prefix: 64\nuser: nobody\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        for key in ("value", "flock", "ipv6_prefix",
                    "user"):
            contains(daemon.messages(), key + " has changed; that needs a "
                     "restart", "SIGHUP: %s is not taken over" % key)
        ok("logfile has changed" not in daemon.messages(),
           "SIGHUP: what has not changed is not named")
        site.log(login("198.51.100.2"))
        ok(site.wait_key("198.51.100.2"), "SIGHUP: the previous one is kept")


def new_patterns():
    with pbs.Site() as site:
        os.mkdir(site.path("patterns"))
        daemon = site.start("--patterns=" + site.path("patterns"),
                            "--patterns=" + os.path.join(pbs.ROOT,
                                                         "patterns"))
        site.write("patterns/mine.yaml", "server: Mine\nprogram: [mine]\n"
                   "rules:\n  - name: mine-login\n"
                   "    match: 'in (?<user>\\S+) from (?<ip>[0-9a-f.:]+)'\n"
                   "    accept:\n      - { line: 'Nov 21 02:01:00 mail "
                   "mine: in ann from 192.0.2.7', ip: 192.0.2.7, "
                   "user: ann }\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        site.log("mine: in ann from 198.51.100.1")
        ok(site.wait_key("198.51.100.1"), "SIGHUP: a new rule is used")


def to_all():
    """As ^C sends it, and `systemctl stop'."""
    for signo in 2 * [signal.SIGTERM, signal.SIGINT]:
        with pbs.Site() as site:
            daemon = site.start(wrap=("setsid",))
            site.log(login("198.51.100.1"))
            site.wait_key("198.51.100.1")
            equal(os.getpgid(daemon.pid), daemon.pid, "a group of its own")
            os.killpg(daemon.pid, signo)
            equal(daemon.wait(), 0, "%s to all processes: a clean end"
                  % signo.name)
            equal(site.dump(), {}, "with an empty map")
            ok("died" not in daemon.messages(), "nothing is said to have died",
               daemon.messages())


def bad_reload():
    with pbs.Site() as site:
        site.write("pbs.yaml", "exclude: [203.0.113.0/24]\n")
        daemon = site.start()
        site.write("pbs.yaml", "grase: 1h\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("pbs.yaml:1:")
        ok(daemon.process.poll() is None, "SIGHUP: a bad file ends nothing")
        site.log(login("203.0.113.5"))
        site.log(login("198.51.100.1"))
        site.wait_key("198.51.100.1")
        ok("203.0.113.5" not in site.dump(), "SIGHUP: the old one is kept")


def kill_worker(daemon):
    worker = daemon.worker()
    if worker < 2 or worker == daemon.pid:
        raise RuntimeError("no worker to kill: %d" % worker)
    os.kill(worker, signal.SIGKILL)
    daemon.wait_message("died of signal 9")


def refused_and_dead():
    """The worker refuses what the keeper could read; then it dies."""
    with pbs.Site() as site:
        site.write("pbs.yaml", "exclude: [203.0.113.0/24]\n")
        daemon = site.start()
        site.write("pbs.yaml", "enable: [no-such-rule]\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("not reloaded, going on as before: ")
        daemon.wait_message("until this is fixed the daemon cannot be "
                            "started again")
        kill_worker(daemon)
        daemon.wait_state()
        site.log(login("203.0.113.5"))
        site.log(login("198.51.100.1"))
        ok(site.wait_key("198.51.100.1"),
           "SIGHUP: what was refused is not started with either")
        ok("203.0.113.5" not in site.dump(), "but what was before it")
        site.write("pbs.yaml", "exclude: [192.0.2.0/24]\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded: ")
        kill_worker(daemon)
        daemon.wait_message("restarting the worker in", count=2)
        site.log(login("192.0.2.5"))
        site.log(login("203.0.113.6"))
        ok(site.wait_key("203.0.113.6"), "and what was taken, is")
        ok("192.0.2.5" not in site.dump(), "all of it")


def mended():
    """The patterns are broken where they are: the good ones died with the
    worker. Whoever mends them need not wait."""
    good = ("server: Mine\nprogram: [mine]\nrules:\n  - name: mine-login\n"
            "    match: 'in (?<user>\\S+) from (?<ip>[0-9a-f.:]+)'\n"
            "    accept:\n      - { line: 'Nov 21 02:01:00 mail mine: in ann "
            "from 192.0.2.7', ip: 192.0.2.7, user: ann }\n")
    with pbs.Site() as site:
        os.mkdir(site.path("patterns"))
        site.write("patterns/mine.yaml", good)
        daemon = site.start("--patterns=" + site.path("patterns"))
        site.write("patterns/mine.yaml", good.replace("match:", "macht:"))
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("mine.yaml:5: ")
        site.log("mine: in ann from 198.51.100.1")
        ok(site.wait_key("198.51.100.1"), "SIGHUP: the old rules stay")
        kill_worker(daemon)
        daemon.wait_message("mine.yaml:5: ", count=2)
        daemon.wait_message("the worker cannot start")
        daemon.wait_message("restarting the worker in 4s")
        equal(site.dump(), {}, "without rules nobody is authorized")
        site.write("patterns/mine.yaml", good)
        daemon.kill(signal.SIGHUP)
        began = time.monotonic()
        ok(site.wait_key("198.51.100.1"), "mended, all is as it was")
        ok(time.monotonic() - began < 3, "at once, with SIGHUP",
           time.monotonic() - began)


def tried_while_down():
    """SIGHUP between two workers; the next one refuses the configuration."""
    with pbs.Site() as site:
        daemon = site.start()
        kill_worker(daemon)
        site.write("pbs.yaml", "enable: [no-such-rule]\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("not reloaded, going on as before: ")
        site.log(login("198.51.100.1"))
        ok(site.wait_key("198.51.100.1"),
           "SIGHUP while there is no worker: the old one is used again")


def own_log():
    with pbs.Site() as site:
        daemon = site.start("--logto=" + site.path("own.log"))
        os.rename(site.path("own.log"), site.path("own.log.1"))
        daemon.kill(signal.SIGHUP)
        pbs.until("own.log is back", pbs.DEADLINE,
                  lambda: os.path.exists(site.path("own.log")),
                  pbs.Inotify(site.dir, 0x100).wait)
        ok(True, "SIGHUP: its own log is reopened")


def read_own(site):
    try:
        with open(site.path("own.log")) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def wait_own(site, text):
    watch = pbs.Inotify(site.dir, 0x2)  # IN_MODIFY
    pbs.until("own.log says " + text, pbs.DEADLINE,
              lambda: text in read_own(site),
              lambda left: watch.wait(min(left, 1)))
    watch.close()


def own_log_refused():
    """logrotate asks for that, whatever the configuration is like by now."""
    for config in ("grase: 1h\n", "enable: [no-such-rule]\n"):
        with pbs.Site() as site:
            daemon = site.start("--logto=" + site.path("own.log"))
            site.write("pbs.yaml", config)
            os.rename(site.path("own.log"), site.path("own.log.1"))
            daemon.kill(signal.SIGHUP)
            wait_own(site, "not reloaded, going on as before: ")
            ok(True, "SIGHUP: its own log is reopened with %r" % config)
            site.log(login("198.51.100.1"))
            wait_own(site, "granted 198.51.100.1 ")
            ok(True, "SIGHUP: the worker writes there")
            os.kill(daemon.worker(), signal.SIGKILL)
            wait_own(site, "died of signal 9")
            ok(True, "SIGHUP: the keeper, too")
            daemon.wait_state()
            wait_own(site, "publishing to ")
            with open(site.path("own.log.1")) as f:
                ok("not reloaded" not in f.read(),
                   "SIGHUP: nothing of it in the old one")


def own_log_alone():
    with pbs.Site() as site:
        daemon = site.start("--nowrite", "--logto=" + site.path("own.log"))
        site.write("pbs.yaml", "grase: 1h\n")
        os.rename(site.path("own.log"), site.path("own.log.1"))
        daemon.kill(signal.SIGHUP)
        wait_own(site, "not reloaded, going on as before: ")
        ok(True, "SIGHUP with --nowrite: its own log is reopened")


def state():
    with pbs.Site() as site:
        site.log(login("198.51.100.1"), login("127.0.0.1"),
                 "postfix/qmgr[1]: removed")
        daemon = site.start()
        daemon.kill(signal.SIGUSR1)
        daemon.wait_message("state: ")
        line = [x for x in daemon.messages().splitlines()
                if "state: " in x][0]
        for part in ("addresses=1", "lines=3", "logins=2", "refused=1"):
            contains(line, part, "SIGUSR1: " + part)


def clean_end():
    for signo in (signal.SIGTERM, signal.SIGINT):
        with pbs.Site() as site:
            site.log(login("198.51.100.1"))
            daemon = site.start()
            before = site.inode()
            equal(daemon.stop(signo), 0, "%s: exit code" % signo.name)
            equal(site.dump(), {}, "%s: the map is empty" % signo.name)
            ok(site.inode() != before,
               "%s: by a rename, not in place" % signo.name)
            ok(os.path.getsize(site.map + ".state") > 0,
               "%s: the checkpoint is there" % signo.name)
            equal([n for n in os.listdir(site.mapdir) if n not in
                   ("pbs.db", "pbs.state")], [],
                  "%s: nothing else is left behind" % signo.name)


def early_end():
    """While the log is still being read."""
    with pbs.Site() as site:
        line = pbs.stamped("postfix/qmgr[1]: removed") + "\n"
        for _ in range(20):
            site.raw(line * 20000)
        site.write("map/pbs", "203.0.113.9 1700000000\n")
        daemon = site.spawn("--reprocess")
        pbs.until("the checkpoint's beginning", pbs.DEADLINE,
                  lambda: os.path.exists("/proc/%d/fd" % daemon.pid),
                  lambda left: None)
        code = daemon.stop()
        ok(code in (0, -signal.SIGTERM), "SIGTERM during the start", code)


main(good_reload, between_two_lines, shorter_grace, takes_a_restart,
     new_patterns, bad_reload, refused_and_dead, mended, tried_while_down, own_log,
     own_log_refused, own_log_alone, state, clean_end, early_end, to_all)
