#include "daemon/sandbox/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

static int
become(const char *user, const struct passwd *pw, struct err *err)
{
	if (log_give(pw->pw_uid, pw->pw_gid) != 0)
		return err_set(err, "its log: chown: %s", strerror(errno));
	if (initgroups(user, pw->pw_gid) != 0)
		return err_set(err, "initgroups: %s", strerror(errno));
	if (setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0)
		return err_set(err, "setresgid: %s", strerror(errno));
	if (setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return err_set(err, "setresuid: %s", strerror(errno));
	if (pw->pw_uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return err_set(err, "could become root again");
	return 0;
}

/* The kernel clears the parent-death signal when the user changes; it is set
 * again, since a worker must not outlive its keeper. */
static int
become_keeping_death_signal(const char *user, const struct passwd *pw,
			    struct err *err)
{
	int signo = 0;

	prctl(PR_GET_PDEATHSIG, &signo);
	if (become(user, pw, err) != 0)
		return err_prefix(err, "user '%s'", user);
	prctl(PR_SET_PDEATHSIG, signo);
	return 0;
}

int
privileges_drop(const char *user, struct err *err)
{
	const struct passwd *pw;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, "no_new_privs: %s", strerror(errno));
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return err_set(err, "user '%s': %s", user,
			       errno ? strerror(errno)
				     : "no such user; systemd-sysusers(8) or "
				       "useradd(8) creates it, see INSTALL");
	if (geteuid() == pw->pw_uid && getuid() == pw->pw_uid &&
	    getegid() == pw->pw_gid)
		return 0;
	if (geteuid() != 0)
		return err_set(err,
			       "user '%s': only root can become another "
			       "user",
			       user);
	return become_keeping_death_signal(user, pw, err);
}
