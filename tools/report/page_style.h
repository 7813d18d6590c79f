/*
 * page_style: the style sheet of the page.
 */
#ifndef TOOLS_REPORT_PAGE_STYLE_H
#define TOOLS_REPORT_PAGE_STYLE_H

extern const char page_style[];

/* Its SHA-256 in base64. The page's policy names it, so that a browser uses
 * this style sheet and no other. tests/format/report-page.t compares them. */
extern const char page_style_hash[];

#endif
