#define ZSTD_STATIC_LINKING_ONLY /* frames without the magic number are still "experimental" */
#include "store/evidence.h"

#include <stdlib.h>
#include <zdict.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/memory.h"
#include "base/time.h"
#include "store/evidence_dict.h"

enum {
	DICTIONARIES = 256,
	SCRATCH_BYTES = 16 << 10, /* most values unpack into this */
	SCRATCH_KEPT = 1 << 20,	  /* what is larger is given back at once */
	CONTENT_MAX = 64 << 20,
	LINES_MAX = 1 << 20,
	VARINT_MAX = 10, /* bytes of 64 bits */
};

struct evidence {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	ZSTD_CDict *packing; /* of the dictionary in use; NULL = none */
	int in_use;
	ZSTD_DDict *unpacking[DICTIONARIES];
	struct buf content; /* before compression */
	struct buf scratch; /* after decompression */
};

static void *
needed(void *p)
{
	if (!p)
		abort(); /* out of memory, see base/memory.h */
	return p;
}

struct evidence *
evidence_new(void)
{
	struct evidence *ev = memory_zero(1, sizeof(*ev));
	ev->compressor = needed(ZSTD_createCCtx());
	ev->decompressor = needed(ZSTD_createDCtx());
	ZSTD_CCtx_setParameter(ev->compressor, ZSTD_c_format, ZSTD_f_zstd1_magicless);
	ZSTD_CCtx_setParameter(ev->compressor, ZSTD_c_compressionLevel, EVIDENCE_LEVEL);
	ZSTD_CCtx_setParameter(ev->compressor, ZSTD_c_contentSizeFlag, 0);
	ZSTD_CCtx_setParameter(ev->compressor, ZSTD_c_checksumFlag, 0);
	ZSTD_CCtx_setParameter(ev->compressor, ZSTD_c_dictIDFlag, 0);
	ZSTD_DCtx_setParameter(ev->decompressor, ZSTD_d_format, ZSTD_f_zstd1_magicless);
	return ev;
}

void
evidence_free(struct evidence **ev)
{
	if (!*ev)
		return;
	ZSTD_freeCCtx((*ev)->compressor);
	ZSTD_freeDCtx((*ev)->decompressor);
	ZSTD_freeCDict((*ev)->packing);
	for (int id = 0; id < DICTIONARIES; id++)
		ZSTD_freeDDict((*ev)->unpacking[id]);
	buf_fini(&(*ev)->content);
	buf_fini(&(*ev)->scratch);
	free(*ev);
	*ev = NULL;
}

static void
use_dictionary(struct evidence *ev, int id, struct slice dict)
{
	ZSTD_CDict *packing = needed(ZSTD_createCDict(dict.p, dict.n, EVIDENCE_LEVEL));
	ZSTD_CCtx_refCDict(ev->compressor, packing);
	ZSTD_freeCDict(ev->packing);
	ev->packing = packing;
	ev->in_use = id;
}

bool
evidence_add_dictionary(struct evidence *ev, int id, struct slice dict, bool use)
{
	if (id < 1 || id >= DICTIONARIES || ZDICT_getDictID(dict.p, dict.n) == 0)
		return false; /* without the magic number zstd would take it for plain text */
	ZSTD_DDict *unpacking = ZSTD_createDDict(dict.p, dict.n);
	if (!unpacking)
		return false;
	ZSTD_DCtx_refDDict(ev->decompressor, NULL);
	ZSTD_freeDDict(ev->unpacking[id]);
	ev->unpacking[id] = unpacking;
	if (use)
		use_dictionary(ev, id, dict);
	return true;
}

int
evidence_dictionary(const struct evidence *ev)
{
	return ev->in_use;
}

/* ---- content ---- */

static void
add_varint(struct buf *b, uint64_t v)
{
	char *to = buf_room(b, VARINT_MAX);
	for (; v >= 0x80; v >>= 7, b->n++)
		*to++ = (char)(v | 0x80);
	*to = (char)v;
	b->n++;
}

static uint64_t
read_varint(struct cursor *c)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 7 * VARINT_MAX && c->p < c->end; shift += 7) {
		unsigned char byte = (unsigned char)*c->p++;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	c->failed = true;
	return 0;
}

static uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t
unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

/* "<22>" and the version of RFC 5424. */
static void
skip_priority(struct cursor *c)
{
	struct cursor ahead = *c;
	if (cursor_optional(&ahead, S("<")) && cursor_u64(&ahead) <= 191 &&
		cursor_optional(&ahead, S(">")))
		*c = ahead;
	cursor_optional(c, S("1 "));
}

/* The full time in the line's own header, in microseconds. A stamp without an offset is no full
 * one: it is read as of a zone that no place has, so that it equals no line's time. */
static bool
own_time(struct slice raw, int64_t *t_us)
{
	const int64_t nowhere_us = 1000000 * TIME_DAY_US;
	struct cursor c = cursor_of(raw);
	skip_priority(&c);
	*t_us = time_read_iso(&c, nowhere_us);
	return cursor_sees(&c, S(" "));
}

