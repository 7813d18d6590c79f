#include "maps/live/senders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hashmap.h"
#include "base/readfile.h"

/* The clock of a file system may tick only once in this many seconds, so that a
 * second change leaves the modification time as it was. */
enum { TICK_SECONDS = 2, KEY_MAX = 2048 };

static const char spaces[] = " \t\r\n\f\v";
static const char separators[] = ", \t\r\n";

struct sender {
	struct hashmap_key key; /* in lower case */
	const char *users;
	unsigned int line;
};

/* What one file says. */
struct table {
	char *text; /* cut into keys and users */
	struct hashmap *senders;
};

struct senders {
	char *path;
	struct table *table;
	struct stat seen; /* at the last attempt to read it */
	bool unsure;	  /* it was so new that it may change unnoticed */
	bool gone;	  /* stat(2) failed, which was reported */
};

/* ---- a table ---- */

static void
table_free(struct table **table)
{
	if (*table == NULL)
		return;
	free((*table)->text);
	hashmap_free(&(*table)->senders);
	free(*table);
	*table = NULL;
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* ---- reading: one logical line ---- */

static int
check_key(const char *key, struct err *err)
{
	const char *at = strrchr(key, '@');

	if (strlen(key) > KEY_MAX)
		return err_set(err, "a sender longer than %d bytes", KEY_MAX);
	if (key[0] == '"')
		return err_set(err, "a sender in quotes is not supported");
	if (key[strlen(key) - 1] == ':')
		return err_set(err,
			       "'%s' ends with a colon: this is not the format "
			       "of an alias file",
			       key);
	if (at != NULL && at[1] == '\0')
		return err_set(err, "'%s' has no domain", key);
	return 0;
}

/* text is a logical line without white space around it; it is cut up in
 * place. */
static int
add_sender(struct table *table, char *text, unsigned int line, struct err *err)
{
	size_t len = strcspn(text, spaces);
	char *users = text + len;
	const struct hashmap_key key = {text, len};
	struct sender *s;

	users += strspn(users, separators);
	if (*users == '\0')
		return err_set(err, "expected `sender users', found '%.80s'",
			       text);
	text[len] = '\0';
	if (check_key(text, err) != 0)
		return -1;
	lower(text);
	s = hashmap_put(table->senders, &key);
	if (s->users != NULL)
		return err_set(err, "'%s' is already in line %u", text,
			       s->line);
	s->users = users;
	s->line = line;
	return 0;
}

static bool
is_blank_or_comment(const char *line)
{
	line += strspn(line, spaces);
	return *line == '\0' || *line == '#';
}

/* The physical line at *text, without its newline; NULL at the end. */
static char *
next_line(char **text)
{
	char *line = *text, *end;

	if (line == NULL || *line == '\0')
		return NULL;
	end = strchr(line, '\n');
	*text = end != NULL ? end + 1 : NULL;
	if (end != NULL)
		*end = '\0';
	return line;
}

static void
trim_end(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(spaces, text[len - 1]) != NULL)
		text[--len] = '\0';
}

/* Appends a line that continues a logical one. */
static void
append(char *logical, size_t *len, const char *line)
{
	size_t more = strlen(line);

	memmove(logical + *len, line, more + 1);
	*len += more;
}

/*
 * As in postmap(1), a logical line may contain comments and empty lines. It is
 * put together in place, since it is never longer than what it is made from.
 */
static int
parse(struct table *table, const char *path, struct err *err)
{
	char *text = table->text, *line, *logical = NULL;
	unsigned int number = 0, first = 0;
	size_t len = 0;
	int result = 0;

	while (result == 0) {
		line = next_line(&text);
		number++;
		if (line != NULL && is_blank_or_comment(line))
			continue;
		if (line != NULL && strchr(spaces, *line) != NULL) {
			if (logical == NULL)
				return err_set(err,
					       "%s:%u: begins with white "
					       "space, but there is no line "
					       "to continue",
					       path, number);
			append(logical, &len, line);
			continue;
		}
		if (logical != NULL) {
			trim_end(logical);
			result = add_sender(table, logical, first, err);
		}
		if (line == NULL)
			break;
		logical = line;
		len = strlen(line);
		first = result == 0 ? number : first;
	}
	return result == 0 ? 0 : err_prefix(err, "%s:%u", path, first);
}

/* ---- reading: the file ---- */

static int
check_file(const char *path, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, "%s: not a regular file", path);
	/* Whoever may write it can use every sender. */
	if ((st->st_mode & S_IWOTH) != 0)
		return err_set(err,
			       "%s: everybody may write to it (mode %03o); "
			       "use chmod o-w",
			       path, (unsigned int)st->st_mode & 0777);
	return 0;
}

