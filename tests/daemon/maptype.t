#!/usr/bin/env python3
# A map without a type is a hash: where Postfix reads such; else lmdb, else cdb,
# and that is said. What Postfix reads it is asked, by postconf -m.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from tap import contains, equal, main, ok


def chosen(site, types):
    """The type, and what is said, with a Postfix that reads these."""
    path = site.write("bin/postconf", "#!/bin/sh\nprintf '%%s\\n' %s\n"
                      % types)
    os.chmod(path, 0o755)
    done = site.run("--dbfile=" + site.map, "--nomynetworks", "--dumpconfig",
                    env={"PATH": site.path("bin") + ":" + os.environ["PATH"]})
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
        for wanted, known in (("lmdb", "cdb lmdb texthash"), ("cdb", "cdb")):
            if wanted not in have:
                continue
            got, said = chosen(site, known)
            equal(got, wanted, "no hash, but %s: it is kept" % wanted)
            contains(said, "does not read hash: maps; using %s:" % wanted,
                     "and it is said")
        equal(chosen(site, "sdbm"), ("hash", ""), "none of them: hash")


main(types)
