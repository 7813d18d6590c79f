"""imports: what pbsctl import-xmail and import-smap make, and what Postfix's
own postmap answers from it.

    root = MailRoot({"smtprelay.tab": [("10.0.0.0", "255.0.0.0")]})
    made = root.made()              # pbsctl import-xmail --to DIR
    made.status, made.said          # exit code, standard error
    made.settings()["mynetworks"]   # of main.cf.xmail
    made.ask("cidr", "clients", ["192.0.2.7"])     # {key: value}
"""
import os
import re
import shutil
import subprocess
import tempfile

import pbs

PBSCTL = os.path.join(pbs.BUILD, "pbsctl")
pbs.need(PBSCTL)
_top = tempfile.mkdtemp(prefix="pbs-imports.")
os.chmod(_top, 0o755)
CONFIG = os.path.join(_top, "config")
os.mkdir(CONFIG)
with open(os.path.join(CONFIG, "main.cf"), "w") as _f:
    _f.write("compatibility_level = 3.6\n")
os.utime(_f.name, (0, 0))  # Postfix's commands wait for a new one


def close():
    shutil.rmtree(_top)


def directory():
    """A new one, which nobody else may write."""
    path = tempfile.mkdtemp(dir=_top)
    os.chmod(path, 0o755)
    return path


def run(*words, **options):
    return subprocess.run(
        pbs.WRAP + [PBSCTL] + [os.fspath(w) for w in words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **options)


def postfix_reads(map_type):
    if shutil.which("postconf") is None:
        return False
    said = subprocess.run(["postconf", "-c", CONFIG, "-m"], text=True,
                          stdout=subprocess.PIPE).stdout
    return map_type in said.split()


def engines():
    """The types that read a table of expressions."""
    return [t for t in ("regexp", "pcre") if postfix_reads(t)]


def query(map_type, path, keys):
    """{key: value} of those that postmap finds; and it may not complain."""
    done = subprocess.run(
        ["postmap", "-c", CONFIG, "-q", "-", "%s:%s" % (map_type, path)],
        input="".join(k + "\n" for k in keys).encode(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if done.stderr:
        raise RuntimeError("postmap %s: %s" % (path, done.stderr.decode()))
    return dict(line.split("\t", 1)
                for line in done.stdout.decode().splitlines())


def logical_lines(text):
    """The settings of a main.cf: {name: value}; a name twice is an error."""
    lines = []
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace():
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    found = {}
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() in found:
            raise RuntimeError("twice in main.cf: " + name)
        found[name.strip()] = value.strip()
    return found


class Made:
    """What one run has written."""

    def __init__(self, done, where):
        self.status, self.where = done.returncode, where
        self.said = done.stderr.decode()

    def path(self, name):
        return os.path.join(self.where, name)

    def has(self, name):
        return os.path.exists(self.path(name))

    def text(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def lines(self, name):
        """Without comments."""
        return [line for line in self.text(name).splitlines()
                if not line.startswith("#")]

    def main_cf(self):
        return self.text(next(n for n in os.listdir(self.where)
                              if n.startswith("main.cf.")))

    def settings(self):
        return logical_lines(self.main_cf())

    def setting(self, name):
        """Its words, which commas separate; the directory is DIR."""
        value = self.settings().get(name)
        return value if value is None else [
            w.strip().replace(self.where, "DIR") for w in value.split(",")]

    def ask(self, map_type, name, keys):
        return query(map_type, self.path(name), keys)

    def says(self, line, part):
        """Whether a remark on `file:line' contains the part."""
        return any(re.search(r"(^|/)%s: .*" % re.escape(line), said) and
                   part in said for said in self.said.splitlines())


def imported(verb, source, *flags):
    where = directory()
    return Made(run(verb, "--to", where, *flags, source), where)


def tabs(rows):
    """The text of a TAB file, fields quoted as XMail writes them."""
    return "".join("\t".join('"%s"' % f for f in row) + "\n" for row in rows)


class MailRoot:
    """A directory of XMail; files: {name: rows, text or bytes}."""

    def __init__(self, files=None):
        self.path = directory()
        for name, content in (files or {}).items():
            self.put(name, content)

    def put(self, name, content):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, (list, tuple)):
            content = tabs(content)
        if isinstance(content, str):
            content = content.encode()
        with open(path, "wb") as f:
            f.write(content)
        return path

    def made(self, *flags):
        return imported("import-xmail", self.path, *flags)


def xmail(files, *flags):
    return MailRoot(files).made(*flags)


def smap(text, *flags):
    path = os.path.join(directory(), "netperm-table")
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return imported("import-smap", path, *flags)
