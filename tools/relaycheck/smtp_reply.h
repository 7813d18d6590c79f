/*
 * smtp_reply: one reply of an SMTP server (RFC 5321, 4.2), from its bytes.
 *
 * The server may be hostile. A reply has a code from 200 to 599, the same one
 * in each of its lines; a line ends with LF, with or without a CR before it.
 * Whatever else it is, how many lines it has and how long they are, it is read
 * only up to a limit.
 */
#ifndef TOOLS_RELAYCHECK_SMTP_REPLY_H
#define TOOLS_RELAYCHECK_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum {
	/* RFC 5321, 4.5.3.1.5: 512 octets, with CR LF. What a line has beyond
	 * them is read and dropped. */
	SMTP_LINE_MAX = 510,
	SMTP_LINES_MAX = 100,
	SMTP_BYTES_MAX = 64 * 1024,
	SMTP_TEXT_MAX = 1024,
};

/* Zero-initialise it before each reply. */
struct smtp_reply {
	int code; /* 0: no line is complete */
	/* The texts of the lines without their codes, joined by blanks, with a
	 * final NUL; what does not fit is dropped. It may hold any other byte,
	 * and a NUL in the reply is a blank here. */
	char text[SMTP_TEXT_MAX];
	size_t text_len;
	/* while it is read */
	char line[SMTP_LINE_MAX];
	size_t line_len, bytes;
	unsigned int lines;
};

/*
 * Takes bytes as they come. 1: the reply is complete, and *used of them belong
 * to it; 0: it goes on, and all of them do; -1: this is no SMTP reply, and err
 * says why.
 */
int smtp_reply_feed(struct smtp_reply *, const char *bytes, size_t len,
		    size_t *used, struct err *);

/* Whether the text begins with this enhanced status code (RFC 3463), such as
 * "5.1.8". */
bool smtp_reply_has_status(const struct smtp_reply *, const char *status);

#endif
