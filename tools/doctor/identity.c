#include "tools/doctor/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tools/shellword.h"

static void
fill(struct identity *who, const struct passwd *pw)
{
	snprintf(who->name, sizeof(who->name), "%s", pw->pw_name);
	who->uid = pw->pw_uid;
	who->gid = pw->pw_gid;
	who->ngroups = IDENTITY_GROUPS_MAX;
	if (getgrouplist(pw->pw_name, pw->pw_gid, who->groups, &who->ngroups) <
	    0)
		who->ngroups = IDENTITY_GROUPS_MAX;
}

bool
identity_of(struct identity *who, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL)
		return false;
	fill(who, pw);
	return true;
}

void
identity_of_caller(struct identity *who)
{
	const struct passwd *pw = getpwuid(geteuid());

	if (pw != NULL) {
		fill(who, pw);
		return;
	}
	*who = (struct identity){.uid = geteuid(), .gid = getegid()};
	snprintf(who->name, sizeof(who->name), "%lu",
		 (unsigned long)geteuid());
}

/* In a child: 0 yes, 1 no, 2 cannot become that user. */
static int
ask_as(const struct identity *who, const char *path, int access)
{
	if (setgroups((size_t)who->ngroups, who->groups) != 0 ||
	    setresgid(who->gid, who->gid, who->gid) != 0 ||
	    setresuid(who->uid, who->uid, who->uid) != 0)
		return 2;
	return faccessat(AT_FDCWD, path, access, AT_EACCESS) != 0;
}

int
identity_may(const struct identity *who, const char *path, int access)
{
	int status;
	pid_t pid;

	if (who->uid == geteuid())
		return faccessat(AT_FDCWD, path, access, AT_EACCESS) == 0;
	if (geteuid() != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		_exit(ask_as(who, path, access));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1)
		return -1;
	return WEXITSTATUS(status) == 0;
}

char *
identity_obstacle(const struct identity *who, const char *path)
{
	char *dir = alloc_string(path), *slash;

	for (slash = strchr(dir + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (access(dir, F_OK) == 0 &&
		    identity_may(who, dir, X_OK) == 0)
			return dir;
		*slash = '/';
	}
	free(dir);
	return NULL;
}

static bool
has_setfacl(void)
{
	return access("/usr/bin/setfacl", X_OK) == 0 ||
	       access("/bin/setfacl", X_OK) == 0;
}

char *
identity_let_pass(const char *user, const char *directory)
{
	char *word = shellword(directory);
	char *command = has_setfacl()
			    ? alloc_format("setfacl -m u:%s:x %s", user, word)
			    : alloc_format("chmod o+x %s", word);

	free(word);
	return command;
}

char *
identity_let_read(const char *user, const char *file)
{
	char *word = shellword(file);
	char *command =
	    has_setfacl()
		? alloc_format("setfacl -m u:%s:r %s", user, word)
		: alloc_format("chgrp \"$(id -gn %s)\" %s && chmod g+r %s",
			       user, word, word);

	free(word);
	return command;
}
