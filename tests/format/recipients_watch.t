#!/usr/bin/env python3
# pbsctl recipients --watch: a list that is written or moved into place counts
# within settle + 1 s; a fault in it is reported once; signals; nothing wakes
# the program while nothing happens.
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import pbs
from recipients import Lists, map_types
from tap import contains, equal, main, ok

KIND = map_types()[0]
CLOSE_NOWRITE = 0x10
SLACK = 1 if not pbs.CHECKED else 20  # seconds beyond settle


class Watch:
    """A watching process; its messages go to a file."""

    def __init__(self, lists, *words, settle="1s", name="in/list"):
        self.lists = lists
        os.makedirs(lists.path("in"), exist_ok=True)
        self.tables = pbs.Inotify(lists.mapdir)
        self.said = open(lists.path("said"), "w+")
        self.process = lists.start("--watch", "--settle", settle, "--map",
                                   lists.spec(KIND), *words,
                                   lists.path(name), stderr=self.said)
        self.settled()

    def status(self, name):
        with open("/proc/%d/status" % self.process.pid) as f:
            return re.search(r"^%s:\t(\w+)" % name, f.read(), re.M)[1]

    def settled(self):
        """Until it takes signals by its loop, runs no postconf and sleeps."""
        def sleeps():
            before = self.switches()
            time.sleep(0.1)
            return (self.status("State") == "S"
                    and int(self.status("SigBlk"), 16) & 1 << signal.SIGHUP - 1
                    and not pbs.children(self.process.pid)
                    and self.switches() == before)
        pbs.until("it waits", pbs.DEADLINE, sleeps, lambda left: None)

    def put(self, text, name="list"):
        """Moves a list in."""
        path = self.lists.write("new", text)
        os.rename(path, self.lists.path("in/" + name))

    def written(self, seconds=pbs.DEADLINE):
        """Until the map is replaced; when that was."""
        name = os.path.basename(self.lists.file(KIND))
        return self.tables.wait_for(name, seconds)

    def messages(self):
        with open(self.said.name) as f:
            return f.read()

    def said_more(self, than):
        return pbs.until("a message", pbs.DEADLINE,
                         lambda: self.messages()[len(than):],
                         lambda left: time.sleep(0.01))

    def stop(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        return self.process.wait(pbs.DEADLINE)

    def switches(self):
        """How often it was woken."""
        return int(self.status("voluntary_ctxt_switches"))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.said.close()
        self.tables.close()


def comes_and_goes():
    with Lists() as lists, Watch(lists) as watch:
        equal(watch.messages(), "", "a list that does not exist yet")
        begin = time.monotonic()
        watch.put("a@b.tld\n")
        took = watch.written() - begin
        equal(lists.keys(KIND), ["a@b.tld"], "one that is moved in counts")
        ok(1 <= took < 1 + SLACK, "within settle + 1 s, not before: %.2f s"
           % took)
        os.unlink(lists.path("in/list"))
        lists.write("in/list", "a@b.tld\nc@b.tld\n")
        watch.written()
        equal(lists.keys(KIND), ["a@b.tld", "c@b.tld"],
              "one that is removed and written again, too")
        equal(watch.stop(), 0, "SIGTERM ends it with 0")
    with Lists() as lists:
        os.mkdir(lists.path("in"))
        lists.write("in/list", "a@b.tld\n")
        with Watch(lists) as watch:
            pbs.until("it is read", pbs.DEADLINE,
                      lambda: os.path.exists(lists.file(KIND)),
                      lambda left: time.sleep(0.01))
            equal(lists.keys(KIND), ["a@b.tld"],
                  "a list that is there at the start is read")
            equal(watch.stop(signal.SIGINT), 0, "SIGINT ends it with 0")


def settles():
    """While the list grows it is not read."""
    with Lists() as lists, Watch(lists, settle="2s") as watch:
        begin = time.monotonic()
        while time.monotonic() < begin + 3:
            lists.write("in/list", "u%d@b.tld\n" % time.monotonic_ns(), "a")
            ok(not watch.tables.wait(0.5), "it grows: not yet")
        last = time.monotonic()
        took = watch.written() - last
        ok(took < 2 + SLACK, "it has stopped growing: %.2f s" % took)
        with open(lists.path("in/list")) as f:
            count = len(f.readlines())
        equal(len(lists.keys(KIND)), count, "all of it is read, once")


def reports_once():
    with Lists() as lists, Watch(lists) as watch:
        watch.put("bad\n")
        said = watch.said_more("")
        contains(said, "refused", "what is wrong is reported")
        watch.put("a@b.tld\nworse\n", "other")  # not our file
        reads = pbs.Inotify(lists.path("in"), CLOSE_NOWRITE)
        watch.put("bad\n")
        reads.wait_for("list", pbs.DEADLINE)
        reads.close()
        watch.settled()
        equal(watch.messages(), said, "but once")
        watch.put("bad\nworse\n")
        more = watch.said_more(said)
        contains(more, "worse", "another mistake is reported")
        watch.put("a@b.tld\n")
        watch.written()
        watch.settled()
        said = watch.messages()
        watch.put("bad\nworse\n")
        contains(watch.said_more(said), "worse",
                 "and so is the same one after a list in order")


def reads_now():
    with Lists() as lists, Watch(lists, settle="1h") as watch:
        watch.put("a@b.tld\n")
        begin = time.monotonic()
        watch.process.send_signal(signal.SIGHUP)
        ok(watch.written() - begin < SLACK, "SIGHUP reads at once")
        watch.settled()
        os.unlink(lists.path("in/list"))
        said = watch.messages()
        watch.process.send_signal(signal.SIGHUP)
        contains(watch.said_more(said), "No such file",
                 "and reports if there is no list")


def sleeps():
    with Lists() as lists, Watch(lists) as watch:
        watch.put("a@b.tld\n")
        watch.written()
        watch.settled()
        before = watch.switches()
        time.sleep(3)  # the measure: what wakes it meanwhile
        equal(watch.switches() - before, 0, "nothing happens: it is not woken")


def directory_goes():
    with Lists() as lists, Watch(lists) as watch:
        os.rename(lists.path("in"), lists.path("away"))
        equal(watch.process.wait(pbs.DEADLINE), 66,
              "its directory is moved away: 66")
        contains(watch.messages(), "no longer there", "and a message")
    with Lists() as lists:
        equal(lists.run("--watch", "--map", lists.spec(KIND),
                        lists.path("none/list"))[0], 66, "no directory: 66")


main(comes_and_goes, settles, reports_once, reads_now, sleeps, directory_goes,
     jobs=3)
