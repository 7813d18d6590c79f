/*
 * examine: what the doctor looks at, and one function for each group of
 * findings. They only read.
 */
#ifndef TOOLS_DOCTOR_EXAMINE_H
#define TOOLS_DOCTOR_EXAMINE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "base/alloc.h"
#include "daemon/conf/conf.h"
#include "tools/doctor/identity.h"
#include "tools/doctor/report.h"

/* What daemon and doctor read if no file is named. */
#define SETTINGS_FILE "/etc/pop-before-smtp/pop-before-smtp.yaml"

struct survey;
struct surveyor;

struct examination {
	struct conf conf;
	time_t now;
	struct identity daemon; /* the user that the daemon runs as */
	char *socket;		/* where it listens */
	pid_t pid;		/* of the running daemon; 0: none, or not known */
	char *silence; /* why it has not answered; NULL: it has, or none runs */
	struct surveyor *surveyor; /* NULL: the patterns cannot be read */
	struct strings foreign; /* other hosts whose lines a log has */
	char *foreign_log;	/* one that has them */
	bool logins; /* some log that is followed has logins */
	struct report report;
};

/* What pbsctl doctor does, for another verb: prints all findings. config NULL: the
 * usual one. expected: findings that are no fault here, ended with FAULT_COUNT. */
enum doctor_result { DOCTOR_HEALTHY, DOCTOR_FOUND, DOCTOR_EXPECTED };
enum doctor_result doctor_run(const char *config, const enum fault *expected);

void examine_postfix(struct examination *);
void examine_logs(struct examination *);
void examine_journal(struct examination *, const char *spec);
/* Only rules that are off fit the lines of this log, or journal. */
void report_optional(struct examination *, const char *log,
		     const struct survey *);
/* The paths of the settings. */
void examine_places(struct examination *);
void examine_daemon(struct examination *);
void examine_machine(struct examination *);
/* A log has lines of this program, which logs what strangers send. */
void examine_newlines(struct examination *, const char *program);

#endif
