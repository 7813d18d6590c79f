#!/usr/bin/env python3
# A socketmap answers from the live table: each request gets the right answer at
# once, while a thousand hostile clients do what they can; nobody is answered
# before the log has been read, and nobody stays authorized longer than the
# grace period.
# tests/run: timeout=600
import os
import resource
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from socketmap import Client, Crowd, netstring
from tap import contains, equal, main, ok

pbs.need(pbs.GENLOG)
HOSTILE, LOGINS = 1000, 40


def socket_of(site):
    return site.path("map/socket")


def flags(site, *more):
    return ("--dbfile=socketmap:unix:" + socket_of(site),
            "--checkpoint=" + site.path("map/state"), *more)


def wait_answer(client, key, want, seconds=pbs.DEADLINE):
    """Asks again and again; how long it took, in seconds."""
    began = time.monotonic()
    while True:
        if client.ask(key).startswith(want):
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise TimeoutError("%s: no %s" % (key, want))
        time.sleep(0.0005)


def answers():
    with pbs.Site() as site:
        now = int(time.time())
        daemon = site.start(*flags(site))
        site.log(login("198.51.100.7"), login("2001:db8:0:1::1"),
                 login("2001:db8::1"), when=now - 5)
        client = Client(socket_of(site))
        wait_answer(client, "2001:db8::1", "OK")
        equal(client.ask("198.51.100.7"), "OK %d" % (now - 5),
              "a login: OK and when it was")
        for key, want, name in (
                ("198.51.100.8", "NOTFOUND ", "a stranger"),
                ("198.51.100", "NOTFOUND ", "a network"),
                ("mail.example.org", "NOTFOUND ", "a host name"),
                ("unknown", "NOTFOUND ", "no host name"),
                ("[198.51.100.7]", "NOTFOUND ", "what a HELO says"),
                ("198.51.100.007", "NOTFOUND ", "leading zeros"),
                ("198.51.100.7 ", "NOTFOUND ", "a space behind it"),
                ("198.51.100.7\0", "NOTFOUND ", "a NUL behind it"),
                ("", "NOTFOUND ", "nothing"),
                ("198.51.100.7%eth0", "NOTFOUND ", "a zone"),
                ("::ffff:198.51.100.7", "OK ", "IPv4 written as IPv6"),
                ("2001:db8:0:1::1", "OK ", "IPv6"),
                ("2001:DB8:0:1:0:0:0:1", "OK ", "IPv6 at length"),
                ("2001:db8:0:1", "NOTFOUND ", "a network of IPv6"),
                ("2001:db8::1:0:0:2", "NOTFOUND ",
                 "one whose shortened form is an address that logged in")):
            got = client.ask(key)
            ok(got.startswith(want), "%s: %s" % (name, want), got)
        ok(client.ask("198.51.100.7", name="any").startswith("OK"),
           "whatever the map is called")
        client.send(netstring("198.51.100.7"))
        ok(client.receive().startswith("PERM"), "no map's name: PERM")
        client.send(netstring("pbs 198.51.100.7") * 3)
        equal([client.receive()[:2] for _ in range(3)], ["OK"] * 3,
              "three at once")
        client.send(b"5:hello;")
        equal(client.receive(), None, "what is no netstring closes")
        equal(daemon.stop(), 0, "a clean end")
        ok(not os.path.exists(socket_of(site)), "the socket is gone")


def prefix():
    with pbs.Site() as site:
        site.start(*flags(site, "--ipv6-prefix=64"))
        site.log(login("2001:db8:0:1::1"))
        client = Client(socket_of(site))
        wait_answer(client, "2001:db8:0:1::1", "OK")
        ok(client.ask("2001:db8:0:1:2:3:4:5").startswith("OK"),
           "--ipv6-prefix=64: all of the /64")
        ok(client.ask("2001:db8::1").startswith("NOTFOUND"),
           "... and not the next one")


def beside_a_file():
    with pbs.Site() as site:
        site.write("pbs.yaml", "value: permit\ndbfile:\n  - hash:%s\n"
                   "  - socketmap:unix:%s\n" % (site.map, socket_of(site)))
        command = [c for c in site.command() if "--dbfile" not in c]
        daemon = pbs.Daemon(site, command, site.env)
        site.daemons.append(daemon)
        daemon.wait_state()
        site.log(login("198.51.100.7"))
        equal(site.wait_key("198.51.100.7"), "permit", "the file has it")
        client = Client(socket_of(site))
        equal(client.ask("198.51.100.7"), "OK permit", "so has the socket")
        done = site.run(*flags(site), seconds=20)
        contains(done.stderr, "process %d listens there" % daemon.worker(),
                 "a second daemon on it is refused")
        ok(done.returncode != 0, "... by its exit code, too")
        ok(client.ask("198.51.100.7").startswith("OK"),
           "... and the first one still works")
        equal(daemon.stop(), 0, "a clean end")


