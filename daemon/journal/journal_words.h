/*
 * journal_words: the words after "journal:", which select entries. They are
 * FIELD=VALUE, and + between alternatives.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_WORDS_H
#define DAEMON_JOURNAL_JOURNAL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether every alternative tests a field that journald sets and the writer
 * cannot choose. */
bool journal_words_name_writer(char *const *words, size_t count);

#endif
