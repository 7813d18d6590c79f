/*
 * list_edits: the changes to main.cf that make Postfix look into our map, tried
 * on a copy before they are shown.
 */
#ifndef TOOLS_SETUP_LIST_EDITS_H
#define TOOLS_SETUP_LIST_EDITS_H

#include "base/alloc.h"

struct conf;
struct postconf;

/*
 * Adds to settings what postconf -e should be given, "NAME = VALUE" each: none,
 * if main.cf is right already. conf: with the map that will be kept. 0; -1: the
 * lists cannot be edited safely, reasons says why, and settings has what the
 * lists are now. directory: that of main.cf, for the commands in the reasons;
 * NULL: the usual one.
 */
int list_edits_plan(struct strings *settings, const struct conf *conf,
		    const struct postconf *, const char *directory,
		    struct strings *reasons);

#endif
