/* string_map: files of keys and of text, read back, kept, locked, and replaced
 * as a whole or not at all. That Postfix reads them: tests/format/recipients.t.
 */
#include "maps/string_map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

static char directory[] = "/tmp/pbs-string_map.XXXXXX";

static const char *
in_dir(const char *name)
{
	static char paths[4][256];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

struct keys {
	const char *const *at;
};

static const char *
next(void *arg)
{
	struct keys *keys = arg;

	return *keys->at != NULL ? *keys->at++ : NULL;
}

static int
build(struct string_map *map, const char *const *keys, struct err *err)
{
	struct keys walk = {keys};
	struct map_strings strings = {.next = next, .arg = &walk};

	return string_map_build(map, &strings, err);
}

struct seen {
	unsigned int count, letters; /* bit 0: 'a' */
};

static void
take(void *arg, const char *key, size_t len)
{
	struct seen *seen = arg;

	seen->count++;
	if (len == 1)
		seen->letters |= 1u << (key[0] - 'a');
}

static unsigned int
letters(const struct string_map *map, unsigned int count)
{
	struct seen seen = {0};
	struct err err;

	is_int(string_map_read(map, take, &seen, &err), 1, "is read");
	is_int(seen.count, count, "as many keys");
	return seen.letters;
}

static const char *const AB[] = {"a", "b", NULL};
static const char *const BC[] = {"b", "c", NULL};
static const char *const NONE[] = {NULL};

static void
test_keys(const char *type, const char *suffix)
{
	char name[32];
	struct err err = {""};
	struct stat st;
	struct seen seen = {0};
	struct string_map *map, *before;
	int fd;

	snprintf(name, sizeof(name), "%s.previous%s", type, suffix);
	map = string_map_open(type, in_dir(type), "ok", &err);
	before = string_map_open(type, in_dir(name), "ok", &err);
	ok(before == NULL && strstr(err.text, "adds") != NULL,
	   "%s: a name with the suffix: %s", type, err.text);
	snprintf(name, sizeof(name), "%s.previous", type);
	before = string_map_open(type, in_dir(name), "ok", &err);
	if (!ok(map != NULL && before != NULL, "%s: is opened", type))
		return;
	is_int(string_map_read(map, take, &seen, &err), 0, "there is no file");
	is_int(string_map_keep(map, &err), 0, "nor is one kept");

	is_int(build(map, AB, &err), 0, "a, b are built");
	is_int(string_map_read(map, take, &seen, &err), 0, "but are not there");
	is_int(string_map_commit(map, &err), 0, "before they are committed");
	is_int(letters(map, 2), 3, "then they are");

	is_int(build(map, BC, &err), 0, "b, c are built");
	is_int(string_map_keep(map, &err), 0, "the old file is kept");
	is_int(letters(map, 2), 3, "and there");
	snprintf(name, sizeof(name), "%s%s", type, suffix);
	fd = open(in_dir(name), O_RDONLY | O_CLOEXEC);
	is_int(string_map_commit(map, &err), 0, "b, c are committed");
	/* That is how smtpd(8) notices, see string_map_keep(). */
	ok(fstat(fd, &st) == 0 && st.st_nlink == 0,
	   "the file that a reader has open has no name any more");
	close(fd);
	is_int(letters(map, 2), 6, "now these are there");
	is_int(letters(before, 2), 3, "and the old ones beside them");

	is_int(string_map_keep(map, &err), 0, "kept again");
	is_int(string_map_keep(map, &err), 0, "and once more");
	is_int(letters(before, 2), 6, "the previous ones are the same");
	is_int(build(map, NONE, &err), 0, "no keys are built");
	is_int(string_map_commit(map, &err), 0, "and committed");
	is_int(letters(map, 0), 0, "then there are none");

	is_int(build(map, AB, &err), 0, "a, b are built once more");
	snprintf(name, sizeof(name), "%s%s", type, suffix);
	is_int(stat(in_dir(name), &st), 0, "the file");
	is_int(st.st_mode & 07777, 0644, "everybody may read it");
	string_map_close(&map);
	ok(map == NULL, "closed before they were committed");
	map = string_map_open(type, in_dir(type), "ok", &err);
	is_int(letters(map, 0), 0, "they are not there");
	string_map_close(&map);
	string_map_close(&before);
}

static void
write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	fputs(text, out);
	fclose(out);
}

