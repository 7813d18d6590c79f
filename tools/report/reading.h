/*
 * reading: reads the logs as the daemon would that starts now, with their
 * rotated files, and judges each login as the daemon would.
 */
#ifndef TOOLS_REPORT_READING_H
#define TOOLS_REPORT_READING_H

struct conf;
struct err;
struct material;
struct period;

/*
 * Reads conf->logfiles and adds what is in them to the material; what cannot be
 * read becomes a problem there. Logins before the period, too, as far as they
 * authorized an address in it. 0: at least one log was opened; 1: none; -1: the
 * patterns are not valid, see err.
 */
int reading_run(struct material *, const struct conf *, const struct period *,
		struct err *);

#endif
