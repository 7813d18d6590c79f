#!/usr/bin/env python3
# An operator does not need root: members of the group pop-before-smtp may query
# and change the running daemon, and nobody else may. No other group that a
# daemon runs with gives this right.
# tests/run: root
import os
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from tap import contains, equal, main, ok, skip_all

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
NAME, ID = "pop-before-smtp", 64123


def enter_namespace():
    """Runs this test again where /etc/passwd may be changed."""
    if os.environ.get("PBS_OPERATOR"):
        return
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        skip_all("needs root and setpriv")
    for how in ("private", "unchanged"):
        enter = ["unshare", "-m", "--propagation", how]
        if subprocess.run(enter + ["true"],
                          stderr=subprocess.DEVNULL).returncode == 0:
            os.execvp("unshare", enter + [
                "env", "PBS_OPERATOR=1", sys.executable,
                os.path.abspath(__file__)])
    skip_all("no mount namespaces here")


def add_user(site):
    """The user and the group that sysusers.d would create."""
    for name, row in (("passwd", "%s:x:%d:%d::/:/bin/false\n"),
                      ("group", "%s:x:%d:\n")):
        with open("/etc/" + name) as f:
            kept = [line for line in f if not line.startswith(NAME + ":")]
        copy = site.write(name, "".join(kept) + row % (
            (NAME, ID, ID) if name == "passwd" else (NAME, ID)))
        os.chmod(copy, 0o644)
        subprocess.run(["mount", "--bind", copy, "/etc/" + name], check=True)


def ask(site, groups, *words):
    """pbsctl as a user who is in these groups only."""
    return subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--groups", groups,
         site.path("pbsctl"), *words, "--config", site.config,
         "--dbfile", site.map],
        env=site.env, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def mode(site):
    return stat.S_IMODE(os.stat(site.map + ".ctl").st_mode)


def operators():
    with pbs.Site() as site:
        add_user(site)
        os.chown(site.mapdir, ID, ID)
        shutil.copy(PBSCTL, site.path("pbsctl"))
        daemon = site.start("--user=" + NAME)
        equal(mode(site), 0o660, "the socket is for the group")
        equal(os.stat(site.map + ".ctl").st_gid, ID, "pop-before-smtp")
        done = ask(site, str(ID), "add", "192.0.2.7")
        equal(done.returncode, 0, "a member may add an address", done.stderr)
        site.wait_key("192.0.2.7")
        contains(ask(site, str(ID), "list").stdout, "192.0.2.7",
                 "and list them")
        done = ask(site, "12345", "list")
        ok(done.returncode > 1 and not done.stdout, "another user may not",
           done.stdout, done.stderr)
        daemon.stop()


def other_groups():
    with pbs.Site() as site:
        os.chown(site.mapdir, 65534, 65534)
        daemon = site.start("--user=nobody")
        equal(mode(site), 0o600, "another group gets nothing")
        daemon.stop()


enter_namespace()
main(operators, other_groups)
