#include "enclave/gateway/server.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <malloc.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/wipe.h"

enum {
    HEADER_MEMORY = 16 * 1024, /* bytes of request line and headers, and of one read */
    READ_STEP = 8 * 1024,
    KEEP_ALIVE_MS = 75000, /* an idle connection is closed after */
    SWEEP_MS = 250,        /* how often deadlines are looked at */
    PRESENCE_MS = 1000,    /* how often clients of waiting calls are looked for */
    PEM_MAX = 4096,
    UPLOADS_MAX = 256 * 1024 * 1024, /* bytes of bodies that are still being sent, all together */
};

#define MS_NS UINT64_C(1000000)
#define NEVER UINT64_MAX
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

struct connection {
    struct nsl_server *server;
    int socket;
    bool is_tls;
    bool has_begun;       /* some of a request is there */
    uint64_t deadline_ns; /* NEVER while we work for it */
    struct nsl_exchange *waiting; /* suspended, or NULL */
    uint64_t waiting_since_ns;
    LIST_ENTRY(connection) link;
};

struct nsl_exchange {
    struct nsl_server *server;
    struct connection *connection;
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
    LIST_HEAD(, connection) connections;
    size_t connection_count;
    size_t exchange_count;
    size_t upload_bytes;
    uint64_t now_ns;
    uint64_t next_sweep_ns;
    uint64_t next_presence_ns;
    char key_pem[PEM_MAX];
    char certificate_pem[PEM_MAX];
};

/* ---- Connections ---- */

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct nsl_server *server = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct connection *connection = calloc(1, sizeof(*connection));
        if (connection == NULL || info == NULL) {
            free(connection);
            return; /* handled as closed at its first request */
        }
        connection->server = server;
        connection->socket = info->connect_fd;
        connection->is_tls =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_PROTOCOL) != NULL;
        connection->deadline_ns = server->now_ns + server->settings.request_timeout_ms * MS_NS;
        LIST_INSERT_HEAD(&server->connections, connection, link);
        server->connection_count++;
        *socket_context = connection;
        return;
    }
    struct connection *connection = *socket_context;
    if (connection != NULL) {
        LIST_REMOVE(connection, link);
        server->connection_count--;
        free(connection);
        *socket_context = NULL;
    }
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* Called when a request line is complete: the request has its time from here. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct nsl_server *server = cls;
    struct connection *connection = connection_of(mhd);
    (void)uri;
    if (connection != NULL && !connection->has_begun) {
        connection->has_begun = true;
        connection->deadline_ns = server->now_ns + server->settings.request_timeout_ms * MS_NS;
    }
    return NULL;
}

/* A path with an escaped NUL stays escaped: as a C string it would end there and name another one. */
static size_t unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strstr(text, "%00") == NULL ? MHD_http_unescape(text) : strlen(text);
}

