/*
 * configtest: would the daemon start with this configuration, and do the patterns
 * do what their samples say? Changes nothing.
 */
#ifndef DAEMON_CONFIGTEST_H
#define DAEMON_CONFIGTEST_H

struct conf;

/* One line for each thing looked at, on standard output: "ok WHAT" or
 * "FAILED WHY", with file and line. The exit code: 0, or EX_CONFIG. */
int configtest_run(const struct conf *);

#endif
