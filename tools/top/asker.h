/* asker: asks the daemon one request at a time, while the loop goes on. */
#ifndef TOOLS_TOP_ASKER_H
#define TOOLS_TOP_ASKER_H

#include <stdbool.h>

struct asker;
struct err;
struct loop;

enum { ASKER_TIMEOUT_MS = 10 * 1000 }; /* without progress */

/*
 * answer: its lines without the last, to be read and changed until the callback
 * returns; NULL: it did not come, and err says why. The callback may ask again.
 */
typedef void asker_fn(void *arg, char *answer, const struct err *);

/* path is borrowed: the control socket of the daemon. */
struct asker *asker_new(struct loop *, const char *path, void *arg);
void asker_free(struct asker **);

/* The callback comes later, or before this returns if the daemon cannot be
 * reached. Nothing may be asked already. */
void asker_ask(struct asker *, const char *request, asker_fn *);
bool asker_is_busy(const struct asker *);

#endif
