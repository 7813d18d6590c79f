/*
 * stamp_kind: the ways in which a time stamp is written.
 */
#ifndef PATTERNS_LINE_STAMP_KIND_H
#define PATTERNS_LINE_STAMP_KIND_H

/* All but ctime's may have a fraction of a second, which is ignored. */
enum stamp_kind {
	STAMP_NONE,
	STAMP_TRADITIONAL, /* "Nov 21 02:11:07", "Nov 21 2026 02:11:07" */
	STAMP_ISO,	   /* "2026-11-21T02:11:07.123456+00:00", also with ' '
			    * for the T; zone "Z", "+0000", " +00", " CET" or,
			    * if local, none */
	STAMP_CTIME,	   /* "Sat Nov 21 02:11:07 2026" */
	STAMP_TAI64N,	   /* "@400000004c91b044077a9e94" (multilog) */
	STAMP_UNIX,	   /* "1795226467.123456" (journalctl -o short-unix) */
	STAMP_FULL,	   /* "2026 Nov 21 02:11:07" (syslog-ng) */
	/* The forms of stampform.c, which stamp_find() does not look for. */
	STAMP_SLASHED,	 /* "2026/11/21 02:11:07" (nginx) */
	STAMP_AMERICAN,	 /* "11/21/26 02:11:07" (MailEnable) */
	STAMP_BRACKETED, /* "[21/Nov/2026 02:11:07]" (Kerio) */
	STAMP_DOTTED,	 /* "[2026.11.21] 02:11:07" (SmarterMail) */
	STAMP_W3C,	 /* "2026-11-21 02:11:07" in UTC (W3C, IIS) */
	STAMP_CLOCK,	 /* "02:11:07" (SmarterMail) */
	STAMP_SVLOGD,	 /* "2026-11-21_02:11:07.12345" in UTC (svlogd -tt) */
	STAMP_SVLOGD_T,	 /* "2026-11-21T02:11:07.12345" in UTC (-ttt) */
	STAMP_KINDS
};

#endif
