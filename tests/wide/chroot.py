"""chroot: Debian systems that debootstrap makes, below WIDE_DIR (default: wide/
in the build directory), with packages from the archive that apt-get uses here.
"""
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
DIR = os.path.abspath(os.environ.get("WIDE_DIR", os.path.join(BUILD, "wide")))


def quiet(*words, log, **how):
    with open(log, "a") as out:
        subprocess.run(words, check=True, stdout=out, stderr=out, **how)


def mirror():
    """The archive that this machine's apt-get uses."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
        stdout=subprocess.PIPE, text=True, check=True)
    found = [uri for uri in done.stdout.split() if "security" not in uri]
    if not found:
        raise SystemExit("tests/wide: apt-get knows no archive; name one in "
                         "/etc/apt/sources.list")
    return found[0]


def bare(suite):
    """A bare system of the suite, made once."""
    root = os.path.join(DIR, suite)
    if not os.path.exists(root + ".done"):
        shutil.rmtree(root, ignore_errors=True)
        quiet("debootstrap", "--variant=minbase", suite, root, mirror(),
              log=root + ".log")
        policy = os.path.join(root, "usr/sbin/policy-rc.d")
        with open(policy, "w") as f:
            f.write("#!/bin/sh\nexit 101\n")  # starts no service
        os.chmod(policy, 0o755)
        open(root + ".done", "w").close()
    return root


def share_network(root):
    shutil.copy("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
    ours, theirs = "/etc/apt/apt.conf.d", os.path.join(root, "etc/apt/apt.conf.d")
    for name in os.listdir(ours) if os.path.isdir(ours) else ():
        if not os.path.exists(os.path.join(theirs, name)):
            shutil.copy(os.path.join(ours, name), theirs)


def inside(root, script, log):
    """Runs a shell script in the chroot, with a /proc of its own."""
    quiet("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
          'mount -t proc proc "$0/proc" && exec chroot "$0" env -i '
          "PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "
          'DEBIAN_FRONTEND=noninteractive sh -ec "$1"', root, script, log=log)


def prepared(name, suite, script, fill=None):
    """The suite's system, filled by a function that gets its path, after the
    script, which has the network. Made once."""
    root = os.path.join(DIR, name)
    if not os.path.exists(root + ".done"):
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", bare(suite), root], check=True)
        share_network(root)
        if fill:
            fill(root)
        inside(root, "apt-get -qq update\n" + script, root + ".log")
        open(root + ".done", "w").close()
    return root


def copied(root, name):
    """A copy of that system, which a test may change."""
    copy = os.path.join(DIR, name)
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["cp", "-a", root, copy], check=True)
    return copy
