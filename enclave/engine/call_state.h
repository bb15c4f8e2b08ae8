/*
 * What one call keeps inside the arena, at nsl_arena_root(): so that restoring the image forgets it
 * and saving a delta parks it. Everything it points to is inside the arena too.
 *
 * Three ages, in order: made with the base image, made with the function's image, made for the call.
 */
#ifndef NSL_ENGINE_CALL_STATE_H
#define NSL_ENGINE_CALL_STATE_H

#include <quickjs.h>

#include "enclave/engine/arena.h"
#include "enclave/engine/isolate.h"

/* How far a call has come. */
enum nsl_phase {
    NSL_PHASE_RUNNING = 0,
    NSL_PHASE_DONE,    /* result is set */
    NSL_PHASE_THROWN,  /* error is set */
    NSL_PHASE_WAITING, /* a timer must fire first */
};

struct nsl_timer {
    uint64_t due_ms; /* virtual time */
    uint32_t id;
    uint32_t interval_ms; /* 0: once */
    JSValue callback;
    JSValue argument; /* an array of the extra arguments, or undefined */
};

struct nsl_timers {
    struct nsl_timer *list; /* in no order */
    uint32_t count;
    uint32_t capacity;
    uint32_t last_id;
    uint64_t now_ms; /* virtual time since the call's start */
};

/* Text built up for the outcome, in blocks of the arena that are not charged to the function. */
struct nsl_text {
    char *data;
    size_t size;
    size_t capacity;
};

struct nsl_log {
    struct nsl_text text; /* JSON strings with commas between, without the brackets */
    size_t whole_bytes;   /* of it, up to the last whole line: the engine can be left in any */
    uint32_t lines;
    uint32_t dropped;
};

struct nsl_random {
    uint64_t next_block;
    uint32_t used; /* bytes of `block` given away; 64 when there is none */
    uint8_t block[64];
};

struct nsl_call_error {
    struct nsl_text type;
    struct nsl_text message;
    struct nsl_text stack;
    uint32_t line;
    uint32_t column;
};

struct nsl_call_state {
    /* The base image. */
    JSRuntime *runtime;
    JSContext *context;
    JSValue find_main;      /* bytecode that answers the script's main or undefined */
    JSValue context_object; /* main's second argument */

    /* The function's image. */
    JSValue code;         /* bytecode or module, not yet evaluated; undefined once it is */
    JSValue main;         /* the function, once the top level was evaluated */
    uint64_t image_heap;  /* bytes live before the top level: what a call's heap is counted from */
    uint64_t start_heap;  /* bytes live where a call starts */
    uint64_t start_peak;  /* bytes: the highest there was */
    uint64_t compile_gas; /* charged to every call, warm or cold */
    uint64_t start_gas;   /* likewise: what evaluating the top level cost; 0 when calls do it */
    uint32_t is_module;
    uint32_t is_impure; /* a host function was called: what it answers depends on the call */

    /* The call. */
    enum nsl_phase phase;
    uint64_t call_id;
    nsl_bytes function_id;
    nsl_bytes user_id;
    nsl_bytes request_id;
    nsl_bytes code_text; /* borrowed, only while compiling */
    nsl_bytes input_json;
    int64_t start_ms;
    uint8_t entropy[32];
    struct nsl_secret_value *secrets;
    size_t secret_count;
    struct nsl_limits limits;
    JSValue input;   /* parsed on demand; uninitialized before */
    JSValue promise; /* what main returned, when it is one */
    struct nsl_timers timers;
    struct nsl_log lines;
    struct nsl_random random;
    struct nsl_text result;
    struct nsl_call_error error;
};

static inline struct nsl_call_state *nsl_call_state(void)
{
    return (struct nsl_call_state *)nsl_arena_root();
}

#endif
