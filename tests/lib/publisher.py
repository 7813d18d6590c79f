"""publisher: a map of ours written on command, and Postfix asked what it sees.

    with MapDir() as d:
        p = Publisher("hash:" + d.map)
        p.do("add 192.0.2.7 1700000000")
        p.do("replace")
        d.dump()
"""
import os
import random
import shutil
import subprocess
import tempfile

import pbs

PUBLISHER = os.path.join(pbs.BUILD, "tests", "format", "publisher")
pbs.need(PUBLISHER)


def generated(number):
    """The address that publisher.c makes of a number."""
    low = number * 2654435761 & 0xffffff
    return "10.%d.%d.%d" % (low >> 16, low >> 8 & 255, low & 255)


class Refused(Exception):
    """What publisher answered after "error"."""


class Publisher:
    """The program at the other end of two pipes."""

    def __init__(self, spec=None, value=None, **popen):
        self.process = subprocess.Popen(
            [PUBLISHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, **popen)
        if spec:
            self.do("open " + spec + (" " + value if value else ""))

    def send(self, *commands):
        for command in commands:
            self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def answer(self):
        """(wall ms, cpu ms, result), or Refused is raised."""
        line = self.process.stdout.readline().rstrip("\n")
        word, _, rest = line.partition(" ")
        if word != "ok":
            raise Refused(rest or "it ended")
        wall, cpu, result = rest.split()
        return float(wall), float(cpu), int(result)

    def do(self, *commands):
        """The result of the last."""
        for command in commands:
            self.send(command)
            last = self.answer()
        return last[2]

    def refused(self, command):
        """Why it was; "" if it was not."""
        try:
            self.do(command)
        except Refused as e:
            return str(e)
        return ""

    def end(self):
        """Closes the map as well; its exit code."""
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(pbs.DEADLINE)


class MapDir:
    """A directory for a map, and a configuration for postmap."""

    def __init__(self, map_type="hash", suffix=".db"):
        self.dir = tempfile.mkdtemp(prefix="pbs-map.")
        os.chmod(self.dir, 0o755)
        self.type, self.map = map_type, os.path.join(self.dir, "map", "pbs")
        self.spec = map_type + ":" + self.map
        self.file = self.map + suffix
        os.mkdir(os.path.dirname(self.map), 0o755)
        os.mkdir(os.path.join(self.dir, "etc"), 0o755)
        for name in ("main.cf", "master.cf"):
            with open(os.path.join(self.dir, "etc", name), "w") as f:
                f.write("compatibility_level = 3.6\n" * (name == "main.cf"))
            # Postfix reads a file that is younger than a second again, later.
            os.utime(f.name, (0, 0))
        self.env = dict(os.environ, LC_ALL="C.UTF-8",
                        MAIL_CONFIG=os.path.join(self.dir, "etc"))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.dir, ignore_errors=True)

    def postmap(self, *args, given=None):
        done = subprocess.run(["postmap", *args, self.spec], text=True,
                              env=self.env, input=given, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.stderr:
            raise RuntimeError("postmap: " + done.stderr)
        return done.stdout

    def query(self, key):
        return self.postmap("-q", key).strip() or None

    def dump(self):
        """The whole map as Postfix reads it: {key: value}."""
        lines = self.postmap("-s").splitlines()
        pairs = dict(line.split("\t", 1) for line in lines)
        if len(pairs) != len(lines):
            raise RuntimeError("a key stands in it twice")
        return pairs

    def beside(self):
        """What else lies in the map's directory."""
        return sorted(set(os.listdir(os.path.dirname(self.map)))
                      - {os.path.basename(self.file)})


def churn(publisher, want, turns):
    """Adds and deletes at random, a hundred at a time; want follows."""
    rng = random.Random(5)
    for turn in range(turns):
        for number in rng.sample(range(6000), 100):
            key = generated(number)
            if rng.random() < 0.4:
                publisher.do("del " + key)
                want.pop(key, None)
            else:
                publisher.do("add %s %d" % (key, turn))
                want[key] = str(turn)
        publisher.do("apply")


def postfix_reads(map_type):
    """Whether this Postfix knows the type; a main.cf of its own may lack."""
    with MapDir() as d:
        types = subprocess.run(["postconf", "-m"], env=d.env, text=True,
                               stdout=subprocess.PIPE).stdout
    return map_type in types.split()
