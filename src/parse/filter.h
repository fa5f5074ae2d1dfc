/*
 * Lines of the programs beside the mail server that look at a mail: content filters, milters and
 *policy servers. They log a verdict with the queue id or the Message-ID; the correlator hangs it on
 *the hop.
 *
 * All functions: `e` comes from event_init with host, time, pid and program set; its slices borrow
 *from `line` (or are literals). Result lines give PARSE_OK, chatter of every log level
 *PARSE_IGNORED.
 *
 * What the filters put into fields that have no meaning of their own in event.h:
 *
 *	Amavis    action "Passed" or "Blocked"; text what was done: "DiscardedInbound,Quarantined"
 *	Rspamd    action "no action", "add header", "soft reject", "reject", ...
 *	opendkim  action "signed" when a signature was added
 *	SPF       action "reject" or "defer", with code, dsn and text, when the answer refuses the
 *mail
 */
#ifndef ELSE_PARSE_FILTER_H
#define ELSE_PARSE_FILTER_H

#include "parse/parse.h"

/* Amavis 2.6 to 2.13: the main log line ($log_templ), with or without the additions of
 * $log_verbose_templ. EVENT_FILTER, check "amavis". */
enum parse_result parse_amavis(const struct line *line, struct event *e);

/* SpamAssassin's spamd (spamd/spamd.raw). EVENT_FILTER, check "spamassassin". "result:" lines carry
 * the Message-ID; the "identified spam" and "clean message" lines beside them name no mail. */
enum parse_result parse_spamd(const struct line *line, struct event *e);

/* clamd, clamav-milter (clamav-milter/clamfi.c) and clamsmtpd. EVENT_FILTER, check "clamav". */
enum parse_result parse_clamav(const struct line *line, struct event *e);

/* Rspamd's task log in its default log_format, 1.1 to 3.x. EVENT_FILTER, check "rspamd". */
enum parse_result parse_rspamd(const struct line *line, struct event *e);

/* EVENT_CHECK, check "dkim". */
enum parse_result parse_opendkim(const struct line *line, struct event *e);

/* EVENT_CHECK, check "dmarc", or "spf" for the SPF results opendmarc logs. */
enum parse_result parse_opendmarc(const struct line *line, struct event *e);

/* policyd-spf and pyspf-milter (spf-engine), postfix-policyd-spf-perl, smf-spf. EVENT_CHECK, check
 * "spf". */
enum parse_result parse_spf(const struct line *line, struct event *e);

/* postgrey and GreyLSE: "action=..., reason=..., client_name=..., ...". EVENT_GREYLIST. */
enum parse_result parse_postgrey(const struct line *line, struct event *e);

#endif
