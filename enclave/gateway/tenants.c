#include <stdlib.h>

#include "common/base/wipe.h"
#include "enclave/gateway/state.h"

static uint64_t hash_name(nsl_bytes name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t index = 0; index < name.size; index++) {
        hash = (hash ^ name.data[index]) * UINT64_C(1099511628211);
    }
    return hash;
}

static nsl_err make_tenant(nsl_bytes name, struct nsl_tenant **bucket, struct nsl_tenant **ret)
{
    struct nsl_tenant *tenant = calloc(1, sizeof(*tenant));
    uint8_t *copy = malloc(name.size + 1);
    if (tenant == NULL || copy == NULL) {
        free(tenant);
        free(copy);
        return NSL_ERR_NO_MEMORY;
    }
    nsl_copy(copy, name.size + 1, name);
    tenant->name = nsl_bytes_of(copy, name.size);
    TAILQ_INIT(&tenant->queue);
    tenant->next_in_bucket = *bucket;
    *bucket = tenant;
    *ret = tenant;
    return NSL_OK;
}

nsl_err nsl_tenant_find(struct nsl_scheduler *scheduler, nsl_bytes name,
                        struct nsl_tenant **ret_tenant)
{
    if (scheduler->settings.mode == NSL_RUNNER_SHARED) {
        name = NSL_TEXT("");
    }
    struct nsl_tenant **bucket = &scheduler->buckets[hash_name(name) % NSL_TENANT_BUCKETS];
    for (struct nsl_tenant *tenant = *bucket; tenant != NULL; tenant = tenant->next_in_bucket) {
        if (nsl_bytes_equal(tenant->name, name)) {
            *ret_tenant = tenant;
            return NSL_OK;
        }
    }
    return make_tenant(name, bucket, ret_tenant);
}

void nsl_tenant_release(struct nsl_scheduler *scheduler, struct nsl_tenant *tenant)
{
    if (tenant->job_count != 0 || tenant->runner_count != 0) {
        return;
    }
    struct nsl_tenant **link = &scheduler->buckets[hash_name(tenant->name) % NSL_TENANT_BUCKETS];
    while (*link != tenant) {
        link = &(*link)->next_in_bucket;
    }
    *link = tenant->next_in_bucket;
    if (tenant->is_ready) {
        TAILQ_REMOVE(&scheduler->ready, tenant, ready_link);
    }
    free((void *)(uintptr_t)tenant->name.data);
    free(tenant);
}

void nsl_tenant_enqueue(struct nsl_scheduler *scheduler, struct nsl_job *job,
                        enum nsl_queue_end end)
{
    struct nsl_tenant *tenant = job->owner_tenant;
    job->place = NSL_JOB_QUEUED;
    if (end == NSL_QUEUE_FRONT) {
        TAILQ_INSERT_HEAD(&tenant->queue, job, link);
    } else {
        TAILQ_INSERT_TAIL(&tenant->queue, job, link);
    }
    if (!tenant->is_ready) {
        tenant->is_ready = true;
        TAILQ_INSERT_TAIL(&scheduler->ready, tenant, ready_link);
    }
}
