/*
 * suggest: finds the known word that is nearest to a mistyped one, for messages
 * such as "unknown key 'grase' (did you mean 'grace'?)".
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

/* words ends with NULL. Returns NULL if no word is near enough. */
const char *suggest(const char *word, const char *const *words);

/* The shortest of the words that begin with this one; NULL if none does, or it
 * is too short to tell. Case does not matter. */
const char *suggest_completion(const char *word, const char *const *words);

#endif
