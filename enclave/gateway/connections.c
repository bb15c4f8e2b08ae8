#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "enclave/gateway/http.h"

enum {
    SWEEP_MS = 250,     /* how often deadlines are looked at */
    PRESENCE_MS = 1000, /* how often clients of waiting calls are looked for */
};

void nsl_connection_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
                           enum MHD_ConnectionNotificationCode code)
{
    struct nsl_server *server = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct nsl_connection *connection = calloc(1, sizeof(*connection));
        if (connection == NULL || info == NULL) {
            free(connection);
            return; /* handled as closed at its first request */
        }
        connection->server = server;
        connection->socket = info->connect_fd;
        connection->is_tls = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_PROTOCOL) != NULL;
        connection->deadline_ns = server->now_ns + server->settings.request_timeout_ms * NSL_MS_NS;
        LIST_INSERT_HEAD(&server->connections, connection, link);
        server->connection_count++;
        *socket_context = connection;
        return;
    }
    struct nsl_connection *connection = *socket_context;
    if (connection != NULL) {
        LIST_REMOVE(connection, link);
        server->connection_count--;
        free(connection);
        *socket_context = NULL;
    }
}

struct nsl_connection *nsl_connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

void *nsl_connection_note_request(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct nsl_server *server = cls;
    struct nsl_connection *connection = nsl_connection_of(mhd);
    (void)uri;
    if (connection != NULL && !connection->has_begun) {
        connection->has_begun = true;
        connection->deadline_ns = server->now_ns + server->settings.request_timeout_ms * NSL_MS_NS;
    }
    return NULL;
}

/* libmicrohttpd closes slow connections without a word; the client should know why. */
static void end_overdue(struct nsl_connection *connection)
{
    static const char answer[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                 "Content-Type: application/json\r\nContent-Length: 105\r\n\r\n"
                                 "{\"success\":false,\"error\":{\"code\":\"TIMEOUT\",\"message\":"
                                 "\"the request was not complete in the time allowed\"}}";
    if (connection->has_begun && !connection->is_tls) {
        (void)!send(connection->socket, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    (void)shutdown(connection->socket, SHUT_RDWR);
    connection->deadline_ns = NSL_NEVER;
}

/* While a connection is suspended libmicrohttpd does not look at it. A client that closed its sending
 * side cannot be told from one that went away, and is taken for one. */
static bool has_left(const struct nsl_connection *connection)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    return getsockopt(connection->socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state != TCP_ESTABLISHED;
}

static void look_for_clients(struct nsl_server *server)
{
    const struct nsl_server_api *api = &server->api;
    struct nsl_connection *connection = NULL;
    if (server->now_ns < server->next_presence_ns) {
        return;
    }
    server->next_presence_ns = server->now_ns + PRESENCE_MS * NSL_MS_NS;
    LIST_FOREACH(connection, &server->connections, link)
    {
        if (connection->waiting != NULL &&
            server->now_ns - connection->waiting_since_ns > PRESENCE_MS * NSL_MS_NS &&
            has_left(connection)) {
            api->abandon(api->context, connection->waiting->handler, connection->waiting);
        }
    }
}

void nsl_connection_sweep(struct nsl_server *server)
{
    struct nsl_connection *connection = NULL;
    if (server->now_ns < server->next_sweep_ns) {
        return;
    }
    server->next_sweep_ns = server->now_ns + SWEEP_MS * NSL_MS_NS;
    LIST_FOREACH(connection, &server->connections, link)
    {
        if (connection->deadline_ns <= server->now_ns) {
            end_overdue(connection);
        }
    }
    look_for_clients(server);
}