/* libmicrohttpd closes slow connections without a word; the client should know why. */
static void end_overdue(struct connection *connection)
{
    static const char answer[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                 "Content-Type: application/json\r\nContent-Length: 105\r\n\r\n"
                                 "{\"success\":false,\"error\":{\"code\":\"TIMEOUT\",\"message\":"
                                 "\"the request was not complete in the time allowed\"}}";
    if (connection->has_begun && !connection->is_tls) {
        (void)!send(connection->socket, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    (void)shutdown(connection->socket, SHUT_RDWR);
    connection->deadline_ns = NEVER;
}

/* While a connection is suspended libmicrohttpd does not look at it. A client that closed its sending
 * side cannot be told from one that went away, and is taken for one. */
static bool has_left(const struct connection *connection)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    return getsockopt(connection->socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state != TCP_ESTABLISHED;
}

static void look_for_clients(struct nsl_server *server)
{
    const struct nsl_server_api *api = &server->api;
    struct connection *connection = NULL;
    if (server->now_ns < server->next_presence_ns) {
        return;
    }
    server->next_presence_ns = server->now_ns + PRESENCE_MS * MS_NS;
    LIST_FOREACH (connection, &server->connections, link) {
        if (connection->waiting != NULL &&
            server->now_ns - connection->waiting_since_ns > PRESENCE_MS * MS_NS &&
            has_left(connection)) {
            api->abandon(api->context, connection->waiting->handler, connection->waiting);
        }
    }
}

static void sweep(struct nsl_server *server)
{
    struct connection *connection = NULL;
    if (server->now_ns < server->next_sweep_ns) {
        return;
    }
    server->next_sweep_ns = server->now_ns + SWEEP_MS * MS_NS;
    LIST_FOREACH (connection, &server->connections, link) {
        if (connection->deadline_ns <= server->now_ns) {
            end_overdue(connection);
        }
    }
    look_for_clients(server);
}

/* ---- Requests ---- */

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

static void check_head(struct nsl_exchange *exchange, const char *method, const char *path)
{
    const struct nsl_server_api *api = &exchange->server->api;
    uint16_t status =
        api->route(api->context, method, path, &exchange->handler, &exchange->allow);
    if (status != 0) {
        refuse(exchange, status, status == 405 ? "this path does not allow that method"
                                               : "there is nothing at this path");
        return;
    }
    const char *length =
        MHD_lookup_connection_value(exchange->mhd, MHD_HEADER_KIND, "Content-Length");
    size_t announced = length == NULL ? 0 : strtoull(length, NULL, 10);
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
    struct connection *connection = connection_of(mhd);
    if (connection == NULL) {
        return NULL;
    }
    struct nsl_exchange *exchange =
        calloc(1, sizeof(*exchange) + server->api.exchange_extra_bytes);
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
    nsl_buffer_init(&body, READ_STEP, NSL_BUFFER_PLAIN);
    api->write_error(api->context, exchange->refusal, exchange->refusal_text, &body);
    nsl_exchange_respond(exchange, exchange->refusal, "application/json", &body);
}

static enum MHD_Result send_response(struct nsl_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    enum MHD_Result result =
        MHD_queue_response(exchange->mhd, exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    connection->has_begun = false;
    connection->deadline_ns = exchange->server->now_ns + KEEP_ALIVE_MS * MS_NS;
    return result;
}

/* The body is complete: the handler's turn. */
static enum MHD_Result give_to_handler(struct nsl_exchange *exchange)
{
    const struct nsl_server_api *api = &exchange->server->api;
    exchange->is_given = true;
    exchange->connection->deadline_ns = NEVER;
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

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *path,
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
static void on_completed(void *cls, struct MHD_Connection *mhd, void **request_context,
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

void nsl_exchange_respond(struct nsl_exchange *exchange, uint16_t status,
                          const char *content_type, struct nsl_buffer *body)
{
    nsl_assert(exchange->status == 0);
    exchange->status = status;
    if (exchange->is_ended) {
        nsl_buffer_done(body);
        free_exchange(exchange);
        return;
    }
    exchange->response = MHD_create_response_from_buffer_with_free_callback(
        body->size, body->data, free_wiped);
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

/* ---- The server ---- */

static nsl_err start_daemon(struct nsl_server *server, unsigned extra_flags,
                            struct MHD_Daemon **ret_daemon)
{
    const struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key_pem},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate_pem},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};
    bool is_tls = (extra_flags & MHD_USE_TLS) != 0;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | extra_flags, 0, NULL,
        NULL, on_request, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_URI_LOG_CALLBACK, on_uri,
        server, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_CONNECTION_LIMIT,
        server->settings.connections_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)READ_STEP, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_ARRAY, is_tls ? tls_options : no_options, MHD_OPTION_END);
    if (daemon == NULL) {
        return NSL_ERR_IO;
    }
    *ret_daemon = daemon;
    return NSL_OK;
}

static nsl_err take_pem(BIO *memory, char out[PEM_MAX])
{
    int size = BIO_read(memory, out, PEM_MAX - 1);
    if (size <= 0 || BIO_pending(memory) != 0) {
        return NSL_ERR_CRYPTO;
    }
    out[size] = '\0';
    return NSL_OK;
}

static nsl_err write_identity(struct nsl_server *server, const struct nsl_server_identity *identity)
{
    const uint8_t *cursor = identity->certificate.der;
    X509 *certificate = d2i_X509(NULL, &cursor, (long)identity->certificate.size);
    BIO *memory = BIO_new(BIO_s_secmem());
    nsl_err err = NSL_ERR_CRYPTO;
    if (memory != NULL && certificate != NULL &&
        PEM_write_bio_PrivateKey(memory, identity->key, NULL, NULL, 0, NULL, NULL) == 1) {
        err = take_pem(memory, server->key_pem);
    }
    if (err == NSL_OK && PEM_write_bio_X509(memory, certificate) == 1) {
        err = take_pem(memory, server->certificate_pem);
    }
    BIO_free(memory);
    X509_free(certificate);
    return err;
}

nsl_err nsl_server_new(const struct nsl_server_settings *settings,
                       const struct nsl_server_api *api,
                       const struct nsl_server_identity *identity, struct nsl_server **ret_server)
{
    struct nsl_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    server->settings = *settings;
    server->api = *api;
    LIST_INIT(&server->connections);
    nsl_err err = write_identity(server, identity);
    if (err == NSL_OK) {
        err = start_daemon(server, 0, &server->plain);
    }
    if (err == NSL_OK) {
        err = start_daemon(server, MHD_USE_TLS, &server->tls);
    }
    if (err != NSL_OK) {
        nsl_server_free(server);
        return err;
    }
    *ret_server = server;
    return NSL_OK;
}

void nsl_server_free(struct nsl_server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->plain != NULL) {
        MHD_stop_daemon(server->plain);
    }
    if (server->tls != NULL) {
        MHD_stop_daemon(server->tls);
    }
    nsl_wipe(server->key_pem, sizeof(server->key_pem));
    free(server);
}

static socklen_t make_address(const struct nsl_control_connection *from,
                              struct sockaddr_storage *ret_address)
{
    *ret_address = (struct sockaddr_storage){0};
    if (from->family == NSL_CONTROL_IPV4) {
        struct sockaddr_in *address = (struct sockaddr_in *)ret_address;
        address->sin_family = AF_INET;
        address->sin_port = htons(from->port);
        memcpy(&address->sin_addr, from->address, sizeof(address->sin_addr));
        return sizeof(*address);
    }
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)ret_address;
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(from->port);
    memcpy(&address->sin6_addr, from->address, sizeof(address->sin6_addr));
    return sizeof(*address);
}

