#!/usr/bin/env python3
# When postscreen and smtpd see a login: in lmdb at once, in hash within a
# second, in cidr only in the next process, that is, after postfix reload,
# max_idle or max_use, or, in postscreen, when a hash map beside it has changed.
# tests/run: root
"""One Postfix; a postscreen on a port of its own for each list. Who is in the
list gets smtpd's greeting, all others 521: there is nothing to wait for. The
client names its address in haproxy's way."""
import os
import select
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
from publisher import postfix_reads
from tap import equal, main, ok, skip, skip_all

GUEST, SECOND = "192.0.2.7", "192.0.2.8"
HOME, NEIGHBOUR = "2001:db8:a0:1::7", "2001:db8:a0:1::9"
MAX_USE = 100  # Postfix's default
PORTS = {name: 2530 + n for n, name in enumerate(
    ("cidr", "hash", "lmdb", "beside", "idle", "smtpd", "smtpd-idle"))}
HAPROXY = "_upstream_proxy_protocol=haproxy"


class Client:
    """A session of some address, on the port of name."""

    def __init__(self, name, address):
        self.socket = socket.create_connection(
            ("127.0.0.1", PORTS[name]), pbs.DEADLINE)
        self.reader = self.socket.makefile("r", newline="\r\n")
        family, server = (("TCP6", "::1") if ":" in address
                          else ("TCP4", "127.0.0.1"))
        self.send("PROXY %s %s %s 4711 25" % (family, address, server))
        self.greeting = self.answer()

    def send(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def answer(self):
        while True:
            line = self.reader.readline()
            if line[3:4] != "-":
                return line[:3]

    def ask(self, line):
        self.send(line)
        return self.answer()

    def close(self):
        self.reader.close()
        self.socket.close()


def let_through(name, address):
    """220: by postscreen to smtpd; 521: it is not in the list."""
    client = Client(name, address)
    if client.greeting == "220":
        client.ask("QUIT")
    client.close()
    return client.greeting


def relays(name, address):
    """What smtpd says to a foreign recipient."""
    client = Client(name, address)
    for line in ("HELO client.example.com", "MAIL FROM:<ann@example.org>"):
        client.ask(line)
    code = client.ask("RCPT TO:<someone@foreign.example>")
    client.ask("QUIT")
    client.close()
    return code


def until_through(name, address):
    """Until it is; a try makes postscreen look at its tables, once a second."""
    pbs.until("%s through %s" % (address, name), pbs.DEADLINE,
              lambda: let_through(name, address) == "220",
              lambda left: time.sleep(0.05))  # no event tells of it


def wait_end(pid):
    """Waits until the process has ended, by itself or on request."""
    if pid is None:
        return  # it was faster
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    if not select.select([fd], [], [], pbs.DEADLINE)[0]:
        raise TimeoutError("%d lives" % pid)
    os.close(fd)


def postscreen(name, tables, *options):
    return "%d inet n - n - 1 postscreen\n" % PORTS[name] + "".join(
        "  -o %s\n" % o for o in (
            "postscreen_access_list=%s,static:reject" % ",".join(tables),
            "postscreen" + HAPROXY, *options))


def smtpd(name, table, *options):
    return "%d inet n - n - 1 smtpd\n" % PORTS[name] + "".join(
        "  -o %s\n" % o for o in (
            "smtpd_relay_restrictions=check_client_access,%s,reject" % table,
            "smtpd" + HAPROXY, *options))


class Scene:
    def __init__(self, site):
        self.site = site
        self.types = [t for t in ("cidr", "hash", "lmdb")
                      if postfix_reads(t)]
        self.where = {t: "%s:%s" % (t, site.map + ".cidr" if t == "cidr"
                                    else site.map) for t in self.types}
        services = "smtpd pass - - n - - smtpd\n"
        services += "".join(postscreen(t, [self.where[t]])
                            for t in self.types)
        cidr = self.where["cidr"]
        services += postscreen("beside", [self.where["hash"], cidr])
        services += postscreen("idle", [cidr], "max_idle=1")
        services += smtpd("smtpd", cidr) + smtpd("smtpd-idle", cidr,
                                                 "max_idle=1")
        self.postfix = servers.Postfix(
            site.dir, "static:dunno", services=services,
            # As many as we like; one cache cannot have several masters.
            extra="postscreen_cache_map =\nsmtpd_client_port_logging = no\n"
            "postscreen_denylist_action = drop\n"
            "postscreen_blacklist_action = drop\n")

    def login(self, address):
        """Afterwards each map says so."""
        watch = pbs.Inotify(self.site.mapdir)
        self.site.log(pbs.login(address))
        found = address.replace("::7", "::/64")
        pbs.until(address + " in cidr", pbs.DEADLINE,
                  lambda: found + " " in self.text(), watch.wait)
        watch.close()
        key = address.replace("::7", "")
        self.site.wait_key(key)

    def text(self):
        with open(self.site.map + ".cidr") as f:
            return f.read().replace("\t", " ")

    def pid(self, name):
        """The pid of the process that serves this port, or None."""
        program = "smtpd" if name.startswith("smtpd") else "postscreen"
        for pid in self.postfix.processes(program):
            with open("/proc/%d/cmdline" % pid) as f:
                if str(PORTS[name]) in f.read().split("\0"):
                    return pid
        return None

    def play(self):
        for name in [*self.types, "beside", "idle"]:
            equal(let_through(name, GUEST), "521",
                  name + ": nobody is let through before a login")
        for name in ("smtpd", "smtpd-idle"):
            equal(relays(name, GUEST), "554",
                  name + ": nor relays by cidr")
        before = {name: self.pid(name) for name in PORTS}
        self.login(GUEST)
        self.changed(before)
        self.network()
        self.uses()
        self.idles(before)
        self.reload(before["cidr"])

    def changed(self, before):
        if "lmdb" in self.types:
            equal((let_through("lmdb", GUEST), self.pid("lmdb")),
                  ("220", before["lmdb"]),
                  "lmdb: postscreen sees the login at once, the same process")
        else:
            skip("lmdb: postscreen sees it", "this Postfix has no lmdb")
        until_through("hash", GUEST)
        ok(self.pid("hash") != before["hash"],
           "hash: postscreen sees the login, in a new process")
        until_through("beside", GUEST)
        equal((let_through("cidr", GUEST), self.pid("cidr")),
              ("521", before["cidr"]),
              "cidr: postscreen does not see the login by then")

    def network(self):
        """A /64 is in the cidr map; the hash map makes Postfix read it."""
        self.login(HOME)
        until_through("beside", NEIGHBOUR)
        ok(True, "cidr beside hash: postscreen sees both when the hash has "
           "changed, and lets a /64 through")
        equal(let_through("hash", NEIGHBOUR), "521",
              "hash: in which it does not find a /64")

    def uses(self):
        codes = [relays("smtpd", GUEST) for _ in range(MAX_USE)]
        equal(codes, ["554"] * (MAX_USE - 1) + ["250"],
              "cidr: smtpd sees the login after %d sessions" % MAX_USE)

    def idles(self, before):
        wait_end(before["idle"])
        equal(let_through("idle", GUEST), "220",
              "cidr: postscreen sees the login after an idle time")
        wait_end(before["smtpd-idle"])
        equal(relays("smtpd-idle", GUEST), "250", "cidr: and so does smtpd")

    def reload(self, postscreen_pid):
        equal((let_through("cidr", GUEST), self.pid("cidr")),
              ("521", postscreen_pid),
              "cidr: a postscreen that was not idle still does not")
        self.postfix.reload()
        wait_end(postscreen_pid)
        equal(let_through("cidr", GUEST), "220",
              "cidr: but after postfix reload")


def lists():
    with pbs.Site() as site:
        scene = Scene(site)
        maps = ["--dbfile=" + scene.where[t] for t in scene.types]
        site.start(*maps, "--value=permit", "--ipv6-prefix=64")
        try:
            scene.postfix.start()
            scene.play()
        finally:
            scene.postfix.stop()


if servers.missing():
    skip_all(servers.missing())
if not postfix_reads("hash"):
    skip_all("this Postfix has no hash")
servers.apart()
main(lists)
