/*
 * ask: would the daemon authorize this login?
 */
#ifndef TOOLS_ASK_H
#define TOOLS_ASK_H

struct explanation;
struct settings;
struct strings;

/*
 * Sets verdict, why and until of a login that the last of the lines has made.
 * settings NULL: there is no daemon to ask, and what it would exclude is not
 * known.
 */
void ask_login(const struct settings *, const struct strings *lines,
    struct explanation *);

#endif
