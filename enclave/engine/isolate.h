/*
 * The isolate: runs one call of one function in a realm nobody used before.
 *
 * An engine owns one arena at a fixed address, one native stack and a cache of images. An image is
 * the arena's content after: runtime, realm, hardened primordials, host API, the compiled function.
 * A call copies the image back, runs, and forgets: everything the call could write is restored or
 * zeroed before nsl_engine_run returns. A call that waits is parked: its difference from the image
 * is saved outside the arena and put back when it is resumed.
 *
 * Does NOT protect: one engine serves one tenant for its whole life; between tenants the process is
 * replaced. A bug in QuickJS gives an attacker this process, which holds only this call's secrets
 * and this tenant's images and parked calls.
 *
 * Threads: one per process. Limits: struct nsl_limits; every size is checked before it is used.
 */
#ifndef NSL_ENGINE_ISOLATE_H
#define NSL_ENGINE_ISOLATE_H

#include "common/base/bytes.h"
#include "common/base/error.h"

struct nsl_engine;

/* Limits of one call; ranges and defaults are rows in settings.def. */
struct nsl_limits {
    uint64_t gas_units;
    uint64_t heap_bytes;
    uint32_t depth_units;
    uint32_t time_ms; /* running time, waiting excluded */
    uint32_t result_bytes;
    uint32_t log_lines;
    uint32_t log_bytes; /* all lines of a call together */
    uint32_t pending_jobs;
    uint32_t pending_host_calls;
};

struct nsl_secret_value {
    nsl_bytes name;  /* UTF-8 */
    nsl_bytes value; /* UTF-8; borrowed for the call only */
};

/* One call. Everything is borrowed until nsl_engine_run returns; a parked call keeps its own copy of
 * what it still needs. */
struct nsl_call {
    uint64_t call_id; /* chosen by the gateway, unique in this process */
    nsl_bytes code;
    uint8_t code_hash[32]; /* SHA-256 of code, made by the caller; also the image's name */
    nsl_bytes input_json;  /* JSON text, already checked; empty means undefined */
    nsl_bytes function_id;
    nsl_bytes user_id;
    nsl_bytes request_id;
    int64_t start_ms;    /* Date's time, ms since 1970 */
    uint8_t entropy[32]; /* seeds Math.random and crypto.randomBytes; recorded by the caller */
    const struct nsl_secret_value *secrets;
    size_t secret_count;
    struct nsl_limits limits;
};

enum nsl_outcome_kind {
    NSL_OUTCOME_DONE,      /* result_json holds the answer */
    NSL_OUTCOME_THROWN,    /* the function threw or did not compile: see error */
    NSL_OUTCOME_EXHAUSTED, /* a limit ended the call: error.type names it (GasLimitError, ...) */
    NSL_OUTCOME_PARKED,    /* waits; wake_at_ns says until when */
};

/* {error,type,message,stack,lineNumber,columnNumber}; line and column are 1-based, 0 when unknown. */
struct nsl_js_error {
    nsl_bytes type;    /* "TypeError", "SyntaxError", "GasLimitError", "MemoryLimitError", ... */
    nsl_bytes message; /* UTF-8 */
    nsl_bytes stack;
    uint32_t line;
    uint32_t column;
};

/* Borrowed until the next call into the engine. */
struct nsl_outcome {
    enum nsl_outcome_kind kind;
    nsl_bytes result_json; /* "null" when the function returned undefined */
    nsl_bytes logs;        /* a JSON array of strings */
    struct nsl_js_error error;
    uint64_t gas_used;
    uint64_t heap_peak_bytes;
    uint64_t run_ns;     /* wall time inside the engine, all slices together */
    uint64_t wait_ns;    /* PARKED: wake the call this long after now */
    bool image_was_cold; /* compiled in this call */
};

/* Makes the engine: maps arena and stack, builds the base image (about 10 ms; done before fork so
 * that runners share it), takes SIGSEGV. cache_bytes caps all images, parked_bytes all parked calls.
 * NSL_ERR_ENGINE, NSL_ERR_NO_MEMORY. Caller owns. */
NSL_MUST_USE nsl_err nsl_engine_new(uint64_t cache_bytes, uint64_t parked_bytes,
                                    struct nsl_engine **ret_engine);
void nsl_engine_free(struct nsl_engine *engine);

/* Changes the caps of nsl_engine_new; the runner does so once, right after the fork. */
void nsl_engine_set_budget(struct nsl_engine *engine, uint64_t cache_bytes, uint64_t parked_bytes);

/* Runs a call until it ends or waits. NSL_OK whatever the function did; an error is ours. */
NSL_MUST_USE nsl_err nsl_engine_run(struct nsl_engine *engine, const struct nsl_call *call,
                                    struct nsl_outcome *ret_outcome);

/* Resumes a parked call whose time has come. NSL_ERR_NOT_FOUND for an unknown call_id. */
NSL_MUST_USE nsl_err nsl_engine_resume(struct nsl_engine *engine, uint64_t call_id,
                                       struct nsl_outcome *ret_outcome);

/* Takes a parked call out of this engine as one run of bytes, borrowed until the next call into the
 * engine; the engine forgets the call. Any engine of the same fork generation may take it in.
 * NSL_ERR_NOT_FOUND. */
NSL_MUST_USE nsl_err nsl_engine_export(struct nsl_engine *engine, uint64_t call_id,
                                       nsl_bytes *ret_record);

/* Takes in what nsl_engine_export gave, so that nsl_engine_resume finds it. call is the one given to
 * nsl_engine_run; only its id, code and hash are looked at, to make the image if it is not cached.
 * NSL_ERR_BAD_MESSAGE for a record that is not one; it is the tenant's own, and not trusted. */
NSL_MUST_USE nsl_err nsl_engine_import(struct nsl_engine *engine, const struct nsl_call *call,
                                       nsl_bytes record);

/* Forgets a parked call (its client went away). Unknown ids are ignored. */
void nsl_engine_cancel(struct nsl_engine *engine, uint64_t call_id);

/* Zeroes what the last outcome points to. The next run or resume does so anyway. */
void nsl_engine_forget(struct nsl_engine *engine);

/* The engine needs SIGSEGV (enclave/engine/tracking.h). Takes it again, after something else has: a
 * test framework does so for each test. */
void nsl_engine_take_signal(struct nsl_engine *engine);

/* For tests and comparisons: NSL_IMAGES_REBUILT makes the realm and compiles in every call, instead
 * of restoring an image. Results and gas are the same. */
enum nsl_image_keeping { NSL_IMAGES_KEPT, NSL_IMAGES_REBUILT };
void nsl_engine_keep_images(struct nsl_engine *engine, enum nsl_image_keeping keeping);

/* Memory held between calls, in bytes. */
struct nsl_engine_statistics {
    uint64_t base_bytes;     /* the base image, shared by all functions */
    uint64_t restored_bytes; /* of the base: what calls have written to and is copied back */
    uint64_t cache_bytes;    /* the functions' images, what they add to it */
    uint64_t parked_bytes;
    uint32_t image_count;
    uint32_t parked_count;
};
void nsl_engine_statistics(const struct nsl_engine *engine,
                           struct nsl_engine_statistics *ret_statistics);

/* "quickjs-ng 0.17.0", and the version of the gas table: together they decide what gas a call uses. */
const char *nsl_engine_version(void);
uint32_t nsl_engine_gas_version(void);

/* Ends the running call with NSL_LEAVE_TIME when its time_ms has passed. Async-signal-safe: the
 * runner calls it from its CPU-time tick. */
void nsl_engine_tick(struct nsl_engine *engine);

#endif
