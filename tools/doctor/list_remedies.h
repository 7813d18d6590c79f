/*
 * list_remedies: the commands that put our map where smtpd(8) asks it, and
 * before it refuses. What no command can do, they say in words. All are to be
 * freed.
 */
#ifndef TOOLS_DOCTOR_LIST_REMEDIES_H
#define TOOLS_DOCTOR_LIST_REMEDIES_H

struct postfix_state;

/* Puts the map into the list where it should be. */
char *list_remedy(const struct postfix_state *, const char *list);
/* Puts the map in the place of a word of the list. */
char *list_replacement(const struct postfix_state *, const char *list,
		       const char *word);
/* Gives the policy service that the list names by this word a default_action. */
char *list_default(const struct postfix_state *, const char *list,
		   const char *word);
/* Permits mail for our own domains before this word of the list, a socketmap: map. */
char *list_order(const struct postfix_state *, const char *list,
		 const char *word);
/* The list that relays only for those who may. */
char *list_closed(const struct postfix_state *);

#endif
