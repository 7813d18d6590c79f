#!/bin/sh
# journalctl --since and --until go wrong on a journal that gathers several hosts.
#
# Seen with systemd 252.39-1~deb12u2 (Debian 12), 2026-11-29.
#
# systemd-journal-remote writes entries in the order in which they arrive. If a
# host was cut off for a while and delivers its entries late, a file that several
# hosts share (--split-mode=none) is no longer ordered by time. libsystemd finds a
# time in a file by bisection all the same. So `journalctl --until` ends at the
# first entry that is later than asked, and misses all that the other host wrote
# before that time, while `--since` shows entries that are older than asked. No
# message and no exit status tells so. Whoever asks such a journal for a time has
# to compare the time of each entry, or let the entries be split by host.
#
# Output seen, of two hosts, a and b, each with an entry at the seconds 1 to 4;
# those of b arrived last:
#   --until second 2:  a1,a2      (wanted: a1,a2,b1,b2)
#   --since second 4:  a4,b1,b2,b3,b4      (wanted: a4,b4)
set -eu

VERSION=252.39-1~deb12u2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mkdir "$dir/packages" "$dir/usr" "$dir/journal"
(cd "$dir/packages" && apt-get -qq download "systemd=$VERSION" \
	"libsystemd0=$VERSION" "libsystemd-shared=$VERSION" \
	"systemd-journal-remote=$VERSION" \
	libmicrohttpd12=0.9.75-6 2>/dev/null)
for package in "$dir"/packages/*.deb; do
	dpkg-deb -x "$package" "$dir/usr"
done
lib=$dir/usr/usr/lib/x86_64-linux-gnu
LD_LIBRARY_PATH=$lib:$lib/systemd:$dir/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

# host LETTER: its four entries in the export format.
host() {
	id=$(printf "$1%.0s" 1 2 3 4 5 6 7 8)
	for second in 1 2 3 4; do
		cat <<-END
			__REALTIME_TIMESTAMP=170000000${second}000000
			__MONOTONIC_TIMESTAMP=${second}000000
			_BOOT_ID=$id$id$id$id
			_MACHINE_ID=$id$id$id$id
			SYSLOG_IDENTIFIER=example
			MESSAGE=$1$second

		END
	done
}

{ host a; host b; } >"$dir/entries"
"$dir/usr/lib/systemd/systemd-journal-remote" --split-mode=none \
	-o "$dir/journal/remote.journal" "$dir/entries" 2>"$dir/log" ||
	{ cat "$dir/log" >&2; exit 1; }

# ask OPTION...: the messages that journalctl shows.
ask() {
	"$dir/usr/bin/journalctl" -D "$dir/journal" -o cat "$@" | paste -sd,
}

until=$(ask --until=@1700000002)
since=$(ask --since=@1700000004)
"$dir/usr/bin/journalctl" --version | head -n 1
echo "all:               $(ask)"
echo "--until second 2:  $until"
echo "--since second 4:  $since"
[ "$until" = a1,a2 ]
[ "$since" = a4,b1,b2,b3,b4 ]
