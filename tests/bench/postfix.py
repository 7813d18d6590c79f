#!/usr/bin/env python3
"""postfix: what each type of map means to a Postfix that asks it.

freshness: from a login's line in the log to the RCPT that is accepted for it.
postfixcost: mail through smtpd while 1,000 log in each second, beside as much
while the same lines go to a file that nobody reads.

Run by tests/bench/run, in a network namespace of its own.
"""
import json
import os
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
import servers

TYPES = ("hash", "lmdb", "socketmap", "policy")
IN_PLACE = TYPES[1:]  # told within an open session
A_SECOND = 1000
# No pause after 100 messages that nobody delivers, no new process instead of
# one that has served 100: both are Postfix's own time.
EXTRA = """\
in_flow_delay = 0
max_use = 100000
smtpd_authorized_xclient_hosts = 127.0.0.1 198.18.0.0/16
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
smtpd_junk_command_limit = 100000
smtpd_recipient_limit = 100000
smtpd_recipient_overshoot_limit = 100000
local_transport = discard:
"""


class Bench:
    """A daemon with a map of that type, and a Postfix that asks it."""

    def __init__(self, kind):
        self.site = pbs.Site()
        live = "unix:" + self.site.path("map/socket")
        spec = kind + ":" + (live if kind in TYPES[2:] else self.site.map)
        asked = {"socketmap": "check_client_access %s:pbs" % spec,
                 "policy": "check_policy_service " + live}.get(
                     kind, "check_client_access " + spec)
        self.postfix = servers.Postfix(
            self.site.dir, "static:dunno", EXTRA + "smtpd_relay_restrictions ="
            " %s, reject_unauth_destination" % asked)
        self.daemon = self.site.start(
            "--grace=1d", "--dbfile=" + spec,
            "--checkpoint=" + self.site.path("map/state"))
        self.postfix.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.postfix.stop()
        self.site.__exit__(*exc)

    def cpu(self):
        """Seconds of processor time that its processes have used."""
        ticks = 0
        for pid in (self.daemon.pid, *pbs.children(self.daemon.pid)):
            with open("/proc/%d/stat" % pid) as f:
                words = f.read().rsplit(")", 1)[1].split()
            ticks += int(words[11]) + int(words[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def count(self, text):
        with open(self.postfix.log) as f:
            return sum(text in line for line in f)


# --- freshness ----------------------------------------------------------------

class Session:
    """SMTP without a library's own delays."""

    def __init__(self):
        self.socket = socket.create_connection(
            ("127.0.0.1", servers.SMTP_PORT), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.lines.readline()
            if not line:
                raise RuntimeError("the session is closed")
            if line[3:4] != b"-":
                return line[:3].decode()

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def come_from(self, address):
        self.say("RSET")
        if self.say("XCLIENT ADDR=" + address) != "220":
            raise RuntimeError("no XCLIENT")
        self.say("EHLO client.example.com")
        self.say("MAIL FROM:<ann@example.org>")
        return self

    def rcpt(self):
        return self.say("RCPT TO:<someone@foreign.example>") == "250"

    def close(self):
        self.lines.close()
        self.socket.close()


def in_session(bench, session, address):
    session.come_from(address)
    if session.rcpt():
        raise RuntimeError(address + " may relay before it logged in")
    line = pbs.stamped(pbs.login(address)) + "\n"
    begin = time.monotonic()
    bench.site.raw(line)
    while not session.rcpt():
        if time.monotonic() - begin > 10:
            raise TimeoutError(bench.daemon.messages())
    return (time.monotonic() - begin) * 1e3


def new_sessions(bench, _, address):
    """A session that is open keeps the map that it has."""
    line = pbs.stamped(pbs.login(address)) + "\n"
    begin = time.monotonic()
    bench.site.raw(line)
    while time.monotonic() - begin < 10:
        session = Session().come_from(address)
        accepted = session.rcpt()
        session.close()
        if accepted:
            return (time.monotonic() - begin) * 1e3
    raise TimeoutError(bench.daemon.messages())


def freshness(count):
    got = {}
    for kind in TYPES:
        with Bench(kind) as bench:
            session, took = Session(), []
            measure = in_session if kind in IN_PLACE else new_sessions
            measure(bench, session, "198.18.250.1")  # starts what serves it
            for n in range(count):
                # Quiet, at no fixed phase; a second of it for hash.
                time.sleep((0.02 if kind in IN_PLACE else 1.1) + n % 7 * .003)
                took.append(measure(bench, session, "198.18.%d.%d" % (
                    n // 250, n % 250 + 1)))
            got[kind] = took
    print(json.dumps(got))


# --- cost ---------------------------------------------------------------------

class Feeder:
    """A thousand logins a second, each from a new address, into a file."""

    def __init__(self, site):
        self.site, self.next, self.name = site, 0, None
        self.stopped = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _feed(self):
        self.site.raw("".join(pbs.stamped(pbs.login("100.%d.%d.%d" % (
            64 + n // 62500, n // 250 % 250, n % 250 + 1))) + "\n"
            for n in range(self.next, self.next + A_SECOND // 20)),
            self.name)
        self.next += A_SECOND // 20

    def _run(self):
        due = time.monotonic()
        while not self.stopped:
            if self.name is not None:
                self._feed()
            due += 0.05
            time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.stopped = True
        self.thread.join()


def deliver(messages):
    """Messages a second, each in a session of its own."""
    begin = time.monotonic()
    subprocess.run(["smtp-source", "-s", "8", "-d", "-m", str(messages), "-l",
                    "200", "-f", "a@example.org", "-t", "b@mail.example.org",
                    "127.0.0.1:%d" % servers.SMTP_PORT], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=120)
    return messages / (time.monotonic() - begin)


def cost_of(kind, rounds, seconds):
    quiet, busy, took, cpu = [], [], 0, 0
    with Bench(kind) as bench:
        feeder = Feeder(bench.site)
        try:
            messages = int(max(deliver(200), deliver(200)) * seconds)
            restarts = bench.count("has changed -- restarting")
            for n in range(rounds * 2):
                # quiet, busy, busy, quiet: what drifts, drifts for both
                fed = n % 4 in (1, 2)
                feeder.name = "mail.log" if fed else "unread.log"
                before = bench.cpu()
                rate = deliver(messages)
                cpu += fed * (bench.cpu() - before)
                (busy if fed else quiet).append(rate)
                took += fed * messages / rate
        finally:
            feeder.stop()
        restarts = bench.count("has changed -- restarting") - restarts
    return {"quiet": quiet, "busy": busy, "restarts": restarts / took,
            "cpu": 100 * cpu / took}


def postfixcost(rounds, seconds):
    print(json.dumps({kind: cost_of(kind, rounds, seconds)
                      for kind in TYPES}))


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    {"freshness": freshness, "postfixcost": postfixcost}[sys.argv[1]](
        *map(int, sys.argv[2:]))
