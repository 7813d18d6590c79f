"""tap: the Test Anything Protocol for tests in Python."""
import concurrent.futures
import subprocess
import sys
import threading
import traceback

_state = {"run": 0, "failed": 0}
_lock = threading.RLock()  # scenarios may run side by side


def ok(condition, name, *diagnostics):
    """One assertion; what is in diagnostics is shown when it fails."""
    with _lock:
        _state["run"] += 1
        print("%sok %d - %s" % ("" if condition else "not ", _state["run"],
                                name))
        if not condition:
            _state["failed"] += 1
            for text in diagnostics:
                for line in str(text).splitlines()[:60]:
                    print("# " + line)
        sys.stdout.flush()
    return bool(condition)


def equal(got, want, name, *diagnostics):
    return ok(got == want, name, "got  %r" % (got,), "want %r" % (want,),
              *diagnostics)


def contains(text, part, name):
    return ok(part in text, name, "no %r in:" % part, text)


def skip(name, why):
    with _lock:
        _state["run"] += 1
        print("ok %d - %s # SKIP %s" % (_state["run"], name, why))


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def bail_out(why):
    print("Bail out! " + why)
    sys.exit(1)


def _perform(scenario):
    try:
        scenario()
    except Exception:
        ok(False, "%s ran to its end" % scenario.__name__,
           traceback.format_exc())


def main(*scenarios, jobs=1):
    """Runs each; an exception is a failed assertion that names it."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(_perform, scenarios))
    print("1..%d" % _state["run"])
    sys.exit(1 if _state["failed"] else 0)


def join(streams):
    """One TAP stream out of several: {name: command}; the plan comes last."""
    for name, command in streams.items():
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            if line.startswith(("ok ", "not ok ")):
                _state["run"] += 1
                _state["failed"] += line.startswith("not ")
                verdict, _, rest = line.partition("ok ")
                line = "%sok %d %s" % (verdict, _state["run"],
                                       rest.split(" ", 1)[1])
            if not line.startswith("1.."):
                print(line, flush=True)
        if "\n1.." not in done.stdout:
            ok(False, name + " ran to its end")
    main()
