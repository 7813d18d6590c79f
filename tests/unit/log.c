/* log: one line for each fact, to the right place, with nothing unprintable in
 * it. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

static const struct {
	const char *bytes;
	size_t len, size;
	const char *text;
} printables[] = {
    {"plain text", 10, 64, "plain text"},
    {"", 0, 64, ""},
    {"a\nb\tc\x7f", 6, 64, "a\\x0ab\\x09c\\x7f"},
    {"a\0b", 3, 64, "a\\x00b"},
    {"back\\slash", 10, 64, "back\\x5cslash"},
    {"\x1b[31mred", 8, 64, "\\x1b[31mred"},
    {"caf\xc3\xa9", 5, 64, "caf\xc3\xa9"},
    {"\xe2\x82\xac \xf0\x9f\x98\x80", 8, 64, "\xe2\x82\xac \xf0\x9f\x98\x80"},
    {"caf\xe9", 4, 64, "caf\\xe9"},
    {"\xc0\xaf", 2, 64, "\\xc0\\xaf"},		/* overlong */
    {"\xe0\x80\xaf", 3, 64, "\\xe0\\x80\\xaf"}, /* overlong */
    {"\xed\xa0\x80", 3, 64, "\\xed\\xa0\\x80"}, /* surrogate */
    {"\xf4\x90\x80\x80", 4, 64, "\\xf4\\x90\\x80\\x80"},
    {"\xf5", 1, 64, "\\xf5"},
    {"\xc2\x9b", 2, 64, "\\xc2\\x9b"}, /* a C1 control */
    {"\xe2\x82", 2, 64, "\\xe2\\x82"}, /* torn */
    {"123456789", 9, 10, "123456789"},
    {"1234567890", 10, 10, "123456..."},
    {"12345\n\n", 7, 10, "12345..."},
    {"12345\xc3\xa9\xc3\xa9", 9, 10, "12345\xc3\xa9\xc3\xa9"},
    {"12345\xc3\xa9\xc3\xa9x", 10, 10, "12345..."},
    {"1234", 4, 4, "..."},
    {"1234", 4, 3, "12"},
    {"1234", 4, 1, ""},
};

static void
test_printable(void)
{
	for (size_t i = 0; i < sizeof(printables) / sizeof(*printables); i++) {
		size_t len = printables[i].len;
		char *bytes = malloc(len ? len : 1);
		char out[64];

		memcpy(bytes, printables[i].bytes, len);
		memset(out, '~', sizeof(out));
		is_str(log_printable(out, printables[i].size, bytes, len),
		       printables[i].text, "printable %zu", i);
		ok(printables[i].size == sizeof(out) ||
		       out[printables[i].size] == '~',
		   "within its bounds");
		free(bytes);
	}
}

/* All that was written to fd since the last time. */
static const char *
written(int fd)
{
	static char text[8192];
	ssize_t got = read(fd, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void
test_stderr(void)
{
	int ends[2], saved = dup(STDERR_FILENO), got;
	char name[64];
	struct stat st;
	struct err err;

	got = pipe2(ends, O_NONBLOCK | O_CLOEXEC);
	dup2(ends[1], STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
	log_open(NULL, false, &err);
	log_info("granted %s for %ds", "192.0.2.7", 1800);
	log_debug("not said");
	is_int(got, 0, "standard error");
	is_str(written(ends[0]), "granted 192.0.2.7 for 1800s\n",
	       "gets bare lines");
	log_warning("one\ntwo\r\x1b");
	log_error("broken");
	is_str(written(ends[0]), "warning: one two  \nerror: broken\n",
	       "a word of weight, no control bytes");
	log_open(NULL, true, &err);
	errno = ENOSPC;
	log_debug("%m");
	is_str(written(ends[0]), "No space left on device\n",
	       "debug on demand");
	is_int(errno, ENOSPC, "errno survives");

	fstat(STDERR_FILENO, &st);
	snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	log_open(NULL, true, &err);
	log_error("a");
	log_warning("b");
	log_info("c");
	log_debug("d");
	is_str(written(ends[0]), "<3>a\n<4>b\n<6>c\n<7>d\n",
	       "the journal gets priorities");
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open(NULL, false, &err);
	log_error("a");
	is_str(written(ends[0]), "error: a\n",
	       "but not if standard error is no longer its socket");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

static void
test_file(void)
{
	char name[] = "/tmp/log-XXXXXX", renamed[32], long_text[5000];
	const char *text;
	struct err err;
	int fd = mkstemp(name);

	is_int(log_open(name, false, &err), 0, "a file");
	log_info("one");
	log_error("two");
	text = written(fd);
	ok(strlen(text) > 25 && text[4] == '-' && text[10] == 'T',
	   "gets a stamp on each line");
	ok(strstr(text, " one\n") != NULL &&
	       strstr(text, " error: two\n") != NULL,
	   "and the message");
	is_int(log_open("/nonexistent/x", false, &err), -1,
	       "one that cannot be opened is refused");
	is_str(err.text, "/nonexistent/x: open: No such file or directory",
	       "with the reason");
	log_info("three");
	ok(strstr(written(fd), " three\n") != NULL, "and the old one stays");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_info("%s", long_text);
	text = written(fd);
	ok(strlen(text) > 1000 && strlen(text) <= 2048 &&
	       text[strlen(text) - 1] == '\n',
	   "an endless message is cut, and still one line");
	snprintf(renamed, sizeof(renamed), "%s.1", name);
	rename(name, renamed);
	log_open(name, false, &err);
	log_info("four");
	is_str(written(fd), "", "opened again after a rotation");
	close(fd);
	fd = open(name, O_RDONLY);
	ok(strstr(written(fd), " four\n") != NULL, "it is the new file");
	close(fd);
	unlink(name);
	unlink(renamed);
	log_open(NULL, false, &err);
}

int
main(void)
{
	test_printable();
	test_stderr();
	test_file();
	return tap_done();
}
