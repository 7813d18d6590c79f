/* terminal: shows a screen on the terminal, and reads its keys; by ncurses. */
#ifndef TOOLS_TOP_TERMINAL_H
#define TOOLS_TOP_TERMINAL_H

#include <stdbool.h>

struct err;
struct screen;
struct terminal;

/* Takes over the terminal of standard input and output. NULL: err says why it
 * cannot be used, and it is as before. */
struct terminal *terminal_open(struct err *);
/* Leaves the terminal as it was before. */
void terminal_close(struct terminal **);

/* Its size now, at least 1 by 1. */
void terminal_size(const struct terminal *, int *rows, int *columns);
/* The size has changed. */
void terminal_resize(struct terminal *);

void terminal_show(struct terminal *, const struct screen *);
/* The next terminal_show() draws everything again. */
void terminal_repaint(struct terminal *);

/* The next key that was pressed, as in keys.h. false: no more now. */
bool terminal_key(struct terminal *, int *key);

#endif
