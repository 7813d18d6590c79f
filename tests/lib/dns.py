"""dns: a resolver on 127.0.0.1 that answers as a test says.

In network and mount namespaces of its own (servers.unshare()):

    Resolver(directory, lambda name, kind: ["192.0.2.1"])
"""
import os
import socket
import struct
import subprocess
import threading

KINDS = {1: "A", 12: "PTR", 15: "MX", 28: "AAAA"}


class Resolver:
    """answer(name, kind): texts; [] no such data; None no such name."""

    def __init__(self, directory, answer):
        self.answer = answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        conf = os.path.join(directory, "resolv.conf")
        with open(conf, "w") as f:
            f.write("nameserver 127.0.0.1\n")
        os.chmod(conf, 0o644)
        subprocess.run(["mount", "--bind", conf, "/etc/resolv.conf"],
                       check=True)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            self.socket.sendto(self._reply(query), peer)

    def _reply(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = struct.unpack_from(">H", query, at + 1)[0]
        texts = self.answer(".".join(labels).lower(), KINDS.get(kind, "?"))
        records = [self._record(kind, text) for text in texts or []]
        flags = 0x8180 | (3 if texts is None else 0)
        return (query[:2] + struct.pack(">5H", flags, 1, len(records), 0, 0)
                + query[12:at + 5] + b"".join(records))

    @staticmethod
    def _record(kind, text):
        if KINDS[kind] == "A":
            data = socket.inet_aton(text)
        else:
            data = b"".join(bytes([len(label)]) + label.encode()
                            for label in text.split(".")) + b"\0"
        if KINDS[kind] == "MX":
            data = b"\0\x0a" + data
        return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60,
                                         len(data)) + data
