/*
 * Inside the gateway: the HTTP server's state. connections.c: clients and their deadlines.
 * exchange.c: a request and its response. server.c: the two libmicrohttpd daemons.
 */
#ifndef NSL_ENCLAVE_GATEWAY_HTTP_H
#define NSL_ENCLAVE_GATEWAY_HTTP_H

#include <microhttpd.h>
#include <stdalign.h>
#include <sys/queue.h>

#include "enclave/gateway/server.h"

#define NSL_MS_NS UINT64_C(1000000)
#define NSL_NEVER UINT64_MAX

struct nsl_connection {
    struct nsl_server *server;
    int socket;
    bool is_tls;
    bool has_begun;               /* some of a request is there */
    uint64_t deadline_ns;         /* NSL_NEVER while we work for it */
    struct nsl_exchange *waiting; /* suspended, or NULL */
    uint64_t waiting_since_ns;
    LIST_ENTRY(nsl_connection) link;
};

struct nsl_exchange {
    struct nsl_server *server;
    struct nsl_connection *connection;
    struct MHD_Connection *mhd;
    const void *handler;
    struct nsl_buffer body;
    uint16_t refusal;         /* HTTP status that is certain before the body is there; 0: none */
    const char *refusal_text; /* a literal */
    const char *allow;
    struct MHD_Response *response;
    uint16_t status;
    size_t uploaded; /* bytes counted in the server's upload_bytes */
    bool is_given;   /* to the handler */
    bool is_suspended;
    bool is_ended;
    alignas(16) uint8_t extra[];
};

struct nsl_server {
    struct nsl_server_settings settings;
    struct nsl_server_api api;
    struct MHD_Daemon *plain;
    struct MHD_Daemon *tls;
    LIST_HEAD(, nsl_connection) connections;
    size_t connection_count;
    size_t exchange_count;
    size_t upload_bytes;
    uint64_t now_ns;
    uint64_t next_sweep_ns;
    uint64_t next_presence_ns;
    char key_pem[NSL_PEM_MAX];
    char certificate_pem[NSL_PEM_MAX];
};

/* ---- connections.c ---- */

/* libmicrohttpd tells of a connection's begin and end; cls is the server. */
void nsl_connection_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
                           enum MHD_ConnectionNotificationCode code);
/* libmicrohttpd has read a request line: the request has its time from here. */
void *nsl_connection_note_request(void *cls, const char *uri, struct MHD_Connection *mhd);
/* NULL when there was no memory for one. */
struct nsl_connection *nsl_connection_of(struct MHD_Connection *mhd);
/* Ends what is overdue, and calls whose client has left. */
void nsl_connection_sweep(struct nsl_server *server);

/* ---- exchange.c ---- */

/* libmicrohttpd's access handler: head, pieces of the body, end of it, and once more when resumed. */
enum MHD_Result nsl_exchange_advance(void *cls, struct MHD_Connection *mhd, const char *path,
                                     const char *method, const char *version,
                                     const char *upload_data, size_t *upload_data_size,
                                     void **request_context);
void nsl_exchange_completed(void *cls, struct MHD_Connection *mhd, void **request_context,
                            enum MHD_RequestTerminationCode code);
size_t nsl_exchange_unescape(void *cls, struct MHD_Connection *mhd, char *text);

#endif
