"""journal: the journal of a busy host, and what it costs to read it.

Its entries are genlog's lines with the fields that journald adds, written by
systemd-journal-remote(8): several archived files, and a live one.
"""
import os
import re
import subprocess
import time

import pbs

REMOTE = [d + "/systemd/systemd-journal-remote"
          for d in ("/lib", "/usr/lib", "/usr/libexec")]
# The command of the process that writes Dovecot's lines.
DOVECOT = "_COMM=log"


def remote():
    """The program that writes journals, or None."""
    return next(filter(os.path.exists, REMOTE), None)


def write(directory, command):
    """A journal of what a command prints in the export format."""
    os.makedirs(directory)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as source:
        subprocess.run(
            [remote(), "--output=%s/system.journal" % directory,
             "--split-mode=none", "-"], stdin=source.stdout,
            stderr=subprocess.DEVNULL, check=True)
    if source.returncode != 0:
        raise RuntimeError("%s: %d" % (command, source.returncode))
    return directory


def busy(directory, lines, span, *flags):
    """The journal of the last `span` seconds."""
    return write(directory, [
        pbs.GENLOG, "--lines", str(lines), "--start",
        str(int(time.time()) - span), "--span", str(span), "--export", *flags])


def newest(directory, journal, seconds):
    """A journal of its own of the newest entries of another."""
    return write(directory, [
        "journalctl", "-D", journal, "-o", "export",
        "--since=@%d" % (time.time() - seconds)])


def reaching(directory, journal, seconds):
    """Those of its files that have any of the newest entries, as links."""
    os.makedirs(directory)
    since = (time.time() - seconds) * 10**6
    names = sorted(name for name in os.listdir(journal) if "@" in name)
    begins = [int(name[:-len(".journal")].rsplit("-", 1)[1], 16)
              for name in names] + [float("inf")]
    for name in os.listdir(journal):
        if name not in names or begins[names.index(name) + 1] > since:
            os.link(os.path.join(journal, name), os.path.join(directory, name))
    return directory


def padded(directory, journal, size):
    """The same journal, and its oldest file again and again, as links, until
    it has that size."""
    os.makedirs(directory)
    names = sorted(os.listdir(journal))
    oldest = next(name for name in names if "@" in name)
    for name in names:
        os.link(os.path.join(journal, name), os.path.join(directory, name))
    step = os.path.getsize(os.path.join(journal, oldest))
    for n in range(size // step):
        os.link(os.path.join(journal, oldest), os.path.join(
            directory, "%s-%016x.journal" % (oldest.rsplit("-", 1)[0], n)))
    return directory


def cat(journal, *matches):
    return ["journalctl", "-D", journal, "-o", "cat", *matches]


def peak_anonymous(command):
    """KiB that a command and its children have for themselves at most; what
    is mapped from files is not theirs."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(anonymous, [process.pid] +
                                 pbs.children(process.pid))))
        time.sleep(0.002)
    return most


def anonymous(pid):
    try:
        with open("/proc/%d/status" % pid) as f:
            return int(re.search(r"^RssAnon:\s*(\d+)", f.read(), re.M)[1])
    except (OSError, TypeError):  # it has ended
        return 0
