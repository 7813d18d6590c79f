#!/usr/bin/env python3
"""oracle: what the map must hold after a log was read, worked out anew.

    oracle.py [--grace SECONDS] [--now EPOCH] [--xmail] [--edge SECONDS] LOG

Prints "address epoch" for each address that is authorized at --now (without
it: at the newest stamp of any line, as under --reprocess), sorted. Written
from the description of the log formats and of the map alone, by splitting
text and not by expressions, so that it shares no mistake with patterns/.
With --edge a third column "edge" marks those whose grace ends within so many
seconds of now: there a slow run may rightly differ.

Servers: Dovecot 0.99 to 2.4, Courier, UW imapd and ipop3d, qpopper; XMail's
own log with --xmail. Stamps: traditional and ISO 8601; local time is TZ's.
"""
import argparse
import datetime
import ipaddress
import socket
import sys
import time

MONTHS = {m: i for i, m in enumerate(
    b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
DIGITS = set(b"0123456789")


def address(text):
    """The canonical spelling, or None where nothing may be granted."""
    try:
        text = text.decode("ascii")
    except UnicodeDecodeError:
        return None
    if "%" in text or "/" in text:
        return None
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except OSError:
            continue
        if len(packed) == 16 and packed[:12] == bytes(10) + b"\xff\xff":
            packed = packed[12:]
        return publishable(ipaddress.ip_address(packed), packed)
    return None


def publishable(ip, packed):
    if (ip.is_loopback or ip.is_link_local or ip.is_multicast
            or ip.is_unspecified or packed == b"\xff\xff\xff\xff"):
        return None
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    spelled = socket.inet_ntop(family, packed)
    before, gap, behind = spelled.partition("::")
    if gap and behind:
        # The shortened form of other hosts (smtpd asks for those too).
        if sum(group != "0" for group in before.split(":") if group) < 2:
            return None
    return spelled


# --- stamps -----------------------------------------------------------------

class Clock:
    """Stamps to epochs; one conversion a minute."""

    def __init__(self, newest):
        self.newest = newest  # a stamp without a year lies before this
        self.minutes = {}

    def traditional(self, month, day, clock):
        if len(clock) != 8 or month not in MONTHS:
            return None
        key = (month, day, clock[:5])
        base = self.minutes.get(key)
        if base is None:
            base = self.minutes[key] = self.minute(
                MONTHS[month], int(day), int(clock[:2]), int(clock[3:5]))
        return base + int(clock[6:8])

    def minute(self, month, day, hour, minute):
        year = time.localtime(self.newest).tm_year + 1
        for candidate in range(year, year - 10, -1):
            when = local(candidate, month, day, hour, minute, 0)
            if when is not None and when <= self.newest:
                return when
        return None

    def iso(self, text):
        key = (text[:16], text[-6:])
        base = self.minutes.get(key)
        if base is None:
            whole = text[:16] + b":00" + (
                b"+00:00" if text.endswith(b"Z") else text[-6:])
            base = self.minutes[key] = int(
                datetime.datetime.fromisoformat(whole.decode()).timestamp())
        return base + int(text[17:19])


def local(*fields):
    """mktime(3), None for the 30th of February."""
    when = time.mktime(fields + (0, 0, -1))
    return int(when) if time.localtime(when)[:3] == fields[:3] else None


def header(clock, line):
    """(epoch, program, text) of a syslog line, or None."""
    try:
        if line[:1] in (b"1", b"2"):
            stamp, host, rest = line.split(b" ", 2)
            when = clock.iso(stamp)
        else:
            month, day, hms, host, rest = line.split(None, 4)
            when = clock.traditional(month, day, hms)
    except (ValueError, KeyError):
        return None
    tag, colon, text = rest.partition(b": ")
    program, bracket, pid = tag.partition(b"[")
    if not colon or b" " in tag or (bracket and pid[-1:] != b"]"):
        return None
    return None if when is None else (when, program, text)


# --- servers: text behind the header -> address bytes or None ---------------

def take(text, before):
    """text without its prefix, or None."""
    return text[len(before):] if text.startswith(before) else None


def dovecot(text):
    for service in (b"imap-login: ", b"pop3-login: "):
        rest = take(text, service)
        if rest is not None:
            return dovecot_login(take(rest, b"Info: ") or rest)
    return None


def dovecot_login(text):
    for word in (b"Login: ", b"Logged in: "):
        rest = take(text, word)
        if rest is None:
            continue
        fields = take(rest, b"user=<")
        if fields is not None:
            return dovecot_fields(fields)
        user, bracket, ip = rest.rpartition(b" [")  # 0.99
        return ip[:-1] if bracket and user and ip[-1:] == b"]" else None
    if text.startswith(b"proxy(") and b"tarted proxying to " in text:
        fields = text.partition(b": user=<")[2]
        return dovecot_fields(fields) if fields else None
    return None


def dovecot_fields(text):
    """What follows user=<: the user is whatever stands before the last tail."""
    user, found, tail = text.rpartition(b">, method=")
    if not found:
        return None
    items = tail.split(b", ")
    if len(items) < 3 or not items[0].replace(b"-", b"").isalnum():
        return None
    ip, lip = take(items[1], b"rip="), take(items[2], b"lip=")
    rest = items[3:]
    if rest and rest[0].startswith(b"mpid=") and DIGITS >= set(rest[0][5:]):
        rest.pop(0)
    if rest and rest[0] in (b"TLS", b"secured"):
        rest.pop(0)
    if rest and rest[0].startswith(b"session=<") and rest[0].endswith(b">") \
            and b" " not in rest[0]:
        rest.pop(0)
    return ip if ip and lip and not rest else None


def courier(text):
    rest = take(text, b"LOGIN, user=")
    if rest is None:
        return None
    user, found, tail = rest.rpartition(b", ip=[")
    ip, bracket, more = tail.partition(b"]")
    if not found or not bracket:
        return None
    items = more.split(b", ")
    if items.pop(0) != b"":
        return None
    if items and items[0].startswith(b"port=[") and items[0][-1:] == b"]" \
            and DIGITS >= set(items[0][6:-1]):
        items.pop(0)
    if items and items[0] == b"protocol=IMAP":
        items.pop(0)
    if items and items[0] in (b"starttls=1", b"stls=1"):
        items.pop(0)
    return ip if not items else None


def uw(text):
    word, found, rest = text.partition(b" user=")
    if not found or word not in (b"Login", b"APOP", b"Auth", b"Authenticated"):
        return None
    user, found, rest = rest.partition(b" host=")
    if not found or b" " in user or not user:
        return None
    host, bracket, rest = rest.partition(b"[")
    if not bracket or (host and (host[-1:] != b" " or b" " in host[:-1])):
        return None
    ip, bracket, tail = rest.partition(b"]")
    if not bracket:
        return None
    words = tail.split(b" ")
    fine = (tail in (b"", b" no mailbox") or
            len(words) == 2 and words[0] == b"" and
            (words[1].startswith(b"mech=") or counts(words[1])))
    return ip if fine else None


def counts(word):
    numbers = (take(word, b"nmsgs=") or b"").split(b"/")
    return len(numbers) == 2 and all(n.isdigit() for n in numbers)


def qpopper(text):
    version, found, rest = text.partition(b") POP login by user \"")
    if not found or not version.startswith(b"(v") or b" " in version:
        return None
    user, found, rest = rest.rpartition(b"\" at (")
    host, paren, tail = rest.partition(b") ")
    if not found or not paren:
        return None
    ip, space, where = tail.partition(b" ")
    if space and not (where.startswith(b"[") and where.endswith(b"]")
                      and b" " not in where):
        return None
    return ip


def xmail(clock, line):
    """(epoch, address bytes) of one line of XMail's own log."""
    columns = line.split(b"\t")
    if len(columns) != 9 or any(
            len(c) < 2 or c[:1] != b'"' or c[-1:] != b'"' or
            b'"' in c[1:-1] for c in columns):
        return None
    columns = [c[1:-1] for c in columns]
    if columns[6] != b"LOGIN" or not columns[7].isdigit() \
            or not columns[8].isdigit():
        return None
    try:
        t = time.strptime(columns[3].decode(), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    return int(time.mktime(t)), columns[2]


SERVERS = {b"dovecot": [dovecot]}
for name in (b"imapd", b"imapd-ssl", b"pop3d", b"pop3d-ssl",
             b"courierpop3login", b"imaplogin"):
    SERVERS.setdefault(name, []).append(courier)
for name in (b"imapd", b"ipop3d", b"ipop2d"):
    SERVERS.setdefault(name, []).append(uw)
for name in (b"popper", b"in.popper", b"qpopper", b"in.qpopper"):
    SERVERS.setdefault(name, []).append(qpopper)

CONTROL = bytes(set(range(32)) | {127})


def logins(lines, clock):
    """(epoch, None) per line, and (epoch, address) per login."""
    for line in lines:
        line = line.rstrip(b"\n")
        parts = header(clock, line)
        if parts is None:
            continue
        when, program, text = parts
        found = None
        if text.translate(None, CONTROL) == text:
            for server in SERVERS.get(program, ()):
                found = found or server(text)
        yield when, address(found) if found else None


def xmail_logins(lines, clock):
    for line in lines:
        found = xmail(clock, line.rstrip(b"\r\n"))
        if found:
            yield found[0], address(found[1])


def table(events, now, grace):
    """(now, {address: newest login}) with the expired left out."""
    newest, last = 0, {}
    for when, ip in events:
        if now is not None:
            when = min(when, now)
        newest = max(newest, when)
        if ip and when > last.get(ip, -1):
            last[ip] = when
    now = newest if now is None else now
    return now, {ip: t for ip, t in last.items() if t + grace > now}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("log")
    ap.add_argument("--grace", type=int, default=1800)
    ap.add_argument("--now", type=int)
    ap.add_argument("--edge", type=int, default=0)
    ap.add_argument("--xmail", action="store_true")
    opt = ap.parse_args()
    clock = Clock((opt.now or int(time.time())) + 86400)
    with open(opt.log, "rb") as lines:
        events = (xmail_logins if opt.xmail else logins)(lines, clock)
        now, held = table(events, opt.now, opt.grace)
    for ip, when in sorted(held.items()):
        near = opt.edge and when + opt.grace - now <= opt.edge
        print(ip, when, *(["edge"] if near else []))


if __name__ == "__main__":
    sys.exit(main())
