/*
 * where: where does the daemon listen?
 */
#ifndef TOOLS_WHERE_H
#define TOOLS_WHERE_H

struct err;

/*
 * The path of the control socket, to be freed by the caller, by what the
 * configuration says of checkpoint and maps; config NULL: the usual file, if
 * it is there. NULL: err says "file:line: why".
 */
char *where_socket(const char *config, struct err *);

#endif