static void
add_line(struct buf *out, int64_t base_us, const struct hop_line *line)
{
	int64_t t_us;
	bool stamped = !own_time(line->raw, &t_us) || t_us != line->t_us;
	add_varint(out, (uint64_t)line->raw.n << 1 | stamped);
	if (stamped)
		add_varint(out, zigzag((int64_t)((uint64_t)line->t_us - (uint64_t)base_us)));
	buf_add(out, line->raw);
}

/* What unpacking would refuse is not packed: the lines beyond are left out. */
void
evidence_content(struct buf *out, int64_t base_us, const struct hop_line *lines, size_t n)
{
	size_t begin = out->n;
	for (size_t i = 0; i < n && i < LINES_MAX; i++) {
		if (out->n - begin + lines[i].raw.n + 2 * VARINT_MAX > CONTENT_MAX)
			return;
		add_line(out, base_us, &lines[i]);
	}
}

static void
give_back(struct buf *b)
{
	if (b->cap > SCRATCH_KEPT)
		buf_fini(b);
}

void
evidence_pack(struct evidence *ev, struct buf *out, int64_t base_us, const struct hop_line *lines,
	size_t n)
{
	buf_clear(&ev->content);
	evidence_content(&ev->content, base_us, lines, n);
	size_t bound = ZSTD_compressBound(ev->content.n);
	buf_add_char(out, (char)ev->in_use);
	size_t packed = ZSTD_compress2(
		ev->compressor, buf_room(out, bound), bound, ev->content.p, ev->content.n);
	if (ZSTD_isError(packed))
		abort(); /* there is room: only memory can be lacking */
	out->n += packed;
	give_back(&ev->content);
}

/* ---- back ---- */

/* The frame does not tell its size: more room is tried until it fits, or is too much. */
static bool
decompress(struct evidence *ev, struct slice frame, struct error *err)
{
	for (size_t room = SCRATCH_BYTES;; room *= 4) {
		buf_clear(&ev->scratch);
		char *to = buf_room(&ev->scratch, room);
		size_t n = ZSTD_decompressDCtx(ev->decompressor, to, room, frame.p, frame.n);
		if (!ZSTD_isError(n)) {
			ev->scratch.n = n;
			return true;
		}
		if (ZSTD_getErrorCode(n) != ZSTD_error_dstSize_tooSmall)
			return error_set(err, "damaged evidence: %s", ZSTD_getErrorName(n));
		if (room >= CONTENT_MAX)
			return error_set(err, "damaged evidence: more than 64 MiB of lines");
	}
}

static void
read_line(struct cursor *c, int64_t base_us, struct hop_line *line)
{
	uint64_t head = read_varint(c);
	bool stamped = head & 1;
	uint64_t after_us = stamped ? (uint64_t)unzigzag(read_varint(c)) : 0;
	if (head >> 1 > (uint64_t)(c->end - c->p))
		c->failed = true;
	if (c->failed)
		return;
	line->id = 0;
	line->raw = slice_of(c->p, (size_t)(head >> 1));
	line->t_us = (int64_t)((uint64_t)base_us + after_us);
	c->p += line->raw.n;
	if (!stamped && !own_time(line->raw, &line->t_us))
		c->failed = true;
}

static bool
count_lines(struct slice content, size_t *n, struct error *err)
{
	struct cursor c = cursor_of(content);
	struct hop_line line;
	for (*n = 0; !cursor_done(&c); ++*n) {
		if (*n == LINES_MAX)
			return error_set(err, "damaged evidence: more than %d lines", LINES_MAX);
		read_line(&c, 0, &line);
	}
	return cursor_ok(&c) || error_set(err, "damaged evidence: line %zu is cut", *n);
}

static bool
read_lines(struct slice content, int64_t base_us, struct arena *arena, struct hop_line **lines,
	size_t *n, struct error *err)
{
	if (!count_lines(content, n, err))
		return false;
	struct cursor c = cursor_of(arena_copy(arena, content));
	*lines = arena_new(arena, *n * sizeof(**lines));
	for (size_t i = 0; i < *n; i++)
		read_line(&c, base_us, &(*lines)[i]);
	return true;
}

bool
evidence_unpack(struct evidence *ev, struct slice value, int64_t base_us, struct arena *arena,
	struct hop_line **lines, size_t *n, struct error *err)
{
	*lines = NULL;
	*n = 0;
	if (value.n < 2)
		return error_set(err, "damaged evidence: %zu bytes", value.n);
	int id = (unsigned char)*value.p;
	if (id && !ev->unpacking[id])
		return error_set(err, "evidence needs dictionary %d, which is not there", id);
	ZSTD_DCtx_refDDict(ev->decompressor, ev->unpacking[id]);
	bool ok = decompress(ev, slice_skip(value, 1), err) &&
		  read_lines(buf_slice(&ev->scratch), base_us, arena, lines, n, err);
	give_back(&ev->scratch);
	return ok;
}
