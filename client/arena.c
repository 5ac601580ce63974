/*
 * arena.c
 *	  Memory that is given back all at once.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define CHUNK_BYTES 16384
#define LARGE_BYTES (CHUNK_BYTES / 4) /* gets a block of its own */

typedef struct Block
{
	struct Block *next;
	void *memory;
} Block;

struct Arena
{
	Block *blocks;	 /* everything to free */
	char *free_from; /* the rest of the newest chunk */
	size_t free_bytes;
};

Arena *
arena_new(void)
{
	return mem_alloc(sizeof(Arena));
}

void
arena_adopt(Arena *arena, void *memory)
{
	Block *block = mem_alloc(sizeof(Block));

	block->memory = memory;
	block->next = arena->blocks;
	arena->blocks = block;
}

void *
arena_alloc(Arena *arena, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	void *memory;

	bytes = (bytes + align - 1) / align * align;
	if (bytes > LARGE_BYTES)
	{
		memory = mem_alloc(bytes);
		arena_adopt(arena, memory);
		return memory;
	}
	if (bytes > arena->free_bytes)
	{
		arena->free_from = mem_alloc(CHUNK_BYTES);
		arena->free_bytes = CHUNK_BYTES;
		arena_adopt(arena, arena->free_from);
	}
	memory = arena->free_from;
	arena->free_from += bytes;
	arena->free_bytes -= bytes;
	return memory;
}

char *
arena_text(Arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

void *
arena_dup(Arena *arena, const void *data, size_t bytes)
{
	void *copy = arena_alloc(arena, bytes);

	if (bytes > 0)
		memcpy(copy, data, bytes);
	return copy;
}

void
arena_free(Arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->blocks != NULL)
	{
		Block *next = arena->blocks->next;

		free(arena->blocks->memory);
		free(arena->blocks);
		arena->blocks = next;
	}
	free(arena);
}
