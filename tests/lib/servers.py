"""servers: a private Postfix, a private Dovecot, a syslog, a client's network.

Everything lives below one directory, on unprivileged ports; nothing of the
machine's own mail system is read or touched. Needs root.
"""
import ctypes
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time

import pbs
from tap import skip_all

SMTP_PORT, POP3_PORT = 2525, int(os.environ.get("POP3_PORT", "1110"))


def missing():
    """Why servers cannot be run here, or None."""
    if os.geteuid() != 0:
        return "needs root (Postfix's master does)"
    for program in ("postfix", "dovecot", "ip", "unshare", "nsenter"):
        if shutil.which(program) is None:
            return "needs " + program
    return None


def wait_port(address, port, seconds=pbs.DEADLINE):
    """Until somebody listens there; a refused connection is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # no event tells of a port


class Postfix:
    """smtpd behind master(8), for relaying by one map."""
    MAIN = """\
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
maillog_file = {dir}/postfix.log
maillog_file_prefixes = {dir}
myhostname = mail.example.org
mydestination = mail.example.org
mynetworks = 127.0.0.0/8 [::1]/128
mynetworks_style = host
inet_interfaces = all
inet_protocols = all
alias_maps =
local_recipient_maps =
smtputf8_enable = no
smtpd_relay_restrictions = {permit}, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
{extra}
"""
    MASTER = """\
{port} inet n - n - {processes} smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
smtp unix - - n - - smtp
postlog unix-dgram n - n - 1 postlogd
"""

    def __init__(self, directory, table, extra="", processes=20,
                 permit=None, services=""):
        """permit: the restriction that lets relay, if not by a table;
        services: further lines of master.cf."""
        self.dir = os.path.join(directory, "postfix-server")
        self.etc = os.path.join(self.dir, "etc")
        for d in ("etc", "spool", "data"):
            os.makedirs(os.path.join(self.dir, d), 0o755)
        shutil.chown(os.path.join(self.dir, "data"), "postfix")
        self._write("main.cf", self.MAIN.format(
            dir=self.dir, extra=extra,
            permit=permit or "check_client_access " + table))
        self._write("master.cf", self.MASTER.format(
            port=SMTP_PORT, processes=processes) + services)
        self.log = os.path.join(self.dir, "postfix.log")

    def _write(self, name, text):
        with open(os.path.join(self.etc, name), "w") as f:
            f.write(text)
        os.utime(f.name, (0, 0))  # postfix(1) waits for a fresh file

    def _postfix(self, verb):
        done = subprocess.run(
            ["postfix", "-c", self.etc, verb], text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def start(self):
        code, said = self._postfix("start")
        if code != 0:
            raise RuntimeError("postfix start: " + said)
        wait_port("127.0.0.1", SMTP_PORT)
        return self

    def processes(self, name):
        """Pids of those that master(8) has started and not yet reaped."""
        with open(os.path.join(self.dir, "spool", "pid", "master.pid")) as f:
            return pbs.children(int(f.read()), name)

    def reload(self):
        code, said = self._postfix("reload")
        if code != 0:
            raise RuntimeError("postfix reload: " + said)

    def stop(self):
        self._postfix("stop")


class Dovecot:
    """A POP3 server; every user has the password secret."""
    COMMON = """\
