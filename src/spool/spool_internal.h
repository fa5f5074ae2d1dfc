/* What the parts of src/spool share; nobody else includes it. */
#ifndef ELSE_SPOOL_SPOOL_INTERNAL_H
#define ELSE_SPOOL_SPOOL_INTERNAL_H

#include "spool/segment.h"
#include "spool/spool.h"

#include <pthread.h>
#include <stdatomic.h>

struct segment {
	uint64_t first;
	uint64_t end;	       /* behind its last synced record */
	uint64_t first_record; /* number of records ever written before it */
};

struct spool {
	char *folder;  /* for messages */
	int folder_fd; /* locked */
	uint64_t segment_bytes;
	uint64_t cap_bytes;
	uint64_t identity;

	/* the writing thread's */
	int fd; /* the newest segment, or -1: sync makes one */
	uint64_t fd_first;
	struct buf pending; /* records added and not yet written */
	uint64_t pending_records;
	bool disk_full;

	/* the reading thread's, looked at by spool_count */
	_Atomic uint64_t read_at;

	pthread_mutex_t lock;	  /* guards what follows */
	pthread_cond_t synced;	  /* `end` has grown */
	struct segment *segments; /* oldest first */
	size_t n, cap;
	uint64_t end;	     /* position of the first pending record */
	uint64_t end_record; /* number of records ever synced */
	uint64_t bytes;	     /* of all segments */
	uint64_t added_records, added_bytes, syncs, failed;
};

/* Fills in identity, segments, end, end_record and bytes from the folder, and cuts the damaged end
 * off the newest segment. */
bool spool_recover(struct spool *spool, struct spool_report *report, struct error *err);

/* The first position that no record of a segment that reached up to `end` can have had, also if
 * the segment was longer before: segments are shorter than 2^32 bytes. */
uint64_t spool_position_after(uint64_t end);

#endif
