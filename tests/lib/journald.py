"""journald: systemd's journal, in a mount namespace of one's own."""
import os
import socket
import subprocess

PROGRAM = "/lib/systemd/systemd-journald"
NOTIFY = "/run/systemd/notify"
RUN, LOG = "/run/systemd/journal", "/run/log/journal"


def start(*namespace, **how):
    """A running one, whose sockets tell who writes."""
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(NOTIFY)
    ready.settimeout(20)
    process = subprocess.Popen(
        [PROGRAM, *namespace], stderr=subprocess.DEVNULL,
        env=dict(os.environ, NOTIFY_SOCKET=NOTIFY), **how)
    while b"READY=1" not in ready.recv(4096):
        pass
    ready.close()
    os.unlink(NOTIFY)
    return process
