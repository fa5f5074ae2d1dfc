#include "parse/postfix.h"

/*
 * Which function reads which head, first byte by first byte, the frequent ones first. The program
 * beside it is who logs the shape, for lines whose service was lost on the way ("postfix" alone).
 */

#define SHAPE(head, parse, program)                                                                \
	{                                                                                          \
		head, sizeof(head) - 1, parse, program                                             \
	}
#define ROW (const struct postfix_shape[])
#define END                                                                                        \
	{                                                                                          \
		NULL, 0, NULL, PROGRAM_OTHER                                                       \
	}

const struct postfix_shape *const postfix_mail_shapes[128] = {
	['t'] = ROW{SHAPE("to=<", postfix_delivery, PROGRAM_SMTP),
		SHAPE("timeout after ", postfix_lost, PROGRAM_SMTPD),
		SHAPE("too many errors after ", postfix_lost, PROGRAM_SMTPD),
		SHAPE("to=", postfix_delivery, PROGRAM_SMTP), END},
	['f'] = ROW{SHAPE("from=", postfix_queued, PROGRAM_QMGR),
		SHAPE("filter: ", postfix_action, PROGRAM_SMTPD), END},
	['m'] = ROW{SHAPE("message-id=", postfix_message_id, PROGRAM_CLEANUP),
		SHAPE("milter-reject: ", postfix_refused, PROGRAM_SMTPD),
		SHAPE("milter-header-reject: ", postfix_refused, PROGRAM_CLEANUP),
		SHAPE("milter-body-reject: ", postfix_refused, PROGRAM_CLEANUP),
		SHAPE("milter-", postfix_action, PROGRAM_CLEANUP), END},
	['r'] = ROW{SHAPE("removed", postfix_removed, PROGRAM_QMGR),
		SHAPE("reject: ", postfix_refused, PROGRAM_SMTPD),
		SHAPE("resent-message-id=", postfix_message_id, PROGRAM_CLEANUP),
		SHAPE("reject_warning: ", postfix_action, PROGRAM_SMTPD),
		SHAPE("redirect: ", postfix_action, PROGRAM_SMTPD),
		SHAPE("replace: ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("released from hold", postfix_released, PROGRAM_POSTSUPER),
		SHAPE("requeued", postfix_requeued, PROGRAM_POSTSUPER), END},
	['c'] = ROW{SHAPE("client=", postfix_client, PROGRAM_SMTPD),
		SHAPE("conversation with ", postfix_lost_relay, PROGRAM_SMTP), END},
	['u'] = ROW{SHAPE("uid=", postfix_pickup, PROGRAM_PICKUP), END},
	['h'] = ROW{SHAPE("host ", postfix_host_said, PROGRAM_SMTP),
		SHAPE("hold: ", postfix_action, PROGRAM_SMTPD),
		SHAPE("hangup after ", postfix_lost, PROGRAM_SMTPD), END},
	['l'] = ROW{SHAPE("lost connection with ", postfix_lost_relay, PROGRAM_SMTP),
		SHAPE("lost connection after ", postfix_lost, PROGRAM_SMTPD), END},
	['s'] = ROW{SHAPE("sender ", postfix_notice, PROGRAM_BOUNCE),
		SHAPE("strip: ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("skipped, still being delivered", postfix_news, PROGRAM_QMGR), END},
	['p'] = ROW{SHAPE("postmaster ", postfix_notice, PROGRAM_BOUNCE),
		SHAPE("placed on hold", postfix_held, PROGRAM_POSTSUPER),
		SHAPE("prepend: ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("permit: ", postfix_action, PROGRAM_SMTPD),
		SHAPE("pass: ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("passing <", postfix_passing, PROGRAM_LOCAL),
		SHAPE("proxy-", postfix_proxy, PROGRAM_SMTPD), END},
	['w'] = ROW{SHAPE("warning: header ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("warning: body ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("warning: content ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("warn: ", postfix_action, PROGRAM_SMTPD), END},
	['i'] = ROW{SHAPE("info: ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("improper command pipelining after ", postfix_lost, PROGRAM_SMTPD), END},
	['d'] = ROW{SHAPE("discard: ", postfix_action, PROGRAM_SMTPD),
		SHAPE("delay: ", postfix_action, PROGRAM_SMTPD), END},
	['b'] = ROW{SHAPE("bcc: ", postfix_action, PROGRAM_CLEANUP),
		SHAPE("bare <", postfix_lost, PROGRAM_SMTPD),
		SHAPE("breaking line ", postfix_ignored, PROGRAM_SMTP), END},
	['e'] = ROW{SHAPE("enabling PIX workarounds: ", postfix_pix, PROGRAM_SMTP),
		SHAPE("expired", postfix_expire, PROGRAM_POSTSUPER), END},
	['C'] = ROW{SHAPE("Cannot start TLS: ", postfix_relay_trouble, PROGRAM_SMTP), END},
	['S'] = ROW{SHAPE("SASL authentication failed", postfix_sasl_said, PROGRAM_SMTP),
		SHAPE("Server certificate ", postfix_relay_trouble, PROGRAM_SMTP), END},
	['T'] = ROW{SHAPE("TLS ", postfix_relay_trouble, PROGRAM_SMTP), END},
};

const struct postfix_shape *const postfix_plain_shapes[128] = {
	['c'] = ROW{SHAPE("connect from ", postfix_connect, PROGRAM_SMTPD),
		SHAPE("connect to ", postfix_connect_to, PROGRAM_SMTP),
		SHAPE("certificate ", postfix_connect_to, PROGRAM_SMTP),
		SHAPE("cache ", postfix_ignored, PROGRAM_POSTSCREEN), END},
	['d'] = ROW{SHAPE("disconnect from ", postfix_disconnect, PROGRAM_SMTPD),
		SHAPE("discarding EHLO keywords: ", postfix_ignored, PROGRAM_SMTPD),
		SHAPE("daemon started ", postfix_program, PROGRAM_POSTFIX), END},
	['l'] = ROW{SHAPE("lost connection after ", postfix_lost, PROGRAM_SMTPD),
		SHAPE("lost connection with ", postfix_lost_relay, PROGRAM_SMTP),
		SHAPE("leaving STRESS mode", postfix_news, PROGRAM_POSTSCREEN), END},
	['t'] = ROW{SHAPE("timeout after ", postfix_lost, PROGRAM_SMTPD),
		SHAPE("too many errors after ", postfix_lost, PROGRAM_SMTPD),
		SHAPE("table ", postfix_ignored, PROGRAM_POSTFIX),
		SHAPE("terminating on signal ", postfix_program, PROGRAM_POSTFIX),
		SHAPE("to=", postfix_ignored, PROGRAM_SMTP),
		SHAPE("the Postfix mail system is ", postfix_program, PROGRAM_POSTFIX), END},
	['h'] = ROW{SHAPE("hangup after ", postfix_lost, PROGRAM_SMTPD), END},
	['i'] = ROW{SHAPE("improper command pipelining after ", postfix_lost, PROGRAM_SMTPD),
		SHAPE("initializing the ", postfix_ignored, PROGRAM_POSTFIX),
		SHAPE("issuing session ticket", postfix_ignored, PROGRAM_SMTPD), END},
	['b'] = ROW{SHAPE("bare <", postfix_lost, PROGRAM_SMTPD), END},
	['A'] = ROW{SHAPE("Anonymous TLS connection ", postfix_tls, PROGRAM_SMTPD),
		SHAPE("ALLOWLIST", postfix_screen_listed, PROGRAM_POSTSCREEN), END},
	['U'] = ROW{SHAPE("Untrusted TLS connection ", postfix_tls, PROGRAM_SMTP), END},
	['T'] = ROW{SHAPE("Trusted TLS connection ", postfix_tls, PROGRAM_SMTP),
		SHAPE("TLS connection ", postfix_tls, PROGRAM_SMTP), END},
	['V'] = ROW{SHAPE("Verified TLS connection ", postfix_tls, PROGRAM_SMTP), END},
	['S'] = ROW{SHAPE("SSL_accept error from ", postfix_accept_error, PROGRAM_SMTPD),
		SHAPE("SSL_connect error to ", postfix_connect_to, PROGRAM_SMTP),
		SHAPE("SSL", postfix_ignored, PROGRAM_POSTFIX), END},
	['C'] = ROW{SHAPE("CONNECT from ", postfix_screen_connect, PROGRAM_POSTSCREEN),
		SHAPE("COMMAND ", postfix_screen_command, PROGRAM_POSTSCREEN), END},
	['P'] = ROW{SHAPE("PASS ", postfix_screen_listed, PROGRAM_POSTSCREEN),
		SHAPE("PREGREET ", postfix_screen_pregreet, PROGRAM_POSTSCREEN),
		SHAPE("Placed on hold: ", postfix_ignored, PROGRAM_POSTSUPER), END},
	['D'] = ROW{SHAPE("DISCONNECT ", postfix_screen_disconnect, PROGRAM_POSTSCREEN),
		SHAPE("DNSBL rank ", postfix_screen_dnsbl, PROGRAM_POSTSCREEN),
		SHAPE("DENYLISTED ", postfix_screen_listed, PROGRAM_POSTSCREEN),
		SHAPE("DATA without valid RCPT ", postfix_screen_data, PROGRAM_POSTSCREEN),
		SHAPE("Deleted: ", postfix_ignored, PROGRAM_POSTSUPER), END},
	['H'] = ROW{SHAPE("HANGUP after ", postfix_screen_hangup, PROGRAM_POSTSCREEN),
		SHAPE("Host offered STARTTLS: ", postfix_ignored, PROGRAM_SMTP), END},
	['W'] = ROW{SHAPE("WHITELIST", postfix_screen_listed, PROGRAM_POSTSCREEN), END},
	['B'] = ROW{SHAPE("BLACKLISTED ", postfix_screen_listed, PROGRAM_POSTSCREEN),
		SHAPE("BARE NEWLINE ", postfix_screen_command, PROGRAM_POSTSCREEN),
		SHAPE("BDAT without valid RCPT ", postfix_screen_data, PROGRAM_POSTSCREEN), END},
	['N'] = ROW{SHAPE("NON-SMTP COMMAND ", postfix_screen_command, PROGRAM_POSTSCREEN), END},
	['R'] = ROW{SHAPE("Requeued: ", postfix_ignored, PROGRAM_POSTSUPER),
		SHAPE("Released from hold: ", postfix_ignored, PROGRAM_POSTSUPER),
		SHAPE("Renamed to match inode number: ", postfix_ignored, PROGRAM_POSTSUPER), END},
	['E'] = ROW{SHAPE("Expired", postfix_ignored, PROGRAM_POSTSUPER), END},
	['w'] = ROW{SHAPE("warning: ", postfix_warning, PROGRAM_POSTFIX),
		SHAPE("waiting for the Postfix mail system ", postfix_program, PROGRAM_POSTFIX),
		END},
	['e'] = ROW{SHAPE("error: ", postfix_warning, PROGRAM_POSTFIX),
		SHAPE("entering STRESS mode", postfix_news, PROGRAM_POSTSCREEN), END},
	['f'] = ROW{SHAPE("fatal: ", postfix_warning, PROGRAM_POSTFIX),
		SHAPE("from=", postfix_ignored, PROGRAM_QMGR), END},
	['p'] = ROW{SHAPE("proxy-", postfix_proxy, PROGRAM_SMTPD),
		SHAPE("panic: ", postfix_warning, PROGRAM_POSTFIX),
		SHAPE("postmaster ", postfix_ignored, PROGRAM_BOUNCE), END},
	['s'] = ROW{SHAPE("setting up TLS connection ", postfix_ignored, PROGRAM_POSTFIX),
		SHAPE("statistics: ", postfix_ignored, PROGRAM_POSTFIX),
		SHAPE("starting the Postfix mail system", postfix_program, PROGRAM_POSTFIX),
		SHAPE("stopping the Postfix mail system", postfix_program, PROGRAM_POSTFIX),
		SHAPE("sender ", postfix_ignored, PROGRAM_BOUNCE), END},
	['r'] = ROW{SHAPE("refreshing the Postfix mail system", postfix_program, PROGRAM_POSTFIX),
		SHAPE("reload ", postfix_program, PROGRAM_POSTFIX), END},
	['a'] = ROW{SHAPE("addr ", postfix_ignored, PROGRAM_POSTFIX),
		SHAPE("aborting the Postfix mail system", postfix_program, PROGRAM_POSTFIX), END},
	['u'] = ROW{SHAPE("using backwards-compatible default setting ", postfix_ignored,
			    PROGRAM_POSTFIX),
		SHAPE("uid=", postfix_ignored, PROGRAM_PICKUP), END},
	['m'] = ROW{SHAPE("message-id=", postfix_ignored, PROGRAM_CLEANUP), END},
};

const struct postfix_shape *
postfix_find_shape(const struct postfix_shape *const table[128], const struct cursor *c)
{
	size_t left = (size_t)(c->end - c->p);
	unsigned char first = left ? (unsigned char)*c->p : 0;
	if (first >= 128 || !table[first])
		return NULL;
	for (const struct postfix_shape *s = table[first]; s->head; s++)
		if (left >= s->n && c->p[s->n - 1] == s->head[s->n - 1] &&
			memcmp(c->p, s->head, s->n) == 0)
			return s;
	return NULL;
}
