/*
 * identity: what another user may reach, asked of the kernel in that user's
 * name.
 */
#ifndef TOOLS_DOCTOR_IDENTITY_H
#define TOOLS_DOCTOR_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

enum { IDENTITY_GROUPS_MAX = 64 };

struct identity {
	char name[64];
	uid_t uid;
	gid_t gid;
	gid_t groups[IDENTITY_GROUPS_MAX];
	int ngroups;
};

/* Fills it with a user of this machine. False: there is no such user. */
bool identity_of(struct identity *, const char *name);
/* The user that runs this program. */
void identity_of_caller(struct identity *);

/*
 * Whether that user has this access (as of access(2)) to a file: 1 or 0. -1:
 * cannot be told, since only root can ask for somebody else.
 */
int identity_may(const struct identity *, const char *path, int access);

/* The first directory on the way to a file that this user cannot search; to be
 * freed. NULL: none, or it cannot be told. */
char *identity_obstacle(const struct identity *, const char *path);

/* Commands that let a user pass a directory, or read a file; to be freed. Without
 * setfacl(1), which few hosts have, everybody may pass. */
char *identity_let_pass(const char *user, const char *directory);
char *identity_let_read(const char *user, const char *file);

#endif
