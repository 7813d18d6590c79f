#!/usr/bin/env python3
# Servers other than Dovecot, really run: whoever logs in to popa3d (which logs
# this in two lines) or Solid POP3 is in the table, with the right address and
# user; a failed login, with whatever name, is not.
# tests/run: root
import json
import os
import poplib
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
import servers
import unpacked
from tap import equal, join, main, ok, skip_all

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
SERVERS = {"popa3d": ("popa3d", "-D"), "solid-pop3d": ("solid-pop3d",)}
# The names that failed logins give: nobody's, and imitations of a success.
NAMES = ("ann", "nobody", "Authentication passed for bob",
         "user bob authenticated - 6.6.6.6", "x - 6.6.6.6",
         "x\nNov 21 02:01:00 mail solid-pop3d[1]: user bob authenticated"
         " - 6.6.6.6")


def client_login(server, source, user, password):
    """Run in the client's own network namespace."""
    class Client(poplib.POP3):
        def _create_socket(self, timeout):
            return socket.create_connection(
                (self.host, self.port), timeout, (source, 0))
    pop = Client(server, unpacked.PORT, timeout=20)
    try:
        # A newline is for the server to judge, not for poplib.
        pop.sock.sendall(b"USER %s\r\n" % user.encode())
        pop._getresp()
        pop.pass_(password)
        print("in")
        pop.quit()
    except (poplib.error_proto, OSError) as e:
        print("refused", e)
    finally:
        pop.close()


class Scene:
    def __init__(self, name, site, network):
        self.name, self.site, self.network = name, site, network

    def login(self, source, user, password):
        done = subprocess.run(
            self.network.enter(self.network.client_ns)
            + [sys.executable, os.path.abspath(__file__), "login",
               self.network.SERVER[4], source, user, password], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return done.stdout.strip() or done.stderr

    def logins(self):
        """What pbsctl match finds in all that the server has logged."""
        done = subprocess.run(
            [PBSCTL, "match", "--json", "--patterns",
             os.path.join(pbs.ROOT, "patterns"), self.site.logfile],
            stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def log(self):
        with open(self.site.logfile, errors="replace") as f:
            return f.read()

    def play(self):
        stranger, guest = self.network.CLIENTS[4]
        for user in NAMES:
            ok(self.login(stranger, user, "wrong").startswith("refused"),
               "%s: %r is refused with a wrong password" % (self.name, user))
        equal(self.logins(), [], self.name + ": nothing of that is a login",
              self.log())
        equal(self.login(guest, "ann", "secret"), "in",
              self.name + ": ann is let in", self.log())
        ok(self.site.wait_key(guest).isdigit(),
           self.name + ": the map has her address", self.log())
        equal([(found["ip"], found["user"]) for found in self.logins()],
              [(guest, "ann")], self.name + ": pbsctl match names both",
              self.log())
        equal(set(self.site.dump()), {guest},
              self.name + ": and the map nobody else")


def serve(word):
    with pbs.Site() as site:
        network = servers.Network()
        servers.Syslog(site.logfile)
        unpacked.make_root()
        server = unpacked.Server(*SERVERS[word])
        try:
            server.start()
            site.start("--debug", wrap=network.daemon_wrap)
            Scene(word, site, network).play()
            equal(site.daemons[-1].stop(), 0, word + ": a clean end")
        finally:
            server.stop()
            network.close()


if len(sys.argv) == 1:
    if unpacked.missing():
        skip_all(unpacked.missing())
    namespaces = servers.namespaces()
    join({word: namespaces + [sys.executable, os.path.abspath(__file__),
                              "inside", word] for word in SERVERS})
elif sys.argv[1] == "inside":
    def scenario():
        serve(sys.argv[2])
    main(scenario)
else:
    client_login(*sys.argv[2:])
