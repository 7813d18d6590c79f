"""reportpage: the numbers of a page of `pbsctl report', to compare with those of
`--json', and a log that is hostile to whoever shows it."""
import datetime
import random

LOGIN = ("%s mail dovecot: imap-login: Login: user=<%s>, method=PLAIN, rip=%s, "
         "lip=198.51.100.1, mpid=7, session=<WaXuGMFgvad/AAAC>\n")
OTHER = "%s mail teapop[7]: Successful login for %s [192.0.2.1] from h [%s]\n"
HOSTILE = (
    "<script>alert(1)</script>", "\"'&amp;</p></title><img src=x onerror=x>",
    "]]></style><svg onload=x>", "-->", "a" * 255, "\u202egro@nna",
    "\u05d0\u05d1@example.org", "j\u00f6rg@example.org", "\ufffe\ufdd0",
    "back\\slash", "&#x3c;b&#x3e;", "http://192.0.2.1/", "\udcff\udcfe",
    "\U0001f600", "%s%n", "ann")
SINCE, UNTIL = "2026-09-01", "2026-09-08"
MIDNIGHT = datetime.datetime(2026, 9, 1, tzinfo=datetime.timezone.utc)


def hostile_log():
    """Two busy days; one address has all names, and others a few."""
    rng = random.Random(1)
    lines = []
    for i in range(3000):
        when = MIDNIGHT + datetime.timedelta(
            seconds=rng.randrange(2 * 86400))
        address = "198.18.0.7" if i < len(HOSTILE) * 20 else \
            "2001:db8::%x:1" % rng.randrange(1, 60)
        lines.append(rng.choice((LOGIN, LOGIN, OTHER)) % (
            when.isoformat(), HOSTILE[i % len(HOSTILE)].replace(" ", "_"),
            address))
    lines += [LOGIN % (MIDNIGHT.isoformat(), "a\x1bb", "198.18.0.8"),
              LOGIN % (MIDNIGHT.isoformat(), "ann", "127.0.0.1")] * 3
    return "".join(sorted(lines)).encode("utf-8", "surrogateescape")


def number(text):
    return float(text.replace(",", "").rstrip("%"))


def compared(page, report):
    """(what, the page's, what --json has); page has for each id its text, and
    for each table's id its rows of texts, without the first cell."""
    tallies = ("logins", "addresses", "users")
    for key in tallies + ("refused", "doubtful"):
        yield key, number(page["total-" + key]), report[key]
    yield "shared", number(page["total-shared"]), report["shared_addresses"]
    wanted = {
        "servers": [[row[key] for key in tallies]
                    for row in report["servers"]],
        "parts": [[row[key] for key in tallies] + row["by_column"]
                  for row in report["parts"]],
        "peaks": [row["peaks"] for row in report["parts"]],
        "hours": [[row[key] for key in tallies] for row in report["hours"]],
        "refusals": [[row["lines"]] for row in report["refusals"]],
        "doubts": [[row["lines"]] for row in report["doubts"]],
    }
    for key, rows in wanted.items():
        yield key, [[number(cell) for cell in row if cell]
                    for row in page[key]], rows
    yield "shared", [[number(cell) for cell in row[:2]]
                     for row in page["shared"]], [
        [row["users"], row["logins"]] for row in report["shared"]]
    yield "graces", [[number(cell) for cell in row]
                     for row in page["graces"]], [
        [row["peak"], row["mean"], row["grants"], row["renewals"],
         (100 * row["renewals"] + report["logins"] // 2)
         // report["logins"], row["address_hours"]]
        for row in report["graces"]]
