/* userfile: the user.tab in the directory of an account. */
#ifndef TOOLS_XMAIL_USERFILE_H
#define TOOLS_XMAIL_USERFILE_H

#include <stdbool.h>

struct tabline;
struct xmail;

/* Whether the account of this line of mailusers.tab gets mail: not with
 * ReceiveEnable 0. Reports that, and permissions that only XMail knows. */
bool userfile_receives(struct xmail *, const struct tabline *);

#endif
