/*
 * pbsctl keygen: makes the key with which a host signs what it publishes.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/writeall.h"
#include "daemon/peers/sign.h"
#include "tools/verb.h"

static const char help[] =
    "usage: pbsctl keygen [--owner USER] [--name HOST] FILE\n"
    "\n"
    "Makes a new secret key in FILE, which must not exist yet, and prints the\n"
    "line that other hosts need below `hosts:' to accept what this host\n"
    "publishes. Each host needs its own key, which must never leave it.\n"
    "\n"
    "  --owner USER  the owner of FILE: the user that the daemon runs as\n"
    "  --name HOST   the name of the host; by default the last part of FILE,\n"
    "                without .key\n"
    "\n"
    "Exit: 0 done, 64 wrong usage, 67 no such USER, 69 not in this build, 73\n"
    "FILE cannot be created or exists: a key is never overwritten.\n";

enum { NAME_MAX_LEN = 63 }; /* characters, as in the configuration */

struct order {
	const char *file, *owner, *name;
	bool help;
};

/* ---- the command line ---- */

static int
parse(struct order *o, int argc, char **argv)
{
	static const struct option known[] = {
	    {"owner", required_argument, NULL, 'o'},
	    {"name", required_argument, NULL, 'n'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(&verb_keygen, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 'o')
			o->owner = optarg;
		if (c == 'n')
			o->name = optarg;
		o->help = o->help || c == 'h';
	}
	if (o->help)
		return 0;
	if (argc - optind != 1) {
		verb_error(&verb_keygen, "name one file, such as /etc/"
					 "pop-before-smtp/pop1.key");
		return EX_USAGE;
	}
	o->file = argv[optind];
	return 0;
}

#ifdef WITHOUT_PEERS
static int
make_key(const struct order *o)
{
	(void)o;
	verb_error(&verb_keygen, "pbsctl was built without libsodium, hiredis "
				 "or OpenSSL; see INSTALL, part 1");
	return EX_UNAVAILABLE;
}
#else

/* Copies the host's name to out. -1: the configuration takes no such name. */
static int
host_name(const struct order *o, char out[NAME_MAX_LEN + 1])
{
	const char *slash = strrchr(o->file, '/');
	const char *text = o->name != NULL ? o->name
			   : slash != NULL ? slash + 1
					   : o->file;
	size_t len = strlen(text);

	if (o->name == NULL && len > 4 && strcmp(text + len - 4, ".key") == 0)
		len -= 4;
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)text[i]) &&
		    !isdigit((unsigned char)text[i]) &&
		    (text[i] != '.' && text[i] != '-'))
			len = 0;
	if (len == 0 || len > NAME_MAX_LEN) {
		verb_error(&verb_keygen,
			   "'%s' is not a name for a host (a to z, digits, "
			   ". and -); give one with --name",
			   text);
		return -1;
	}
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

/* ---- the file ---- */

static int
fail(const struct order *o, const char *what)
{
	verb_error(&verb_keygen, "%s: %s%s%s", o->file, what,
		   *what != '\0' ? ": " : "", strerror(errno));
	return EX_CANTCREAT;
}

/* From the start, nobody but its owner can read the file. */
static int
write_key(const struct order *o, const struct passwd *owner, const char *text)
{
	int fd = open(o->file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0400);
	int code = 0;

	if (fd < 0 && errno == EEXIST) {
		verb_error(&verb_keygen,
			   "%s: exists, and a key is never overwritten; for "
			   "another key, name another file",
			   o->file);
		return EX_CANTCREAT;
	}
	if (fd < 0)
		return fail(o, "");
	if (writeall(fd, text, strlen(text)) != 0 ||
	    writeall(fd, "\n", 1) != 0 || fchmod(fd, 0400) != 0 || fsync(fd) != 0)
		code = fail(o, "write");
	else if (owner != NULL && fchown(fd, owner->pw_uid, owner->pw_gid) != 0)
		code = fail(o, "change the owner");
	if (close(fd) != 0 && code == 0)
		code = fail(o, "close");
	if (code != 0)
		unlink(o->file);
	return code;
}

static int
make_key(const struct order *o)
{
	unsigned char secret[SIGN_SECRET];
	char text[SIGN_KEY_TEXT], shown[SIGN_KEY_TEXT], name[NAME_MAX_LEN + 1];
	const struct passwd *owner =
	    o->owner != NULL ? getpwnam(o->owner) : NULL;
	struct err err;
	int code;

	if (o->owner != NULL && owner == NULL) {
		verb_error(&verb_keygen, "--owner: no user '%s'", o->owner);
		return EX_NOUSER;
	}
	if (host_name(o, name) != 0)
		return EX_USAGE;
	if (sign_begin(&err) != 0) {
		verb_error(&verb_keygen, "%s", err.text);
		return EX_OSERR;
	}
	sign_new_key(secret, text);
	sign_public_text(shown, secret);
	code = write_key(o, owner, text);
	sign_forget(secret, sizeof(secret));
	sign_forget(text, sizeof(text));
	if (code == 0)
		printf("    - { name: %s, key: \"%s\" }\n", name, shown);
	return code;
}
#endif

static int
run(int argc, char **argv)
{
	struct order o = {0};
	int code = parse(&o, argc, argv);

	if (code != 0)
		return code;
	if (o.help)
		fputs(help, stdout);
	else
		code = make_key(&o);
	return verb_finish(&verb_keygen, code);
}

const struct verb verb_keygen = {
    .name = "keygen",
    .arguments = "[--owner USER] [--name HOST] FILE",
    .summary = "make the key with which a host signs what it publishes",
    .run = run,
};