/* The host may pass anything. What is no connection would never be closed: nothing happens on it. */
static bool is_connected_stream(int socket)
{
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof(peer);
    int type = 0;
    socklen_t type_size = sizeof(type);
    return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 &&
           type == SOCK_STREAM && getpeername(socket, (struct sockaddr *)&peer, &peer_size) == 0;
}

nsl_err nsl_server_add(struct nsl_server *server, const struct nsl_control_connection *from,
                       int socket)
{
    struct sockaddr_storage address;
    socklen_t size = make_address(from, &address);
    struct MHD_Daemon *daemon = from->kind == NSL_CONTROL_HTTPS ? server->tls : server->plain;
    if (!is_connected_stream(socket)) {
        (void)close(socket);
        return NSL_ERR_HOST;
    }
    /* On failure libmicrohttpd has closed the socket. */
    if (MHD_add_connection(daemon, socket, (const struct sockaddr *)&address, size) != MHD_YES) {
        return errno == ENFILE || errno == EMFILE ? NSL_ERR_FULL : NSL_ERR_IO;
    }
    return NSL_OK;
}

static int epoll_of(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info == NULL ? -1 : info->epoll_fd;
}

void nsl_server_descriptors(const struct nsl_server *server,
                            int ret_descriptors[NSL_SERVER_DESCRIPTORS])
{
    ret_descriptors[0] = epoll_of(server->plain);
    ret_descriptors[1] = epoll_of(server->tls);
}

void nsl_server_note_time(struct nsl_server *server, uint64_t now_ns)
{
    server->now_ns = now_ns;
}

void nsl_server_run(struct nsl_server *server, uint64_t now_ns)
{
    server->now_ns = now_ns;
    (void)MHD_run(server->plain);
    (void)MHD_run(server->tls);
    sweep(server);
}

static int daemon_timeout_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    if (MHD_get_timeout(daemon, &timeout) != MHD_YES) {
        return -1;
    }
    return timeout > INT_MAX ? INT_MAX : (int)timeout;
}

static int sooner(int a, int b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

int nsl_server_timeout_ms(const struct nsl_server *server, uint64_t now_ns)
{
    int timeout = sooner(daemon_timeout_ms(server->plain), daemon_timeout_ms(server->tls));
    if (server->connection_count == 0) {
        return timeout;
    }
    uint64_t left = server->next_sweep_ns > now_ns ? server->next_sweep_ns - now_ns : 0;
    return sooner(timeout, (int)(left / MS_NS) + 1);
}

size_t nsl_server_connection_count(const struct nsl_server *server)
{
    return server->connection_count;
}

size_t nsl_server_open_exchange_count(const struct nsl_server *server)
{
    return server->exchange_count;
}
