#include "enclave/engine/isolate.h"

#include <nsl_engine_version.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/wipe.h"
#include "enclave/crypto/primitives.h"
#include "enclave/engine/arena.h"
#include "enclave/engine/call.h"
#include "enclave/engine/gas.h"
#include "enclave/engine/image.h"
#include "enclave/engine/meter.h"
#include "enclave/engine/outcome.h"
#include "enclave/engine/parking.h"
#include "enclave/engine/placement.h"
#include "enclave/engine/random.h"
#include "enclave/engine/realm.h"
#include "enclave/engine/stack.h"
#include "enclave/engine/tracking.h"
#include "enclave/engine/training.h"

/* Compiling has limits of its own, so that it ends alike for every call's limits. So has evaluating
 * the top level for an image, which is not worth keeping when it is large. */
static const struct nsl_limits early_limits = {.gas_units = 10000000, .heap_bytes = 1 << 20};
enum { PREPARE_GAS_PER_BYTE = 100 };
enum {
    EARLY_TIME_MS = 60000
}; /* the gas ends it; time may not, or it would depend on the machine */

static const struct nsl_limits prepare_limits = {
    .gas_units = 10000000,
    .heap_bytes = 64 << 20,
    .depth_units = NSL_DEPTH_DEFAULT,
    .pending_jobs = 1000,
};

struct nsl_engine {
    struct nsl_images images;
    struct nsl_parking parking;
    struct nsl_outcome_store store;
    struct nsl_parked *exported; /* borrowed out until the next call */
    struct nsl_image *loaded;    /* the image the arena is at between calls; NULL: the base */
    bool is_image_kept;          /* false: for tests, everything is built afresh in each call */
    bool is_arena_mapped;
    bool is_stack_mapped;
};

/* What the tick, a signal handler, looks at. */
static struct {
    volatile sig_atomic_t is_running;
    volatile sig_atomic_t is_time_up;
    volatile uint64_t deadline_ns; /* of the running slice, monotonic */
} tick;

static uint64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void nsl_meter_leave(enum nsl_leave why)
{
    if (why == NSL_LEAVE_GAS && tick.is_time_up) {
        why = NSL_LEAVE_TIME;
    }
    nsl_stack_leave((int)why);
}

/* The signal may have hit before the engine ran: then the next tick ends it. */
void nsl_engine_tick(struct nsl_engine *engine)
{
    (void)engine;
    if (tick.is_running && now_ns() >= tick.deadline_ns) {
        tick.is_time_up = 1;
        nsl_meter.gas_limit = 0; /* looked at by every loop and call */
    }
}

/* Runs the body on the engine's stack; 0 or why it was left. */
static int run_slice(void (*body)(void *state), uint64_t time_left_ns, uint64_t *ret_run_ns)
{
    uint64_t start = now_ns();
    tick.is_time_up = 0;
    tick.deadline_ns = start + time_left_ns;
    tick.is_running = 1;
    nsl_arena_guard();
    int left = nsl_stack_run(body, nsl_call_state());
    nsl_arena_unguard();
    tick.is_running = 0;
    *ret_run_ns = now_ns() - start;
    return left;
}

static void meter_limit(const struct nsl_limits *limits)
{
    nsl_meter.gas_limit = limits->gas_units;
    nsl_meter.heap_limit = nsl_call_state()->image_heap + limits->heap_bytes;
    nsl_meter.depth_limit = limits->depth_units;
    nsl_meter.depth_fatal = limits->depth_units + NSL_DEPTH_RESERVE;
    nsl_meter.jobs_limit = limits->pending_jobs;
    nsl_meter.stack_lowest = nsl_stack_top();
}

/* Heap is counted from what the function's code takes, whether its top level was evaluated for the
 * image or is by the call. */
static void meter_start(const struct nsl_limits *limits)
{
    const struct nsl_call_state *state = nsl_call_state();
    nsl_meter = (struct nsl_meter){.heap_used = state->start_heap, .heap_peak = state->start_peak};
    meter_limit(limits);
}

