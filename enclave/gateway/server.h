/*
 * The HTTP server: connections that the host passes in, requests read whole, responses sent whole.
 * libmicrohttpd does HTTP and (with GnuTLS) TLS; everything about it stays in server.c.
 *
 * A request is given to its route's handler once its body is complete. The handler answers at once
 * (nsl_exchange_respond) or later, from another event; until then the connection is suspended and
 * costs nothing but memory. A client that does not send its request in time gets 408.
 *
 * Threads: one. Limits: settings. The client address is the host's word and is not used for trust.
 */
#ifndef NSL_ENCLAVE_GATEWAY_SERVER_H
#define NSL_ENCLAVE_GATEWAY_SERVER_H

#include "common/base/buffer.h"
#include "common/wire/control.h"
#include "enclave/crypto/certificate.h"

struct nsl_exchange;
struct nsl_server;

/* What the API is asked: which handler a request has, and to handle it. */
struct nsl_server_api {
    /* Looks at method and path. *ret_handler is given back to handle; 0 when the status says why not
     * (404, 405; then *ret_allow names the methods allowed). */
    uint16_t (*route)(void *context, const char *method, const char *path, const void **ret_handler,
                      const char **ret_allow);
    /* Handles a complete request: responds, or keeps exchange and responds later. */
    void (*handle)(void *context, const void *handler, struct nsl_exchange *exchange);
    /* The client of an exchange that handle kept has closed its side: no answer is awaited, the
     * handler may respond at once. Asked again from time to time until it has. */
    void (*abandon)(void *context, const void *handler, struct nsl_exchange *exchange);
    /* Writes the body of an error that the server itself answers with. */
    void (*write_error)(void *context, uint16_t status, const char *message,
                        struct nsl_buffer *body);
    void *context;
    size_t exchange_extra_bytes; /* room for the handler's own state in each exchange */
};

struct nsl_server_settings {
    uint32_t connections_max;
    uint32_t request_timeout_ms; /* from the first byte expected to the last one */
    size_t body_max;
};

/* What TLS needs; borrowed for the server's life. */
struct nsl_server_identity {
    EVP_PKEY *key;
    struct nsl_certificate certificate;
};

NSL_MUST_USE nsl_err nsl_server_new(const struct nsl_server_settings *settings,
                                    const struct nsl_server_api *api,
                                    const struct nsl_server_identity *identity,
                                    struct nsl_server **ret_server);
void nsl_server_free(struct nsl_server *server);

/* Takes over an accepted socket. On failure it is closed. NSL_ERR_HOST: it is no
 * connected stream socket; NSL_ERR_FULL, NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_server_add(struct nsl_server *server,
                                    const struct nsl_control_connection *from, int socket);

/* The epoll descriptors that become readable when nsl_server_run has work. */
enum { NSL_SERVER_DESCRIPTORS = 2 };
void nsl_server_descriptors(const struct nsl_server *server,
                            int ret_descriptors[NSL_SERVER_DESCRIPTORS]);
/* Tells what time it is: before connections are added, whose deadlines start then. */
void nsl_server_note_time(struct nsl_server *server, uint64_t now_ns);

/* Does what can be done now, deadlines included. */
void nsl_server_run(struct nsl_server *server, uint64_t now_ns);
/* Milliseconds until it has something to do by itself; 0: at once, -1: never. */
int nsl_server_timeout_ms(const struct nsl_server *server, uint64_t now_ns);

size_t nsl_server_connection_count(const struct nsl_server *server);
size_t nsl_server_open_exchange_count(const struct nsl_server *server);

/* ---- An exchange: one request and its response ---- */

/* The body, whole; may be taken apart and wiped by the handler. */
struct nsl_buffer *nsl_exchange_body(struct nsl_exchange *exchange);
/* The handler's own state, zeroed at first. */
void *nsl_exchange_extra(struct nsl_exchange *exchange);
struct nsl_exchange *nsl_exchange_of_extra(void *extra);
/* A request header's value, borrowed; NULL when it is not there. */
const char *nsl_exchange_header(const struct nsl_exchange *exchange, const char *name);

/* Answers; takes the body's memory. Exactly once for each exchange. */
void nsl_exchange_respond(struct nsl_exchange *exchange, uint16_t status, const char *content_type,
                          struct nsl_buffer *body);

#endif
