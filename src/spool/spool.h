/*
 * The spool: what came in over the network and is not yet in the database, on disk. A frame may be
 * acknowledged to its sender once spool_sync has returned true; from then on it survives kill -9
 * and the loss of power, and is read again, in order and once, until it is trimmed.
 *
 * Folder. Segments of about segment_bytes, append only, named by the position of their first
 * record: 0000000000000000.spool, ... (the format: spool/record.h). The folder is locked (flock),
 * so that a second process cannot open it.
 *
 * Position. It grows from record to record, by the bytes of the record, over all segments and
 * restarts, and is never used twice: each spool_open goes on at a position that no record can have
 * had before, whatever was lost of the newest segment. So a difference of positions is no count of
 * bytes; spool_count has those. 0 is before all records. A position means something only together
 * with spool_identity: a folder that was emptied is another spool.
 *
 * Damage. At open the newest segment is read. Zeros behind its last good record (never written) are
 * dropped. Anything else there, usually a write that a crash tore, is copied to NAME.cut-DATE and
 * cut off; the report says so. Damage within an older segment is found by the reader, which says so
 * once and goes on behind it. A segment that is missing, too short or of another version stops
 * spool_open with an error that says what to do: nothing is left out silently.
 *
 * Threads. One writes (spool_add, spool_sync, spool_is_full), one reads (one spool_reader, and
 * spool_trim); they may be the same. spool_count, spool_unread_bytes, spool_identity and
 * spool_reader_look may be called by any thread. spool_open comes before, spool_close after
 * everything else. Within, a mutex guards the list of segments and how far they are synced; no file
 * is read, written or synced under it.
 */
#ifndef ELSE_SPOOL_SPOOL_H
#define ELSE_SPOOL_SPOOL_H

#include "base/error.h"
#include "spool/record.h"

struct spool;
struct spool_reader;

struct spool_options {
	const char *folder;	/* made (0700) when missing; the folder above must exist */
	uint64_t segment_bytes; /* 0 = 64 MiB; at most 1 GiB and a quarter of the cap */
	uint64_t cap_bytes;	/* 0 = none */
};

/* What spool_open found. */
struct spool_report {
	uint64_t segments;
	uint64_t records;
	uint64_t bytes;
	uint64_t cut_bytes;   /* cut off the newest segment */
	uint64_t cut_records; /* whole ones among them; a torn write has none or a few, damage of
			       * what was acknowledged many */
	struct error cut; /* a sentence about them for the administrator; "" = nothing was cut */
};

/* NULL and `err` when the folder cannot be used. With a full disk it opens all the same, so that
 * the reader can make room. */
struct spool *spool_open(
	const struct spool_options *options, struct spool_report *report, struct error *err);

/* What was added and not synced is gone. Readers are closed before. */
void spool_close(struct spool **spool);

/* A random number made with the first segment. */
uint64_t spool_identity(const struct spool *spool);

/* Into memory only: spool_sync writes it. The bytes are copied. sender and frame are at most
 * RECORD_SENDER_MAX_BYTES and RECORD_FRAME_MAX_BYTES long: the caller's own limits are lower. */
void spool_add(struct spool *spool, int64_t received_us, struct slice sender, struct slice frame);

/* Brings all that was added to stable storage: one write and one fdatasync, and a new segment
 * before if the old one is full. True at once when nothing was added.
 *
 * False: none of it may be acknowledged; it is dropped here and its senders must send it again, so
 * close their sessions. What may have reached the file is cut off. The next records may be added at
 * once: when the cause is gone (disk full), their spool_sync works. A failed fdatasync is never
 * tried again on the same bytes: the kernel may have thrown them away and say yes. */
bool spool_sync(struct spool *spool, struct error *err);

/* The cap is reached by what is on disk and added: read no more from the network. */
bool spool_is_full(struct spool *spool);

/* There is little room on the disk, so that the next syncs might fail: read no more. Asks the file
 * system: not for every frame. The writing thread's. */
bool spool_disk_is_full(struct spool *spool);

/* Deletes the segments whose records all lie below `position`, but for the newest one (it carries
 * the position over a restart). False when a file cannot be deleted; the next call tries again. */
bool spool_trim(struct spool *spool, uint64_t position, struct error *err);

struct spool_count {
	uint64_t segments; /* on disk */
	uint64_t records;
	uint64_t bytes;
	uint64_t unread_bytes;	 /* synced, and not yet returned by the reader */
	int64_t unread_since_us; /* received_us of the first of them; 0 = all is read */
	/* since spool_open */
	uint64_t added_records;
	uint64_t added_bytes;
	uint64_t syncs;	 /* that had something to write */
	uint64_t failed; /* of these, without success */
	uint64_t disk_free_bytes;
};

/* Reads one record's head from disk: for metrics, not for every frame. */
void spool_count(struct spool *spool, struct spool_count *count);

/* That part of it alone, from memory. */
uint64_t spool_unread_bytes(struct spool *spool);

enum spool_result {
	SPOOL_RECORD,
	SPOOL_END,     /* all that is synced was returned; later calls see what comes then */
	SPOOL_DAMAGED, /* bytes that are no record any more: see spool_reader_error, for the log.
			* The next call goes on with the first good record behind them */
	SPOOL_FAILED,  /* cannot read the file, as above; the next call tries the same again */
};

/* Begins with the first record at `position` or above that is still there; its own position tells
 * whether some before it are gone. NULL and `err` when the spool never came as far as `position`:
 * it is another spool's, or the newest segments were removed. */
struct spool_reader *spool_reader_open(struct spool *spool, uint64_t position, struct error *err);
void spool_reader_close(struct spool_reader **reader);

/* One beside it that looks at all there is, from the oldest record on, and passes over what is
 * trimmed meanwhile. spool_count knows nothing of it. */
struct spool_reader *spool_reader_look(struct spool *spool, struct error *err);

/* The texts of `record` live until the next call. Reads 1 MiB at a time. */
enum spool_result spool_reader_next(struct spool_reader *reader, struct spool_record *record);
const char *spool_reader_error(const struct spool_reader *reader);

/* Waits until spool_reader_next has something to say, or timeout_ms have passed (false). */
bool spool_reader_wait(struct spool_reader *reader, int64_t timeout_ms);

#endif