/* Names the image the arena is at, which then lives at least that long. */
static void set_loaded(struct nsl_engine *engine, struct nsl_image *image)
{
    if (image != NULL) {
        nsl_image_hold(image);
    }
    if (engine->loaded != NULL) {
        nsl_images_release(&engine->images, engine->loaded);
    }
    engine->loaded = image;
}

static void load(struct nsl_engine *engine, struct nsl_image *image)
{
    if (engine->loaded != image) {
        set_loaded(engine, image);
        nsl_images_restore(&engine->images, image);
    }
}

/* Forgets all the call has left in memory that the next one could see. */
static void engine_scrub(struct nsl_engine *engine)
{
    nsl_stack_scrub(nsl_meter.stack_lowest);
    nsl_images_restore(&engine->images, engine->loaded);
    nsl_meter = (struct nsl_meter){0};
}

static void build_realm(void *argument)
{
    nsl_err *ret_err = argument;
    *ret_err = nsl_realm_build();
}

/* Fills an arena that is all zero. */
static nsl_err build_arena(enum nsl_placement_mode mode)
{
    nsl_err err = NSL_ERR_ENGINE;
    nsl_arena_init(sizeof(struct nsl_call_state));
    meter_start(&prepare_limits);
    nsl_placement_begin(mode);
    int left = nsl_stack_run(build_realm, &err);
    nsl_placement_end();
    nsl_stack_scrub(nsl_meter.stack_lowest);
    return left != 0 ? NSL_ERR_ENGINE : err;
}

/* Finds out which blocks calls write to: see placement.h. Without page faults none is known, and
 * none is treated apart. */
static nsl_err learn_placement(void)
{
    NSL_TRY(build_arena(NSL_PLACE_SPREAD));
    if (nsl_placement_learn() == NSL_OK) {
        meter_start(&prepare_limits);
        int left = nsl_stack_run(nsl_training_run, nsl_call_state());
        nsl_placement_learned();
        nsl_stack_scrub(nsl_meter.stack_lowest);
        if (left != 0) {
            return NSL_ERR_ENGINE;
        }
    }
    nsl_arena_zero_from(0);
    return NSL_OK;
}

static nsl_err build_base(struct nsl_engine *engine, uint64_t cache_bytes)
{
    NSL_TRY(learn_placement());
    NSL_TRY(build_arena(NSL_PLACE_PACKED));
    NSL_TRY(nsl_images_init(&engine->images, cache_bytes));
    nsl_err tracked = nsl_tracking_start(engine->images.cold_bytes);
    return tracked == NSL_ERR_UNSUPPORTED ? NSL_OK : tracked;
}

const char *nsl_engine_version(void)
{
    return NSL_ENGINE_VERSION;
}

uint32_t nsl_engine_gas_version(void)
{
    return nsl_gas_version();
}

nsl_err nsl_engine_new(uint64_t cache_bytes, uint64_t parked_bytes, struct nsl_engine **ret_engine)
{
    struct nsl_engine *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    engine->is_image_kept = true;
    nsl_parking_init(&engine->parking, parked_bytes);
    nsl_err err = nsl_primitives_setup();
    if (err == NSL_OK) {
        err = nsl_arena_map();
    }
    engine->is_arena_mapped = err == NSL_OK;
    if (err == NSL_OK) {
        err = nsl_stack_map();
        engine->is_stack_mapped = err == NSL_OK;
    }
    if (err == NSL_OK) {
        err = build_base(engine, cache_bytes);
    }
    if (err != NSL_OK) {
        nsl_engine_free(engine);
        return err;
    }
    *ret_engine = engine;
    return NSL_OK;
}

void nsl_engine_free(struct nsl_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    set_loaded(engine, NULL);
    nsl_parking_done(&engine->parking, &engine->images);
    nsl_images_done(&engine->images);
    nsl_tracking_stop();
    nsl_outcome_done(&engine->store);
    if (engine->is_arena_mapped) {
        nsl_arena_unmap();
    }
    if (engine->is_stack_mapped) {
        nsl_stack_unmap();
    }
    free(engine);
}

