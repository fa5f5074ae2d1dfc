/* For the tests of src/intake: a spool in a scratch folder, the loop in a thread of its own, and
 * clients with raw sockets. Nothing here waits for a time to pass, but each wait for something to
 * happen ends after WAIT_MS and fails the test. */
#ifndef ELSE_TESTS_INTAKE_FIXTURE_H
#define ELSE_TESTS_INTAKE_FIXTURE_H

#include "unit.h"

#include "intake/intake.h"

enum { WAIT_MS = 20000 };

/* cmocka set-up and tear-down: options with no listener, and an empty spool. The tear-down stops
 * what runs. */
int intake_setup(void **state);
int intake_teardown(void **state);

extern struct intake_options options; /* callbacks set; the test adds what it needs */
extern struct intake *intake;
extern struct spool *spool;

const char *scratch_path(const char *name); /* until the next call */

/* Adds a listener on 127.0.0.1, any port. Returns its index. */
size_t add_listener(struct intake_listener listener);

/* All the default for one test: a single listener of this kind, running. */
void start_one(enum intake_kind kind);
void start_intake(void); /* make_intake, run_intake */
void make_intake(void);
void run_intake(void);
void stop_intake(void); /* waits until intake_run has returned, and frees */
void ask_to_stop(void); /* returns at once */
void reopen_spool(uint64_t segment_bytes, uint64_t cap_bytes);

/* Fails unless intake_new says no and the message holds `part`. */
void refuse_intake(const char *part);

struct intake_counters counters_of(enum intake_kind kind);

/* Until the counter is `want`: wait_for(counters_of(INTAKE_RELP).refused == 1) */
#define wait_for(condition)                                                                        \
	do {                                                                                       \
		int64_t until_us = time_now_us() + WAIT_MS * 1000;                                 \
		while (!(condition)) {                                                             \
			assert_true(time_now_us() < until_us);                                     \
			wait_a_turn();                                                             \
		}                                                                                  \
	} while (0)
void wait_a_turn(void);

/* What the spool has, oldest first, "SENDER FRAME|", as far as it was not read yet: the next
 * `count` records, or as many as are there now. */
const char *read_records(size_t count);
size_t count_records(void);
uint64_t records_position(void); /* behind those that were read */

/* Lines that were logged, with '|' behind each; until the next call. */
const char *read_log(void);

/* ---- clients ---- */

int connect_to(size_t listener);
int connect_from(const char *address, size_t listener); /* another one of 127/8 */
void send_text(int fd, const char *text);
void send_bytes(int fd, struct slice bytes);

/* The next bytes are these. */
void expect(int fd, const char *text);
void expect_end(int fd); /* of the connection, whether orderly or not */
bool has_bytes(int fd);	 /* now */

/* A socket with RELP opened on it. */
int open_relp(size_t listener);
void send_line(int fd, unsigned txnr, const char *line); /* a syslog command */
#define RELP_OPEN_COMMAND "1 open 32 relp_version=0\ncommands=syslog,x\n"
#define RELP_OPEN_ANSWER  "1 rsp 56 200 OK\nrelp_version=0\nrelp_software=else\ncommands=syslog\n"

/* ---- the disk, by way of the linker (--wrap=fdatasync) ---- */

void disk_close_gate(void);   /* the next syncs wait */
void disk_wait_at_gate(void); /* until one does */
void disk_open_gate(void);
void disk_fail(int syncs); /* the next so many fail */
int disk_syncs(void);

#endif
