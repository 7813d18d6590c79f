"""linkdriver: pbs-link under test, with this test as its worker."""
import os
import select
import subprocess
import tempfile
import time

import hosts
import pbs

PROGRAM = os.path.join(pbs.BUILD, "tests", "format", "linkdriver")
TOP = tempfile.TemporaryDirectory(prefix="pbs-link.")
BASE = 1_700_000_000_000  # milliseconds of the ids that a test writes


def need():
    """Ends a test that cannot run here."""
    pbs.need(PROGRAM)
    hosts.need()


def directory(name):
    return os.path.join(TOP.name, name)


class Link:
    """What pbs-link says comes as lists of words, in order, in `said'."""

    def __init__(self, directory, *engines, publish="pop1",
                 key="/nonexistent", settings=()):
        """settings: lines of `peers:'. pbs-link itself reads no key."""
        os.makedirs(directory, exist_ok=True)
        self.path = os.path.join(directory, "link.yaml")
        lines = ["engine: [%s]" % ", ".join('"%s"' % e for e in engines),
                 "prefix: pbs"] + list(settings)
        if publish:
            lines.append("publish: { name: %s, key: %s }" % (publish, key))
        with open(self.path, "w") as f:
            f.write("logfile: /nonexistent\nmynetworks: no\n"
                    "dbfile: text:%s/map\npeers:\n  %s\n"
                    % (directory, "\n  ".join(lines)))
        self.log = os.path.join(directory, "link.log")
        self.said, self.rest = [], b""

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                pbs.WRAP + [PROGRAM, "--check", "--config=" + self.path],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                bufsize=0)
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(pbs.DEADLINE)
        self.process.stdout.close()

    def errors(self):
        with open(self.log) as f:
            return f.read()

    def tell(self, *commands):
        self.process.stdin.write("".join(
            c + "\n" for c in commands).encode())

    def begin(self, nonce, key=None, reads=()):
        """reads: (key, id) of the streams to read."""
        commands = ["begin %d" % nonce]
        if key:
            commands.append("write " + key)
        commands += ["read %d %d %s %s" % (n, len(reads), *read)
                     for n, read in enumerate(reads)]
        if not reads:
            commands.append("read 0 0")
        self.tell(*commands)

    def _more(self, timeout):
        if not select.select([self.process.stdout], [], [],
                             max(0, timeout))[0]:
            return False
        piece = os.read(self.process.stdout.fileno(), 1 << 20)
        if not piece:
            raise RuntimeError("linkdriver ended: " + self.errors())
        lines = (self.rest + piece).split(b"\n")
        self.rest = lines.pop()
        self.said += [line.decode().split(" ") for line in lines]
        return True

    def wait(self, what, *words, since=0, timeout=None):
        """The first message of this kind, from number `since' on, that has all
        these words in its text; None: it does not come."""
        deadline = time.monotonic() + (timeout or pbs.DEADLINE)
        at = since
        while True:
            for at in range(at, len(self.said)):
                line = self.said[at]
                if line[1] == what and all(w in " ".join(line)
                                           for w in words):
                    return line
            at = len(self.said)
            if not self._more(deadline - time.monotonic()):
                return None

    def wait_count(self, what, count, since=0):
        """Whether so many messages of this kind come."""
        deadline = time.monotonic() + pbs.DEADLINE
        while self.count(what, since) < count:
            if not self._more(deadline - time.monotonic()):
                return False
        return True

    def count(self, what, since=0):
        return sum(line[1] == what for line in self.said[since:])

    def loud(self, since=0):
        """What is for the log."""
        return [" ".join(line[2:4] + line[5:]) for line in self.said[since:]
                if line[1] == "state" and line[4] == "loud"]

    def pids(self):
        """{title: [pids]} of the driver's children and theirs."""
        found, todo = {}, [self.process.pid]
        while todo:
            pid = todo.pop()
            with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                children = [int(p) for p in f.read().split()]
            for child in children:
                with open("/proc/%d/comm" % child) as f:
                    found.setdefault(f.read().strip(), []).append(child)
            todo += children
        return found
