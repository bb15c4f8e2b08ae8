/*
 * Poison for the address sanitizer, so that it sees the arena's blocks: what is freed, and a red zone
 * behind each block. Only while JavaScript runs; the isolate itself copies over everything. In other
 * builds nothing of this exists.
 */
#ifndef NSL_ENGINE_ARENA_GUARD_H
#define NSL_ENGINE_ARENA_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define NSL_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NSL_HAS_ASAN 1
#endif
#endif

#if defined(NSL_HAS_ASAN)
#include <sanitizer/asan_interface.h>
enum { NSL_ARENA_RED_ZONE = 16 };
static inline void nsl_poison(const void *from, size_t bytes)
{
    ASAN_POISON_MEMORY_REGION(from, bytes);
}
static inline void nsl_unpoison(const void *from, size_t bytes)
{
    ASAN_UNPOISON_MEMORY_REGION(from, bytes);
}
static inline bool nsl_is_poisoned(const void *at)
{
    return __asan_address_is_poisoned(at) != 0;
}
#else
enum { NSL_ARENA_RED_ZONE = 0 };
static inline void nsl_poison(const void *from, size_t bytes)
{
    (void)from;
    (void)bytes;
}
static inline void nsl_unpoison(const void *from, size_t bytes)
{
    (void)from;
    (void)bytes;
}
static inline bool nsl_is_poisoned(const void *at)
{
    (void)at;
    return false;
}
#endif

#endif
