/* Files with a secret: their permissions are checked before they are read. */
#include "daemon/sys/secret_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

static char file[] = "/tmp/pbs-secret.XXXXXX";

static void
write_file(const char *text, mode_t mode)
{
	FILE *f;

	chmod(file, 0600);
	f = fopen(file, "w");
	fputs(text, f);
	fclose(f);
	chmod(file, mode);
}

static void
modes(void)
{
	static const struct {
		mode_t mode;
		const char *said; /* NULL: it is read */
	} rows[] = {
	    {0400, NULL},
	    {0600, NULL},
	    {0640, NULL},
	    {0440, NULL},
	    {0644, "others may read it (mode 644, owner "},
	    {0604, "others may read it (mode 604, owner "},
	    {0660, "others may write it (mode 660, owner "},
	    {0602, "others may write it (mode 602, owner "},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {""};
		char *text;

		write_file("opensesame\n", rows[i].mode);
		text = secret_file_read(file, 100, &err);
		ok((text == NULL) == (rows[i].said != NULL) &&
		       (text != NULL || strstr(err.text, rows[i].said) != NULL),
		   "mode %03o: %s", (unsigned int)rows[i].mode,
		   text != NULL ? "is read" : err.text);
		ok(strstr(err.text, "sesame") == NULL, "nothing is repeated");
		if (text != NULL)
			is_str(text, "opensesame\n", "all of it");
		free(text);
	}
}

static void
kinds(void)
{
	struct err err;

	ok(secret_file_read("/tmp", 100, &err) == NULL &&
	       strstr(err.text, "/tmp: not a regular file") != NULL,
	   "a directory: %s", err.text);
	ok(secret_file_read("/dev/null", 100, &err) == NULL &&
	       strstr(err.text, "not a regular file") != NULL,
	   "a device: %s", err.text);
	ok(secret_file_read("/tmp/pbs-no-such-file", 100, &err) == NULL &&
	       strstr(err.text, "No such file") != NULL,
	   "no file: %s", err.text);
	write_file("", 0600);
	ok(secret_file_read(file, 100, &err) == NULL &&
	       strstr(err.text, "is empty") != NULL,
	   "an empty one: %s", err.text);
	write_file("12345678901", 0600);
	ok(secret_file_read(file, 10, &err) == NULL, "a long one: %s",
	   err.text);
	unlink(file);
	mkfifo(file, 0600);
	ok(secret_file_read(file, 100, &err) == NULL &&
	       strstr(err.text, "not a regular file") != NULL,
	   "a FIFO, which nobody waits for: %s", err.text);
}

/* Whoever may not read it learns whose it is. */
static void
not_ours(void)
{
	struct err err;

	unlink(file);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	if (geteuid() != 0 || seteuid(65534) != 0) {
		tap_skip("another user's file", "not root");
		return;
	}
	ok(secret_file_read(file, 100, &err) == NULL &&
	       strstr(err.text, "(mode 600, owner root)") != NULL,
	   "another user's file: %s", err.text);
	if (seteuid(0) != 0)
		ok(false, "root again");
}

int
main(void)
{
	close(mkstemp(file));
	modes();
	kinds();
	not_ours();
	unlink(file);
	return tap_done();
}
