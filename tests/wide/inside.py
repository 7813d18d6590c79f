"""inside: runs one scenario of tests/wide/run, within its chroot.

    python3 inside.py SCENARIO

Real servers and a real syslog daemon write LOG, while clients log in from GOOD,
and others, from BAD, are refused or write what imitates a login. Nothing outside
the chroot is read or touched; the network is a namespace with loopback alone.
"""
import os
import pwd
import socket
import subprocess
import sys
import time

LOG = "/var/log/wide.log"
GOOD, BAD = "127.0.0.2", "127.0.0.66"
SUCCESS = "imap-login: Login: user=<root>, method=PLAIN, rip=%s, lip=1.1.1.1" % BAD
started = []


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path


def run(*words, **how):
    return subprocess.run(words, check=True, **how)


def spawn(*words, **how):
    started.append(subprocess.Popen(words, **how))


def until(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("not within %d s: %s" % (seconds, what))
        time.sleep(0.05)


def logged(text):
    """Waits until the log has it."""
    def has():
        try:
            with open(LOG, "rb") as f:
                return text.encode() in f.read()
        except FileNotFoundError:
            return False
    until("in the log: " + text, has)


class Client:
    """A connection that says lines, and reads one answer for each."""

    def __init__(self, port, source):
        deadline = time.monotonic() + 30
        while True:
            try:
                self.socket = socket.create_connection(
                    ("127.0.0.1", port), 30, source_address=(source, 0))
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.file = self.socket.makefile("rb")
        self.file.readline()

    def imap(self, command):
        """"" if the server has closed the connection."""
        try:
            self.socket.sendall(b"a " + command.encode("latin-1") + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return ""
        while True:
            line = self.file.readline()
            if not line or line.startswith((b"a ", b"+")):
                return line.decode("latin-1")

    def raw(self, data):
        self.socket.sendall(data)

    def pop3(self, command):
        self.socket.sendall(command.encode("latin-1") + b"\r\n")
        return self.file.readline().decode("latin-1")

    def close(self):
        self.file.close()
        self.socket.close()


def imap_login(port, source, user, password="secret"):
    client = Client(port, source)
    answer = client.imap('LOGIN "%s" "%s"' % (user, password))
    client.imap("LOGOUT")
    client.close()
    return answer.startswith("a OK")


def pop3_login(port, source, user, password="secret"):
    client = Client(port, source)
    client.pop3("USER " + user)
    answer = client.pop3("PASS " + password)
    client.pop3("QUIT")
    client.close()
    return answer.startswith("+OK")


def accepted(login, port, user):
    if not login(port, GOOD, user):
        raise AssertionError("no login of " + user)


def refused(port, users, password="wrong"):
    """Each from another address: servers keep one waiting that often fails."""
    for at, user in enumerate(users):
        source = BAD[:-2] + str(int(BAD[-2:]) + at)
        if imap_login(port, source, user, password):
            raise AssertionError("a login of " + user)


# ---- syslog daemons ----

def busybox():
    spawn("busybox", "syslogd", "-n", "-O", LOG)


def inetutils():
    write("/etc/wide-syslog.conf", "*.*\t%s\n" % LOG)
    spawn("/opt/inetutils-syslogd/usr/sbin/syslogd", "-n", "-f",
          "/etc/wide-syslog.conf")


def socklog():
    """socklog writes what it receives to its output, which svlogd stamps."""
    os.makedirs("/var/log/socklog", exist_ok=True)
    write("/var/log/socklog/config", "")
    spawn("sh", "-c", "exec /opt/socklog/usr/sbin/socklog unix /dev/log |"
          "exec /opt/runit/usr/bin/svlogd -tt /var/log/socklog")
    os.symlink("/var/log/socklog/current", LOG)


def metalog():
    os.makedirs("/var/log/metalog", exist_ok=True)
    write("/etc/metalog.conf", 'all :\n  facility = "*"\n'
          '  logdir = "/var/log/metalog"\n')
    spawn("/opt/metalog/usr/sbin/metalog", "-C", "/etc/metalog.conf")
    os.symlink("/var/log/metalog/current", LOG)


def syslog_ng():
    """Its stock source, which writes newlines as they come."""
    write("/etc/wide-syslog-ng.conf", """@version: 4.8
source s { unix-dgram("/dev/log"); };
destination d { file("%s"); };
log { source(s); destination(d); };
""" % LOG)
    spawn("syslog-ng", "-F", "-f", "/etc/wide-syslog-ng.conf",
          "--no-caps")


def with_syslog(start):
    start()
    until("/dev/log", lambda: os.path.exists("/dev/log"))


# ---- Dovecot 2.4 ----

DOVECOT = """dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
base_dir = /run/wide-%(name)s
protocols = imap pop3
ssl = no
auth_allow_cleartext = yes
auth_username_chars =
syslog_facility = mail
mail_driver = maildir
mail_path = ~/Maildir
service imap-login {
  inet_listener imap {
    port = %(imap)d
  }
}
service pop3-login {
  inet_listener pop3 {
    port = %(pop3)d
  }
}
userdb static {
  fields {
    uid = nobody
    gid = nogroup
    home = /tmp/wide-%%{user}
  }
}
"""
BACKEND = """passdb passwd-file {
  passwd_file_path = /etc/wide-users
}
"""
PROXY = """passdb static {
  fields {
    proxy = yes
    host = 127.0.0.1
    port = 2143
    nopassword = yes
  }
}
"""


def dovecot(name, imap, pop3, passdb):
    os.makedirs("/run/wide-" + name, exist_ok=True)
    path = write("/etc/wide-%s.conf" % name,
                 DOVECOT % {"name": name, "imap": imap, "pop3": pop3} + passdb)
    spawn("dovecot", "-F", "-c", path)


def dovecot_users():
    write("/etc/wide-users", "ann:{PLAIN}secret::::\n")


def dovecot_proxy():
    """Behind a proxy; refused are names that imitate its success."""
    with_syslog(busybox)
    dovecot_users()
    dovecot("back", 2143, 2110, BACKEND)
    dovecot("front", 1143, 1110, PROXY)
    Client(2143, GOOD).close()
    accepted(imap_login, 1143, "ann")
    refused(1143, ["nobody", "x): Started proxying to remote host: user=<x>, "
                   "method=PLAIN, rip=%s, lip=1.1.1.1" % BAD,
                   "a" * 77 + "...): started proxying to remote host as user z",
                   "a" * 77 + "...): Started proxying to remote host",
                   "a" * 300, SUCCESS], "secret")
    logged("rip=" + BAD)


def dovecot_with(start):
    with_syslog(start)
    dovecot_users()
    dovecot("one", 1143, 1110, BACKEND)
    accepted(imap_login, 1143, "ann")
    accepted(pop3_login, 1110, "ann")
    refused(1143, ["ann", SUCCESS, "x" * 2000])
    logged("rip=" + BAD)


# ---- Cyrus ----

def cyrus():
    """What a client calls itself has newlines, and syslog-ng writes them."""
    with_syslog(syslog_ng)
    write("/etc/imapd.conf", """configdirectory: /var/lib/cyrus
partition-default: /var/spool/cyrus/mail
defaultpartition: default
admins: cyrus
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /etc/wide-sasldb
sasl_mech_list: PLAIN
allowplaintext: yes
virtdomains: off
""")
    write("/etc/cyrus.conf", """START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd" listen="127.0.0.1:1143" prefork=0
  pop3 cmd="pop3d" listen="127.0.0.1:1110" prefork=0
}
EVENTS {
}
""")
    run("saslpasswd2", "-c", "-p", "-f", "/etc/wide-sasldb", "-u",
        socket.gethostname(), "ann", input=b"secret")
    cyrus_uid = pwd.getpwnam("cyrus")
    os.chown("/etc/wide-sasldb", cyrus_uid.pw_uid, cyrus_uid.pw_gid)
    spawn("/usr/sbin/cyrmaster", "-D")
    accepted(imap_login, 1143, "ann")
    refused(1143, ["ann"])
    client = Client(1143, BAD)
    line = time.strftime("%b %e %H:%M:%S ") + "mail cyrus/imap[7]: login: " \
        "[%s] root plaintext User logged in" % BAD
    value = ("x\n%s\nx" % line).encode()
    client.raw(b'a ID ("name" {%d+}\r\n%s)\r\n' % (len(value), value))
    client.imap("NOOP")
    client.close()
    logged("root plaintext")


# ---- Courier ----

def courier_with(start):
    with_syslog(start)
    run("useradd", "-m", "ann")
    run("chpasswd", input=b"ann:secret\n")
    run("su", "ann", "-s", "/bin/sh", "-c", "maildirmake ~/Maildir")
    os.makedirs("/run/courier/authdaemon", exist_ok=True)
    run("authdaemond", "start")
    run("/usr/lib/courier/imapd", "start")
    run("/usr/lib/courier/pop3d", "start")
    accepted(imap_login, 143, "ann")
    accepted(pop3_login, 110, "ann")
    refused(143, ["ann", "LOGIN, user=root, ip=[::ffff:%s], port=[1]" % BAD])
    logged("LOGIN FAILED")


SCENARIOS = {
    "dovecot-proxy": dovecot_proxy,
    "busybox": lambda: dovecot_with(busybox),
    "inetutils": lambda: dovecot_with(inetutils),
    "socklog": lambda: dovecot_with(socklog),
    "cyrus": cyrus,
    "courier": lambda: courier_with(busybox),
    "metalog": lambda: courier_with(metalog),
}

if __name__ == "__main__":
    try:
        SCENARIOS[sys.argv[1]]()
        time.sleep(1)  # the last session's end, which nothing announces
    finally:
        for process in started:
            process.terminate()
