/*
 * journal: asks journalctl(1) what the systemd journal holds.
 */
#ifndef TOOLS_DOCTOR_JOURNAL_H
#define TOOLS_DOCTOR_JOURNAL_H

#include <stdbool.h>
#include <time.h>

struct survey;
struct surveyor;

/* Surveys the last entries that a "journal:" of the settings selects. False:
 * there is no journal, or it may not be read. */
bool journal_survey(struct survey *, struct surveyor *, const char *spec,
		    time_t now);

#endif
