/*
 * layout: draws the model on a screen of any size.
 *
 * From the top: one line on the daemon, one on what it reads, one on its maps;
 * the addresses; the newest grants and refusals, if there is room for them or
 * the user wants only them; and a line of keys, questions and messages. What
 * does not fit is left out, the least important first.
 */
#ifndef TOOLS_TOP_LAYOUT_H
#define TOOLS_TOP_LAYOUT_H

struct model;
struct screen;

void layout_draw(const struct model *, struct screen *);

/* How many addresses a screen with so many rows shows. */
int layout_page(const struct model *, int rows);

#endif
