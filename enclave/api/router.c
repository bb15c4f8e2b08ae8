#include "enclave/api/api.h"
#include "enclave/api/response.h"
#include "enclave/wire/run_messages.h"

enum { SCRATCH_EXTRA = 4 * 1024 * 1024 };

struct route {
    const char *method;
    const char *path;
    void (*handler)(struct nsl_api *api, struct nsl_exchange *exchange);
};

static const struct route routes[] = {
#define NSL_ROUTE(verb, where, name, body, scope, summary)                                         \
    {.method = #verb, .path = (where), .handler = nsl_api_##name},
#include "enclave/api/routes.def"
#undef NSL_ROUTE
};

static uint16_t find_route(void *context, const char *method, const char *path,
                           const void **ret_handler, const char **ret_allow)
{
    const char *allowed = NULL;
    (void)context;
    for (size_t index = 0; index < sizeof(routes) / sizeof(routes[0]); index++) {
        if (strcmp(routes[index].path, path) != 0) {
            continue;
        }
        allowed = routes[index].method;
        if (strcmp(routes[index].method, method) == 0) {
            *ret_handler = &routes[index];
            return 0;
        }
    }
    *ret_allow = allowed;
    return allowed == NULL ? 404 : 405;
}

static void handle(void *context, const void *handler, struct nsl_exchange *exchange)
{
    struct nsl_api *api = context;
    const struct route *route = handler;
    api->counters.requests++;
    route->handler(api, exchange);
}

/* Only executions wait. */
static void abandon(void *context, const void *handler, struct nsl_exchange *exchange)
{
    (void)handler;
    nsl_api_execute_abandon(context, exchange);
}

static void write_error(void *context, uint16_t status, const char *message,
                        struct nsl_buffer *body)
{
    struct nsl_api *api = context;
    api->counters.requests++;
    if (nsl_response_write_error(status, (nsl_bytes){0}, nsl_bytes_text(message), (nsl_bytes){0},
                                 body) != NSL_OK) {
        nsl_buffer_clear(body);
    }
}

struct nsl_server_api nsl_api_for_server(struct nsl_api *api)
{
    return (struct nsl_server_api){
        .route = find_route,
        .handle = handle,
        .abandon = abandon,
        .write_error = write_error,
        .context = api,
        .exchange_extra_bytes = nsl_api_execute_extra_bytes(),
    };
}

struct nsl_scheduler_settings nsl_api_scheduler_settings(const struct nsl_settings *settings)
{
    uint32_t runners = (uint32_t)settings->functions_runners;
    return (struct nsl_scheduler_settings){
        .mode = (enum nsl_runner_mode)settings->functions_runner_mode,
        .runner_count = runners,
        .jobs_max = (uint32_t)settings->functions_max_parked_calls +
                    (uint32_t)settings->server_max_connections,
        .parked_max = (uint32_t)settings->functions_max_parked_calls,
        .wait_max_ns = (uint64_t)settings->functions_wait_limit_ms * 1000000,
        .image_cache_bytes = (uint64_t)settings->functions_image_cache_bytes / runners,
        .parked_bytes = (uint64_t)settings->functions_parked_bytes,
        .payload_bytes = (uint64_t)settings->functions_parked_bytes,
        .request_max = nsl_run_request_max(
            (size_t)settings->functions_max_code_bytes, (size_t)settings->functions_max_input_bytes,
            (size_t)settings->functions_max_secrets, (size_t)settings->functions_max_secret_bytes),
        .outcome_max = nsl_run_outcome_max((size_t)settings->functions_max_result_bytes,
                                           (size_t)settings->functions_max_log_bytes),
    };
}

nsl_err nsl_api_init(struct nsl_api *api, const struct nsl_settings *settings,
                     struct nsl_scheduler *scheduler)
{
    *api = (struct nsl_api){
        .settings = *settings,
        .scheduler = scheduler,
        .started_ms = nsl_api_now_ms(),
    };
    struct nsl_scheduler_settings sizes = nsl_api_scheduler_settings(settings);
    nsl_buffer_init(&api->payload, sizes.request_max, NSL_BUFFER_WIPE);
    /* Checking needs up to twice the text, unescaping up to once, for the body and texts within. */
    NSL_TRY(nsl_scratch_init(&api->scratch,
                             6 * (size_t)settings->server_max_body_bytes + SCRATCH_EXTRA));
    return nsl_buffer_reserve(&api->payload, sizes.request_max);
}

void nsl_api_done(struct nsl_api *api)
{
    nsl_scratch_done(&api->scratch);
    nsl_buffer_done(&api->payload);
}