void nsl_engine_set_budget(struct nsl_engine *engine, uint64_t cache_bytes, uint64_t parked_bytes)
{
    engine->parking.max_bytes = parked_bytes;
    nsl_images_set_max(&engine->images, cache_bytes);
}

void nsl_engine_keep_images(struct nsl_engine *engine, enum nsl_image_keeping keeping)
{
    engine->is_image_kept = keeping == NSL_IMAGES_KEPT;
    nsl_tracking_stop(); /* rebuilding writes everywhere */
}

void nsl_engine_take_signal(struct nsl_engine *engine)
{
    (void)engine;
    nsl_tracking_take_signal();
}

void nsl_engine_forget(struct nsl_engine *engine)
{
    nsl_parked_free(engine->exported, &engine->images);
    engine->exported = NULL;
    nsl_outcome_forget(&engine->store);
}

void nsl_engine_statistics(const struct nsl_engine *engine,
                           struct nsl_engine_statistics *ret_statistics)
{
    const struct nsl_images *images = &engine->images;
    uint64_t base_bytes = images->heap_bytes + images->cold_bytes;
    uint64_t restored_bytes = images->heap_bytes + nsl_tracking_open_bytes(images->cold_bytes);
    *ret_statistics = (struct nsl_engine_statistics){.base_bytes = base_bytes,
                                                     .restored_bytes = restored_bytes,
                                                     .cache_bytes = engine->images.used_bytes,
                                                     .image_count = engine->images.count,
                                                     .parked_bytes = engine->parking.used_bytes,
                                                     .parked_count = engine->parking.count};
}

/* Runs a body that makes an image; blocks are then taken one by one from the heap. */
static int run_making(void (*body)(void *state), const struct nsl_limits *limits, uint64_t time_ms)
{
    uint64_t run_ns = 0;
    meter_start(limits);
    nsl_call_state()->phase = NSL_PHASE_RUNNING;
    nsl_placement_begin(NSL_PLACE_HEAP);
    int left = run_slice(body, time_ms * 1000000, &run_ns);
    nsl_placement_end();
    nsl_stack_scrub(nsl_meter.stack_lowest);
    return left;
}

/* Keeps the arena as the image of that name. */
static nsl_err keep_image(struct nsl_engine *engine, const struct nsl_image_name *name)
{
    struct nsl_call_state *state = nsl_call_state();
    struct nsl_image *image = NULL;
    state->limits = (struct nsl_limits){0};
    state->phase = NSL_PHASE_RUNNING;
    state->start_heap = nsl_meter.heap_used;
    state->start_peak = nsl_meter.heap_peak;
    NSL_TRY(nsl_images_add(&engine->images, name, &image));
    set_loaded(engine, image);
    return NSL_OK;
}

/* Evaluates the top level and makes the image start after it, if that is the same in every call and
 * cheap to keep. Whether it is depends on the code and the image's name alone. */
static nsl_err start_early(struct nsl_engine *engine, const struct nsl_image_name *name)
{
    struct nsl_limits limits = early_limits;
    limits.depth_units = name->depth_units;
    limits.pending_jobs = name->pending_jobs;
    limits.pending_host_calls = name->pending_host_calls;
    nsl_call_state()->limits = limits;
    int left = run_making(nsl_call_start_early, &limits, EARLY_TIME_MS);
    if (left == 0 && nsl_call_state()->phase == NSL_PHASE_DONE) {
        return keep_image(engine, name);
    }
    engine_scrub(engine);
    return NSL_OK;
}

/* Makes the image of a function and loads it. *ret_left and state->phase say when the function is not
 * one; the arena then holds the error. */
