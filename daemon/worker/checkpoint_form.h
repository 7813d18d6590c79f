/*
 * checkpoint_form: what a checkpoint looks like; private to its files.
 *
 * checkpoint_write.c writes it, checkpoint.c reads it. Neither calls the other.
 */
#ifndef DAEMON_WORKER_CHECKPOINT_FORM_H
#define DAEMON_WORKER_CHECKPOINT_FORM_H

#include <stdio.h>

#include "daemon/conf/conf_peers.h"

/*
 * The file, line by line; PATH, TEXT and NAME are the raw rest of their line:
 *
 *	pop-before-smtp checkpoint 1
 *	clock WALL STEADY BOOT	(when it was written; older files lack it)
 *	grace SECONDS		(of what follows; older files lack it)
 *	log DEVICE INODE OFFSET HEAD_LEN HEAD TAIL_LEN TAIL PATH
 *	cursor TEXT			(of the preceding log)
 *	torn yes		(also of the preceding log)
 *	peer KEY NAME		(a host whose logins were accepted)
 *	rule NAME		(of what follows, to the next such line)
 *	origin own|peers	(also of what follows; at first: own)
 *	row ADDRESS LOGIN EXPIRES HELD
 *	other LOGIN EXPIRES HELD NAME
 *	user NAME		(of the preceding row; any number)
 *	seeds HASH HASH		(of the sessions that follow)
 *	session HASH HASH KIND COUNT BEGAN ADDRESS
 *	removed ADDRESS STAMP [WHEN]
 *	end HASH		(of all preceding lines)
 *
 * A log has several "log" lines if several files match its name, which has a
 * `*': the first says where to begin, the others how far these were read. Older
 * versions only use the first.
 *
 * A user has a "user" line if times, rule and origin are those of the row, else
 * an "other" line. The latest login comes last. An "other" line without a name
 * has the logins that named no user, or users who are no longer listed. A rule
 * without a name is that of an operator, or not known.
 *
 * An "own" login is from our own logs or from an operator; logins of "peers"
 * were only reported by other hosts.
 *
 * A removal has the STAMP that the wall clock gave it, with which stamps of
 * logins are compared, and WHEN it was made by the clock of the file: earlier,
 * if that was set back in between. Of other hosts' removals that is not known.
 *
 * Older files have no rules; there a row without "user" lines counts in
 * addition to its "other" lines. The oldest have no "other" lines.
 *
 * Numbers are decimal, hashes and keys hexadecimal, times seconds since the epoch.
 */
#define CHECKPOINT_MAGIC "pop-before-smtp checkpoint 1"

/* Bytes, with the newline: a damaged file may have none. */
enum { CHECKPOINT_LINE_MAX = 8192 };

enum { CHECKPOINT_RULE_SIZE = 128 }; /* no name of a rule is as long */

/* A public key, hexadecimal. */
enum { CHECKPOINT_KEY_SIZE = 2 * PEERS_PUBLIC_KEY + 1 };
static inline void
checkpoint_key_text(char text[CHECKPOINT_KEY_SIZE],
		    const unsigned char key[PEERS_PUBLIC_KEY])
{
	for (size_t i = 0; i < PEERS_PUBLIC_KEY; i++)
		sprintf(text + 2 * i, "%02x", key[i]);
}

#endif
