"""recipients: pbsctl recipients in a directory of its own, and who asks.

    with Lists() as lists:
        done = lists.run("--map", lists.spec("hash"), lists.put("ann@a.tld\\n"))
        lists.ask("hash", ["ann@a.tld"])     # {"ann@a.tld": "ok"}
"""
import os
import struct
import subprocess

import pbs

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
SUFFIX = {"hash": ".db", "lmdb": ".lmdb", "cdb": ".cdb"}


def postfix_types():
    with pbs.Site() as site:
        return subprocess.run(["postconf", "-m"], env=site.env, text=True,
                              stdout=subprocess.PIPE).stdout.split()


def map_types():
    """Those that we were built with and that this Postfix reads."""
    done = subprocess.run([PBSCTL, "recipients", "--map", "none:/x", "-"],
                          text=True, stderr=subprocess.PIPE)
    known = done.stderr.partition("(known: ")[2].rstrip(")'\n").split(", ")
    return [t for t in known if t in postfix_types()]


def engines():
    """Types of a plus table."""
    return [t for t in ("regexp", "pcre") if t in postfix_types()]


def cdb_keys(data):
    """The records lie between the first table of 256 and the other tables."""
    tables = struct.unpack_from("<512I", data)
    at = 2048
    while at < min(tables[::2]):
        key, value = struct.unpack_from("<2I", data, at)
        yield data[at + 8:at + 8 + key].decode()
        at += 8 + key + value


class Lists(pbs.Site):
    """Where lists and tables lie. A table is NAME in the map's directory."""

    def __init__(self, main_cf=""):
        super().__init__()
        with open(self.path("postfix/main.cf"), "a") as f:
            f.write(main_cf)
        os.utime(f.name, (0, 0))

    def put(self, text, name="list"):
        return self.write(name, text)

    def name(self, name="recipients"):
        return os.path.join(self.mapdir, name)

    def spec(self, map_type, name="recipients"):
        return "%s:%s" % (map_type, self.name(name))

    def file(self, map_type, name="recipients"):
        return self.name(name) + SUFFIX[map_type]

    def plus(self, name="recipients"):
        return self.name(name) + ".plus"

    def command(self, *words):
        return [*pbs.WRAP, PBSCTL, "recipients", *words]

    def run(self, *words, input=b"", env=None, timeout=120):
        """Its exit code, and the two texts."""
        if isinstance(input, str):
            input = input.encode()
        done = subprocess.run(
            self.command(*words), input=input, timeout=timeout, cwd=self.dir,
            env=dict(self.env, **env or {}), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        return (done.returncode, done.stdout.decode(errors="replace"),
                done.stderr.decode(errors="replace"))

    def start(self, *words, env=None, stderr=subprocess.PIPE):
        """The same without waiting for its end; for --watch."""
        return subprocess.Popen(
            self.command(*words), cwd=self.dir, text=True, bufsize=1,
            env=dict(self.env, **env or {}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=stderr)

    def ask(self, spec, keys):
        """{key: value}, as Postfix finds them."""
        done = subprocess.run(
            ["postmap", "-q", "-", spec], env=self.env, text=True,
            input="".join(k + "\n" for k in keys), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=120)
        if done.stderr:
            raise RuntimeError(done.stderr)
        return dict(line.split("\t") for line in done.stdout.splitlines())

    def keys(self, map_type, name="recipients"):
        """All keys of a map."""
        if map_type == "cdb":  # postmap -s does not list these
            with open(self.file(map_type, name), "rb") as f:
                return sorted(cdb_keys(f.read()))
        done = subprocess.run(
            ["postmap", "-s", self.spec(map_type, name)], env=self.env,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode or done.stderr:
            raise RuntimeError(done.stderr)
        return sorted(line.split("\t")[0] for line in done.stdout.splitlines())

    def state(self):
        """{name: what identifies a file and its contents} of all tables."""
        found = {}
        for name in sorted(os.listdir(self.mapdir)):
            if not name.endswith(".lock"):
                st = os.lstat(os.path.join(self.mapdir, name))
                found[name] = (st.st_ino, st.st_mtime_ns, st.st_size)
        return found
