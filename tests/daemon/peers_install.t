#!/usr/bin/env python3
# The setup of several hosts in INSTALL works as printed: the users of the
# engine have the rights that they need and no others, the engine accepts its
# settings, and the daemon its configuration.
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import engines
import pbs
from tap import contains, equal, main, ok, skip_all

with open(os.path.join(pbs.BUILD, "config.mk")) as _config:
    if "WITHOUT_PEERS" in _config.read():
        skip_all("built without hiredis, libsodium or OpenSSL")
if not engines.programs():
    skip_all("neither redis-server nor valkey-server is installed")
with open(os.path.join(ROOT, "INSTALL")) as _install:
    PART = _install.read().split("\n15. ", 1)[1].split("\n16. ", 1)[0]
USERS = re.findall(r"^ +(user \S+ o.*)$", PART, re.M)
SETTINGS = re.findall(r"^ +((?:max|append|client-|min-|unixsocketperm)\S* .*)$",
                      PART, re.M)


def blocks(begins):
    """The configurations of that kind, without their indentation."""
    found = re.findall(r"^    %s:(?:.*\n)+?(?=\n|\Z)" % begins, PART, re.M)
    return [re.sub("^    ", "", text, flags=re.M) for text in found]


def engine(program, directory):
    conf = os.path.join(directory, "engine.conf")
    os.makedirs(directory)
    # The test must be let in; in INSTALL, nobody is without a password.
    users = [u for u in USERS if not u.startswith("user default ")]
    with open(conf, "w") as f:
        f.write("\n".join(users + SETTINGS) + "\n")
    e = engines.Engine(program, directory)
    at = e.settings.index("--appendonly")
    e.settings = [conf] + e.settings[:at] + e.settings[at + 2:]
    return e


def as_user(e, name):
    client = engines.Client(e.path)
    client("AUTH", name, name + "-password")
    return client


def may(client, *words):
    """Whether the engine lets this user do it."""
    try:
        client(*words)
    except engines.Refused as e:
        if not str(e).startswith("NOPERM"):
            raise
        return False
    return True


def add(key, number):
    return ("XADD", key, "NOMKSTREAM", "MINID", "~", "0-1", "%d-0" % number,
            "p", "x", "s", "y")


def read(key):
    return "XREAD", "COUNT", 50, "STREAMS", key, "0-0"


def info(key):
    return "XINFO", "STREAM", key


def trim(key):
    return "XTRIM", key, "MINID", "0-1"


# What each may do with a stream: its own, and another host's.
WRITES = {add: True, trim: True, info: True, read: False}
READS = {add: False, trim: False, info: True, read: True}
NOTHING = dict.fromkeys(WRITES, False)
RIGHTS = {"pop1": (WRITES, NOTHING), "pop2": (WRITES, NOTHING),
          "relay1": (None, READS),
          "both1": (dict.fromkeys(WRITES, True), READS)}
OTHERS = [("GET", "x"), ("SET", "x", "1"), ("DEL", "pbs:pop1"), ("KEYS", "*"),
          ("FLUSHALL",), ("CONFIG", "GET", "*"), ("ACL", "LIST"),
          ("XREAD", "STREAMS", "other:pop1", "0-0"), ("XSETID", "pbs:pop1", "9-9"),
          ("XDEL", "pbs:pop1", "1-0"), ("XGROUP", "CREATE", "pbs:pop1", "g", "0"),
          ("INFO",), ("CLIENT", "LIST"), ("EVAL", "return 1", "0"),
          ("SUBSCRIBE", "x"), ("SHUTDOWN",)]


def rights(program, directory):
    with engine(program, directory) as e:
        for name in ("pop1", "pop2", "both1", "other"):
            e("XADD", "pbs:" + name, "1-0", "p", "x")
        number = 1
        for name, (own, others) in RIGHTS.items():
            client = as_user(e, name)
            for key, table in (("pbs:" + name, own), ("pbs:other", others)):
                number += 1
                equal({f.__name__: may(client, *(
                    f(key, number) if f is add else f(key)))
                       for f in table or ()},
                      {f.__name__: can for f, can in (table or {}).items()},
                      "%s: %s may do this with %s" % (program, name, key))
            equal([w[0] for w in OTHERS if may(client, *w)], [],
                  "%s: %s may do nothing else" % (program, name))
        for line in SETTINGS:
            key, value = line.split(" ", 1)
            equal(settled(e("CONFIG", "GET", key)[1].decode(), key),
                  settled(value, key), program + ": takes " + line)


def settled(value, key):
    """Sizes are bytes to the engine, and it lists all classes of clients."""
    if key.startswith("client-"):
        value = re.search(r"normal \S+", value)[0]
    return re.sub(r"(\d+)mb", lambda m: str(int(m[1]) << 20), value)


def engine_takes_it():
    ok(len(USERS) >= 7 and len(SETTINGS) >= 6, "INSTALL has users and settings",
       *USERS, *SETTINGS)
    ok("user default off" in USERS, "nobody is let in without a password")
    with tempfile.TemporaryDirectory(prefix="pbs-install.") as d:
        for program in engines.programs():
            rights(program, os.path.join(d, program))


def daemon_takes_it():
    found = blocks("dbfile") + blocks("logfile")
    equal(len(found), 2, "INSTALL has two configurations", *found)
    with pbs.Site() as site:
        for text in found:
            site.write("pbs.yaml", text)
            done = subprocess.run(
                [pbs.DAEMON, "--config=" + site.config, "--dumpconfig"],
                text=True, env=site.env, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
            equal((done.returncode, done.stderr), (0, ""), "it is accepted")
            contains(done.stdout, "engine.example.org", "and means that")
        site.write("pbs.yaml", found[0].replace("publish", "pubish"))
        equal(site.run("--dumpconfig").returncode, 78, "a wrong one would not be")


main(engine_takes_it, daemon_takes_it)
