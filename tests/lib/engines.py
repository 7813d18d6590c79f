"""engines: Redis or Valkey, started by a test in a directory of its own, and
ended by its pid; and a client that speaks RESP.

An engine listens on a Unix socket, and with port=True or tls=True on a loopback
port as well.
"""
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pbs

PROGRAMS = ("redis-server", "valkey-server")


def programs():
    """Those that are there."""
    return [name for name in PROGRAMS if shutil.which(name)]


class Refused(Exception):
    pass


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(pbs.DEADLINE)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)
        return self._value()

    def _value(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise Refused(rest.decode())
        if kind == b"$":
            if int(rest) < 0:
                return None
            return self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            if int(rest) < 0:
                return None
            return [self._value() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def close(self):
        self.file.close()
        self.socket.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Engine:
    def __init__(self, program, directory, *settings, port=False, tls=None):
        """program: with arguments, perhaps, as a list. port: True, or which.
        tls: a directory with ca.pem, engine.pem and engine.key."""
        self.program = [program] if isinstance(program, str) else program
        self.directory = directory
        self.path = os.path.join(directory, "engine.sock")
        self.address = "unix:" + self.path  # where hosts shall find it
        self.port = free_port() if port is True or tls else int(port)
        self.settings = ["--unixsocket", self.path, "--dir", directory,
                         "--save", "", "--appendonly", "no",
                         "--bind", "127.0.0.1", "--port",
                         "0" if tls else str(self.port)]
        if tls:
            self.settings += ["--tls-port", str(self.port),
                              "--tls-cert-file", tls + "/engine.pem",
                              "--tls-key-file", tls + "/engine.key",
                              "--tls-ca-cert-file", tls + "/ca.pem"]
        self.settings += settings
        self.process = self.client = None
        os.makedirs(directory, exist_ok=True)

    def start(self):
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen(
                self.program + self.settings, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self.directory)
        deadline = time.monotonic() + pbs.DEADLINE
        while True:
            try:
                self.client = Client(self.path)
                self.client("PING")
                return self
            except (OSError, Refused) as e:
                if time.monotonic() > deadline or self.process.poll():
                    raise RuntimeError("%s: %s" % (self.program[0], e))
                time.sleep(0.02)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def __call__(self, *words):
        return self.client(*words)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.client.close()
        self.process = None

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)


def bulk(*values):
    """A list of strings, or of what is RESP already, for a Fake to answer."""
    return b"*%d\r\n" % len(values) + b"".join(
        v if isinstance(v, bytes) else b"$%d\r\n%s\r\n" % (
            len(v), v.encode()) for v in values)


HELLO = bulk("server", "redis", "version", "7.0.15", "mode", "standalone",
             "role", "master")


def info(last):
    return bulk("length", b":1\r\n", "last-generated-id", last)


class Fake:
    """Answers what the test says: answers is a function of the words of each
    command, which gives bytes, or None to close the connection. What was asked
    is in `asked', in order."""

    def __init__(self, directory, answers):
        os.makedirs(directory, exist_ok=True)
        self.path = os.path.join(directory, "fake.sock")
        self.answers, self.asked = answers, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        file = peer.makefile("rb")
        try:
            while True:
                count = file.readline()
                if not count:
                    return
                words = [file.read(int(file.readline()[1:]) + 2)[:-2]
                         for _ in range(int(count[1:]))]
                words = [w.decode("latin-1") for w in words]
                self.asked.append(words)
                answer = self.answers(words)
                if answer is None:
                    return
                peer.sendall(answer)
        except OSError:
            pass
        finally:
            file.close()
            peer.close()

    def close(self):
        self.listener.close()
