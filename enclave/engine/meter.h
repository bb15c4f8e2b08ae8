/*
 * The meter: what the patched engine counts, and how it leaves when a limit is reached.
 *
 * One engine per process and one thread, so the meter is one object at a link-time address; it lies
 * outside the arena, and the isolate sets it before each call and saves it when a call is parked.
 * quickjs-ng, built with third_party/quickjs-ng/ *.anchors, includes this header.
 *
 * Restoring an image: heap_used is a fact about the arena, so save it with the image and put it
 * back; depth_used is 0 whenever no engine code runs, also after leaving; jobs_pending is part of
 * the image like heap_used.
 *
 * Does NOT protect against a native that never charges: the wall clock behind it does.
 */
#ifndef NSL_ENGINE_METER_H
#define NSL_ENGINE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enclave/engine/gas.h"

/* Why the engine was left. 0 is never passed to nsl_meter_leave, siglongjmp needs it. */
enum nsl_leave {
    NSL_LEAVE_GAS = 1,    /* gas_used passed gas_limit */
    NSL_LEAVE_MEMORY = 2, /* heap_limit or the arena's limit was reached */
    NSL_LEAVE_TIME = 3,   /* the wall clock passed the call's limit */
    NSL_LEAVE_DEPTH = 4,  /* the fatal depth, above the catchable one */
    NSL_LEAVE_JOBS = 5,   /* more pending jobs than allowed */
};

/* Depth units are about bytes of native stack in an optimised build: a frame of bytecode is
 * NSL_DEPTH_FRAME + NSL_DEPTH_SLOT per argument, variable and operand slot; a built-in is
 * NSL_DEPTH_NATIVE; one level of a recursive native (parser, JSON, proxy ...) is its own row. */
enum nsl_depth_cost {
    NSL_DEPTH_FRAME = 256,
    NSL_DEPTH_SLOT = 16,
    NSL_DEPTH_NATIVE = 256,
    NSL_DEPTH_PARSER = 256,      /* one level of the JavaScript parser's recursive functions */
    NSL_DEPTH_CLOSURE = 512,     /* one nested function while bytecode is made from it */
    NSL_DEPTH_PATTERN = 384,     /* one level of a regular expression while it is compiled */
    NSL_DEPTH_JSON = 512,        /* one level of JSON parse, revive or stringify */
    NSL_DEPTH_PROXY = 256,       /* one proxy trap */
    NSL_DEPTH_MODULE = 256,      /* one module of a linking or evaluation walk */
    NSL_DEPTH_FLATTEN = 256,     /* one level of Array.prototype.flat */
    NSL_DEPTH_OBJECT = 256,      /* one level of structured clone and bytecode reading */
    NSL_DEPTH_ROPE = 64,         /* one level of a rope of strings */
    NSL_DEPTH_DEFAULT = 4000000, /* about 11,000 frames of a small function */
    NSL_DEPTH_RESERVE = 1000000, /* above the limit: what natives that cannot throw may add */
};

struct nsl_meter {
    uint64_t gas_used;      /* gas units; only grows within a call */
    uint64_t gas_limit;     /* gas units; a signal handler may set it to 0 to leave soon */
    uint64_t heap_used;     /* requested bytes now live, counted the same on every build */
    uint64_t heap_limit;    /* bytes; more leaves with NSL_LEAVE_MEMORY */
    uint64_t heap_peak;     /* bytes, highest heap_used of the call */
    uint32_t depth_used;    /* depth units now in use: counted, never measured in native bytes */
    uint32_t depth_limit;   /* a deeper entry throws a RangeError */
    uint32_t depth_fatal;   /* a deeper entry leaves with NSL_LEAVE_DEPTH; >= depth_limit */
    uint32_t jobs_pending;  /* entries in the job queue */
    uint32_t jobs_limit;    /* more leaves with NSL_LEAVE_JOBS */
    uintptr_t stack_lowest; /* lowest native stack pointer seen at a depth check, for the scrub */
    int64_t now_ms;         /* what Date sees: the call's start, ms since 1970 */
    bool is_call_read;      /* the clock or random numbers were read: they differ between calls */
    bool is_placing;        /* blocks come one by one from the arena: the base image is laid out */
};

/* Defined in gas.c without limits, so that a realm can be built before the first call. */
extern struct nsl_meter nsl_meter __attribute__((visibility("hidden")));

