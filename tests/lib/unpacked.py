"""unpacked: what packages have that are only unpacked, not installed.

Mail servers exclude each other and the installed Dovecot, and have their paths
built in. So each test gives them a root of their own, made of this machine's
/usr and of users, PAM and spool directories that are there for them alone.

Only inside a mount namespace of one's own, behind servers.Syslog: the root
lies in its private /dev, and no mount of ours is seen outside.
"""
import ctypes
import os
import shutil
import signal
import subprocess

import pbs
import servers

DIR = os.path.join(pbs.BUILD, "servers")
PACKAGES = ("popa3d", "solid-pop3d", "liblockfile1")
ROOT = "/dev/pbs-root"
PORT = 110
USERS = ("ann", "bob")
# crypt(3) of "secret".
SECRET = ("$6$popbeforesmtp$Yxym.v/xATK4aW5RbQO5JU7x2kAAzypwaXDfrrcuDHYQK9lcSq"
          "ccaFAGGmRgaK72dpkcohgkQfMjG4AxIpHc//")
PAM = "auth required pam_unix.so\naccount required pam_unix.so\n"
_PR_SET_CHILD_SUBREAPER = 36


def program(name):
    """A program that is installed, or unpacked in a directory of its name;
    None: neither."""
    path = os.path.join(pbs.BUILD, name, "usr", "bin", name)
    return shutil.which(name) or (path if os.path.exists(path) else None)


def missing():
    """Why there are no such servers, or None."""
    for name in PACKAGES:
        if not os.path.exists(os.path.join(DIR, "." + name)):
            return "needs packaging/unpack-packages " + name
    return None


def _write(path, text, mode=0o644):
    with open(ROOT + path, "w") as f:
        f.write(text)
    os.chmod(ROOT + path, mode)


def _bind(path):
    """The directory, or the link, as it is outside."""
    if os.path.islink(path):
        os.symlink(os.readlink(path), ROOT + path)
    elif os.path.isdir(path):
        os.makedirs(ROOT + path, exist_ok=True)
        subprocess.run(["mount", "--bind", path, ROOT + path], check=True)


def make_root():
    for path in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        _bind(path)
    for path in ("/etc/pam.d", "/var/mail", "/var/run", "/tmp", "/dev",
                 "/var/lib/popa3d"):
        os.makedirs(ROOT + path)
    subprocess.run(["mount", "--bind", "/dev", ROOT + "/dev"], check=True)
    shutil.copytree(DIR, ROOT + "/opt")
    shutil.copy("/etc/nsswitch.conf", ROOT + "/etc/nsswitch.conf")
    shutil.copy("/etc/ld.so.cache", ROOT + "/etc/ld.so.cache")
    _make_users()
    for name in ("popa3d", "solid-pop3d", "other"):
        _write("/etc/pam.d/" + name, PAM)


def _make_users():
    ids = {name: 4000 + i for i, name in enumerate(
        USERS + ("popa3d", "spop3d"))}
    _write("/etc/passwd", "root:x:0:0::/:/bin/sh\n" + "".join(
        "%s:x:%d:%d::/tmp:/bin/sh\n" % (name, n, n)
        for name, n in ids.items()))
    _write("/etc/group", "root:x:0:\nmail:x:8:\n" + "".join(
        "%s:x:%d:\n" % item for item in ids.items()))
    _write("/etc/shadow", "".join(
        "%s:%s:20000:0:99999:7:::\n" % (name, SECRET) for name in USERS),
        0o600)
    for name in USERS:
        _write("/var/mail/" + name, "", 0o660)
        os.chown(ROOT + "/var/mail/" + name, ids[name], 8)
    os.chmod(ROOT + "/var/mail", 0o1777)


class Server:
    """A POP3 server that detaches itself, and listens on port 110."""

    def __init__(self, name, *flags):
        self.name, self.flags = name, flags

    def start(self):
        # What detaches itself becomes a child of ours, and can be ended.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.before = self._children()
        subprocess.run(
            ["chroot", ROOT, "/usr/bin/env",
             "LD_LIBRARY_PATH=" + self._libraries(),
             "/opt/usr/sbin/" + self.name, *self.flags],
            check=True, stdin=subprocess.DEVNULL, timeout=pbs.DEADLINE)
        servers.wait_port("127.0.0.1", PORT)
        return self

    @staticmethod
    def _libraries():
        return ":".join(top[len(ROOT):] for top, _, names in os.walk(
            ROOT + "/opt/usr/lib") if any(".so" in name for name in names))

    @staticmethod
    def _children():
        with open("/proc/self/task/%d/children" % os.getpid()) as f:
            return {int(pid) for pid in f.read().split()}

    def stop(self):
        for pid in self._children() - self.before:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
