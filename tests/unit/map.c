/* Names of maps, what is refused at open, and what a hash: map holds after
 * replace and clear, read back through libdb's file format by postmap in
 * tests/format/hash.t; here only what needs no Postfix. */
#include "maps/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

static const struct map_settings SETTINGS = {.flock = true};

static char directory[] = "/tmp/pbs-map.XXXXXX";

/* A path in the directory of this test; the last four stay valid. */
static const char *
in_dir(const char *name)
{
	static char paths[4][256];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *
spec(const char *type, const char *name)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s%s", type, in_dir(name));
	return text;
}

static bool
starts_and_has(const char *text, const char *start, const char *part)
{
	bool good = strncmp(text, start, strlen(start)) == 0 &&
		    strstr(text, part) != NULL;

	if (!good)
		printf("# no '%s...%s' in: %s\n", start, part, text);
	return good;
}

static void
refused(const char *given, const char *start, const char *part,
	const char *what)
{
	struct err err = {""};
	struct map *map = map_open(given, "hash", &SETTINGS, &err);

	ok(map == NULL && starts_and_has(err.text, start, part), "%s", what);
	map_close(&map);
}

static void
touch(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);

	if (fd < 0)
		perror(path);
	close(fd);
}

static void
names(void)
{
	struct err err;
	struct map *map;

	is_str(map_types()[0], "hash", "hash is compiled in");
	refused("hsah:/x/y", "hsah:/x/y: unknown map type 'hsah'", "'hash'?",
		"the nearest known type is named");
	refused("oracle-db:/x", "oracle-db:/x: unknown", "hash",
		"known types are listed when none is near");
	refused("hash:pbs", "hash:pbs: ", "absolute", "a relative name");
	refused("hash:", "hash:: ", "absolute", "no name");
	refused("pbs", "hash:pbs: ", "absolute", "the default type is named");
	refused(spec("hash:", "pbs.db"), "hash:/", "pbs'",
		"the suffix given by mistake");
	refused(spec("hash:", ""), "hash:/", "directory", "a trailing slash");
	map = map_open(spec("", "a:b"), "hash", &SETTINGS, &err);
	ok(map != NULL && starts_and_has(map_name(map), "hash:/", "/a:b"),
	   "a colon after a slash belongs to the name");
	map_close(&map);
	ok(map == NULL, "close forgets the map");
}

static void
unsafe_places(void)
{
	refused("hash:/nonexistent/pbs",
		"hash:/nonexistent/pbs: ", "No such file",
		"a missing directory");
	touch(in_dir("DB_CONFIG"), 0644);
	refused(spec("hash:", "pbs"), "hash:/", "DB_CONFIG",
		"DB_CONFIG in the directory");
	unlink(in_dir("DB_CONFIG"));
	chmod(directory, 0775);
	refused(spec("hash:", "pbs"), "hash:/", "writable by others",
		"a group-writable directory");
	chmod(directory, 0757);
	refused(spec("hash:", "pbs"), "hash:/", "writable by others",
		"a world-writable directory");
	chmod(directory, 0755);
	if (symlink("/etc/passwd", in_dir("link.db")) < 0)
		perror("symlink");
	refused(spec("hash:", "link"), "hash:/", "symbolic link",
		"a symbolic link");
	unlink(in_dir("link.db"));
	mkdir(in_dir("dir.db"), 0755);
	refused(spec("hash:", "dir"), "hash:/", "regular", "not a file");
	rmdir(in_dir("dir.db"));
	if (geteuid() == 0 && chown(directory, 12345, 0) == 0) {
		refused(spec("hash:", "pbs"), "hash:/", "12345",
			"a directory of somebody else's");
		if (chown(directory, 0, 0) < 0)
			perror("chown");
	}
}

struct walk {
	const char *const *texts;
	size_t at;
};

static bool
next(void *arg, struct map_row *row)
{
	struct walk *walk = arg;
	const char *text = walk->texts[walk->at];

	if (text == NULL)
		return false;
	walk->at++;
	addr_parse(&row->addr, text, strlen(text));
	row->when = 1700000000;
	row->present = true;
	return true;
}

static int
replace(struct map *map, const char *const *texts, struct err *err)
{
	struct walk walk = {.texts = texts};
	struct map_rows rows = {.next = next, .arg = &walk};

	return map_replace(map, &rows, err);
}

static const char *const TWO[] = {"192.0.2.7", "2001:db8::1", NULL};
static const char *const NONE[] = {NULL};

/* Whether the file has these bytes; also counts its size. */
static bool
holds(const char *path, const void *bytes, size_t len)
{
	static char whole[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, whole, sizeof(whole));

	if (fd >= 0)
		close(fd);
	return size > 0 && memmem(whole, (size_t)size, bytes, len) != NULL;
}

static bool
missing(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && errno == ENOENT;
}

/* Files in the directory, hidden ones too. */
static int
files(void)
{
	char command[300];
	int count = -1;
	FILE *pipe;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", directory);
	pipe = popen(command, "r");
	if (pipe == NULL || fscanf(pipe, "%d", &count) != 1)
		count = -1;
	if (pipe != NULL)
		pclose(pipe);
	return count;
}

