"""hosts: several hosts for a test, each with a key, and an engine between
them that the test starts.

    with Place("pop1", "relay") as (engine, pop1, relay):
        pop1.pop()
        relay.relay(pop1)
"""
import os
import re
import subprocess
import time

import engines
import pbs
from tap import skip_all

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")


def built():
    """Whether the programs have peers: at all."""
    with open(os.path.join(pbs.BUILD, "config.mk")) as f:
        return "WITHOUT_PEERS" not in f.read()


def missing():
    """What is missing here for several hosts; None: nothing."""
    if not built():
        return "built without hiredis, libsodium or OpenSSL"
    if not engines.programs():
        return "neither redis-server nor valkey-server is installed"
    return None


def need():
    """Ends a test that cannot run here."""
    if missing():
        skip_all(missing())


def await_stream(engine, key):
    pbs.until(key, pbs.DEADLINE, lambda: engine("EXISTS", key),
              lambda left: time.sleep(0.02))


def control(site):
    """The socket of its daemon, which may have no map."""
    path = site.path("state.ctl")
    return path if os.path.exists(path) else site.map + ".ctl"


def certificates(host):
    """Makes tls.pem, its own CA, and tls.key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tls.key",
                    "-out", "tls.pem", "-subj", "/CN=pop1", "-days", "2"],
                   check=True, cwd=host.dir, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    os.chmod(host.path("tls.key"), 0o600)


def tls(host, ca="tls.pem", cert="tls.pem", key="tls.key"):
    """The line of peers: that names them."""
    return "  tls: { ca: %s, cert: %s, key: %s }\n" % (
        host.path(ca), host.path(cert), host.path(key))


class Host(pbs.Site):
    """A site with a key, that may publish as `name' and hear others."""
    domain = None  # others add it to users of this host
    daemon_env = {}  # of each daemon, besides that of the site

    def __init__(self, name, engine):
        super().__init__()
        self.name, self.engine = name, engine
        line = subprocess.run([PBSCTL, "keygen", self.path("key")], text=True,
                              stdout=subprocess.PIPE).stdout
        self.key = re.search(r"k1:[A-Za-z0-9+/=]+", line).group(0)

    def configure(self, publish=True, hosts=(), more="", bound=100000):
        """bound: of the addresses of each of these hosts."""
        text = "peers:\n  engine: %s\n" % self.engine.address
        if publish:
            text += "  publish: { name: %s, key: %s }\n" % (
                self.name, self.path("key"))
        if hosts:
            text += "  hosts:\n"
        for host in hosts:
            text += '    - { name: %s, key: "%s", max_addresses: %d%s }\n' % (
                host.name, host.key, bound,
                ", user_domain: " + host.domain if host.domain else "")
        self.write("pbs.yaml", text + more)

    def spawn(self, *flags, env=None, **how):
        env = dict(self.daemon_env, **(env or {}))
        return super().spawn(*flags, env=env, **how)

    def pop(self, **how):
        """Publishes; no Postfix is here."""
        self.configure(**how)
        return self.start("--dbfile=none", "--checkpoint=" + self.path("state"))

    def relay(self, *hosts, publish=False, flags=(), **how):
        self.configure(publish=publish, hosts=hosts, **how)
        return self.start("--logfile=none", *flags)

    def ctl(self, *words):
        return subprocess.run([PBSCTL, *words, "--socket=" + control(self)],
                              text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout

    def listed(self):
        done = self.run("--list", "--checkpoint=" + self.map + ".state")
        return sorted(line.split()[0] for line in done.stdout.splitlines())


class Place:
    """An engine, and hosts of these names."""

    def __init__(self, *names):
        self.dir = pbs.Site()
        self.engine = engines.Engine(engines.programs()[0],
                                     self.dir.path("engine"))
        self.hosts = [Host(name, self.engine) for name in names]

    def __enter__(self):
        self.engine.start()
        return self.engine, *self.hosts

    def __exit__(self, *exc):
        for host in self.hosts:
            host.__exit__(*exc)
        self.engine.kill()
        self.dir.__exit__(*exc)
