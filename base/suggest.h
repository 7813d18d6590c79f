/*
 * suggest: the nearest known word, for "unknown key 'grase' (did you mean
 * 'grace'?)".
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

/* words ends with NULL. NULL when nothing is near enough. */
const char *suggest(const char *word, const char *const *words);

#endif
