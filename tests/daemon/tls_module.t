#!/usr/bin/env python3
# OpenSSL is in no process but the pbs-link of a daemon with an engine that is
# reached by TLS. The module that holds it is loaded from where the program was
# built or installed, and never if somebody could have changed it who could not
# change the program; without it, the daemon does not start.
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import types

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hosts
import pbs
from hosts import Host, certificates, tls
from tap import contains, equal, main, ok, skip, skip_all

if not hosts.built():
    skip_all("built without hiredis, libsodium or OpenSSL")
MODULE = "pbs-tls.so"
NOBODY = pwd.getpwnam("nobody").pw_uid
OPENSSL = r"libssl|libcrypto|" + re.escape(MODULE)


def host_with(engine):
    """Nobody listens there."""
    return Host("pop1", types.SimpleNamespace(address=engine))


def loaded_in(host, pattern):
    """Names of the processes that have such a file in memory."""
    found = []
    for pid in host.processes():
        with open("/proc/%d/maps" % pid) as maps, \
                open("/proc/%d/comm" % pid) as name:
            if re.search(pattern, maps.read()):
                found.append(name.read().strip())
    return found


def who_loads_it():
    if os.geteuid() != 0:
        skip("where OpenSSL is", "only root sees the memory of a daemon")
        return
    with host_with("unix:/nowhere") as host:
        host.start("--dbfile=none", "--checkpoint=" + host.path("state"))
        ok(len(loaded_in(host, "libc[.]")) >= 3, "processes are seen")
        equal(loaded_in(host, OPENSSL), [],
              "without peers: no process has OpenSSL")
    with host_with("unix:/nowhere") as host:
        host.pop().wait_message("peers: no connection")
        equal(loaded_in(host, OPENSSL), [], "nor with an engine without TLS")
    with host_with("tls:127.0.0.1:1") as host:
        certificates(host)
        host.pop(more=tls(host)).wait_message("peers: no connection")
        equal(loaded_in(host, OPENSSL), ["pbs-link"], "with TLS, pbs-link has")


class Copy:
    """The program and its module in a directory of their own."""

    def __init__(self):
        self.host = host_with("unix:/nowhere")
        certificates(self.host)
        self.host.configure(more=tls(self.host))
        self.dir = tempfile.mkdtemp(prefix="pbs-module.")
        os.chmod(self.dir, 0o755)
        self.program = os.path.join(self.dir, "pop-before-smtp")
        self.module = os.path.join(self.dir, MODULE)
        for path in self.program, self.module:
            shutil.copy(os.path.join(pbs.BUILD, os.path.basename(path)), path)
        os.chmod(self.program, 0o755)
        os.chmod(self.module, 0o644)

    def run(self, *flags, env=None):
        words = [self.program if word == pbs.DAEMON else word
                 for word in self.host.command(
                     "--dbfile=none", "--checkpoint=" + self.host.path("state"),
                     *flags)]
        return subprocess.run(words, env={**self.host.env, **(env or {})},
                              cwd=self.dir, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)

    def check(self):
        return self.run("--check").stdout

    def taken(self, what):
        out = self.check()
        ok("ok peers: engine" in out and "FAILED peers" not in out, what, out)

    def refused(self, what, path, why):
        contains(self.check(), "FAILED peers: tls: %s: %s" % (path, why), what)
        done = self.run()
        equal(done.returncode, 78, "and the daemon does not start", done)
        contains(done.stdout, "peers: tls: %s: %s" % (path, why),
                 "for the same reason")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.host.__exit__(*exc)
        shutil.rmtree(self.dir)


def who_may_write():
    why = "not loaded: users who cannot change this program can write to it"
    with Copy() as c:
        c.taken("a module beside the program")
        for path, modes in (c.module, (0o666, 0o664)), (
                c.dir, (0o777, 0o1777, 0o775)):
            before = os.stat(path).st_mode & 0o7777
            for mode in modes:
                os.chmod(path, mode)
                c.refused("%s with mode %o" % (os.path.basename(path), mode),
                          path, "%s (mode %o, " % (why, mode))
            os.chmod(path, before)
        for path in c.program, c.module, c.dir:
            os.chmod(path, 0o775)
        c.taken("where the group may change the program, too")
        for path in c.program, c.module, c.dir:
            os.chmod(path, 0o755)
        if os.geteuid() != 0:
            return
        os.chown(c.module, NOBODY, -1)
        c.refused("a module of another user", c.module, why)
        os.chown(c.program, NOBODY, -1)
        c.taken("a module of the program's owner")
        os.chown(c.module, 0, -1)
        c.taken("and one of root")


def no_module():
    with Copy() as c:
        os.rename(c.module, c.module + ".real")
        os.symlink(c.module + ".real", c.module)
        c.refused("a link", c.module, "not a regular file")
        os.unlink(c.module)
        with open(c.module, "w") as f:
            f.write("no module\n")
        contains(c.check(), "FAILED peers: tls: loading %s: " % c.module,
                 "what is no module is not loaded")
        os.unlink(c.module)
        # Where others find libraries, nothing is looked for.
        os.makedirs(os.path.join(c.dir, "lib"))
        os.rename(c.module + ".real", os.path.join(c.dir, "lib", MODULE))
        done = c.run("--check", env={
            "LD_LIBRARY_PATH": os.path.join(c.dir, "lib")})
        place = re.search(r"FAILED peers: tls: (/\S+/lib/pop-before-smtp/%s): "
                          "No such file" % re.escape(MODULE), done.stdout)
        if place is None and "FAILED" not in done.stdout:
            skip("no module", "one is installed on this machine")
            return
        ok(place, "without a module beside the program, it is looked for where "
           "it is installed, and nowhere else", done)
        c.refused("no module", place[1], "No such file or directory; TLS needs "
                  "this file, a part of pop-before-smtp")


def another_version():
    with Copy() as c:
        source = os.path.join(c.dir, "old.c")
        with open(source, "w") as f:
            f.write('#include "daemon/link/tls_module.h"\n'
                    'const struct tls_module tls_module = {"0.9"};\n')
        subprocess.run(os.environ.get("CC", "cc").split() + [
            "-I" + pbs.ROOT, "-shared", "-fPIC", "-o", c.module, source],
            check=True)
        c.refused("a module of another version", c.module, "of version 0.9, but "
                  "this program is version ")


main(who_loads_it, who_may_write, no_module, another_version, jobs=2)
