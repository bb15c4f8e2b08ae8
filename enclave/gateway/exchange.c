#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base/arithmetic.h"
#include "common/base/wipe.h"
#include "enclave/gateway/http.h"

enum {
    ERROR_BODY_MAX = 8 * 1024,
    KEEP_ALIVE_MS = 75000,           /* an idle connection is closed after */
    UPLOADS_MAX = 256 * 1024 * 1024, /* bytes of bodies that are still being sent, all together */
};

/* A path with an escaped NUL stays escaped: as a C string it would end there and name another one. */
size_t nsl_exchange_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strstr(text, "%00") == NULL ? MHD_http_unescape(text) : strlen(text);
}

static void refuse(struct nsl_exchange *exchange, uint16_t status, const char *text)
{
    if (exchange->refusal == 0) {
        exchange->refusal = status;
        exchange->refusal_text = text;
    }
}

static bool has_type_json(struct MHD_Connection *mhd)
{
    static const char json[] = "application/json";
    const char *type = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Type");
    if (type == NULL || strncasecmp(type, json, sizeof(json) - 1) != 0) {
        return false;
    }
    char next = type[sizeof(json) - 1];
    return next == '\0' || next == ';' || next == ' ';
}

/* Digits; libmicrohttpd has refused anything else. SIZE_MAX for what does not fit. */
static size_t size_of_text(const char *text)
{
    size_t size = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (nsl_mul(size, 10, &size) != NSL_OK ||
            nsl_add(size, (size_t)(*text - '0'), &size) != NSL_OK) {
            return SIZE_MAX;
        }
    }
    return size;
}

static void check_head(struct nsl_exchange *exchange, const char *method, const char *path)
{
    const struct nsl_server_api *api = &exchange->server->api;
    uint16_t status = api->route(api->context, method, path, &exchange->handler, &exchange->allow);
    if (status != 0) {
        refuse(exchange, status,
               status == 405 ? "this path does not allow that method"
                             : "there is nothing at this path");
        return;
    }
    const char *length =
        MHD_lookup_connection_value(exchange->mhd, MHD_HEADER_KIND, "Content-Length");
    size_t announced = length == NULL ? 0 : size_of_text(length);
    if (announced > exchange->server->settings.body_max) {
        refuse(exchange, 413, "the body is above Server.MaxBodyBytes");
    } else if (nsl_buffer_reserve(&exchange->body, announced) != NSL_OK) {
        refuse(exchange, 503, "out of memory");
    }
    bool has_body = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    if (has_body && !has_type_json(exchange->mhd)) {
        refuse(exchange, 415, "Content-Type must be application/json");
    }
}

static struct nsl_exchange *begin_exchange(struct nsl_server *server, struct MHD_Connection *mhd,
                                           const char *method, const char *path)
{
    struct nsl_connection *connection = nsl_connection_of(mhd);
    if (connection == NULL) {
        return NULL;
    }
    struct nsl_exchange *exchange = calloc(1, sizeof(*exchange) + server->api.exchange_extra_bytes);
    if (exchange == NULL) {
        return NULL;
    }
    exchange->server = server;
    exchange->connection = connection;
    exchange->mhd = mhd;
    nsl_buffer_init(&exchange->body, server->settings.body_max, NSL_BUFFER_WIPE);
    check_head(exchange, method, path);
    server->exchange_count++;
    return exchange;
}

static void take_body(struct nsl_exchange *exchange, const char *data, size_t size)
{
    if (exchange->refusal != 0) {
        return;
    }
    if (exchange->server->upload_bytes + size > UPLOADS_MAX) {
        refuse(exchange, 503, "too much is being uploaded at once; try again");
        return;
    }
    nsl_err err = nsl_buffer_append(&exchange->body, nsl_bytes_of(data, size));
    exchange->uploaded = exchange->body.size;
    exchange->server->upload_bytes += err == NSL_OK ? size : 0;
    if (err == NSL_ERR_TOO_LARGE) {
        refuse(exchange, 413, "the body is above Server.MaxBodyBytes");
    } else if (err != NSL_OK) {
        refuse(exchange, 503, "out of memory");
    }
}

static void release_upload(struct nsl_exchange *exchange)
{
    exchange->server->upload_bytes -= exchange->uploaded;
    exchange->uploaded = 0;
}

static void respond_refusal(struct nsl_exchange *exchange)
{
    struct nsl_buffer body;
    const struct nsl_server_api *api = &exchange->server->api;
    nsl_buffer_init(&body, ERROR_BODY_MAX, NSL_BUFFER_PLAIN);
    api->write_error(api->context, exchange->refusal, exchange->refusal_text, &body);
    nsl_exchange_respond(exchange, exchange->refusal, "application/json", &body);
}

