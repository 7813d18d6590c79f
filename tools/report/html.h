/*
 * html: text and numbers for a page, so that no byte of them is markup.
 */
#ifndef TOOLS_REPORT_HTML_H
#define TOOLS_REPORT_HTML_H

#include <stdint.h>
#include <stdio.h>

/*
 * Writes text in element content or in a quoted attribute, of HTML as of XML.
 * What neither may contain, and what turns the direction of the text around, is
 * shown as \u{202e}; bytes that are not valid UTF-8 are shown as \xNN.
 */
void html_text(FILE *, const char *text);

void html_number(FILE *, uint64_t); /* "1,234,567" */
void html_tenths(FILE *, double);   /* "1,234.5" */

#endif
