/*
 * Evidence: the raw lines of a hop or a refusal, byte for byte, in one compressed value.
 *
 * Value: byte 0 = dictionary id (0 = none), then one magicless zstd frame without checksum and
 * content size. Content, for each line: varint (bytes << 1 | stamped); if `stamped`, zigzag varint
 * of its time minus the value's base time in microseconds; then the bytes. A line whose own header
 * says its full time (RFC 5424, ISO with offset) needs no stamp. The base time is the row's t.
 */
#ifndef ELSE_STORE_EVIDENCE_H
#define ELSE_STORE_EVIDENCE_H

#include "base/buf.h"
#include "base/error.h"
#include "trace/hop.h"

struct evidence; /* compressor, decompressor and all dictionaries known */

struct evidence *evidence_new(void);
void evidence_free(struct evidence **ev);

/* Takes a dictionary (bytes are copied) under its id, 1 .. 255. `use` = compress with it from now
 * on. False when it is no dictionary. */
bool evidence_add_dictionary(struct evidence *ev, int id, struct slice dict, bool use);
int evidence_dictionary(const struct evidence *ev); /* the one in use, 0 = none */

/* Makes a dictionary of samples (contents of values, see evidence_content): false when there are
 * too few. */
bool evidence_train(const struct slice *samples, size_t n, struct buf *dict);

/* The content before compression, for training; `base_us` is the row's t. */
void evidence_content(struct buf *out, int64_t base_us, const struct hop_line *lines, size_t n);

/* Appends the value. Lines beyond a million, or beyond 64 MiB of content, are left out. */
void evidence_pack(struct evidence *ev, struct buf *out, int64_t base_us,
	const struct hop_line *lines, size_t n);

/* Unpacks into lines whose bytes live in `arena` (id is 0: the correlator makes it again). False
 * with a reason when the value is damaged or its dictionary unknown; at most 64 MiB are unpacked.
 */
bool evidence_unpack(struct evidence *ev, struct slice value, int64_t base_us, struct arena *arena,
	struct hop_line **lines, size_t *n, struct error *err);

#endif
