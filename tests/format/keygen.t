#!/usr/bin/env python3
# pbsctl keygen makes a key file that nobody else can read and that no second
# call changes, and prints the line that another host's configuration accepts.
import os
import re
import resource
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from tap import contains, equal, main, ok, skip

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
CONF = """peers:
  engine: unix:/run/engine
  publish: { name: %s, key: %s }
"""


def keygen(*words, umask=0o022):
    return subprocess.run([PBSCTL, "keygen", *words], text=True, umask=umask,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(d, text):
    path = os.path.join(d, "conf.yaml")
    with open(path, "w") as f:
        f.write(text)
    return subprocess.run(
        [pbs.DAEMON, "--config=" + path, "--nowrite", "--nomynetworks",
         "--checkpoint=%s/state" % d, "--logfile=" + path, "--check"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def makes(d):
    path = os.path.join(d, "pop1.key")
    done = keygen(path, umask=0)
    equal((done.returncode, done.stderr), (0, ""), "a key is made")
    mode = os.stat(path)
    equal(oct(stat.S_IMODE(mode.st_mode)), "0o400", "for its owner alone")
    line = re.fullmatch(r' +- \{ name: pop1, key: "(k1:\S{44})" \}\n',
                        done.stdout)
    ok(line, "the line for other hosts is printed", done.stdout)
    with open(path) as f:
        secret = f.read()
    ok(re.fullmatch(r"s1:\S{44}\n", secret), "the file has one line")
    ok(secret[3:20] not in done.stdout, "which is not printed")
    said = check(d, CONF % ("pop1", path))
    contains(said, "ok peers: publishes as pop1, with the key " + line[1],
             "--check shows the same key")
    said = check(d, CONF % ("pop9", path) + "  hosts:\n" + done.stdout)
    contains(said, "ok peers: reads the logins of 1 host\n",
             "the line is taken as it is")
    done = keygen(path)
    equal((done.returncode, done.stdout), (73, ""), "never twice")
    contains(done.stderr, path + ": exists", "and says why")
    with open(path) as f:
        equal(f.read(), secret, "the key is what it was")


def refuses(d):
    path = os.path.join(d, "POP_1.key")
    done = keygen(path)
    equal(done.returncode, 64, "a file whose name no host can have")
    contains(done.stderr, "--name", "and says what to do")
    ok(not os.path.exists(path), "nothing is made")
    contains(keygen("--name", "pop1", path).stdout, "name: pop1",
             "with a name it is made")
    equal(keygen("--name", "x" * 64, d + "/x").returncode, 64, "a long name")
    equal(keygen(d + "/no/x.key").returncode, 73, "no such directory")
    equal(keygen().returncode, 64, "no file")
    equal(keygen(d + "/a", d + "/b").returncode, 64, "two files")
    equal(keygen("--owner", "no-such-user", d + "/c.key").returncode, 67,
          "no such user")
    ok(not os.path.exists(d + "/c.key"), "and no file")
    os.symlink(d + "/target", d + "/link.key")
    equal(keygen(d + "/link.key").returncode, 73, "a link that leads nowhere")
    ok(not os.path.exists(d + "/target"), "is not followed")
    done = subprocess.run(
        [PBSCTL, "keygen", d + "/full.key"], text=True, restore_signals=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal((done.returncode, done.stdout), (73, ""), "no room for all of it")
    contains(done.stderr, "full.key: write: File too large", "and says so")
    ok(not os.path.exists(d + "/full.key"), "and no half of it stays")
    equal(keygen("--help").returncode, 0, "--help")


def owner(d):
    if os.geteuid() != 0:
        return skip("--owner", "needs root")
    path = os.path.join(d, "own.key")
    equal(keygen("--owner", "nobody", path).returncode, 0, "--owner")
    equal(os.stat(path).st_uid, 65534, "the file is the user's")
    equal(oct(stat.S_IMODE(os.stat(path).st_mode)), "0o400", "and no other's")


def others_read(d):
    path = os.path.join(d, "open.key")
    keygen(path)
    os.chmod(path, 0o644)
    said = check(d, CONF % ("open", path))
    contains(said, "FAILED peers: publish: key: %s: others may read it "
             "(mode 644, owner " % path, "--check: a key that others can read")
    os.chmod(path, 0o600)
    with open(path, "w") as f:
        f.write("k1:" + "A" * 43 + "=\n")
    contains(check(d, CONF % ("open", path)), "holds a public key",
             "--check: a public key in its place")
    password = os.path.join(d, "password")
    with open(password, "w") as f:
        f.write("one\ntwo\n")
    os.chmod(password, 0o600)
    contains(check(d, CONF % ("open", path) + "  password_file: " + password),
             "FAILED peers: password_file: %s: not one line" % password,
             "--check: a password of two lines")


def all_of_it():
    with tempfile.TemporaryDirectory() as d:
        if keygen(d + "/try").returncode == 69:
            return skip("keygen", "built without the libraries")
        for part in (makes, refuses, owner, others_read):
            part(d)


main(all_of_it)
