#include "enclave/gateway/server.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/wipe.h"
#include "enclave/gateway/http.h"

enum {
    HEADER_MEMORY = 16 * 1024, /* bytes of request line and headers, and of one read */
    READ_STEP = 8 * 1024,
};

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

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
        NULL, nsl_exchange_advance, server, MHD_OPTION_NOTIFY_COMPLETED, nsl_exchange_completed,
        NULL, MHD_OPTION_NOTIFY_CONNECTION, nsl_connection_notify, server,
        MHD_OPTION_URI_LOG_CALLBACK, nsl_connection_note_request, server,
        MHD_OPTION_UNESCAPE_CALLBACK, nsl_exchange_unescape, NULL, MHD_OPTION_CONNECTION_LIMIT,
        server->settings.connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)READ_STEP, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_ARRAY, is_tls ? tls_options : no_options, MHD_OPTION_END);
    if (daemon == NULL) {
        return NSL_ERR_IO;
    }
    *ret_daemon = daemon;
    return NSL_OK;
}

nsl_err nsl_server_new(const struct nsl_server_settings *settings, const struct nsl_server_api *api,
                       const struct nsl_server_identity *identity, struct nsl_server **ret_server)
{
    struct nsl_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    server->settings = *settings;
    server->api = *api;
    LIST_INIT(&server->connections);
    nsl_err err = nsl_certificate_write_pem(identity->key, &identity->certificate, server->key_pem,
                                            server->certificate_pem);
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
        nsl_copy(&address->sin_addr, sizeof(address->sin_addr),
                 nsl_bytes_of(from->address, sizeof(address->sin_addr)));
        return sizeof(*address);
    }
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)ret_address;
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(from->port);
    nsl_copy(&address->sin6_addr, sizeof(address->sin6_addr),
             nsl_bytes_of(from->address, sizeof(address->sin6_addr)));
    return sizeof(*address);
}

/* The host may pass anything. What is no connection would never be closed: nothing happens on it. */
static bool is_connected_stream(int socket)
{
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof(peer);
    int type = 0;
    socklen_t type_size = sizeof(type);
    return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM &&
           getpeername(socket, (struct sockaddr *)&peer, &peer_size) == 0;
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
    nsl_connection_sweep(server);
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
    return sooner(timeout, (int)(left / NSL_MS_NS) + 1);
}

size_t nsl_server_connection_count(const struct nsl_server *server)
{
    return server->connection_count;
}

size_t nsl_server_open_exchange_count(const struct nsl_server *server)
{
    return server->exchange_count;
}
