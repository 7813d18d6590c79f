#!/usr/bin/env python3
# A map without a type gets Postfix's default_database_type if that is one of
# ours; otherwise hash, lmdb or cdb, the first that Postfix supports; this is
# logged unless it is hash. An existing map keeps its type.
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok


def answer(site, types, default):
    """A postconf of a Postfix that reads these types."""
    path = site.write(
        "bin/postconf", "#!/bin/sh\ncase $1 in\n-m) printf '%%s\\n' %s;;\n"
        "-h) [ $2 != default_database_type ] || echo %s;;\nesac\n"
        % (types, default))
    os.chmod(path, 0o755)
    return {"PATH": site.path("bin") + ":" + os.environ["PATH"]}


def chosen(site, types, default="hash"):
    """The type and the messages, with a Postfix that reads these types."""
    done = site.run("--dbfile=" + site.map, "--nomynetworks", "--dumpconfig",
                    env=answer(site, types, default))
    equal(done.returncode, 0, "postconf -m says " + types, done.stderr)
    for line in done.stdout.splitlines():
        if line.endswith(":%s'" % site.map):
            return line.split("'")[1].split(":")[0], done.stderr
    return None, done.stdout


def kinds(site):
    return site.run("--help").stdout.split("Types of maps:")[1].split()


def types():
    with pbs.Site() as site:
        os.mkdir(site.path("bin"))
        have = kinds(site)
        equal(chosen(site, "btree hash lmdb cdb"), ("hash", ""),
              "hash, and nothing to say")
        equal(chosen(site, "btree hash lmdb cdb", "btree"), ("hash", ""),
              "a default that is not ours: hash")
        for wanted, known in (("lmdb", "cdb lmdb texthash"), ("cdb", "cdb")):
            if wanted not in have:
                continue
            got, said = chosen(site, known)
            equal(got, wanted, "no hash, but %s: it is kept" % wanted)
            contains(said, "does not read hash: maps; using %s:" % wanted,
                     "and a message says so")
            got, said = chosen(site, "btree hash lmdb cdb", wanted)
            equal(got, wanted, "the default of Postfix: " + wanted)
            contains(said, "using %s: maps, the default_database_type"
                     % wanted, "and a message says so")
            equal(chosen(site, "hash", wanted)[0], "hash",
                  "a default that Postfix cannot read")
        equal(chosen(site, "sdbm"), ("hash", ""), "none of them: hash")


def kept():
    """Postfix's default changes with an upgrade; main.cf still says hash:."""
    with pbs.Site() as site:
        if "cdb" not in kinds(site):
            return
        os.mkdir(site.path("bin"))
        site.log(login("198.51.100.1"))
        site.run("--dbfile=" + site.map, "--nomynetworks", "--once",
                 env=answer(site, "hash cdb", "hash"))
        ok(os.path.exists(site.map + ".db"), "a hash")
        got, said = chosen(site, "hash cdb", "cdb")
        equal(got, "hash", "stays one")
        contains(said, "%s.db exists: using hash:, not cdb:" % site.map,
                 "and a message says so")
        os.unlink(site.map + ".db")
        equal(chosen(site, "hash cdb", "cdb")[0], "cdb", "a new one does not")


def reloaded():
    """The helper asks again for the worker, which may not."""
    with pbs.Site() as site:
        if "cdb" not in kinds(site):
            return
        os.mkdir(site.path("bin"))
        env = answer(site, "hash cdb", "cdb")
        daemon = site.start("--dbfile=" + site.map, "--nomynetworks", env=env)
        daemon.kill(signal.SIGHUP)
        daemon.wait_message("reloaded")
        said = daemon.messages()
        equal(said.count("using cdb: maps, the default"), 2, "asked again",
              said)
        ok("exists: using" not in said, "with the same answer", said)


main(types, kept, reloaded)