static void
life_of_a_hash(void)
{
	struct err err = {""};
	struct stat before, after;
	const char *path = in_dir("pbs.db");
	mode_t mask = umask(0777);
	struct map *map = map_open(spec("hash:", "pbs"), "x", &SETTINGS, &err);

	if (!ok(map != NULL, "opens: %s", err.text))
		return;
	ok(missing(path), "open creates no map");
	is_int(map_intact(map), 1, "nothing was put there yet: intact");
	is_int(replace(map, TWO, &err), 0, "replace %s", err.text);
	ok(holds(path, "192.0.2.7\0", 10), "the key with its NUL");
	ok(holds(path, "1700000000\0", 11), "the value with its NUL");
	stat(path, &before);
	is_int(before.st_mode & 07777, 0644, "mode 0644 under any umask");
	is_int(map_intact(map), 1, "intact");
	is_int(replace(map, NONE, &err), 0, "replace by nothing");
	stat(path, &after);
	ok(before.st_ino != after.st_ino,
	   "a new file, not the old one changed");
	ok(!holds(path, "192.0.2.7", 9), "the key is gone");
	replace(map, TWO, &err);
	is_int(map_clear(map, &err), 0, "clear %s", err.text);
	ok(!holds(path, "192.0.2.7", 9), "clear empties");
	replace(map, TWO, &err);
	is_int(map_clear(map, &err), 0, "clear a second time %s", err.text);
	ok(!holds(path, "192.0.2.7", 9), "clear empties again");
	is_int(map_intact(map), 1, "an empty map of ours is intact");
	map_close(&map);
	umask(mask);
	is_int(files(), 1, "close leaves the map and nothing else");
	unlink(path);
}

static void
others_meddle(void)
{
	struct err err = {""};
	const char *path = in_dir("pbs.db");
	struct map *map = map_open(spec("hash:", "pbs"), "x", &SETTINGS, &err);
	struct map *second;

	replace(map, TWO, &err);
	rename(path, in_dir("old"));
	is_int(map_intact(map), 0, "noticed: the map is gone");
	touch(path, 0644);
	is_int(map_intact(map), 0, "noticed: another file");
	is_int(replace(map, TWO, &err), 0, "replaced %s", err.text);
	is_int(map_intact(map), 1, "ours again");
	unlink(in_dir("old"));
	second = map_open(spec("hash:", "pbs"), "x", &SETTINGS, &err);
	is_int(map_clear(second, &err), 0, "a second process clears");
	is_int(map_intact(map), 0, "the first notices it");
	map_close(&second);
	is_int(map_clear(map, &err), 0,
	       "clear when the prepared file is gone %s", err.text);
	map_close(&map);
	is_int(files(), 1, "only the map is left");
	unlink(path);
}

/* What a killed process leaves: half a file, and its empty one. */
static void
after_a_crash(void)
{
	struct err err = {""};
	struct map *map;

	touch(in_dir(".pbs.db.4194399.tmp"), 0600); /* above pid_max */
	touch(in_dir(".pbs.db.1.tmp"), 0600);
	touch(in_dir(".pbs.db.empty"), 0600);
	map = map_open(spec("hash:", "pbs"), "x", &SETTINGS, &err);
	ok(missing(in_dir(".pbs.db.4194399.tmp")),
	   "the half file of a dead process is removed");
	ok(!missing(in_dir(".pbs.db.1.tmp")),
	   "that of a living one is not touched");
	is_int(map_clear(map, &err), 0, "clear %s", err.text);
	map_close(&map);
	unlink(in_dir(".pbs.db.1.tmp"));
	unlink(in_dir("pbs.db"));
	is_int(files(), 0, "nothing is left");
}

static long long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void
somebody_holds_the_lock(void)
{
	struct err err = {""};
	struct map *map = map_open(spec("hash:", "pbs"), "x", &SETTINGS, &err);
	const char *path = in_dir("pbs.db");
	long long start;
	int fd;

	replace(map, NONE, &err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	flock(fd, LOCK_EX);
	start = now_ms();
	is_int(replace(map, TWO, &err), 0, "goes on without the lock");
	ok(now_ms() - start >= 60, "but has waited for it");
	ok(now_ms() - start < 1000, "not for long");
	ok(holds(path, "192.0.2.7", 9), "the new map is there");
	close(fd);
	map_close(&map);
	unlink(path);
}

/* Nothing may be half done when the map cannot be written. */
static void
failure(void)
{
	struct err err = {""};
	struct map *map = map_open(spec("hash:", "pbs"), "x", &SETTINGS, &err);
	const char *path = in_dir("pbs.db");

	unlink(path);
	mkdir(path, 0755);
	touch(in_dir("pbs.db/x"), 0644);
	is_int(replace(map, TWO, &err), -1, "rename over a directory fails");
	ok(starts_and_has(err.text, "hash:/", "rename"), "and says so");
	unlink(in_dir("pbs.db/x"));
	rmdir(path);
	is_int(files(), 1, "no temporary file is left");
	map_close(&map);
}

int
main(void)
{
	umask(022);
	if (mkdtemp(directory) == NULL || chmod(directory, 0755) < 0) {
		perror(directory);
		return 1;
	}
	names();
	unsafe_places();
	life_of_a_hash();
	others_meddle();
	after_a_crash();
	somebody_holds_the_lock();
	failure();
	rmdir(directory);
	return tap_done();
}
