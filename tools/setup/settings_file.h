/*
 * settings_file: adds keys to the daemon's file of settings, and leaves the rest
 * of it as it is.
 */
#ifndef TOOLS_SETUP_SETTINGS_FILE_H
#define TOOLS_SETUP_SETTINGS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/alloc.h"

struct err;

struct settings_file {
	char *path; /* links resolved */
	bool exists;
	bool names_log, names_map;
	char *text; /* as it is */
	size_t len;
};

/* 0; -1: see err. Clear it in both cases. */
int settings_file_load(struct settings_file *, const char *path,
		       struct err *);
void settings_file_clear(struct settings_file *);

/* The text with these lines ("key: value") at its end, to be freed. NULL: see
 * err; it is of a form that cannot be extended so. */
char *settings_file_with(const struct settings_file *,
			 const struct strings *lines, time_t now,
			 struct err *);

/* Replaces the file as a whole; its owner and mode stay. 0; -1: see err. */
int settings_file_write(const struct settings_file *, const char *text,
			struct err *);

#endif
