#include <stdio.h>
#include <stdlib.h>

#include "common/base/wipe.h"
#include "enclave/gateway/state.h"

static void drop_record(struct nsl_scheduler *scheduler, struct nsl_job *job)
{
    if (job->record != NULL) {
        scheduler->state.parked_bytes -= job->record_size;
        nsl_wipe(job->record, job->record_size);
        free(job->record);
        job->record = NULL;
        job->record_size = 0;
    }
}

void nsl_job_finish(struct nsl_scheduler *scheduler, struct nsl_job *job, nsl_err err,
                    const struct nsl_outcome *outcome)
{
    struct nsl_tenant *tenant = job->owner_tenant;
    drop_record(scheduler, job);
    scheduler->state.jobs--;
    scheduler->state.payload_bytes -= job->payload.size;
    tenant->job_count--;
    nsl_tenant_release(scheduler, tenant);
    job->done(job, err, outcome);
}

/* A limit like the engine's own, but time that passes outside of it is counted here. */
static void finish_waited(struct nsl_scheduler *scheduler, struct nsl_job *job,
                          const struct nsl_outcome *parked)
{
    char message[64];
    struct nsl_outcome outcome = *parked;
    (void)snprintf(message, sizeof(message), "Wait limit exceeded: %llu ms",
                   (unsigned long long)(scheduler->settings.wait_max_ns / NSL_MS_NS));
    outcome.kind = NSL_OUTCOME_EXHAUSTED;
    outcome.error = (struct nsl_js_error){
        .type = NSL_TEXT("WaitLimitError"),
        .message = nsl_bytes_text(message),
    };
    nsl_job_finish(scheduler, job, NSL_OK, &outcome);
}

static nsl_err keep_record(struct nsl_scheduler *scheduler, struct nsl_job *job, nsl_bytes record)
{
    if (scheduler->state.parked_bytes + record.size > scheduler->settings.parked_bytes ||
        scheduler->parked.count >= scheduler->settings.parked_max) {
        return NSL_ERR_FULL;
    }
    uint8_t *copy = malloc(record.size);
    if (copy == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_copy(copy, record.size, record);
    job->record = copy;
    job->record_size = record.size;
    scheduler->state.parked_bytes += record.size;
    return NSL_OK;
}

void nsl_job_park(struct nsl_scheduler *scheduler, struct nsl_job *job,
                  const struct nsl_outcome *outcome, nsl_bytes record)
{
    uint64_t wait_left_ns = scheduler->settings.wait_max_ns - job->waited_ns;
    drop_record(scheduler, job);
    if (job->is_cancelled) {
        nsl_job_finish(scheduler, job, NSL_ERR_CANCELLED, NULL);
        return;
    }
    if (outcome->wait_ns > wait_left_ns) {
        finish_waited(scheduler, job, outcome);
        return;
    }
    nsl_err err = keep_record(scheduler, job, record);
    if (err != NSL_OK) {
        nsl_job_finish(scheduler, job, err, NULL);
        return;
    }
    job->waited_ns += outcome->wait_ns;
    job->wake_ns = scheduler->now_ns + outcome->wait_ns;
    job->place = NSL_JOB_PARKED;
    nsl_wake_heap_push(&scheduler->parked, job);
}
