/*
 * words: how a report writes addresses, times and names for people.
 */
#ifndef TOOLS_REPORT_WORDS_H
#define TOOLS_REPORT_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct summary;

enum { WORDS_ADDRESS = ADDR_TEXT_MAX + 4, WORDS_TIME = 32, WORDS_NAME = 1300 };

/* The address; with its prefix if the daemon authorizes whole networks. */
const char *words_address(const struct summary *, const struct addr *,
			  char out[WORDS_ADDRESS]);

/* Local time: "2026-11-21 08:30". */
const char *words_time(time_t, char out[WORDS_TIME]);

/* The shortest that tells parts of `step' seconds apart: "08:30", "21 Nov
 * 08:00", "21 Nov". */
const char *words_begin(time_t, unsigned int step, char out[WORDS_TIME]);

/* "10 min", "2 h", "3 d", "90 s". */
const char *words_duration(uint32_t seconds, char out[WORDS_TIME]);

/* What the parts of the period are: "minute", "hour" ... */
const char *words_step(unsigned int step);

/* A user's name, printable; see log_printable(). */
const char *words_user(const struct summary *, uint32_t number,
		       char out[WORDS_NAME]);

/* How much of the whole, in percent; 0 of 0 is 0. */
unsigned int words_percent(uint64_t part, uint64_t whole);

#endif
