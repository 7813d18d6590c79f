#!/bin/sh
# LMDB calls a disk that is full an input/output error, at every commit.
#
# Seen with liblmdb 0.9.24-1 (Debian 12), 2026-11-28.
#
# mdb_txn_commit() writes neighbouring dirty pages with one pwritev(2). When the
# disk has room for a part of them, the kernel writes that part and returns its
# length, without an errno. LMDB answers EIO to a short write, whatever its
# cause. The next commit writes the same pages again, ends at the same place,
# and gets the same answer, so ENOSPC never shows, though write(2) of another
# program reports it at once. An administrator who reads "Input/output error"
# looks for a dying disk. Nothing is lost: the database stays as the last good
# commit left it. A program that reports such an error does well to ask
# statvfs(3) whether the disk is full.
#
# Output seen:
#   liblmdb 0.9.24, a file system of 1 MiB
#   commits that fail:                Input/output error
#   write(2) beside them:             No space left on device
#   the commits before are whole:     True
set -eu

LMDB=0.9.24-1
PYTHON=3.11.2-6+deb12u9
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mkdir "$dir/packages" "$dir/disk"
(cd "$dir/packages" && apt-get -qq download "liblmdb0=$LMDB" \
	python3-lmdb=1.4.0-1+b1 "python3.11-minimal=$PYTHON" \
	"libpython3.11-minimal=$PYTHON" "libpython3.11-stdlib=$PYTHON" \
	2>/dev/null)
for package in "$dir"/packages/*.deb; do
	dpkg-deb -x "$package" "$dir/usr"
done
LD_LIBRARY_PATH=$dir/usr/usr/lib/x86_64-linux-gnu
PYTHONPATH=$dir/usr/usr/lib/python3/dist-packages
export LD_LIBRARY_PATH PYTHONPATH

cat >"$dir/fill.py" <<'PYTHON'
import sys

import lmdb

env = lmdb.open(sys.argv[1] + "/table", map_size=64 << 20, subdir=False)
done, errors = 0, []
for transaction in range(200):
    try:
        with env.begin(write=True) as txn:
            for row in range(100):
                txn.put(b"%d-%d" % (transaction, row), b"x" * 400)
        done += 1
    except lmdb.Error as error:
        errors.append(str(error).split(": ")[-1])
        if len(errors) == 4:
            break
with env.begin() as txn:
    whole = txn.stat()["entries"] == 100 * done
try:
    with open(sys.argv[1] + "/beside", "wb", buffering=0) as beside:
        while True:
            beside.write(b"x" * 4096)
except OSError as error:
    said = error.strerror
print("liblmdb %d.%d.%d, a file system of 1 MiB" % lmdb.version())
print("commits that fail:                " + ",".join(sorted(set(errors))))
print("write(2) beside them:             " + said)
print("the commits before are whole:     %s" % whole)
PYTHON

# A file system of 1 MiB, in a mount namespace that ends with the command.
# shellcheck disable=SC2016
unshare -rm sh -c 'mount -t tmpfs -o size=1m none "$0" &&
	exec "$1" -B "$2" "$0"' "$dir/disk" "$dir/usr/usr/bin/python3.11" \
	"$dir/fill.py" | tee "$dir/seen"
cat >"$dir/expected" <<'END'
liblmdb 0.9.24, a file system of 1 MiB
commits that fail:                Input/output error
write(2) beside them:             No space left on device
the commits before are whole:     True
END
cmp "$dir/seen" "$dir/expected"