static char *
read_text(const char *path, int fd, struct err *err)
{
	size_t len;
	char *text = readfile_fd(fd, path, SENDERS_FILE_MAX, &len, err);

	if (text == NULL)
		return NULL;
	if (memchr(text, '\0', len) != NULL)
		err_set(err, "%s: contains a NUL byte: not a text file", path);
	else if (len > 0 && text[len - 1] != '\n')
		/* Half a name may be the name of somebody else. */
		err_set(err, "%s: ends in the middle of a line", path);
	else
		return text;
	free(text);
	return NULL;
}

/* Checks and reads the same open file. Fills in *seen, unless the file cannot
 * be opened. */
static struct table *
read_table(const char *path, struct stat *seen, struct err *err)
{
	struct table *table = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, seen) < 0) {
		err_set(err, "%s: %s", path, strerror(errno));
	} else if (check_file(path, seen, err) == 0) {
		table = alloc_zero(1, sizeof(*table));
		table->senders =
		    hashmap_new(sizeof(struct sender), HASHMAP_KEY_OUTSIDE);
		table->text = read_text(path, fd, err);
		if (table->text == NULL || parse(table, path, err) != 0)
			table_free(&table);
	}
	if (fd >= 0)
		close(fd);
	return table;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A file written within the last tick may change again without a trace. */
static bool
is_fresh(const struct stat *st, time_t now)
{
	return st->st_ctim.tv_sec + TICK_SECONDS > now;
}

static struct table *
read_now(struct senders *senders, time_t now, struct err *err)
{
	struct table *table;

	memset(&senders->seen, 0, sizeof(senders->seen));
	table = read_table(senders->path, &senders->seen, err);
	senders->unsure = is_fresh(&senders->seen, now);
	return table;
}

struct senders *
senders_open(const char *path, time_t now, struct err *err)
{
	struct senders *senders = alloc_zero(1, sizeof(*senders));

	senders->path = alloc_string(path);
	senders->table = read_now(senders, now, err);
	if (senders->table == NULL)
		senders_free(&senders);
	return senders;
}

void
senders_free(struct senders **senders)
{
	if (*senders == NULL)
		return;
	table_free(&(*senders)->table);
	free((*senders)->path);
	free(*senders);
	*senders = NULL;
}

size_t
senders_count(const struct senders *senders)
{
	return hashmap_count(senders->table->senders);
}

int
senders_refresh(struct senders *senders, time_t now, struct err *err)
{
	struct stat st;
	struct table *table;
	bool again;

	if (stat(senders->path, &st) < 0) {
		if (senders->gone)
			return 0;
		senders->gone = true;
		return err_set(err, "%s: %s", senders->path, strerror(errno));
	}
	again = senders->gone ||
		(senders->unsure && !is_fresh(&senders->seen, now));
	if (!again && same_file(&st, &senders->seen))
		return 0;
	again = same_file(&st, &senders->seen);
	senders->gone = false;
	table = read_now(senders, now, err);
	if (table == NULL)
		return again ? 0 : -1;
	table_free(&senders->table);
	senders->table = table;
	return again ? 0 : 1;
}

/* ---- looking up ---- */

static const char *
look_up(const struct senders *senders, const char *head, size_t head_len,
	const char *tail, size_t tail_len)
{
	size_t len = head_len + tail_len;
	char folded[KEY_MAX + 1];
	const struct hashmap_key key = {folded, len};
	const struct sender *s;

	if (len > KEY_MAX || len == 0)
		return NULL;
	memcpy(folded, head, head_len);
	memcpy(folded + head_len, tail, tail_len);
	folded[len] = '\0';
	lower(folded);
	s = hashmap_find(senders->table->senders, &key);
	return s != NULL ? s->users : NULL;
}

const char *
senders_find(const struct senders *senders, const char *sender, size_t len,
	     size_t extension, bool local)
{
	const char *at, *users;
	size_t name, domain, base;

	if (len == 0)
		return look_up(senders, "<>", 2, "", 0);
	at = memrchr(sender, '@', len);
	users = look_up(senders, sender, len, "", 0);
	if (users != NULL || at == NULL)
		return users;
	name = (size_t)(at - sender);
	domain = len - name;
	base = name - extension;
	if (extension > 0)
		users = look_up(senders, sender, base, at, domain);
	if (users == NULL && local)
		users = look_up(senders, sender, name, "", 0);
	if (users == NULL && local && extension > 0)
		users = look_up(senders, sender, base, "", 0);
	return users != NULL ? users : look_up(senders, "", 0, at, domain);
}

bool
senders_lists(const char *users, const char *user)
{
	size_t len, wanted = strlen(user);

	while (*(users += strspn(users, separators)) != '\0') {
		len = strcspn(users, separators);
		if (len == wanted && strncasecmp(users, user, len) == 0)
			return true;
		users += len;
	}
	return false;
}
