"""policy: a client of Postfix's policy delegation, and one that means harm."""
import os
import socket

import socketmap


def request(client="198.51.100.7", sender="ann@example.org", **attributes):
    """What smtpd asks; state="DATA" and the like replace what is usual."""
    given = {"request": "smtpd_access_policy",
             "protocol_state": attributes.pop("state", "RCPT"),
             "protocol_name": "ESMTP", "client_address": client,
             "client_name": "unknown", "helo_name": "client.example.com",
             "sender": sender, "recipient": "someone@foreign.example",
             "recipient_count": "0", "queue_id": "", "instance": "",
             "size": "0", "sasl_username": "", **attributes}
    return ("".join("%s=%s\n" % item for item in given.items())
            + "\n").encode("utf-8", "surrogateescape")


class Client:
    """Asks over one connection, as an smtpd does."""

    def __init__(self, where, timeout=30):
        """where: a path, or (address, port)."""
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.connect(where)  # blocks while the backlog is full
        self.socket.settimeout(timeout)
        self.held = b""

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The action of the next answer; None: closed."""
        while b"\n\n" not in self.held:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.held += more
        answer, _, self.held = self.held.partition(b"\n\n")
        assert answer.startswith(b"action="), answer
        return answer[7:].decode()

    def ask(self, *words, **attributes):
        self.send(request(*words, **attributes))
        return self.receive()

    def close(self):
        self.socket.close()


class Crowd(socketmap.Crowd):
    """The same kinds of harm, in questions instead of netstrings."""
    FIRST = {"torn": request()[:-1], "loris": b"r", "huge": b"sender=",
             "garbage": os.urandom(300)}
    MORE = {"loris": b"x", "deaf": request() * 20, "endless": b"a=b\n" * 200,
            "digits": b"recipient_count=" + b"1" * 500 + b"\n",
            "huge": b"x" * 1000, "garbage": os.urandom(300),
            "reconnect": b"\n"}
