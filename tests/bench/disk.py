#!/usr/bin/env python3
"""disk: bytes that the daemon writes to a disk, by type of map.

    disk.py PLACE COUNT SECONDS ADDRESSES TYPE

With so many addresses that stay, COUNT logins, each after a quiet second, and
then 1,000 logins a second; every login is from an address that was not in the
map. A new ext4 on a loop device holds the checkpoint, and also the map if PLACE
is `disk'; otherwise the map is in a directory below PLACE. Needs root.

Prints, as JSON, what has arrived at that device, the file system's own journal
included; what write_bytes in /proc/PID/io has grown by for all processes
together, which is more if the kernel caches the file in pieces larger than a
page (as ext4 does since Linux 6.16), and counts the whole piece for each change
in it; and the size of the checkpoints saved.
"""
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs

RATE, TICKS = 1000, 20
libc = ctypes.CDLL(None, use_errno=True)


def tree(pid):
    return [pid] + [p for child in pbs.children(pid) for p in tree(child)]


def coming(number):
    return "198.%d.%d.%d" % (18 + number // 62500, number // 250 % 250,
                             number % 250 + 1)


class Disk:
    """An ext4 of its own, in a mount namespace that only we see."""

    def __init__(self, top, megabytes):
        image, self.path = os.path.join(top, "image"), os.path.join(top, "disk")
        os.mkdir(self.path, 0o755)
        with open(image, "wb") as f:
            f.truncate(megabytes << 20)
        for command in (["mkfs.ext4", "-q", "-E",
                         "lazy_itable_init=0,lazy_journal_init=0", image],
                        ["mount", "-o", "loop", image, self.path]):
            subprocess.run(command, check=True)
        with open("/proc/self/mounts") as f:
            device = next(line.split()[0] for line in f
                          if line.split()[1] == self.path)
        self.stat = "/sys/block/%s/stat" % os.path.basename(device)

    def written(self):
        fd = os.open(self.path, os.O_RDONLY)
        libc.syncfs(fd)
        os.close(fd)
        with open(self.stat) as f:
            return int(f.read().split()[6]) * 512

    def close(self):
        subprocess.run(["umount", self.path], check=True)


class Meter:
    def __init__(self, pids, checkpoint, disk):
        self.pids, self.checkpoint, self.disk = pids, checkpoint, disk
        self.watch = pbs.Inotify(os.path.dirname(checkpoint))
        self.saved = 0

    def written(self):
        total = 0
        for pid in self.pids:
            with open("/proc/%d/io" % pid) as f:
                total += next(int(line.split()[1]) for line in f
                              if line.startswith("write_bytes"))
        return total

    def wait(self, seconds):
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            names = self.watch.wait(max(left, 0))
            if os.path.basename(self.checkpoint) in names:
                self.saved += os.stat(self.checkpoint).st_size
            if left <= 0:
                return

    def measure(self, feed):
        self.wait(0)
        self.saved, counted = 0, self.written()
        arrived, begin = self.disk.written(), time.monotonic()
        feed()
        seconds = time.monotonic() - begin
        return {"arrived": self.disk.written() - arrived,
                "counted": self.written() - counted,
                "checkpoint": self.saved, "seconds": seconds}


def fill(site, count):
    head = pbs.stamped("", time.time() - 300)
    site.raw("".join(head + pbs.login("100.%d.%d.%d" % (
        64 + n // 62500, n // 250 % 250, n % 250 + 1)) + "\n"
        for n in range(count)))


def alone(site, meter, count):
    for number in range(count):
        meter.wait(1.1)
        site.log(pbs.login(coming(number)))
    meter.wait(1.1)


def busy(site, meter, seconds, first):
    begin = time.monotonic()
    for tick in range(seconds * TICKS):
        part = RATE // TICKS
        site.raw("".join(pbs.stamped(pbs.login(coming(first + n))) + "\n"
                         for n in range(tick * part, tick * part + part)))
        meter.wait(begin + (tick + 1) / TICKS - time.monotonic())


def measured(disk, place, count, seconds, addresses, kind):
    state = os.path.join(disk.path, "pbs.state")
    with pbs.Site() as site, tempfile.TemporaryDirectory(
            dir=disk.path if place == "disk" else place) as top:
        os.chmod(top, 0o755)
        fill(site, addresses)
        daemon = site.start("--grace=1d", "--checkpoint=" + state,
                            "--nomynetworks",
                            "--dbfile=%s:%s/map" % (kind, top))
        meter = Meter(tree(daemon.pid), state, disk)
        meter.wait(2)  # what the start leads to is over then
        got = {"alone": meter.measure(lambda: alone(site, meter, count)),
               "busy": meter.measure(
                   lambda: busy(site, meter, seconds, count))}
        meter.watch.close()
        daemon.stop()
        return got


def main(place, *words):
    if "PBS_BENCH_DISK" not in os.environ:
        os.environ["PBS_BENCH_DISK"] = "private"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private",
                              sys.executable, *sys.argv])
    count, seconds, addresses = map(int, words[:3])
    with tempfile.TemporaryDirectory() as top:
        disk = Disk(top, 512 + addresses // 500)
        try:
            print(json.dumps(measured(disk, place, count, seconds, addresses,
                                      words[3])))
        finally:
            disk.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
