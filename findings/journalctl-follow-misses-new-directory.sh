#!/bin/sh
# journalctl -f does not follow a journal that becomes persistent meanwhile.
#
# Seen with systemd 252.39-1~deb12u2 (Debian 12), 2026-11-28.
#
# libsystemd watches the journal directories that exist when the journal is
# opened. If /var/log/journal is made afterwards, as an administrator does who
# wants a persistent journal, and the entries go there from then on, a process
# that follows the journal is told nothing: `journalctl -f` prints no further
# entry, reports nothing, and does not end. The same command started anew shows
# all of them. If the directory exists at the start, even empty, it is followed.
# A program that follows the journal has to watch for the directory itself and
# open the journal again.
#
# Output seen:
#   directory made afterwards: entry 1,entry 2
#   directory there before:    entry 1,entry 2,entry 3
set -eu

VERSION=252.39-1~deb12u2
ID=0123456789abcdef0123456789abcdef
dir=$(mktemp -d)
follower=
end() {
	[ -z "$follower" ] || kill "$follower" 2>/dev/null || :
	rm -rf "$dir"
}
trap end EXIT

mkdir "$dir/packages" "$dir/usr"
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
journalctl=$dir/usr/bin/journalctl

# add ROOT PLACE NUMBER: one entry into the journal below ROOT/PLACE.
add() {
	mkdir -p "$1/$2/log/journal/$ID"
	cat >"$dir/entry" <<-END
		__REALTIME_TIMESTAMP=170000000${3}000000
		__MONOTONIC_TIMESTAMP=${3}000000
		_BOOT_ID=$ID
		_MACHINE_ID=$ID
		SYSLOG_IDENTIFIER=example
		MESSAGE=entry $3

	END
	"$dir/usr/lib/systemd/systemd-journal-remote" --split-mode=none \
		-o "$1/$2/log/journal/$ID/system.journal" "$dir/entry" \
		2>"$dir/log" || { cat "$dir/log" >&2; exit 1; }
}

# await FILE LINE: until the line is there, at most 10 s.
await() {
	tries=100
	while ! grep -qx "$2" "$1"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

# follow ROOT: two entries in /run, then one in /var.
follow() {
	add "$1" run 1
	"$journalctl" --root="$1" -f -o cat >"$1/seen" 2>"$1/errors" &
	follower=$!
	await "$1/seen" "entry 1"
	add "$1" run 2
	await "$1/seen" "entry 2"
	add "$1" var 3
	await "$1/seen" "entry 3" || :
	kill "$follower"
	wait "$follower" 2>/dev/null || :
	follower=
}

mkdir -p "$dir/after/var/log" "$dir/before/var/log/journal/$ID"
follow "$dir/after"
follow "$dir/before"
after=$(paste -sd, "$dir/after/seen")
before=$(paste -sd, "$dir/before/seen")
"$journalctl" --version | head -n 1
echo "directory made afterwards: $after"
echo "directory there before:    $before"
"$journalctl" --root="$dir/after" -o cat | grep -qx "entry 3"
[ "$after" = "entry 1,entry 2" ]
[ "$before" = "entry 1,entry 2,entry 3" ]
