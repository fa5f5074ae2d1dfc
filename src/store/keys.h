/* The time-bucketed index keys of the schema, as C makes them (sql/001-schema.sql: else_minute,
 * else_id). */
#ifndef ELSE_STORE_KEYS_H
#define ELSE_STORE_KEYS_H

#include "base/time.h"
#include "store/array.h"

/* Minutes since 2020-01-01 UTC, rounded down; of years that nobody means, the last one there is. */
static inline int32_t
key_minute(int64_t t_us)
{
	int64_t since = t_us - 1577836800 * TIME_SECOND_US;
	int64_t minute = since / TIME_MINUTE_US - (since % TIME_MINUTE_US < 0);
	return minute > INT32_MAX ? INT32_MAX : minute < INT32_MIN ? INT32_MIN : (int32_t)minute;
}

static inline int64_t
key_id(uint64_t id, int32_t minute)
{
	return (int64_t)((uint64_t)(int64_t)(minute >> 10) << 48 | (id & 0xffffffffffffu));
}

/* Every key that an id can have between two times. */
static inline void
key_add_range(struct array *keys, uint64_t id, int64_t from_us, int64_t to_us)
{
	int32_t last = key_minute(to_us) >> 10;
	for (int32_t bucket = key_minute(from_us) >> 10; bucket <= last; bucket++)
		array_add_i64(keys, key_id(id, bucket * 1024));
}

#endif