/* Leaves the engine; the arena is thrown away. Supplied by the isolate. Never returns. */
void nsl_meter_leave(enum nsl_leave why) __attribute__((noreturn, cold, visibility("hidden")));

/* Charges before the work starts. Saturates: a charge that would overflow leaves. */
static inline void nsl_gas_charge(uint64_t units)
{
    uint64_t used = nsl_meter.gas_used + units;
    if (__builtin_expect(used > nsl_meter.gas_limit || used < units, 0)) {
        nsl_meter_leave(NSL_LEAVE_GAS);
    }
    nsl_meter.gas_used = used;
}

/* NSL_CHARGE(ROW, count): a flat row of gas_costs.def `count` times. NSL_CHARGE_SHARE: a shared row. */
#define NSL_CHARGE(name, count) nsl_gas_charge((uint64_t)(count) * (uint64_t)NSL_GAS_##name)
#define NSL_CHARGE_SHARE(name, count)                                                              \
    nsl_gas_charge((uint64_t)(count) / (uint64_t)NSL_GAS_SHARE_##name)
/* Counts without looking at the limit: for steps so short that the next check is near. */
#define NSL_COUNT(name) (nsl_meter.gas_used += (uint64_t)NSL_GAS_##name)

/* Leaves if what was counted without a check (bytecodes) has passed the limit. */
static inline void nsl_gas_check(void)
{
    if (__builtin_expect(nsl_meter.gas_used > nsl_meter.gas_limit, 0)) {
        nsl_meter_leave(NSL_LEAVE_GAS);
    }
}

/* Charges one block of `bytes`, and leaves when it cannot fit below the heap limit. */
static inline void nsl_heap_charge(size_t bytes)
{
    if (__builtin_expect(bytes > nsl_meter.heap_limit ||
                             nsl_meter.heap_used > nsl_meter.heap_limit - bytes,
                         0)) {
        nsl_meter_leave(NSL_LEAVE_MEMORY);
    }
    nsl_gas_charge(NSL_GAS_ALLOC + bytes / NSL_GAS_SHARE_ALLOC_BYTES);
}

static inline void nsl_heap_add(size_t bytes)
{
    nsl_meter.heap_used += bytes;
    if (nsl_meter.heap_used > nsl_meter.heap_peak) {
        nsl_meter.heap_peak = nsl_meter.heap_used;
    }
}

static inline void nsl_heap_subtract(size_t bytes)
{
    nsl_meter.heap_used -= bytes;
}

/* True when the next entry must be refused with a RangeError. Notes how low the stack is. */
static inline bool nsl_depth_exceeded(uintptr_t stack_now)
{
    if (stack_now < nsl_meter.stack_lowest) {
        nsl_meter.stack_lowest = stack_now;
    }
    return __builtin_expect(nsl_meter.depth_used > nsl_meter.depth_limit, 0);
}

static inline void nsl_depth_enter(uint32_t units)
{
    nsl_meter.depth_used += units;
    if (__builtin_expect(nsl_meter.depth_used > nsl_meter.depth_fatal, 0)) {
        nsl_meter_leave(NSL_LEAVE_DEPTH);
    }
}

static inline void nsl_depth_leave(const uint32_t *units)
{
    nsl_meter.depth_used -= *units;
}

/* Counts `units` until the end of the scope, by whatever way it ends. */
#define NSL_DEPTH(units)                                                                           \
    __attribute__((cleanup(nsl_depth_leave))) uint32_t nsl_depth_units = (units);                  \
    nsl_depth_enter(nsl_depth_units)

/* Adds to the units of the NSL_DEPTH of this scope. */
#define NSL_DEPTH_MORE(units)                                                                      \
    do {                                                                                           \
        uint32_t nsl_depth_more = (units);                                                         \
        nsl_depth_units += nsl_depth_more;                                                         \
        nsl_depth_enter(nsl_depth_more);                                                           \
    } while (0)

static inline void nsl_jobs_add(void)
{
    if (__builtin_expect(++nsl_meter.jobs_pending > nsl_meter.jobs_limit, 0)) {
        nsl_meter_leave(NSL_LEAVE_JOBS);
    }
}

static inline void nsl_jobs_subtract(void)
{
    nsl_meter.jobs_pending--;
}

#endif
