"""socketmap: a client of socketmap_table(5), and one that means harm."""
import os
import random
import socket
import struct
import threading
import time


def netstring(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"%d:%s," % (len(data), data)


class Client:
    """Asks over one connection, as an smtpd does."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)  # blocks while the backlog is full
        self.socket.settimeout(timeout)
        self.held = b""

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next answer; None: closed."""
        while True:
            length, colon, rest = self.held.partition(b":")
            if colon and len(rest) > int(length):
                self.held = rest[int(length) + 1:]
                return rest[:int(length)].decode()
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.held += more

    def ask(self, key, name="pbs"):
        self.send(netstring("%s %s" % (name, key)))
        return self.receive()

    def close(self):
        self.socket.close()


class Crowd:
    """Hostile clients of every kind, pushing until it is told to stop.

    torn: half a request, never more; loris: a byte now and then; deaf: asks
    and never reads; endless: a length, or a string, without an end; huge: a
    length beyond all; silent: nothing at all. Who is closed comes again.
    """
    KINDS = ("torn", "loris", "deaf", "endless", "digits", "huge", "silent",
             "garbage", "reconnect")
    FIRST = {"torn": b"17:pbs 192.", "loris": b"1", "huge": b"999999999:",
             "garbage": os.urandom(300), "endless": b"2000:"}
    MORE = {"loris": b"5", "deaf": netstring("pbs 192.0.2.1") * 50,
            "endless": b"x" * 1000, "digits": b"1" * 500,
            "huge": b"x" * 1000, "garbage": os.urandom(300),
            "reconnect": b"0:,"}

    def __init__(self, path, count):
        self.path, self.count = path, count
        self.reconnects = 0
        self.stopped = False
        self.clients = [[kind, None] for kind in self.KINDS] * (
            count // len(self.KINDS) + 1)
        self.clients = [list(c) for c in self.clients[:count]]
        for client in self.clients:
            self._connect(client)
        self.thread = threading.Thread(target=self._push)

    def _connect(self, client):
        client[1] = s = socket.socket(socket.AF_UNIX)
        # Not settimeout(): without blocking a full backlog is an error.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                     struct.pack("ll", 5, 0))
        s.connect(self.path)
        s.setblocking(False)
        self._send(client, self.FIRST.get(client[0], b""))

    def _send(self, client, data):
        try:
            client[1].send(data)
        except BlockingIOError:
            pass
        except OSError:
            client[1].close()
            self.reconnects += 1
            self._connect(client)

    def _one(self, client):
        data = self.MORE.get(client[0])
        if client[0] == "reconnect":
            client[1].close()
            self._connect(client)
        if data:
            self._send(client, data)

    def _push(self):
        while not self.stopped:
            for client in random.sample(self.clients, self.count):
                self._one(client)
                if self.stopped:
                    break
            time.sleep(0.01)  # the daemon is to have some of the processor

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopped = True
        self.thread.join()
        for client in self.clients:
            client[1].close()
