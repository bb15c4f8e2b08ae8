#include "host/ingress/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#define BACKLOG 4096 /* what Linux allows at most by default (net.core.somaxconn) */

static struct sockaddr_in *as_ipv4(struct nsl_address *address)
{
    return (struct sockaddr_in *)(void *)&address->storage;
}

static struct sockaddr_in6 *as_ipv6(struct nsl_address *address)
{
    return (struct sockaddr_in6 *)(void *)&address->storage;
}

nsl_err nsl_address_parse(const char *text, struct nsl_address *ret_address)
{
    struct nsl_address address = {0};
    if (strcmp(text, "localhost") == 0) {
        text = "127.0.0.1";
    }
    if (inet_pton(AF_INET, text, &as_ipv4(&address)->sin_addr) == 1) {
        as_ipv4(&address)->sin_family = AF_INET;
        address.size = sizeof(struct sockaddr_in);
    } else if (inet_pton(AF_INET6, text, &as_ipv6(&address)->sin6_addr) == 1) {
        as_ipv6(&address)->sin6_family = AF_INET6;
        address.size = sizeof(struct sockaddr_in6);
    } else {
        return NSL_ERR_BAD_ARGUMENT;
    }
    *ret_address = address;
    return NSL_OK;
}

bool nsl_address_is_loopback(const struct nsl_address *address)
{
    struct nsl_address copy = *address;
    if (copy.storage.ss_family == AF_INET) {
        return ntohl(as_ipv4(&copy)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return IN6_IS_ADDR_LOOPBACK(&as_ipv6(&copy)->sin6_addr);
}

static void set_port(struct nsl_address *address, uint16_t port)
{
    if (address->storage.ss_family == AF_INET) {
        as_ipv4(address)->sin_port = htons(port);
    } else {
        as_ipv6(address)->sin6_port = htons(port);
    }
}

static void write_url(struct nsl_listener *listener, struct nsl_address *bound)
{
    const char *scheme = listener->kind == NSL_CONTROL_HTTPS ? "https" : "http";
    char text[INET6_ADDRSTRLEN] = "";
    if (bound->storage.ss_family == AF_INET) {
        inet_ntop(AF_INET, &as_ipv4(bound)->sin_addr, text, sizeof(text));
        snprintf(listener->url, sizeof(listener->url), "%s://%s:%u", scheme, text,
                 ntohs(as_ipv4(bound)->sin_port));
    } else {
        inet_ntop(AF_INET6, &as_ipv6(bound)->sin6_addr, text, sizeof(text));
        snprintf(listener->url, sizeof(listener->url), "%s://[%s]:%u", scheme, text,
                 ntohs(as_ipv6(bound)->sin6_port));
    }
}

static bool listen_on(int fd, struct nsl_address *address)
{
    const int on = 1;
    /* Accepted sockets inherit TCP_NODELAY: one system call a listener, not one a connection. */
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
           bind(fd, (struct sockaddr *)&address->storage, address->size) == 0 &&
           listen(fd, BACKLOG) == 0 &&
           getsockname(fd, (struct sockaddr *)&address->storage, &address->size) == 0;
}

nsl_err nsl_listener_open(struct nsl_listener *ret_listener, enum nsl_control_kind kind,
                          const struct nsl_address *address, uint16_t port, int *ret_errno)
{
    struct nsl_address bound = *address;
    set_port(&bound, port);
    int fd = socket(bound.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !listen_on(fd, &bound)) {
        *ret_errno = errno;
        if (fd >= 0) {
            close(fd);
        }
        return NSL_ERR_IO;
    }
    struct nsl_listener listener = {.fd = fd, .kind = kind};
    write_url(&listener, &bound);
    *ret_listener = listener;
    return NSL_OK;
}

void nsl_listener_close(struct nsl_listener *listener)
{
    if (listener->fd >= 0) {
        close(listener->fd);
        listener->fd = -1;
    }
}
