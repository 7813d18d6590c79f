"""netns: network namespaces of this process, and the links between them.

    client, server = netns.Namespace(), netns.Namespace()
    client.link("up0", server, "down0")
    client.ip("addr add 192.0.2.7/32 dev up0")
    with server:
        ...  # sockets made here and programs started here are in server

Only the calling thread enters, only inside of with. Nothing has to be
taken down: a namespace goes, with its end of each link, as soon as no process
is in it and nobody holds its descriptor. Needs root.
"""
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _called(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)


def _current():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Namespace:
    """A new one, with nothing in it but loopback, which is up."""

    def __init__(self):
        self._outside = []
        before = _current()
        _called(_libc.unshare(CLONE_NEWNET), "unshare")
        self._fd = _current()
        self._leave(before)
        self.ip("link set lo up")

    @staticmethod
    def _leave(fd):
        _called(_libc.setns(fd, CLONE_NEWNET), "setns")
        os.close(fd)

    def __enter__(self):
        self._outside.append(_current())
        _called(_libc.setns(self._fd, CLONE_NEWNET), "setns")
        return self

    def __exit__(self, *_):
        self._leave(self._outside.pop())

    def ip(self, words):
        """ip(8), run in it."""
        with self:
            subprocess.run(["ip", *words.split()], check=True)

    def link(self, name, other, its_name):
        """A pair of devices, one in each namespace, which are up."""
        self.ip("link add %s type veth peer name %s netns /proc/%d/fd/%d"
                % (name, its_name, os.getpid(), other._fd))
        self.ip("link set %s up" % name)
        other.ip("link set %s up" % its_name)

    def close(self):
        os.close(self._fd)


def missing():
    """Why there can be no namespaces with links here; None: there can."""
    try:
        one = Namespace()
    except (OSError, subprocess.CalledProcessError):
        return "may not make a network namespace here"
    try:
        one.link("veth0", one, "veth1")
    except subprocess.CalledProcessError:
        return "cannot link network namespaces here (no veth)"
    finally:
        one.close()
    return None


def alone(address):
    """For ip addr: an address without a network, in use at once."""
    return address + ("/128 nodad" if ":" in address else "/32")