static enum MHD_Result send_response(struct nsl_exchange *exchange)
{
    struct nsl_connection *connection = exchange->connection;
    enum MHD_Result result =
        MHD_queue_response(exchange->mhd, exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    connection->has_begun = false;
    connection->deadline_ns = exchange->server->now_ns + KEEP_ALIVE_MS * NSL_MS_NS;
    return result;
}

/* The body is complete: the handler's turn. */
static enum MHD_Result give_to_handler(struct nsl_exchange *exchange)
{
    const struct nsl_server_api *api = &exchange->server->api;
    exchange->is_given = true;
    exchange->connection->deadline_ns = NSL_NEVER;
    release_upload(exchange);
    if (exchange->refusal != 0) {
        respond_refusal(exchange);
    } else {
        api->handle(api->context, exchange->handler, exchange);
    }
    if (exchange->response != NULL) {
        return send_response(exchange);
    }
    exchange->is_suspended = true;
    exchange->connection->waiting = exchange;
    exchange->connection->waiting_since_ns = exchange->server->now_ns;
    MHD_suspend_connection(exchange->mhd);
    return MHD_YES;
}

enum MHD_Result nsl_exchange_advance(void *cls, struct MHD_Connection *mhd, const char *path,
                                     const char *method, const char *version,
                                     const char *upload_data, size_t *upload_data_size,
                                     void **request_context)
{
    struct nsl_exchange *exchange = *request_context;
    (void)version;
    if (exchange == NULL) {
        exchange = begin_exchange(cls, mhd, method, path);
        *request_context = exchange;
        if (exchange == NULL) {
            return MHD_NO;
        }
        /* A refusal that is certain now spares the client the upload; the connection then closes. */
        if (exchange->refusal == 413) {
            respond_refusal(exchange);
            return send_response(exchange);
        }
        return MHD_YES;
    }
    if (*upload_data_size != 0) {
        take_body(exchange, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return MHD_YES;
    }
    if (exchange->response != NULL) {
        return send_response(exchange);
    }
    return exchange->is_given ? MHD_NO : give_to_handler(exchange);
}

static void free_exchange(struct nsl_exchange *exchange)
{
    struct nsl_server *server = exchange->server;
    if (exchange->response != NULL) {
        MHD_destroy_response(exchange->response);
    }
    release_upload(exchange);
    nsl_buffer_done(&exchange->body);
    nsl_wipe(exchange->extra, server->api.exchange_extra_bytes);
    server->exchange_count--;
    free(exchange);
}

/* The client may be gone while the handler still works: then the exchange outlives the request. */
void nsl_exchange_completed(void *cls, struct MHD_Connection *mhd, void **request_context,
                            enum MHD_RequestTerminationCode code)
{
    struct nsl_exchange *exchange = *request_context;
    (void)cls;
    (void)mhd;
    (void)code;
    if (exchange == NULL) {
        return;
    }
    *request_context = NULL;
    if (exchange->is_given && exchange->status == 0) {
        exchange->is_ended = true;
        exchange->connection->waiting = NULL;
        exchange->mhd = NULL;
        return;
    }
    free_exchange(exchange);
}

/* ---- Exchanges, for handlers ---- */

struct nsl_buffer *nsl_exchange_body(struct nsl_exchange *exchange)
{
    return &exchange->body;
}

void *nsl_exchange_extra(struct nsl_exchange *exchange)
{
    return exchange->extra;
}

struct nsl_exchange *nsl_exchange_of_extra(void *extra)
{
    return (struct nsl_exchange *)(void *)((uint8_t *)extra - offsetof(struct nsl_exchange, extra));
}

const char *nsl_exchange_header(const struct nsl_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->mhd, MHD_HEADER_KIND, name);
}

static void add_headers(struct nsl_exchange *exchange, const char *content_type)
{
    struct MHD_Response *response = exchange->response;
    (void)MHD_add_response_header(response, "Content-Type", content_type);
    if (exchange->status == 405 && exchange->allow != NULL) {
        (void)MHD_add_response_header(response, "Allow", exchange->allow);
    }
    if (exchange->status == 503) {
        (void)MHD_add_response_header(response, "Retry-After", "1");
    }
}

/* glibc does not overwrite small blocks that it keeps for this thread (gateway.c, M_PERTURB). */
static void free_wiped(void *memory)
{
    nsl_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

void nsl_exchange_respond(struct nsl_exchange *exchange, uint16_t status, const char *content_type,
                          struct nsl_buffer *body)
{
    nsl_assert(exchange->status == 0);
    exchange->status = status;
    if (exchange->is_ended) {
        nsl_buffer_done(body);
        free_exchange(exchange);
        return;
    }
    exchange->response =
        MHD_create_response_from_buffer_with_free_callback(body->size, body->data, free_wiped);
    if (exchange->response == NULL) {
        abort(); /* out of memory for a few hundred bytes */
    }
    *body = (struct nsl_buffer){0};
    add_headers(exchange, content_type);
    if (exchange->is_suspended) {
        exchange->is_suspended = false;
        exchange->connection->waiting = NULL;
        MHD_resume_connection(exchange->mhd);
    }
}
