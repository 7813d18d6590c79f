"""askers: Postfix's own readers of a map, and how often they were wrong.

    reader = LongLived("hash:/x/pbs", env)   # one postmap, one open map
    reader.ask(keys); ...; reader.end()      # asked, wrong, said
    server = posing(directory, {"hash": "hash:/x/pbs"}); server.start()
    Smtp(["hash"]).relays("192.0.2.7")       # ["hash"]: it may
"""
import os
import smtplib
import subprocess
import threading

import servers

STRANGER = "203.0.113."  # what begins so is in no map


class LongLived:
    """One postmap with one handle; keys go in, answers are counted."""

    def __init__(self, spec, env):
        self.process = subprocess.Popen(
            ["postmap", "-q", "-", spec], env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.asked, self.strangers, self.wrong = 0, 0, 0
        self.answers = b""
        self.collector = threading.Thread(target=self._collect)
        self.collector.start()

    def _collect(self):
        self.answers = self.process.stdout.read()

    def ask(self, keys):
        try:
            self.process.stdin.write("".join(
                k + "\n" for k in keys).encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died: no answers, and it has said why
        self.asked += len(keys)
        self.strangers += sum(k.startswith(STRANGER) for k in keys)

    def end(self):
        """Each key must have had an answer, and no stranger one."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.collector.join()
        self.said = self.process.stderr.read().decode(errors="replace")
        self.process.wait()
        found = self.answers.decode().splitlines()
        taken = sum(line.startswith(STRANGER) for line in found)
        due = self.asked - self.strangers
        self.wrong = taken + abs(due - (len(found) - taken))


class Smtp:
    """One session, in which the client changes, by XCLIENT."""

    def __init__(self, types):
        self.types = types
        self.smtp = smtplib.SMTP("127.0.0.1", servers.SMTP_PORT, timeout=60)
        self.smtp.ehlo("client.example.com")

    def relays(self, client):
        """The types of map by which this client may relay."""
        word = "IPV6:" + client if ":" in client else client
        self.smtp.rset()
        code, text = self.smtp.docmd(
            "XCLIENT", "NAME=[UNAVAILABLE] ADDR=" + word)
        if code != 220:
            raise RuntimeError("XCLIENT %s: %d %s" % (client, code, text))
        self.smtp.ehlo("client.example.com")
        self.smtp.mail("ann@example.org")
        got = []
        for map_type in self.types:
            code, text = self.smtp.rcpt("x@%s.example" % map_type)
            if code == 250:
                got.append(map_type)
            elif code != 554:
                raise RuntimeError("%s: %d %s" % (client, code, text))
        return got

    def close(self):
        self.smtp.close()


def posing(directory, specs, extra=""):
    """A Postfix with a restriction class for each map: the recipient's domain
    (hash.example) says which one is asked. Anybody may pose as anybody."""
    table = os.path.join(directory, "classes")
    with open(table, "w") as f:
        f.writelines("/@%s[.]example$/ %s\n" % (t, t) for t in specs)
    extra += "\nsmtpd_restriction_classes = %s\n" % " ".join(specs)
    for name, spec in specs.items():
        extra += "%s = check_client_access %s\n" % (name, spec)
    extra += ("smtpd_authorized_xclient_hosts = 0.0.0.0/0 [::]/0\n"
              "smtpd_hard_error_limit = 100000\n"
              "smtpd_soft_error_limit = 100000\n"
              "smtpd_error_sleep_time = 0\nin_flow_delay = 0\n")
    return servers.Postfix(
        directory, "static:dunno, check_recipient_access regexp:" + table,
        extra)
