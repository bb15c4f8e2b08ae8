/*
 * The meter: what the patched engine counts, and how it leaves when a limit is reached.
 *
 * One engine per process and one thread, so the meter is one object at a link-time address; it lies
 * outside the arena, and the isolate sets it before each call and saves it when a call is parked.
 * quickjs-ng, built with third_party/quickjs-ng/ *.anchors, includes this header.
 *
 * Does NOT protect against a native that never charges: the wall clock behind it does.
 */
#ifndef NSL_ENGINE_METER_H
#define NSL_ENGINE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why the engine was left. 0 is never passed to nsl_meter_leave, siglongjmp needs it. */
enum nsl_leave {
    NSL_LEAVE_GAS = 1,    /* gas_used passed gas_limit */
    NSL_LEAVE_MEMORY = 2, /* the arena's limit was reached */
    NSL_LEAVE_TIME = 3,   /* the wall clock passed the call's limit */
    NSL_LEAVE_DEPTH = 4,  /* the fatal depth, above the catchable one */
    NSL_LEAVE_JOBS = 5,   /* more pending jobs than allowed */
};

struct nsl_meter {
    uint64_t gas_used;       /* gas units; only grows within a call */
    uint64_t gas_limit;      /* gas units */
    uint64_t heap_used;      /* requested bytes now live, counted the same on every build */
    uint64_t heap_peak;      /* bytes, highest heap_used of the call */
    uint32_t depth_used;     /* depth units now in use: counted, never measured in native bytes */
    uint32_t depth_limit;    /* a deeper entry throws a RangeError */
    uint32_t depth_fatal;    /* a deeper entry leaves with NSL_LEAVE_DEPTH */
    uint32_t jobs_pending;   /* entries in the job queue */
    uint32_t jobs_limit;
    uintptr_t stack_lowest;  /* lowest native stack pointer seen at a depth check, for the scrub */
    int64_t now_ms;          /* what Date sees: the call's start, ms since 1970 */
};

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

#endif
