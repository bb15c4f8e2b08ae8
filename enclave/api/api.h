/*
 * The API: what a request means. routes.def says which handler serves which path; a handler reads
 * the body, asks a service, and answers with the envelope of response.h.
 *
 * Everything in a request is hostile input. Errors to clients are coarse and name the field at fault.
 */
#ifndef NSL_ENCLAVE_API_API_H
#define NSL_ENCLAVE_API_API_H

#include "common/base/scratch.h"
#include "common/settings/settings.h"
#include "enclave/gateway/scheduler.h"
#include "enclave/gateway/server.h"

struct nsl_api_counters {
    uint64_t requests;
    uint64_t calls_done;
    uint64_t calls_thrown;
    uint64_t calls_exhausted;
    uint64_t calls_failed; /* could not be run: our fault or the machine's */
    uint64_t calls_refused;
    uint64_t gas_used;
};

struct nsl_api {
    struct nsl_settings settings;
    struct nsl_scheduler *scheduler;
    struct nsl_server *server;  /* set once it exists */
    struct nsl_scratch scratch; /* for reading one request; reset after */
    struct nsl_buffer payload;  /* for encoding one call */
    uint32_t missing_walls;
    int64_t started_ms;          /* since 1970 */
    struct nsl_certificate root; /* of this instance */
    struct nsl_api_counters counters;
};

/* Takes settings; scheduler borrowed. NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_api_init(struct nsl_api *api, const struct nsl_settings *settings,
                                  struct nsl_scheduler *scheduler);
void nsl_api_done(struct nsl_api *api);

/* What the server asks (struct nsl_server_api); context is the api. */
struct nsl_server_api nsl_api_for_server(struct nsl_api *api);

/* The scheduler's sizes that follow from the settings. */
struct nsl_scheduler_settings nsl_api_scheduler_settings(const struct nsl_settings *settings);

/* Milliseconds since 1970; a hint from the machine's owner. */
int64_t nsl_api_now_ms(void);

/* ---- Handlers, one file each ---- */
#define NSL_ROUTE(method, path, handler, body, scope, summary)                                     \
    void nsl_api_##handler(struct nsl_api *api, struct nsl_exchange *exchange);
#include "enclave/api/routes.def"
#undef NSL_ROUTE

/* Its client has gone. */
void nsl_api_execute_abandon(struct nsl_api *api, struct nsl_exchange *exchange);

/* State of an execute exchange, and its size, for the server's exchanges. */
size_t nsl_api_execute_extra_bytes(void);

#endif
