/*
 * report: the findings of the doctor, in the order in which they were made.
 *
 * One table, in report.c, holds what each finding says: what is wrong, how that
 * is known, and the command that puts it right.
 */
#ifndef TOOLS_DOCTOR_REPORT_H
#define TOOLS_DOCTOR_REPORT_H

#include <stddef.h>
#include <time.h>

#include "base/alloc.h"
#include "tools/doctor/remedies.h"

enum fault {
	/* Postfix */
	FAULT_POSTFIX_SETTINGS,
	FAULT_POSTFIX_STOPPED,
	FAULT_POSTFIX_NOT_AT_BOOT,
	FAULT_OPEN_RELAY,
	FAULT_NO_REFUSAL,
	FAULT_NOT_NAMED,
	FAULT_NEARLY_NAMED,
	FAULT_WRONG_LIST,
	FAULT_TOO_LATE,
	FAULT_OTHER_LIST,
	FAULT_WRONG_CHECK,
	FAULT_NO_DEFAULT,
	FAULT_OWN_MAIL,
	FAULT_OVERRIDE,
	FAULT_SECOND_LINE,
	FAULT_UNUSED_SETTING,
	FAULT_POSTCONF_WARNS,
	FAULT_MAP_TYPE,
	FAULT_OLD_TYPE,
	FAULT_PROXY,
	FAULT_MAP_MISSING,
	FAULT_MAP_LATE,
	FAULT_RELOAD_MISSING,
	FAULT_CHROOT,
	FAULT_SHUT_DIRECTORY,
	FAULT_WIDE_NETWORK,
	/* logs */
	FAULT_LOG_MISSING,
	FAULT_LOG_DIRECTORY_MISSING,
	FAULT_LOG_DANGLING,
	FAULT_LOG_KIND,
	FAULT_LOG_PACKED,
	FAULT_LOG_UNREADABLE,
	FAULT_LOG_WRITABLE,
	FAULT_LOG_FORM,
	FAULT_LOG_OPTIONAL,
	FAULT_LOG_NO_RULE,
	FAULT_LOG_OTHER,
	FAULT_LOG_DOVECOT,
	FAULT_LOG_AHEAD,
	FAULT_LOG_BEHIND,
	FAULT_LOG_NEWLINES,
	/* journal */
	FAULT_JOURNAL_MISSING,
	FAULT_JOURNAL_MATCH,
	/* daemon */
	FAULT_SETTINGS,
	FAULT_SOCKET,
	FAULT_STOPPED,
	FAULT_NOT_AT_BOOT,
	FAULT_STALE_MAP,
	FAULT_MAP_UNWRITTEN,
	FAULT_MAP_WRITABLE,
	FAULT_FOREIGN_MAP,
	FAULT_TWO_DAEMONS,
	FAULT_OLD_SETTINGS,
	FAULT_OLD_MAPS,
	FAULT_DIRECTORY_MISSING,
	FAULT_DIRECTORY_CLOSED,
	FAULT_PATH_RELATIVE,
	FAULT_OWN_LOG,
	FAULT_EXCLUDED,
	FAULT_ALL_EXCLUDED,
	FAULT_GRACE,
	FAULT_SHARED,
	FAULT_PROXY_HOST,
	FAULT_INEXPRESSIBLE,
	FAULT_UNWATCHED,
	FAULT_SANDBOX,
	/* machine */
	FAULT_DISK,
	FAULT_INOTIFY,
	FAULT_NETWORK_DISK,
	FAULT_CLOCK,
	FAULT_COUNT
};

struct found_fault {
	enum fault fault;
	char *what, *how, *remedy;
};

struct report {
	const char *settings; /* the file of settings that remedies name */
	struct remedies remedies;
	struct found_fault *list;
	size_t count;
	struct strings unseen; /* what this user may not look at */
};

/*
 * Adds a finding. In its texts, "%1" to "%4" become words[0] to words[3], which
 * are copied, up to the first that is NULL; control bytes in them become
 * visible. words[3] must be the last.
 */
void report_fault(struct report *, enum fault, const char *const words[4]);
/* The same with up to four words. */
#define REPORT(report, fault, ...)                                             \
	report_fault((report), (fault),                                        \
		     (const char *const[4]){__VA_ARGS__})

/* Writes when, local time, as a word of a finding. */
void report_time(time_t when, char text[32]);

/* Adds what could not be seen, once. */
void report_unseen(struct report *, const char *what);

void report_print(const struct report *);
void report_print_json(const struct report *);
void report_clear(struct report *);

#endif
