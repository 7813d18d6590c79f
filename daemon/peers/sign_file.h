/*
 * sign_file: the file with the key with which this host signs.
 */
#ifndef DAEMON_PEERS_SIGN_FILE_H
#define DAEMON_PEERS_SIGN_FILE_H

#include "daemon/peers/sign.h"

/* After sign_begin(). The file must not be readable by others, as
 * daemon/sys/secret_file.h says. 0, or -1; err names the file. */
int sign_file_read(unsigned char secret[SIGN_SECRET], const char *file,
		   struct err *);

#endif
