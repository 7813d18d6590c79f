/*
 * text_lines: takes the bytes of a text file in pieces, and hands out its lines
 * as UTF-8.
 *
 * A file may begin with a byte order mark: that of UTF-8 is dropped, and after
 * one of UTF-16 the text is converted, each half of a broken pair to U+FFFD.
 * Everything else is taken as it is. Lines end with LF or CR LF.
 */
#ifndef TOOLS_GATEWAY_TEXT_LINES_H
#define TOOLS_GATEWAY_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Of a longer line only the beginning is handed out. */
enum { TEXT_LINE_MAX = 1024 };

struct text_lines;

/* number counts from 1. The line is borrowed until the callback returns. */
typedef void text_lines_fn(void *arg, size_t number, const char *line,
			   size_t len);

struct text_lines *text_lines_new(text_lines_fn *, void *arg);
void text_lines_free(struct text_lines **);
void text_lines_feed(struct text_lines *, const char *bytes, size_t len);

/* At the end of the file: hands out the last line, if it has no newline.
 * Whether that was so, or the text ends within a character of UTF-16. */
bool text_lines_end(struct text_lines *);

#endif
