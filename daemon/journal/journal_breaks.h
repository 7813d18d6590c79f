/*
 * journal_breaks: whether an archived file has lines that were cut, of services
 * by journald or of containers by their driver, found without libsystemd, which
 * needs longer to open one file than this needs for a hundred.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_BREAKS_H
#define DAEMON_JOURNAL_JOURNAL_BREAKS_H

#include <stdbool.h>

struct journal_header;

/* True, too, if that is in doubt. */
bool journal_breaks_may_cut(const struct journal_header *, int fd);
/* The same for lines of containers alone. */
bool journal_breaks_containers(const struct journal_header *, int fd);

#endif
