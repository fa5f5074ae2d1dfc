#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static void *
checked(void *p, size_t size)
{
	if (p || size == 0)
		return p;
	fprintf(stderr, "out of memory (%zu bytes asked)\n", size);
	abort();
}

void *
memory_new(size_t size)
{
	return checked(malloc(size), size);
}

void *
memory_zero(size_t count, size_t size)
{
	return checked(calloc(count, size), count);
}

void *
memory_grow(void *old, size_t size)
{
	return checked(realloc(old, size), size);
}
