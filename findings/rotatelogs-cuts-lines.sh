#!/bin/sh
# rotatelogs and cronolog cut a line between two files; svlogd does not.
#
# Seen with apache2-utils 2.4.71-1~deb12u1, cronolog 1.6.2+rpk-3 and
# runit 2.1.2-54 (Debian 12), 2026-11-29.
#
# The first two look at the clock when a read(2) returns, not where a line ends.
# A program that writes through a buffer, as stdio does to a pipe, often ends a
# write within a line, and what follows comes when the buffer is full again. If
# the period has ended by then, the rest of the line begins the next file, which
# is otherwise taken for the beginning of a line by whoever reads it, and may be
# any text that was in the middle of the line. svlogd waits for the newline.
#
# Output seen, the files of each program in order, "|" where one ends:
#   rotatelogs: whole / first half | second half / last
#   cronolog:   whole / first half | second half / last
#   svlogd:     whole | first half second half / last
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mkdir "$dir/packages"
(cd "$dir/packages" && apt-get -qq download \
	apache2-utils=2.4.71-1~deb12u1 libapr1=1.7.2-3+deb12u1 \
	libaprutil1=1.6.3-1+deb12u1 cronolog=1.6.2+rpk-3 runit=2.1.2-54 \
	2>/dev/null)
for package in "$dir"/packages/*.deb; do
	dpkg-deb -x "$package" "$dir/root"
done
LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

# Nobody tells when a period has ended, so this has to wait for the clock.
next_period() {
	now=$(date +%s)
	while [ "$(date +%s)" -lt $((now + 2)) ]; do
		sleep 0.1
	done
}

# Ends a write within a line, and goes on in another second.
write() {
	next_period
	printf 'whole\nfirst half '
	next_period
	printf 'second half\nlast\n'
}

# files FILE...: their text in one line.
files() {
	for file in "$@"; do
		sed 's/ *$//' "$file" | paste -sd/ | sed 's:/: / :g'
	done | paste -sd'|' | sed 's:|: | :g'
}

mkdir "$dir/r" "$dir/c" "$dir/s"
write | "$dir/root/usr/bin/rotatelogs" "$dir/r/%s" 1
write | "$dir/root/usr/bin/cronolog" "$dir/c/%s" ||
	[ $? = 3 ] # so it ends with its input
printf 't1\n' >"$dir/s/config"
write | "$dir/root/usr/bin/svlogd" "$dir/s"

r=$(files "$dir"/r/*)
c=$(files "$dir"/c/*)
s=$(files "$dir"/s/@* "$dir/s/current")
echo "rotatelogs: $r"
echo "cronolog:   $c"
echo "svlogd:     $s"
[ "$r" = "whole / first half | second half / last" ]
[ "$c" = "$r" ]
[ "$s" = "whole | first half second half / last" ]
