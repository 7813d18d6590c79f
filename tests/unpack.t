#!/usr/bin/env python3
# packaging/unpack-packages asks apt for packages that are not there yet,
# refreshes its lists once if that fails, installs nothing, and reports what it
# cannot get.
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tap import contains, equal, main, ok

SCRIPT = os.path.join(ROOT, "packaging", "unpack-packages")
# Stand-ins that write down how they were called; apt-get knows no package
# "none", and no package at all before its lists are refreshed.
APT = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
case $2 in
update) : >"$CALLS.fresh" ;;
--simulate)
	[ -e "$CALLS.fresh" ] || exit 100
	shift 5
	for p; do
		printf 'Inst %s (1.0 all)\nInst lib%s (1.0)\nConf %s (1.0)\n' $p $p $p
	done ;;
download)
	[ -e "$CALLS.fresh" ] || exit 100
	shift 2
	for p; do
		[ "$p" != none ] || exit 100
		: >"${p}_1.0_all.deb"
	done
esac
"""
DPKG = """#!/bin/sh
echo "dpkg $1 ${2##*/}" >>"$CALLS"
"""
SUDO = """#!/bin/sh
shift
exec "$@"
"""


def unpack(top, *names, path=None, flags=()):
    bin_dir, calls = os.path.join(top, "bin"), os.path.join(top, "calls")
    os.makedirs(bin_dir, exist_ok=True)
    for name, text in (("apt-get", APT), ("dpkg", DPKG), ("sudo", SUDO)):
        with open(os.path.join(bin_dir, name), "w") as f:
            f.write(text)
        os.chmod(f.name, 0o755)
    open(calls, "w").close()
    done = subprocess.run(
        ["/bin/sh", SCRIPT, *flags, os.path.join(top, "out"), *names], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": path or bin_dir + ":/usr/bin:/bin", "CALLS": calls})
    with open(calls) as f:
        return done.returncode, done.stderr, f.read().splitlines()


def asks_once():
    with tempfile.TemporaryDirectory() as top:
        code, _, calls = unpack(top, "a", "b")
        equal((code, calls), (0, [
            "apt-get -qq download a b", "apt-get -qq update",
            "apt-get -qq download a b", "dpkg -x a_1.0_all.deb",
            "dpkg -x b_1.0_all.deb"]), "fresh lists, then both, unpacked")
        equal(unpack(top, "a", "b"), (0, "", []),
              "nothing is asked for what is there")
        equal(unpack(top, "b", "c")[2], [
            "apt-get -qq download c", "dpkg -x c_1.0_all.deb"],
            "only what is not there yet")


def whole():
    with tempfile.TemporaryDirectory() as top:
        code, _, calls = unpack(top, "a", flags=["--whole"])
        simulated = ("apt-get -qq --simulate --no-install-recommends "
                     "--reinstall install a")
        equal((code, calls), (0, [
            simulated, "apt-get -qq update", simulated,
            "apt-get -qq download a liba", "dpkg -x a_1.0_all.deb",
            "dpkg -x liba_1.0_all.deb"]),
            "--whole: with what it depends on and is not installed")
        equal(unpack(top, "a", flags=["--whole"])[2], [], "and only once")


def says_so():
    with tempfile.TemporaryDirectory() as top:
        code, said, _ = unpack(top, "none")
        equal(code, 1, "a package that nobody has: exit 1")
        contains(said, "not available: none", "and it is named")
        bare = os.path.join(top, "bare")
        os.mkdir(bare)
        os.symlink("/bin/mkdir", os.path.join(bare, "mkdir"))
        code, said, calls = unpack(top, "a", path=bare)
        ok(code == 0 and not calls and "no apt here: without a" in said,
           "without apt it says so", said)
        equal(unpack(top)[0], 64, "no package named: exit 64")


main(asks_once, whole, says_so)
