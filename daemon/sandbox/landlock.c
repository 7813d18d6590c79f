#include "daemon/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

/* As in <linux/landlock.h> of Linux 6.12: the installed header is often older
 * than the running kernel. */
enum {
	CREATE_RULESET = 444, /* the same on every architecture */
	ADD_RULE = 445,
	RESTRICT_SELF = 446,
	ASK_VERSION = 1,
	RULE_PATH_BENEATH = 1,
	RULE_NET_PORT = 2,
};

static const uint64_t EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2,
		      READ_DIR = 1 << 3, REMOVE_FILE = 1 << 5,
		      MAKE_REG = 1 << 8, MAKE_SOCK = 1 << 9, TRUNCATE = 1 << 14,
		      FIRST_ALL = (1 << 13) - 1, REFER = 1 << 13,
		      IOCTL_DEV = 1 << 15;
static const uint64_t BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1;
static const uint64_t ABSTRACT_SOCKETS = 1 << 0, SIGNALS = 1 << 1;

struct handled_rights {
	uint64_t fs, net, scoped;
};

struct __attribute__((packed)) beneath {
	uint64_t allowed;
	int32_t fd;
};

struct port_rule {
	uint64_t allowed, port;
};

int
landlock_version(void)
{
	long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);

	return version > 0 ? (int)version : 0;
}

/* The rights that this version of Landlock can take away. */
static struct handled_rights
handled(const struct landlock_plan *plan, int version)
{
	struct handled_rights set = {.fs = FIRST_ALL};

	if (version >= 2)
		set.fs |= REFER;
	if (version >= 3)
		set.fs |= TRUNCATE;
	if (version >= 5)
		set.fs |= IOCTL_DEV;
	if (plan->read_all)
		set.fs &= ~(READ_FILE | READ_DIR | IOCTL_DEV);
	if (version >= 4)
		set.net = (plan->connect_any ? 0 : CONNECT_TCP) |
			  (plan->bind ? 0 : BIND_TCP);
	if (version >= 6 && !plan->signals)
		set.scoped = ABSTRACT_SOCKETS | SIGNALS;
	return set;
}

/* An older kernel accepts only a shorter struct. */
static size_t
size_for(int version)
{
	return version >= 6   ? sizeof(struct handled_rights)
	       : version >= 4 ? offsetof(struct handled_rights, scoped)
			      : offsetof(struct handled_rights, net);
}

static int
allow(int ruleset, const char *path, uint64_t rights, uint64_t all,
      struct err *err)
{
	struct beneath rule = {.fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat st;
	int result = 0;

	if (rule.fd < 0)
		return 0;
	if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;
	rule.allowed = rights & all;
	if (syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
		result =
		    err_set(err, "landlock: %s: %s", path, strerror(errno));
	close(rule.fd);
	return result;
}

static int
allow_all(int ruleset, const struct landlock_plan *plan, uint64_t all,
	  struct err *err)
{
	const uint64_t reading = READ_FILE | READ_DIR;
	const uint64_t writing =
	    WRITE_FILE | REMOVE_FILE | MAKE_REG | MAKE_SOCK | TRUNCATE;

	for (size_t i = 0; i < plan->nread; i++)
		if (allow(ruleset, plan->read[i], reading, all, err) != 0)
			return -1;
	for (size_t i = 0; i < plan->nwrite; i++)
		if (allow(ruleset, plan->write[i], reading | writing, all,
			  err) != 0)
			return -1;
	return 0;
}

static int
allow_ports(int ruleset, const struct landlock_plan *plan, uint64_t net,
	    struct err *err)
{
	struct port_rule rule = {.allowed = CONNECT_TCP};

	for (size_t i = 0; (net & CONNECT_TCP) != 0 && i < plan->nports; i++) {
		rule.port = plan->ports[i];
		if (syscall(ADD_RULE, ruleset, RULE_NET_PORT, &rule, 0) != 0)
			return err_set(err, "landlock: port %u: %s",
				       plan->ports[i], strerror(errno));
	}
	return 0;
}

int
landlock_restrict(const struct landlock_plan *plan, struct err *err)
{
	int version = landlock_version(), fd, result;
	struct handled_rights set = handled(plan, version);

	if (version == 0)
		return 0;
	fd = (int)syscall(CREATE_RULESET, &set, size_for(version), 0);
	if (fd < 0)
		return err_set(err, "landlock: %s", strerror(errno));
	result = allow_all(fd, plan, set.fs, err);
	if (result == 0)
		result = allow_ports(fd, plan, set.net, err);
	if (result == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			    syscall(RESTRICT_SELF, fd, 0) != 0))
		result = err_set(err, "landlock: %s", strerror(errno));
	close(fd);
	return result;
}
