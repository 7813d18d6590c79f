/*
 * conf_journal: what follows "journal:" in the name of a log; see
 * journalctl(1).
 */
#ifndef DAEMON_CONF_CONF_JOURNAL_H
#define DAEMON_CONF_CONF_JOURNAL_H

struct err;

/* spec: with "journal:". 0, or -1: err says which word would select no entry of
 * any journal. */
int conf_check_journal(const char *spec, struct err *);

#endif
