#!/usr/bin/env python3
# Files for other readers: Postfix finds in a cidr: file whoever has logged in,
# nft loads a file of sets as it is written, and fail2ban's own code reads a
# list; each file is always an old one or a new one, whole.
# tests/run: root
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import pbs
from pbs import login
from tap import contains, equal, main, ok, skip, skip_all

NFT = """\
text:
  name: %s
  header: |
    flush set inet filter clients4
    flush set inet filter clients6
  line: 'add element inet filter clients4 { {address} }'
  line6: 'add element inet filter clients6 { {address} }'
  footer: '# end'
"""
SETS = """\
table inet filter {
  set clients4 { type ipv4_addr; flags interval; }
  set clients6 { type ipv6_addr; flags interval; }
}
"""


def read(path):
    with open(path) as f:
        return f.read()


def asked(site, spec, *keys):
    done = subprocess.run(["postmap", "-q", "-", spec], text=True,
                          env=site.env, input="\n".join(keys) + "\n",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal(done.stderr, "", "postmap has nothing to say")
    return dict(line.split("\t") for line in done.stdout.splitlines())


def wait_text(site, path, text):
    """Until the file says it; looks again at each rename."""
    watch = pbs.Inotify(site.mapdir)
    try:
        return pbs.until(text, pbs.DEADLINE, lambda: text in read(path),
                         watch.wait)
    finally:
        watch.close()


def cidr():
    with pbs.Site() as site:
        path = site.path("map/clients.cidr")
        daemon = site.start("--dbfile=cidr:" + path)
        equal(read(path), "", "there, and empty, before Postfix asks for it")
        inode = os.stat(path).st_ino
        site.log(login("192.0.2.7"), login("2001:db8::7"), login("2001::1"),
                 login("::ffff:198.51.100.3"), login("127.0.0.1"))
        wait_text(site, path, "198.51.100.3")
        equal(asked(site, "cidr:" + path, "192.0.2.7", "192.0.2.70",
                    "2001:db8::7", "2001:db8::8", "198.51.100.3", "2001::1",
                    "127.0.0.1"),
              {"192.0.2.7": "permit", "2001:db8::7": "permit",
               "198.51.100.3": "permit", "2001::1": "permit"},
              "who has logged in, and no one else")
        ok(os.stat(path).st_ino != inode, "a new file")
        equal(os.stat(path).st_mode & 0o7777, 0o644, "that all may read")
        daemon.stop()
        equal(read(path), "", "empty after the end")


def prefixes():
    with pbs.Site() as site:
        path, plain = site.path("map/c"), site.path("map/t")
        site.log(login("192.0.2.7"), login("2001:db8::5:6:7:8"),
                 login("2001:db8::1:2:3:4"), login("2001:0:0:1::1"))
        site.start("--dbfile=cidr:" + path, "--dbfile=text:" + plain,
                   "--ipv6-prefix=64", "--value=OK")
        equal(asked(site, "cidr:" + path, "2001:db8:0:0:ffff:ffff:ffff:ffff",
                    "2001:db8::", "2001:db8:0:1::", "2001:0:0:1:a:b:c:d",
                    "2001:0:0:2::1"),
              {"2001:db8:0:0:ffff:ffff:ffff:ffff": "OK", "2001:db8::": "OK",
               "2001:0:0:1:a:b:c:d": "OK"}, "a /64 and nothing beside it")
        equal(sorted(read(plain).splitlines()),
              ["192.0.2.7", "2001:0:0:1::/64", "2001:db8::/64"],
              "each network stands there once")


def nftables():
    with pbs.Site() as site:
        path = site.path("map/clients.nft")
        site.write("pbs.yaml", NFT % path)
        site.start("--dbfile=text:" + path)
        head = "".join("flush set inet filter clients%d\n" % n for n in (4, 6))
        equal(read(path), head + "# end\n", "nobody: header and footer")
        site.log(login("192.0.2.7"), login("2001:db8::7"))
        wait_text(site, path, "db8::7")
        equal(read(path), head + "add element inet filter clients4 "
              "{ 192.0.2.7 }\nadd element inet filter clients6 "
              "{ 2001:db8::7 }\n# end\n", "a line for each")
        if shutil.which("nft") is None:
            return
        sets = site.write("sets.nft", SETS)
        done = subprocess.run(
            ["unshare", "-n", "sh", "-ec", 'nft -f "$0"; nft -c -f "$1"; '
             'nft -f "$1"; nft -f "$1"; nft list ruleset', sets, path],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode and "not supported" in done.stdout:
            skip("nft loads it", "this kernel has no nf_tables")
            return
        equal(done.returncode, 0, "nft loads it, again and again", done.stdout)
        contains(done.stdout, "elements = { 192.0.2.7 }", "the IPv4 set")
        contains(done.stdout, "elements = { 2001:db8::7 }", "the IPv6 set")


def fail2ban():
    """From 1.1.1 on it reads such a list again when it changes."""
    source = os.environ.get("FAIL2BAN", "/usr/lib/python3/dist-packages")
    with pbs.Site() as site:
        path = site.path("map/clients")
        site.log(login("192.0.2.7"), login("2001:db8::1:2:3:4"))
        site.start("--dbfile=text:" + path, "--ipv6-prefix=64")
        done = subprocess.run([sys.executable, "-c", """
import sys
sys.path.insert(0, sys.argv[1])
try:
    from fail2ban.server.ipdns import FileIPAddrSet, IPAddr
except ImportError:
    print("none")
else:
    there = FileIPAddrSet(sys.argv[2])
    print([IPAddr(a) in there for a in sys.argv[3:]])
""", source, path, "192.0.2.7", "2001:db8::9", "192.0.2.8",
                               "2001:db8:0:1::1"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ok(done.stdout == "none\n"
           or done.stdout == "[True, True, False, False]\n",
           "fail2ban, where it knows such lists, finds who has logged in",
           done.stdout, done.stderr)


def wrong():
    with pbs.Site() as site:
        path = site.path("map/x")
        for text, why in (
                ("text: {name: %s, line: '{adress}'}" % path,
                 "pbs.yaml:1: text: line: unknown {adress} (did you mean "
                 "{address}?)"),
                ("text:\n  name: %s\n  lines: x" % path,
                 "pbs.yaml:3: text: unknown key 'lines' (did you mean "
                 "'line'?)"),
                ("text: {name: %s, line: x}" % path,
                 "text: line: 'x' has no {address}"),
                ("text: {line: '{address}'}", "text: needs the name"),
                ("text: [{name: %s}, {name: %s}]" % (path, path), "twice"),
                ("text: {name: %s, line: [a]}" % path, "takes one value"),
                ("text: {name: %s, line: \"a\\nb\"}" % path,
                 "holds control characters"),
                ("text: hello", "text: takes name"),
                ("ipv6_prefix: 48", "'48' is neither 64 nor 128")):
            site.write("pbs.yaml", text + "\n")
            done = site.run("--dbfile=text:" + path, "--dumpconfig")
            equal(done.returncode, 78, "refused: " + why)
            contains(done.stderr, why, "and it is said why")
        site.write("pbs.yaml", "text: {name: %s.y}\n" % path)
        done = site.run("--dbfile=text:" + path, "--check")
        contains(done.stderr, "dbfile has no text: map of that name",
                 "a form that no map has is said")


if shutil.which("postmap") is None:
    skip_all("needs postmap (package postfix)")
main(cidr, prefixes, nftables, fail2ban, wrong)
