#!/usr/bin/env python3
"""recipients: a whole run of pbsctl recipients beside postmap on the same keys.

    tests/bench/recipients.py tables KEYS ROUNDS    JSON: {type: figures}
    tests/bench/recipients.py lookups USERS         JSON: {engine: figures}

A run compares with the table before (one address is new), keeps that, writes
both tables and asks postconf. Run by tests/bench/run.
"""
import json
import os
import random
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
from recipients import Lists, engines, map_types

ADDRESSES, DOMAINS = 100000, 500


def addresses(count):
    rng = random.Random(count)
    found = ["%s%d@dom%d.example" % (rng.choice(("info", "j.smith", "sales")),
                                     i, rng.randrange(max(1, count // 200)))
             for i in range(count)]
    rng.shuffle(found)
    return found


def measured(lists, command, stdin=subprocess.DEVNULL, codes=(0,)):
    """(seconds, CPU seconds, KiB) of one command that must succeed."""
    begin = time.monotonic()
    process = subprocess.Popen(command, env=lists.env, cwd=lists.dir,
                               stdin=stdin,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    # ru_maxrss would count what this process had before the exec.
    largest, pid = 0, 0
    while pid == 0:
        largest = max(largest, memory_of(process.pid, "VmHWM"))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        time.sleep(0.002)
    if os.waitstatus_to_exitcode(status) not in codes:
        raise RuntimeError("%s: %s" % (command, process.stderr.read()[-500:]))
    return (time.monotonic() - begin, usage.ru_utime + usage.ru_stime,
            largest)


def settings(lists, kind):
    """main.cf as it should be, so that a run is one of many."""
    lists.write("postfix/main.cf", "compatibility_level = 3.6\n"
                "relay_domains = example\nrelay_recipient_maps = %s %s:%s\n"
                % (lists.spec(kind), engines()[-1], lists.plus()), "a")
    os.utime(lists.path("postfix/main.cf"), (0, 0))


def tables(count, rounds):
    keys, found = addresses(count), {}
    for kind in map_types():
        with Lists() as lists:
            settings(lists, kind)
            lists.write("source", "".join(k + " ok\n" for k in keys))
            path = lists.put("".join(k + "\n" for k in keys))
            lists.run("--map", lists.spec(kind), path, timeout=600)
            got = {"postmap": [], "ours": []}
            for n in range(rounds):
                got["postmap"].append(measured(lists, [
                    "postmap", "%s:%s" % (kind, lists.path("source"))]))
                lists.write("list", "new%d@dom1.example\n" % n, "a")
                got["ours"].append(measured(lists, lists.command(
                    "--map", lists.spec(kind), path)))
            found[kind] = got
    return found


def memory_of(pid, what="VmRSS"):
    """KiB; 0 of a process that has ended."""
    with open("/proc/%d/status" % pid) as f:
        return next((int(line.split()[1]) for line in f
                     if line.startswith(what)), 0)


def lookups(users):
    """What the rules cost a process that reads them as smtpd does: its growth
    and the time of 1,000 addresses that they do not know, beyond those of an
    empty table and of one address."""
    keys, found = addresses(ADDRESSES), {}
    rng = random.Random(users)
    lines = [k + "\n" for k in keys] + [
        k.replace("@", "\\+.*@") + "\n" for k in rng.sample(keys, users)]
    with Lists() as lists:
        lists.run("--map", lists.spec("hash"), lists.put("".join(lines)))
        lists.write("empty", "")
        ask = {count: lists.write("ask%d" % count, "".join(
            "nobody%d+x@dom%d.example\n" % (i, rng.randrange(DOMAINS))
            for i in range(count))) for count in (1, 1000, 5000)}
        for engine in engines():
            def asked(table, count):
                with open(ask[count]) as questions:
                    return measured(lists, ["postmap", "-q", "-", "%s:%s" % (
                        engine, table)], questions, (0, 1))
            few, many = (asked(lists.plus(), n) for n in (1000, 5000))
            found[engine] = {
                "grown": many[2] - asked(lists.path("empty"), 1)[2],
                "load": asked(lists.plus(), 1)[0],
                "misses": (many[1] - few[1]) / 4}
    return found


if __name__ == "__main__":
    if sys.argv[1] == "tables":
        print(json.dumps(tables(int(sys.argv[2]), int(sys.argv[3]))))
    else:
        print(json.dumps(lookups(int(sys.argv[2]))))
