#!/usr/bin/env python3
# pbsctl status, list, show, add and remove: what they print of a running
# daemon, what they change in the map that Postfix reads, and what they print if
# no daemon is running or nothing is found.
import json
import os
import socket
import subprocess
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
GUEST, OTHER, SIX = "198.51.100.1", "198.51.100.2", "2001:db8:1:2::7"


def ctl(site, *words, stdout=subprocess.PIPE):
    return subprocess.run([PBSCTL, *words, "--socket=" + site.map + ".ctl"],
                          text=True,
                          stdout=stdout, stderr=subprocess.PIPE, timeout=20)


def objects(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask():
    with pbs.Site() as site:
        site.start("--grace=1800")
        equal(ctl(site, "list").stdout, "", "nobody is listed at first")
        site.log(login(GUEST, "ann"), login(GUEST, "b\u00f6b"), login(SIX))
        when = int(site.wait_key(SIX))
        equal(objects(ctl(site, "show", GUEST, "--json")),
              [{"ip": GUEST, "users": ["b\u00f6b", "ann"], "time": when,
                "expires": when + 1800, "rule": "dovecot-login"}],
              "show --json tells all of one")
        equal(ctl(site, "show", GUEST).stdout.splitlines()[1],
              "rule dovecot-login", "show names the rule")
        done = ctl(site, "show", "::ffff:" + GUEST)
        equal((done.returncode, done.stdout.split()[0]), (0, GUEST),
              "also when it is asked for as a mapped address", done.stderr)
        equal(sorted(o["ip"] for o in objects(ctl(site, "list", "--json"))),
              [GUEST, SIX], "list --json has both")
        equal(len(ctl(site, "list").stdout.splitlines()), 2, "list has both")
        done = ctl(site, "show", OTHER)
        equal((done.returncode, done.stdout), (1, ""), "1 for a stranger")
        contains(done.stderr, OTHER + " is not authorized", "and says so")
        status = json.loads(ctl(site, "status", "--json").stdout)
        equal([v for k, v in status.items() if "address" in k][:1], [2],
              "status counts them", status)


def change():
    with pbs.Site() as site:
        daemon = site.start("--grace=1800")
        done = ctl(site, "add", GUEST, "--for", "10m", "--user", "ann lee")
        equal(done.returncode, 0, "add", done.stderr)
        ok(site.wait_key(GUEST).isdigit(), "lets it relay")
        row = objects(ctl(site, "show", GUEST, "--json"))[0]
        ok(598 <= row["expires"] - row["time"] <= 600, "for as long as said",
           row)
        equal((row["users"], row["rule"]), (["ann lee"], None),
              "in the user's name, by no rule")
        equal(len(ctl(site, "show", GUEST).stdout.splitlines()), 1,
              "show names none either")
        contains(daemon.messages(), "by request of uid %d" % os.getuid(),
                 "the daemon says on whose request")
        done = ctl(site, "add", "fd00::1")
        equal(done.returncode, 0, "an address that no hash: map can hold")
        contains(done.stderr, "not in hash:, lmdb: and cdb: maps: there it "
                 "would let other hosts relay", "is added, and that said")
        done = ctl(site, "add", "2001:db8:1::7")
        equal(done.stderr, "", "of another there is nothing to say")
        for address in "fd00::1", "2001:db8:1::7":
            ctl(site, "remove", address)
        for user, code in ("%" * 300, 0), ("%" * 350, 64), ("x" * 1100, 64):
            done = ctl(site, "add", GUEST, "--for", "10m", "--user", user)
            equal(done.returncode, code, "a name of %d bytes" % len(user),
                  done.stderr)
            contains(done.stderr, "" if code == 0 else "--user: the name is "
                     "too long (%d bytes)" % len(user), "is too long or not")
        ctl(site, "remove", GUEST)
        site.wait_gone(GUEST)
        ctl(site, "add", GUEST, "--for", "10m", "--user", "ann lee")
        site.wait_key(GUEST)
        row = objects(ctl(site, "show", GUEST, "--json"))[0]
        ctl(site, "add", GUEST, "--for=5m")
        equal(objects(ctl(site, "show", GUEST, "--json"))[0]["expires"],
              row["expires"], "a shorter time takes nothing away")
        done = ctl(site, "add", OTHER, "--for", "30d")
        contains(done.stderr, "not for 30d: no longer than the grace "
                 "period",
                 "a longer one than the grace is not given, which it says")
        row = objects(ctl(site, "show", OTHER, "--json"))[0]
        equal(row["expires"] - row["time"], 1800, "nobody outlasts the grace")
        equal(ctl(site, "remove", GUEST).returncode, 0, "remove")
        ok(site.wait_gone(GUEST), "takes it out of the map")
        equal(ctl(site, "remove", GUEST).returncode, 1, "1 if it was not in")
        done = ctl(site, "add", "127.0.0.2")
        equal(done.returncode, 1, "loopback cannot be added")
        contains(done.stderr, "never written", "and a message says so")
        equal(set(site.dump()), {OTHER}, "the map has what was left")
        daemon.stop()
        site.start("--grace=1800")
        equal(set(site.dump()), {OTHER}, "also after a restart")


def lasting():
    """What the operator ordered is not undone by a worker that dies."""
    with pbs.Site() as site:
        site.log(pbs.login(GUEST))
        daemon = site.start("--grace=600")
        site.log(pbs.login(OTHER))
        site.wait_key(OTHER)
        equal(ctl(site, "remove", GUEST).returncode, 0, "remove, at once ...")
        equal(ctl(site, "remove", OTHER).returncode, 0, "... both")
        equal(ctl(site, "add", "192.0.2.200").returncode, 0, "add another")
        os.kill(daemon.worker(), signal.SIGKILL)
        daemon.wait_message("address authorized", count=2)
        equal(set(site.dump()), {"192.0.2.200"},
              "the next worker reads the logins again, and grants nothing")
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        site.log(pbs.login(OTHER), when=time.time() - 5)
        site.log(pbs.login(GUEST), when=time.time() + 2)
        site.wait_key(GUEST)
        ok(OTHER not in site.dump(), "nor after a reload; a newer login counts")
        daemon.stop()
        site.start("--grace=600")
        site.log(pbs.login(OTHER), when=time.time() - 9)
        site.log(pbs.login("192.0.2.201"))
        site.wait_key("192.0.2.201")
        ok(OTHER not in site.dump(), "nor after a restart")


def wrong():
    with pbs.Site() as site:
        done = ctl(site, "list")
        equal(done.returncode, 69, "69 without a daemon")
        contains(done.stderr, "no daemon is running", "and a message says so")
        site.start()
        for words, said in (
                (("show",), "which address?"),
                (("show", "mail.example.org"), "is not an address"),
                (("show", GUEST, OTHER), "one word too many"),
                (("add", GUEST, "--for", "soon"), "is not a time"),
                (("add", GUEST, "--for"), None),
                (("show", GUEST, "--user", "ann"), "--user is for add alone"),
                (("list", "--jsno"), "--json")):
            done = ctl(site, *words)
            equal(done.returncode, 64, "64: " + " ".join(words), done.stderr)
            if said:
                contains(done.stderr, said, "and says why")
        equal(site.dump(), {}, "nothing of that changed the map")
        with open("/dev/full", "w") as full:
            done = ctl(site, "status", stdout=full)
        equal(done.returncode, 74, "74 when the answer cannot be written")
        for word in ("--help", "--dumpconfig"):
            done = site.run(word, wrap=("sh", "-c", '"$@" >/dev/full', "sh"))
            equal((done.returncode, done.stderr), (
                74, "pop-before-smtp: standard output: No space left on "
                "device\n"), word + ": that as well, with the reason")


def silent():
    """A daemon that hangs, as far as one who asks can tell."""
    with pbs.Site() as site, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(site.map + ".ctl")
        listener.listen()
        done = ctl(site, "status")
        equal((done.returncode, done.stderr), (
            69, "pbsctl: status: the daemon does not answer within 10 s\n"),
            "no answer")


def long_path():
    """Of a socket; too long for a sockaddr_un, from the working directory and
    from the root."""
    for path in "x" * 107, "x" * 108, "x" * 4000, "/" + "x" * 108, "x/" * 99:
        for words in (["status"], ["list"], ["top"]):
            done = subprocess.run(
                [PBSCTL, *words, "--socket", path], text=True, timeout=20,
                stdin=subprocess.DEVNULL, capture_output=True)
            equal(done.returncode, 69, "%s with a socket of %d bytes: exit 69"
                  % (words[0], len(path)), done.stderr)
            contains(done.stderr, path[:200], "which it names")


def stranger():
    if os.geteuid() != 0:
        return
    with pbs.Site() as site:
        os.chmod(site.dir, 0o755)
        os.chmod(site.mapdir, 0o755)
        site.start()
        done = subprocess.run(
            ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
             PBSCTL, "list", "--socket", site.map + ".ctl"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        equal((done.returncode, done.stderr), (
            69, "pbsctl: list: %s.ctl: Permission denied; root may ask, and "
            "the user and the group of the daemon\n" % site.map),
            "another user: who may ask")


def connect(site):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(pbs.DEADLINE)
    client.connect(site.map + ".ctl")
    return client


def says(site, request):
    """What a client of one's own is answered; None: thrown out."""
    with connect(site) as client:
        client.sendall(request)
        try:
            return client.makefile().read() or None
        except ConnectionResetError:
            return None


def strangers():
    """Other programs than pbsctl."""
    with pbs.Site() as site:
        site.start()
        for request, answer in (
                (b"help\n", "error unknown request\n"),
                (b"list all\n", "error unknown request\n"),
                (b"\n", "error unknown request\n"),
                (b"show me\n", "error not an address\n"),
                (b"add 198.51.100.1 -60\n",
                 "error not a number of seconds\n"),
                (b"add 198.51.100.1 60 a b\n", "error unknown request\n"),
                (b"list " * 300, None), (b"\0" * 2000, None)):
            equal(says(site, request), answer,
                  "%r" % request[:24])
        with connect(site) as gone:
            gone.sendall(b"li")
        crowd = [connect(site) for _ in range(8)]
        with connect(site) as ninth:
            ninth.sendall(b"show 198.51.100.1\n")
            ninth.settimeout(0.2)
            try:
                early = ninth.recv(100)
            except socket.timeout:
                early = None
            equal(early, None, "who comes while eight are there waits")
            crowd.pop().close()
            ninth.settimeout(pbs.DEADLINE)
            contains(ninth.makefile().read(), "is not authorized",
                     "until one of them goes")
        for client in crowd:
            client.close()
        equal(ctl(site, "status").returncode, 0, "pbsctl still gets its answer")
        equal(site.dump(), {}, "nothing of that changed the map")


def found():
    """By the configuration, without --socket."""
    with pbs.Site() as site:
        site.log(login(GUEST))
        site.start()
        for text in ("dbfile: %s\n", "dbfile: hash:%s\n",
                     "dbfile: ['socketmap:inet:127.0.0.1:7777', 'hash:%s']\n",
                     "checkpoint: %s.state\ndbfile: hash:/x\n"):
            config = site.write("other.yaml", text % site.map)
            done = subprocess.run(
                [PBSCTL, "list", "--config=" + config], text=True, timeout=20,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            contains(done.stdout + done.stderr, GUEST,
                     "finds the daemon by " + text.strip())
        for text, said in (("- a\n", "other.yaml:1:"), ("a: [\n", "other")):
            site.write("other.yaml", text)
            done = subprocess.run(
                [PBSCTL, "list", "--config=" + config], text=True, timeout=20,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            equal(done.returncode, 78, "78: %r" % text, done.stderr)
            contains(done.stderr, said, "and says where")


main(ask, change, lasting, wrong, silent, long_path, stranger, strangers, found)
