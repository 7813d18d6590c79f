/*
 * suggest: finds the known word that is nearest to a mistyped one, for messages
 * such as "unknown key 'grase' (did you mean 'grace'?)".
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

/* words ends with NULL. If no word is near enough, the shortest of those that
 * begin with this one; NULL if none does, or it is too short to tell. Case does
 * not matter. */
const char *suggest(const char *word, const char *const *words);

#endif
