/*
 * base64: bytes as text (RFC 4648, section 4), with padding and without line
 * breaks. Only the one canonical text of given bytes is accepted.
 */
#ifndef DAEMON_CONF_BASE64_H
#define DAEMON_CONF_BASE64_H

#include <stddef.h>

/* The size of the text of n bytes, with the final NUL. */
#define BASE64_TEXT(n) (((n) + 2) / 3 * 4 + 1)

/* Writes BASE64_TEXT(len) characters. */
void base64_encode(char *text, const void *bytes, size_t len);

/* 0 if the first text_len characters are the text of exactly len bytes; -1 if
 * not, and the bytes are then undefined. */
int base64_decode(void *bytes, size_t len, const char *text, size_t text_len);

#endif
