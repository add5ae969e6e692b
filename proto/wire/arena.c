#include "wire/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <sys/mman.h>

static void *pb_alloc(void *arena, size_t n) { return arena_alloc(arena, n); }

static void pb_free(void *arena, void *p)
{
    (void)arena;
    (void)p; /* only reset gives memory back */
}

void arena_init(struct arena *arena, void *at, size_t size)
{
    assert(at || size == 0);
    *arena = (struct arena){.base = at, .size = size};
    arena->pb = (ProtobufCAllocator){.alloc = pb_alloc, .free = pb_free, .allocator_data = arena};
}

enum status arena_open(struct arena *arena, size_t size, struct failure *err)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);

    if (at == MAP_FAILED) {
        arena_init(arena, NULL, 0);
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, errno,
                           "cannot open an arena of %zu bytes: out of memory", size);
    }
    arena_init(arena, at, size);
    return STATUS_OK;
}

void arena_close(struct arena *arena)
{
    if (!arena || !arena->base) {
        return;
    }
    (void)munmap(arena->base, arena->size);
    arena_init(arena, NULL, 0);
}

void arena_reset(struct arena *arena) { arena->used = 0; }

static void arena_advance(struct arena *arena, size_t n)
{
    const size_t align = alignof(max_align_t);

    assert(n <= arena->size - arena->used);
    n = (n + align - 1) & ~(align - 1); /* n <= size, so this cannot wrap */
    arena->used = n > arena->size - arena->used ? arena->size : arena->used + n;
    if (arena->used > arena->used_max) {
        arena->used_max = arena->used;
    }
}

void *arena_alloc(struct arena *arena, size_t n)
{
    void *p = NULL;

    assert(arena->used <= arena->size);
    if (!arena->base || n > arena->size - arena->used) {
        return NULL;
    }
    p = arena->base + arena->used;
    arena_advance(arena, n);
    return p;
}

void *arena_take_rest(struct arena *arena, size_t *ret_n)
{
    assert(arena->used <= arena->size);
    *ret_n = arena->size - arena->used;
    return arena->base ? arena->base + arena->used : NULL;
}

void arena_keep(struct arena *arena, const void *part, size_t n)
{
    assert(!part || part == arena->base + arena->used);
    arena_advance(arena, n);
}