static void
test_broken(const char *type, const char *suffix)
{
	static const char *const texts[] = {"", "not such a file\n"};
	char name[32];
	struct err err = {""};
	struct seen seen = {0};
	struct string_map *map;

	snprintf(name, sizeof(name), "broken%s", suffix);
	for (size_t i = 0; i < 2; i++) {
		write_file(in_dir(name), texts[i]);
		map = string_map_open(type, in_dir("broken"), "ok", &err);
		is_int(string_map_read(map, take, &seen, &err), -1,
		       "%s: a broken file: %s", type, err.text);
		is_int(build(map, AB, &err), 0, "is replaced");
		is_int(string_map_commit(map, &err), 0, "by another");
		is_int(letters(map, 2), 3, "that can be read");
		string_map_close(&map);
	}
}

static void
test_text(void)
{
	struct err err = {""};
	struct string_map *text, *map;
	char *read;
	size_t len;

	text = string_map_open("", in_dir("hash.text"), NULL, &err);
	map = string_map_open("hash", in_dir("hash"), "ok", &err);
	is_int(string_map_read_text(text, &read, &len, &err), 0, "no text");
	ok(read == NULL, "is read");
	ok(!string_map_is_newer(text, map), "no file is not newer");
	is_int(string_map_build_text(text, "x\ny\n", 4, &err), 0, "a text");
	is_int(string_map_commit(text, &err), 0, "is written");
	is_int(string_map_read_text(text, &read, &len, &err), 1, "and read");
	is_str(read, "x\ny\n", "as it was");
	is_int((long long)len, 4, "its length");
	free(read);
	ok(string_map_is_newer(text, map), "it is newer than the map");
	ok(!string_map_is_newer(map, text), "which is not newer than it");
	string_map_close(&text);
	string_map_close(&map);
}

static void
refused(const char *type, const char *name, const char *part)
{
	struct err err = {""};
	struct string_map *map = string_map_open(type, name, "ok", &err);

	ok(map == NULL && strstr(err.text, part) != NULL, "%s", err.text);
	string_map_close(&map);
}

static void
test_refused(void)
{
	struct err err = {""};

	is_int(string_map_check_type("hash", &err), 0, "hash is a type");
	is_int(string_map_check_type("pcre", &err), -1, "pcre has no keys");
	ok(strstr(err.text, "hash") != NULL, "%s", err.text);
	is_int(string_map_check_name("hash", "/x/{y,z}", &err), -1, "a list");
	is_int(string_map_check_name("", in_dir("x.db"), &err), 0, "text");
	refused("hash", "relative", "absolute");
	refused("hash", in_dir("none/x"), "No such file");
	ok(symlink("hash.db", in_dir("link.db")) == 0, "a link");
	refused("hash", in_dir("link"), "is a symbolic link");
	ok(mkdir(in_dir("shared"), 0755) == 0 &&
	       chmod(in_dir("shared"), 0775) == 0,
	   "a directory of a group");
	refused("hash", in_dir("shared/x"), "writable by others");
	refused("", in_dir("shared/x"), "writable by others");
}

/* Whether somebody who asks now would get the lock. */
static bool
is_free(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool got = flock(fd, LOCK_EX | LOCK_NB) == 0;

	close(fd);
	return got;
}

static void
test_lock(void)
{
	struct err err = {""};
	struct stat st;
	struct string_map *map =
	    string_map_open("hash", in_dir("hash"), "ok", &err);

	is_int(string_map_lock(map, &err), 0, "the lock is taken");
	ok(!is_free(in_dir(".hash.db.lock")), "and held");
	is_int(stat(in_dir(".hash.db.lock"), &st), 0, "its file");
	is_int(st.st_mode & 07777, 0600, "is the owner's alone");
	string_map_close(&map);
	ok(is_free(in_dir(".hash.db.lock")), "until the map is closed");
}

int
main(void)
{
	char command[64];

	if (mkdtemp(directory) == NULL)
		return 1;
	test_keys("hash", ".db");
	test_broken("hash", ".db");
#ifndef WITHOUT_LMDB
	test_keys("lmdb", ".lmdb");
	test_broken("lmdb", ".lmdb");
#endif
#ifndef WITHOUT_CDB
	test_keys("cdb", ".cdb");
	test_broken("cdb", ".cdb");
#endif
	test_text();
	test_refused();
	test_lock();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) == 0 ? tap_done() : 1;
}
