#include "daemon/sandbox/seccomp.h"

#include "base/err.h"

#ifdef WITHOUT_SECCOMP

bool
seccomp_is_available(void)
{
	return false;
}

int
seccomp_restrict(const struct seccomp_plan *plan, struct err *err)
{
	(void)plan;
	(void)err;
	return 0;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* By name, so that a call that is unknown to this architecture or this
 * libseccomp can be skipped. */
static const char *const both[] = {
    /* memory, time, threads, signals */
    "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise",
    "membarrier", "rseq", "futex", "futex_time64", "set_robust_list",
    "get_robust_list", "set_tid_address", "sched_yield", "sched_getaffinity",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn",
    "rt_sigtimedwait", "sigaltstack", "restart_syscall", "clock_gettime",
    "clock_gettime64", "clock_getres", "gettimeofday", "time",
    "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "exit",
    "exit_group", "getrandom", "uname", "sysinfo", "getrusage", "times",
    /* who we are */
    "getpid", "gettid", "getppid", "getuid", "getuid32", "geteuid", "geteuid32",
    "getgid", "getgid32", "getegid", "getegid32", "getresuid", "getresgid",
    "capget", "capset", "getgroups", "getrlimit", "ugetrlimit", "getcwd",
    /* files, to read */
    "read", "readv", "pread64", "preadv", "write", "writev", "close",
    "close_range", "lseek", "_llseek", "fstat", "fstat64", "newfstatat",
    "fstatat64", "stat", "stat64", "lstat", "lstat64", "statx", "statfs",
    "statfs64", "fstatfs", "fstatfs64", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getdents", "getdents64", "dup", "dup2", "dup3",
    "fadvise64", "fadvise64_64", "readahead", "umask", "pipe", "pipe2",
    /* waiting */
    "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6",
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "eventfd2", "signalfd4", "timerfd_create", "timerfd_settime",
    "timerfd_settime64", "timerfd_gettime", "inotify_init1",
    "inotify_add_watch", "inotify_rm_watch",
    /* sockets that are open */
    "accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "recv", "sendto",
    "sendmsg", "sendmmsg", "send", "shutdown", "getsockopt", "setsockopt",
    "getsockname", "getpeername", NULL};

static const char *const keepers[] = {"fcntl",
				      "fcntl64",
				      "open",
				      "openat",
				      "pwrite64",
				      "pwritev",
				      "rename",
				      "renameat",
				      "renameat2",
				      "unlink",
				      "unlinkat",
				      "fsync",
				      "fdatasync",
				      "msync",
				      "ftruncate",
				      "ftruncate64",
				      "fallocate",
				      "flock",
				      "copy_file_range",
				      "sendfile",
				      "sendfile64",
				      "chmod",
				      "fchmod",
				      "fchmodat",
				      "clone",
				      "clone3",
				      "fork",
				      "vfork",
				      "wait4",
				      "waitpid",
				      "waitid",
				      "kill",
				      "prctl",
				      "seccomp",
				      "landlock_create_ruleset",
				      "landlock_add_rule",
				      "landlock_restrict_self",
				      "bind",
				      "listen",
				      "connect",
				      "setsid",
				      NULL};

/* Calls that no honest process of ours makes. */
static const char *const deadly[] = {"execve",
				     "execveat",
				     "ptrace",
				     "process_vm_readv",
				     "process_vm_writev",
				     "mount",
				     "umount2",
				     "pivot_root",
				     "chroot",
				     "init_module",
				     "finit_module",
				     "kexec_load",
				     "bpf",
				     "perf_event_open",
				     "setuid",
				     "setresuid",
				     "unshare",
				     "setns",
				     "userfaultfd",
				     "keyctl",
				     "add_key",
				     "io_uring_setup",
				     NULL};

static int
add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
	for (; *names != NULL; names++) {
		int call = seccomp_syscall_resolve_name(*names);
		int error = call != __NR_SCMP_ERROR
				? seccomp_rule_add(filter, action, call, 0)
				: 0;

		if (error != 0 && error != -EEXIST && error != -EDOM)
			return error;
	}
	return 0;
}

static struct scmp_arg_cmp
equal(unsigned int argument, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){
	    .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

static int
allow_socket(scmp_filter_ctx filter, int domain)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				equal(0, (scmp_datum_t)domain));
}

/* getifaddrs(3) reads this host's addresses at each reload. */
static int
allow_netlink(scmp_filter_ctx filter)
{
	int error =
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
			     equal(0, AF_NETLINK), equal(2, NETLINK_ROUTE));

	/* Only such sockets can be made, so bind(2) can do no harm. */
	return error ? error
		     : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind),
					0);
}

/* Files can be opened to read, but not created, truncated or written. */
static int
allow_reading(scmp_filter_ctx filter)
{
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
	int error =
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			     SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));

#ifdef __NR_open
	if (error == 0)
		error = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
#endif
	return error;
}

/* Threads, which read a long log, but no processes. clone3(2) passes its
 * flags by pointer, where no filter can see them; if it fails, glibc uses
 * clone(2). */
