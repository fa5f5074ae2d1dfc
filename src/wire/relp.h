/*
 * The server's side of RELP, the protocol of rsyslog's omrelp: bytes to frames, commands to steps,
 * answers to bytes. No socket, no clock: the caller moves the bytes and decides when to answer.
 *
 *	frame    TXNR SP COMMAND SP DATALEN [SP DATA] LF
 *	TXNR     1 to 9 digits; 1 for the first command of a session, one more for each, 1 again
 *	         after 999999999; 0 is a hint, which has no answer
 *	COMMAND  1 to 32 letters
 *	DATALEN  1 to 9 digits; bytes of DATA, which may hold any byte, LF too
 *
 *	client                               server
 *	1 open 86 relp_version=0 LF ...      1 rsp 56 200 OK LF relp_version=0 LF ...
 *	2 syslog 42 <22>Nov 22 ...           2 rsp 6 200 OK
 *	3 close 0                            3 rsp 0
 *	                                     0 serverclose 0
 *
 * A client may send many commands before it reads an answer (its window, 128 by default); answers
 * go out in the order of the commands. "200 OK" to a syslog command means that the client may
 * forget the line. Whoever finds the other side to break the rules closes the connection; the
 * client then connects again and sends once more what was not answered.
 *
 * The order of the numbers is not checked: an answer names the number of its command, nothing else
 * hangs on it.
 *
 * Source of truth: "RELP - The Reliable Event Logging Protocol", version 0.0.1 of 2008-03-19
 * (librelp's doc/relp.html, later doc/relp.md). Where it leaves a choice we do as librelp does:
 *
 *	src/relpframe.c                frames
 *	src/offers.c, src/copen.c      offers and the answer to open
 *	src/scrsp.c                    how a client reads an answer
 *	src/cclose.c                   the empty answer to close
 */
#ifndef ELSE_WIRE_RELP_H
#define ELSE_WIRE_RELP_H

#include "base/buf.h"

enum {
	RELP_NUMBER_DIGITS = 9,	  /* at most, of TXNR and DATALEN */
	RELP_NAME_LETTERS = 32,	  /* at most, of COMMAND */
	RELP_ANSWER_LETTERS = 80, /* at most, of the human part of an answer */
	RELP_VERSION = 1, /* the highest we speak; librelp has 0, which differs in nothing */
};

enum relp_command {
	RELP_OPEN,
	RELP_SYSLOG,
	RELP_CLOSE,
	RELP_OTHER, /* none that a client may send us */
};

struct relp_frame {
	uint32_t txnr; /* 0: a hint */
	enum relp_command command;
	struct slice name; /* of the command, as sent */
	struct slice data; /* at most max_data_bytes of it */
	size_t cut_bytes;  /* of the data, beyond that */
};

struct relp_reader {
	size_t max_data_bytes;
	const char *reason; /* after RELP_BROKEN: what is wrong; holds no bytes of the client */

	uint64_t frames;
	uint64_t cut_frames;
	uint64_t dropped_bytes; /* of the frames that were cut */

	/* private */
	struct buf partial; /* data that began in an earlier input */
	struct slice data;
	size_t data_bytes; /* as announced */
	size_t todo_bytes; /* of the data, still to come */
	uint32_t txnr;
	uint32_t stage;
	uint32_t digits; /* of the number at hand */
	uint32_t name_n;
	char name[RELP_NAME_LETTERS];
};

enum relp_result {
	RELP_FRAME,  /* a whole frame: *frame is set */
	RELP_MORE,   /* the input is used up, its tail is kept */
	RELP_BROKEN, /* no RELP, and never again on this connection: reader->reason */
};

/* A reader holds no more than about twice `max_data_bytes` (> 0), whatever a client announces.
 * The specification has 128 KiB for all; librelp takes it as the default. */
void relp_reader_init(struct relp_reader *r, size_t max_data_bytes);
void relp_reader_fini(struct relp_reader *r);

/* Takes bytes off `*input` up to the end of the next frame. `*frame` borrows from the input or from
 * `r` and lives until the next call. Longer data than the cap is cut, the rest of it skipped and
 * counted: the session lives. When broken nothing more is taken off the input. */
enum relp_result relp_next(struct relp_reader *r, struct slice *input, struct relp_frame *frame);

/* What a session has seen; starts as {0}. */
struct relp_session {
	bool opened;
	bool closed;
};

enum relp_step {
	RELP_STEP_IGNORE, /* a hint; no answer */
	RELP_STEP_OPEN,	  /* answer with relp_add_open */
	RELP_STEP_STORE,  /* data is a log line; relp_add_ok when it is safe */
	RELP_STEP_CLOSE,  /* relp_add_close behind all earlier answers, then end the connection */
	RELP_STEP_REFUSE, /* *reason: relp_add_error with code 500, then end the connection */
};

/* What to do with the next frame of the session: the first command must be open, none may follow
 * close. A second open is answered as the first one: some releases of librelp send it again when
 * they resend lines (src/copen.c). `*reason` is only set for RELP_STEP_REFUSE. */
enum relp_step relp_session_check(
	struct relp_session *session, const struct relp_frame *frame, const char **reason);

/* What the client told in the data of open: lines of NAME[=VALUE[,VALUE...]]. */
struct relp_offers {
	uint32_t version; /* the highest offered that we speak; 0 when relp_version is missing */
	bool syslog;	  /* commands has syslog */
	struct slice software; /* value of relp_software ("librelp,1.11.0,http://..."), or empty */
	const char *refused;   /* why there can be no session; NULL when there can */
};

/* Borrows from `data`. Unknown offers are passed over, of a repeated one the last counts. Refused
 * are: a relp_version that is no number or above RELP_VERSION (of several values one that we speak
 * is enough), and commands without syslog. A missing relp_version stands for 0, as in librelp. */
void relp_offers_read(struct slice data, struct relp_offers *offers);

/* Answers, appended to `out`. For txnr 0 nothing is: a hint has no answer. */

/* "200 OK" */
void relp_add_ok(struct buf *out, uint32_t txnr);

/* "200 OK" with our offers; or "500 ..." and false when the client's are refused: end the
 * connection then. */
bool relp_add_open(struct buf *out, uint32_t txnr, const struct relp_offers *offers);

/* `code` has three digits and is not 200 (the specification knows 500). Of `text` the first
 * RELP_ANSWER_LETTERS bytes are sent, what is not printable ASCII as '?'. */
void relp_add_error(struct buf *out, uint32_t txnr, unsigned code, struct slice text);

/* The answer to close: an empty one, as librelp sends and expects it. */
void relp_add_close(struct buf *out, uint32_t txnr);

/* The hint that we shall end the connection; goes out behind all answers. */
void relp_add_serverclose(struct buf *out);

#endif
