/*
 * messages: collects the warnings and errors that the daemon's code logs.
 */
#ifndef TOOLS_REPORT_MESSAGES_H
#define TOOLS_REPORT_MESSAGES_H

struct strings;

/* From now on what is logged is kept in memory. Returns a descriptor of it; -1:
 * that is not possible, and nothing is collected. */
int messages_begin(void);
/* Ends that: what is logged later is dropped. Adds the warnings and errors,
 * without stamp and severity, but none that ends with what the list has. */
void messages_end(int fd, struct strings *);

#endif