static int
allow_threads(scmp_filter_ctx filter)
{
	int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ,
					     CLONE_THREAD | CLONE_VM,
					     CLONE_THREAD | CLONE_VM));

	return error ? error
		     : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
					SCMP_SYS(clone3), 0);
}

/* F_SETOWN and F_SETSIG are not allowed: with them a descriptor can send
 * signals to other processes of the same user. O_NONBLOCK can be set but not
 * cleared, so that the keeper never blocks on a descriptor that it shares with
 * us, such as the log; sd-journal, however, clears it on the files that it
 * opens. */
static int
allow_fcntl(scmp_filter_ctx filter, int call, bool journal)
{
	static const scmp_datum_t commands[] = {F_DUPFD, F_DUPFD_CLOEXEC,
						F_GETFD, F_SETFD, F_GETFL};
	const scmp_datum_t watched = journal ? O_ASYNC : O_ASYNC | O_NONBLOCK;
	const scmp_datum_t wanted = journal ? 0 : O_NONBLOCK;
	int error = 0;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (error == 0)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call,
						 1, equal(1, commands[i]));
	if (error == 0)
		error = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, call, 2, equal(1, F_SETFL),
		    SCMP_A2(SCMP_CMP_MASKED_EQ, watched, wanted));
	return error;
}

static int
allow_syslog(scmp_filter_ctx filter)
{
	int error = seccomp_rule_add(
	    filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, equal(0, AF_UNIX),
	    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));

	return error ? error
		     : seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					SCMP_SYS(connect), 0);
}

static int
allow_rest(scmp_filter_ctx filter)
{
	static const unsigned long harmless[] = {FIONREAD, TCGETS, TIOCGWINSZ};
	int error = 0;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (error == 0)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
						 SCMP_SYS(ioctl), 1,
						 equal(1, harmless[i]));
	/* Limits can be read, but not set. */
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					 SCMP_SYS(prlimit64), 1, equal(2, 0));
	return error;
}

static int
add_keepers(scmp_filter_ctx filter, const struct seccomp_plan *plan)
{
	static const int domains[] = {AF_UNIX, AF_NETLINK, AF_INET, AF_INET6};
	int error = add_names(filter, SCMP_ACT_ALLOW, keepers);

	/* To any process: workers inherit this filter, and may abort(3). */
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					 SCMP_SYS(tgkill), 0);
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					 SCMP_SYS(socketpair), 0);
	for (size_t i = 0; error == 0 && i < (plan->inet ? 4 : 2); i++)
		error = allow_socket(filter, domains[i]);
	return error;
}

/* What pbs-link does: it connects to engines and name servers, and looks for
 * addresses in threads. */
static int
add_links(scmp_filter_ctx filter)
{
	static const int domains[] = {AF_UNIX, AF_INET, AF_INET6};
	int error = allow_reading(filter);

	if (error == 0)
		error = allow_fcntl(filter, SCMP_SYS(fcntl), false);
	if (error == 0)
		error = allow_fcntl(filter, SCMP_SYS(fcntl64), false);
	for (size_t i = 0; error == 0 && i < 3; i++)
		error = allow_socket(filter, domains[i]);
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					 SCMP_SYS(connect), 0);
	if (error == 0) /* abort(3) */
		error =
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
				     1, equal(0, (scmp_datum_t)getpid()));
	return error == 0 ? allow_threads(filter) : error;
}

static int
add_workers(scmp_filter_ctx filter, const struct seccomp_plan *plan)
{
	int error = allow_reading(filter);

	if (error == 0)
		error = allow_fcntl(filter, SCMP_SYS(fcntl), plan->journal);
	if (error == 0)
		error = allow_fcntl(filter, SCMP_SYS(fcntl64), plan->journal);
	if (error == 0)
		error = allow_netlink(filter);
	if (error == 0) /* abort(3) */
		error =
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
				     1, equal(0, (scmp_datum_t)getpid()));
	if (error == 0)
		error = allow_threads(filter);
	if (error == 0 && plan->syslog)
		error = allow_syslog(filter);
	return error;
}

static int
fill(scmp_filter_ctx filter, const struct seccomp_plan *plan)
{
	int error = add_names(filter, SCMP_ACT_KILL_PROCESS, deadly);

	seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (error == 0)
		error = add_names(filter, SCMP_ACT_ALLOW, both);
	if (error == 0)
		error = allow_rest(filter);
	if (error == 0)
		error = plan->keeper ? add_keepers(filter, plan)
			: plan->link ? add_links(filter)
				     : add_workers(filter, plan);
	return error;
}

bool
seccomp_is_available(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

int
seccomp_restrict(const struct seccomp_plan *plan, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error;

	if (filter == NULL)
		return err_set(err, "seccomp: %s", strerror(ENOMEM));
	error = fill(filter, plan);
	if (error == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		error = -errno;
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error == 0 ? 0 : err_set(err, "seccomp: %s", strerror(-error));
}

#endif