def wrong():
    with pbs.Site() as site:
        for spec, why in (
                ("socketmap:/run/x", "neither unix:/PATH nor inet:"),
                ("socketmap:unix:/tmp/x:pbs", "write it without ':pbs'"),
                ("socketmap:inet:0.0.0.0:10090", "not a loopback address"),
                ("socketmap:unix:/nonexistent/x", 
                 "directory /nonexistent: No such")):
            state = "--checkpoint=" + site.path("map/state")
            done = site.run("--check", "--dbfile=" + spec, state)
            contains(done.stdout + done.stderr, why, "--check: " + spec)
            done = site.run("--dbfile=" + spec, state)
            contains(done.stderr, spec + ": ", "and it does not start")
            contains(done.stderr, why, "and says why")
        done = site.run("--check", state, "--dbfile=socketmap:unix:"
                        + site.logfile)
        contains(done.stdout, "exists and is not a socket",
                 "--check: a file in the socket's place")
        done = site.run("--once", *flags(site))
        contains(done.stderr, "with once no process is left", "--once is refused")


def before_ready():
    """During a slow start, clients wait for the right answer."""
    with pbs.Site() as site:
        with open(site.logfile, "wb") as out:
            subprocess.run([pbs.GENLOG, "--lines", "200000", "--start",
                            str(int(time.time()) - 900), "--span", "600"],
                           stdout=out, check=True)
        site.log(login("198.51.100.7"))
        watch = pbs.Inotify(site.mapdir, 0x100)  # IN_CREATE
        daemon = site.spawn(*flags(site))
        watch.wait_for("socket", pbs.DEADLINE)
        watch.close()
        while True:
            try:
                client = Client(socket_of(site))
                break
            except ConnectionRefusedError:
                pass  # bound, and not listening yet
        client.send(netstring("pbs 198.51.100.7"))
        early = " authorized" not in daemon.messages()
        ok(client.receive().startswith("OK"),
           "asked before the log was read: the answer is what it says")
        daemon.wait_state()
        ok(early, "... and it was asked before")


def expiry():
    with pbs.Site() as site:
        site.start(*flags(site, "--grace=3"))
        client = Client(socket_of(site))
        when = time.time()
        site.log(login("198.51.100.7"), when=when)
        wait_answer(client, "198.51.100.7", "OK")
        wait_answer(client, "198.51.100.7", "NOTFOUND")
        took = time.time() - int(when)
        ok(2.9 < took < 5, "gone when the grace is over", "%.3f s" % took)


def memory(daemon, key):
    with open("/proc/%d/status" % daemon.worker()) as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith(key + ":"))


def hostile():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with pbs.Site() as site:
        daemon = site.start(*flags(site))
        before = memory(daemon, "VmRSS")
        crowd = Crowd(socket_of(site), HOSTILE).start()
        took, answered = [], []
        try:
            for n in range(LOGINS):
                key = "198.51.100.%d" % (n + 1)
                began = time.monotonic()
                site.log(login(key))
                client = Client(socket_of(site))
                wait_answer(client, key, "OK")
                took.append((time.monotonic() - began) * 1e3)
                began = time.monotonic()
                client.ask("192.0.2.1")
                answered.append((time.monotonic() - began) * 1e3)
                client.close()
                time.sleep(0.05)
        finally:
            crowd.stop()
        grown = memory(daemon, "VmHWM") - before
        print("# %d logins among %d hostile clients (%d times thrown out): "
              "told after %.1f ms (most %.1f), an answer %.1f ms (most %.1f); "
              "memory grew by %d KiB" % (
                  LOGINS, HOSTILE, crowd.reconnects, statistics.median(took),
                  max(took), statistics.median(answered), max(answered),
                  grown))
        equal(len(took), LOGINS, "the log is followed on, and told")
        ok(max(took) < 5000, "... each login in time", took)
        ok(crowd.reconnects > 0, "who asks for nothing is thrown out")
        ok(pbs.WRAP or pbs.SANITIZED or grown < 16 * 1024, "the memory is bounded",
           "%d KiB more" % grown)
        fds = "/proc/%d/fd" % daemon.worker()
        pbs.until("their descriptors are closed", pbs.DEADLINE,
                  lambda: len(os.listdir(fds)) < 50,
                  lambda left: time.sleep(0.05))
        ok(True, "all their descriptors are closed")
        equal(daemon.stop(), 0, "a clean end")


main(answers, prefix, beside_a_file, wrong, before_ready, expiry, hostile)