static nsl_err prepare(struct nsl_engine *engine, const struct nsl_call *call,
                       const struct nsl_image_name *name, int *ret_left)
{
    struct nsl_call_state *state = nsl_call_state();
    load(engine, NULL);
    if (!engine->is_image_kept) {
        nsl_arena_zero_from(0);
        NSL_TRY(build_arena(NSL_PLACE_PACKED));
    }
    struct nsl_limits limits = prepare_limits;
    limits.gas_units += PREPARE_GAS_PER_BYTE * call->code.size;
    limits.depth_units = call->limits.depth_units;
    state->limits = limits;
    state->code_text = call->code;
    *ret_left = run_making(nsl_call_compile, &limits, call->limits.time_ms);
    if (*ret_left != 0 || state->phase != NSL_PHASE_DONE) {
        state->limits = call->limits;
        return NSL_OK;
    }
    state->image_heap = nsl_meter.heap_used;
    nsl_meter.heap_peak = nsl_meter.heap_used;
    NSL_TRY(keep_image(engine, name));
    return start_early(engine, name);
}

/* An error of ours must not leave a half-made image in the arena. */
static nsl_err prepare_or_scrub(struct nsl_engine *engine, const struct nsl_call *call,
                                const struct nsl_image_name *name, int *ret_left)
{
    nsl_err err = prepare(engine, call, name, ret_left);
    if (err != NSL_OK) {
        set_loaded(engine, NULL);
        engine_scrub(engine);
    }
    return err;
}

static nsl_bytes keep(uint8_t **at, nsl_bytes from)
{
    uint8_t *start = *at;
    nsl_copy(start, from.size, from);
    start[from.size] = '\0';
    *at = start + from.size + 1;
    return nsl_bytes_of(start, from.size);
}

/* Copies what the call needs into the arena: one block, not charged to the function. */
static void copy_call(struct nsl_call_state *state, const struct nsl_call *call)
{
    size_t bytes = call->secret_count * sizeof(*call->secrets) + call->function_id.size +
                   call->user_id.size + call->request_id.size + call->input_json.size + 4;
    for (size_t i = 0; i < call->secret_count; i++) {
        bytes += call->secrets[i].name.size + call->secrets[i].value.size + 2;
    }
    struct nsl_secret_value *secrets = nsl_arena_alloc(bytes);
    uint8_t *at = (uint8_t *)(secrets + call->secret_count);
    for (size_t i = 0; i < call->secret_count; i++) {
        secrets[i].name = keep(&at, call->secrets[i].name);
        secrets[i].value = keep(&at, call->secrets[i].value);
    }
    state->secrets = secrets;
    state->secret_count = call->secret_count;
    state->call_id = call->call_id;
    state->function_id = keep(&at, call->function_id);
    state->user_id = keep(&at, call->user_id);
    state->request_id = keep(&at, call->request_id);
    state->input_json = keep(&at, call->input_json);
    state->start_ms = call->start_ms;
    nsl_copy(state->entropy, sizeof(state->entropy),
             nsl_bytes_of(call->entropy, sizeof(call->entropy)));
    state->limits = call->limits;
}

static void finish_outcome(struct nsl_outcome *outcome, int left, uint64_t live_bytes)
{
    const struct nsl_call_state *state = nsl_call_state();
    outcome->gas_used = left == NSL_LEAVE_GAS ? state->limits.gas_units : nsl_meter.gas_used;
    outcome->heap_peak_bytes = nsl_meter.heap_peak - live_bytes;
    if (outcome->kind == NSL_OUTCOME_PARKED) {
        outcome->wait_ns = nsl_call_wait_ms(state) * 1000000;
    }
}

/* Hands out what the arena holds, saves it when it waits, and restores the image. */
static nsl_err conclude(struct nsl_engine *engine, int left, uint64_t run_ns,
                        struct nsl_outcome *ret_outcome)
{
    const struct nsl_call_state *state = nsl_call_state();
    struct nsl_outcome outcome;
    nsl_err err = nsl_outcome_collect(&engine->store, state, left, &outcome);
    if (err == NSL_OK) {
        finish_outcome(&outcome, left, state->image_heap);
        outcome.run_ns = run_ns;
        if (outcome.kind == NSL_OUTCOME_PARKED) {
            err = nsl_parking_add(&engine->parking, &engine->images, engine->loaded, state->call_id,
                                  run_ns);
        }
    }
    if (!engine->is_image_kept) {
        set_loaded(engine, NULL);
        nsl_images_clear(&engine->images);
    }
    engine_scrub(engine);
    if (err == NSL_OK) {
        *ret_outcome = outcome;
    }
    return err;
}