protocols = pop3
base_dir = {dir}/run
ssl = no
listen = *, ::
{log}
first_valid_uid = 1
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""
    OLD = """\
disable_plaintext_auth = no
mail_location = maildir:{dir}/mail/%u
passdb {{
  driver = passwd-file
  args = {dir}/users
}}
userdb {{
  driver = passwd-file
  args = {dir}/users
}}
"""
    NEW = """\
dovecot_config_version = {version}
dovecot_storage_version = {version}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {dir}/mail/%{{user}}
passdb passwd-file {{
  passwd_file_path = {dir}/users
}}
userdb passwd-file {{
  passwd_file_path = {dir}/users
}}
"""

    def __init__(self, directory, logfile=None):
        """logfile: its own log; None: syslog."""
        self.dir = os.path.join(directory, "dovecot-server")
        for d in ("run", "mail"):
            os.makedirs(os.path.join(self.dir, d), 0o755)
        shutil.chown(os.path.join(self.dir, "mail"), "mail")
        version = subprocess.run(
            ["dovecot", "--version"], stdout=subprocess.PIPE,
            text=True).stdout.split()[0]
        new = tuple(map(int, version.split(".")[:2])) >= (2, 4)
        log = "log_path = %s\n" % logfile if logfile else ""
        common = self.COMMON.format(dir=self.dir, port=POP3_PORT, log=log)
        specific = (self.NEW if new else self.OLD).format(
            dir=self.dir, version="2.4.0")
        self.conf = self._write("dovecot.conf", specific + common if new
                                else common + specific)
        self._write("users", "".join(
            "%s:{PLAIN}secret:%d:%d::%s/mail::\n" % (user, 8, 8, self.dir)
            for user in ("ann", "bob")))
        self.version = version
        self.process = None

    def _write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self):
        with open(os.path.join(self.dir, "stderr"), "w") as out:
            self.process = subprocess.Popen(
                ["dovecot", "-F", "-c", self.conf],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_port("127.0.0.1", POP3_PORT)
        except OSError:
            with open(os.path.join(self.dir, "stderr")) as f:
                raise RuntimeError("dovecot: " + f.read())
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(pbs.DEADLINE)


def unshare():
    """The command that gives a program namespaces of its own, or None.

    In a chroot that is no mount point unshare cannot make all mounts private;
    then Syslog does so for the one it needs.
    """
    for how in ((), ("--propagation", "unchanged")):
        command = ["unshare", "-n", "-m", *how]
        if subprocess.run(command + ["true"],
                          stderr=subprocess.DEVNULL).returncode == 0:
            return command
    return None


def namespaces():
    """unshare(), for a test that runs itself again with another word.

    Where Postfix or the right to make namespaces is missing the test is
    skipped.
    """
    if missing():
        skip_all(missing())
    command = unshare()
    if command is None:
        skip_all("may not make a network namespace here")
    return command


def apart(*addresses):
    """Runs the rest of the test in namespaces of its own.

    The loopback device is up there and has the addresses, too. Skips the test
    as namespaces() does.
    """
    if os.environ.get("PBS_APART") == "yes":
        return
    command = namespaces()
    os.environ["PBS_APART"] = "yes"
    setup = ["ip link set lo up"] + ["ip addr add %s dev lo" % address
                                     for address in addresses]
    os.execvp(command[0], command + [
        "sh", "-c", " && ".join(setup) + ' && exec "$0" "$@"',
        sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8),
         "urandom": (1, 9), "tty": (5, 0)}


def private_dev():
    """A /dev without a /dev/log. Only inside a mount namespace of one's own
    (unshare())."""
    subprocess.run(["mount", "--make-rprivate", "/dev"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/dev"],
                   check=True)
    for name, device in NODES.items():
        node = os.path.join("/dev", name)
        os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(*device))
        os.chmod(node, 0o666)
    os.mkdir("/dev/shm")
    os.chmod("/dev/shm", 0o1777)


class Syslog:
    """What syslogd does with /dev/log: writes lines into one file."""

    def __init__(self, logfile):
        self.logfile = logfile
        private_dev()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with open(self.logfile, "ab", buffering=0) as out:
            while True:
                message = self.socket.recv(65536).rstrip(b"\0\n")
                text = message.partition(b">")[2]
                # "<22>Nov 21 02:01:00 tag: text": the host is syslogd's.
                out.write(text[:16] + b"mail " + text[16:] + b"\n")


class Network:
    """A client with addresses of its own, seen from this namespace.

    Called in a fresh network namespace (unshare -n). The client sits behind a
    veth pair in another one; where the kernel has no veth, its addresses lie
    on lo, and the daemon goes to another namespace instead, so that they are
    not its machine's own.
    """
    SERVER = {4: "192.0.2.1", 6: "2001:db8:0:1::1"}
    CLIENTS = {4: ("192.0.2.7", "192.0.2.8"),
               6: ("2001:db8:0:1::7", "2001:db8:0:1::8")}

    def __init__(self):
        self.client_ns = None
        self._ip("link set lo up")
        if self._try("link add pbs0 type veth peer name pbs1"):
            self._veth()
        else:
            self._loopback()

    def _ip(self, words, into=None):
        subprocess.run(self.enter(into) + ["ip"] + words.split(), check=True)

    def _try(self, words):
        return subprocess.run(["ip"] + words.split(),
                              stderr=subprocess.DEVNULL).returncode == 0

    @staticmethod
    def enter(holder):
        return ["nsenter", "-t", str(holder.pid), "-n"] if holder else []

    def _hold(self):
        """A process whose network namespace is new; ends with us."""
        holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        return holder

    def _veth(self):
        self.client_ns = self._hold()
        self._ip("link set pbs1 netns %d" % self.client_ns.pid)
        for address in self.SERVER.values():
            self._address(address, "pbs0", None)
        self._ip("link set pbs0 up")
        self._ip("link set lo up", self.client_ns)
        for address in self.CLIENTS[4] + self.CLIENTS[6]:
            self._address(address, "pbs1", self.client_ns)
        self._ip("link set pbs1 up", self.client_ns)
        self.daemon_wrap = ()

    def _loopback(self):
        for address in (*self.SERVER.values(), *self.CLIENTS[4],
                        *self.CLIENTS[6]):
            self._ip("addr add %s dev lo" % address)
        self.daemon_wrap = ("unshare", "-n")

    def _address(self, address, device, into):
        prefix = "64 nodad" if ":" in address else "24"
        address, nodad = (address + "/" + prefix).partition(" ")[::2]
        self._ip("addr add %s dev %s %s" % (address, device, nodad), into)

    def close(self):
        if self.client_ns:
            self.client_ns.stdin.close()
            self.client_ns.wait()
