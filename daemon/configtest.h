/*
 * configtest: checks whether the daemon would start with this configuration,
 * and whether the patterns match their samples. Changes nothing.
 */
#ifndef DAEMON_CONFIGTEST_H
#define DAEMON_CONFIGTEST_H

struct conf;

/* Prints a line for each check on standard output: "ok WHAT" or "FAILED WHY",
 * with file and line. Returns the exit code: 0, or EX_CONFIG. */
int configtest_run(const struct conf *);

#endif