static struct nsl_image_name image_name(const struct nsl_call *call)
{
    struct nsl_image_name name = {.depth_units = call->limits.depth_units,
                                  .pending_jobs = call->limits.pending_jobs,
                                  .pending_host_calls = call->limits.pending_host_calls};
    nsl_copy(name.code_hash, sizeof(name.code_hash),
             nsl_bytes_of(call->code_hash, sizeof(call->code_hash)));
    return name;
}

nsl_err nsl_engine_run(struct nsl_engine *engine, const struct nsl_call *call,
                       struct nsl_outcome *ret_outcome)
{
    struct nsl_call_state *state = nsl_call_state();
    struct nsl_image_name name = image_name(call);
    uint64_t run_ns = 0;
    int left = 0;
    nsl_engine_forget(engine);
    struct nsl_image *image = nsl_images_find(&engine->images, &name);
    bool is_cold = image == NULL || !engine->is_image_kept;
    if (is_cold) {
        NSL_TRY(prepare_or_scrub(engine, call, &name, &left));
    } else {
        load(engine, image);
    }
    if (left == 0 && state->phase == NSL_PHASE_RUNNING) {
        meter_start(&call->limits);
        nsl_meter.now_ms = call->start_ms;
        copy_call(state, call);
        left = run_slice(nsl_call_begin, (uint64_t)call->limits.time_ms * 1000000, &run_ns);
    }
    NSL_TRY(conclude(engine, left, run_ns, ret_outcome));
    ret_outcome->image_was_cold = is_cold;
    return NSL_OK;
}

nsl_err nsl_engine_resume(struct nsl_engine *engine, uint64_t call_id,
                          struct nsl_outcome *ret_outcome)
{
    struct nsl_parked *parked = nsl_parking_take(&engine->parking, call_id);
    if (parked == NULL) {
        return NSL_ERR_NOT_FOUND;
    }
    nsl_engine_forget(engine);
    load(engine, parked->image);
    nsl_parked_restore(parked);
    meter_limit(&nsl_call_state()->limits);
    uint64_t ran_before_ns = parked->run_ns;
    nsl_parked_free(parked, &engine->images);
    uint64_t limit_ns = (uint64_t)nsl_call_state()->limits.time_ms * 1000000;
    uint64_t run_ns = 0;
    int left = run_slice(nsl_call_resume, limit_ns > ran_before_ns ? limit_ns - ran_before_ns : 0,
                         &run_ns);
    return conclude(engine, left, ran_before_ns + run_ns, ret_outcome);
}

void nsl_engine_cancel(struct nsl_engine *engine, uint64_t call_id)
{
    nsl_parked_free(nsl_parking_take(&engine->parking, call_id), &engine->images);
}

nsl_err nsl_engine_export(struct nsl_engine *engine, uint64_t call_id, nsl_bytes *ret_record)
{
    struct nsl_parked *parked = nsl_parking_take(&engine->parking, call_id);
    if (parked == NULL) {
        return NSL_ERR_NOT_FOUND;
    }
    nsl_parked_free(engine->exported, &engine->images);
    engine->exported = parked;
    *ret_record = nsl_parked_record(parked);
    return NSL_OK;
}

nsl_err nsl_engine_import(struct nsl_engine *engine, const struct nsl_call *call, nsl_bytes record)
{
    struct nsl_image_name name = image_name(call);
    int left = 0;
    nsl_engine_forget(engine);
    struct nsl_image *image = nsl_images_find(&engine->images, &name);
    if (image == NULL) {
        NSL_TRY(prepare_or_scrub(engine, call, &name, &left));
        image = nsl_images_find(&engine->images, &name);
        if (image == NULL) {
            engine_scrub(engine);
            return NSL_ERR_ENGINE; /* it was compiled before, so this is not the function's fault */
        }
    }
    return nsl_parking_put(&engine->parking, image, call->call_id, record);
}
