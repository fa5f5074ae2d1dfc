/* What holds bytes: buf, arena, and the growing array of memory.h. */
#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/memory.h"

#include <limits.h>
#include <stdlib.h>

static void
a_buffer_builds_text_piece_by_piece(void **state)
{
	(void)state;
	struct buf b = {0};
	assert_text(b, "");
	assert_string_equal(buf_str(&b), "");
	buf_add_str(&b, "to=<");
	buf_add(&b, S("a\0b"));
	buf_add_char(&b, '>');
	buf_addf(&b, " delay=%.2f", 1.5);
	buf_add(&b, (struct slice){NULL, 0});
	buf_add_str(&b, NULL);
	assert_text(b, "to=<a\0b> delay=1.50");
	buf_clear(&b);
	buf_add_lower(&b, S("Postmaster@EXAMPLE.org\xc3\x84"));
	assert_text(b, "postmaster@example.org\xc3\x84");
	buf_fini(&b);
	assert_null(b.p);
	buf_fini(&b);
}

static void
a_buffer_writes_the_outermost_numbers(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_add_i64(&b, INT64_MIN);
	buf_add_char(&b, ' ');
	buf_add_i64(&b, INT64_MAX);
	buf_add_char(&b, ' ');
	buf_add_u64(&b, UINT64_MAX);
	buf_add_char(&b, ' ');
	buf_add_u64(&b, 0);
	assert_text(b, "-9223372036854775808 9223372036854775807 18446744073709551615 0");
	buf_fini(&b);
}

/* Every length around the sizes at which the buffer grows, so that a byte too few shows under ASan.
 */
static void
a_buffer_always_has_room_for_the_nul(void **state)
{
	(void)state;
	for (size_t n = 250; n < 520; n++) {
		struct buf b = {0};
		memset(buf_room(&b, n), 'x', n);
		b.n += n;
		assert_true(b.cap > b.n);
		assert_int_equal(strlen(buf_str(&b)), n);
		buf_addf(&b, "%*d", (int)n, 7);
		assert_int_equal(b.n, 2 * n);
		buf_fini(&b);
	}
}

static void
pieces_of_an_arena_are_aligned_and_do_not_overlap(void **state)
{
	(void)state;
	enum { PIECES = 2000 };
	static unsigned char *piece[PIECES];
	static size_t size[PIECES];
	struct arena a = {.first_bytes = 100};
	uint64_t random = 4;
	for (int i = 0; i < PIECES; i++) {
		size[i] = random_below(&random, 200);
		piece[i] = arena_new(&a, size[i]);
		assert_int_equal((uintptr_t)piece[i] % 8, 0);
		memset(piece[i], i & 0xff, size[i]);
	}
	for (int i = 0; i < PIECES; i++)
		for (size_t k = 0; k < size[i]; k++)
			assert_int_equal(piece[i][k], i & 0xff);
	arena_fini(&a);
	assert_int_equal(a.total_bytes, 0);
	assert_int_equal(a.first_bytes, 100);
}

static void
an_arena_takes_pieces_larger_than_its_blocks(void **state)
{
	(void)state;
	struct arena a = {0};
	unsigned char *big = arena_zero(&a, 3 << 20);
	for (size_t i = 0; i < 3 << 20; i += 4096)
		assert_int_equal(big[i], 0);
	assert_non_null(arena_new(&a, 1));
	arena_fini(&a);
}

static void
reset_keeps_one_block_and_reuses_it(void **state)
{
	(void)state;
	struct arena a = {0};
	arena_reset(&a);
	assert_non_null(arena_new(&a, 0));
	size_t settled = 0;
	for (int round = 0; round < 10; round++) {
		arena_reset(&a);
		for (int i = 0; i < 1000; i++)
			arena_new(&a, 50);
		if (round == 2)
			settled = a.total_bytes;
	}
	assert_int_equal(a.total_bytes, settled);
	arena_fini(&a);
}

static void
an_arena_copies_text(void **state)
{
	(void)state;
	struct arena a = {0};
	char text[] = "example.org";
	struct slice copy = arena_copy(&a, slice_of_str(text));
	text[0] = 'X';
	assert_slice(copy, "example.org");
	size_t left = a.left;
	assert_non_null(arena_copy(&a, (struct slice){NULL, 0}).p);
	assert_int_equal(a.left, left);
	arena_fini(&a);
}

static void
an_array_grows_and_keeps_its_items(void **state)
{
	(void)state;
	int *items = NULL;
	size_t n = 0, cap = 0;
	for (int i = 0; i < 1000; i++) {
		MEMORY_ROOM(&items, n, &cap);
		assert_true(n < cap);
		items[n++] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	free(items);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_builds_text_piece_by_piece),
		cmocka_unit_test(a_buffer_writes_the_outermost_numbers),
		cmocka_unit_test(a_buffer_always_has_room_for_the_nul),
		cmocka_unit_test(pieces_of_an_arena_are_aligned_and_do_not_overlap),
		cmocka_unit_test(an_arena_takes_pieces_larger_than_its_blocks),
		cmocka_unit_test(reset_keeps_one_block_and_reuses_it),
		cmocka_unit_test(an_arena_copies_text),
		cmocka_unit_test(an_array_grows_and_keeps_its_items),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
