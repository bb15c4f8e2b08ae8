/*
 * A listening TCP socket on one numeric address. No names but "localhost" (127.0.0.1).
 */
#ifndef NSL_HOST_INGRESS_LISTENER_H
#define NSL_HOST_INGRESS_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/base/error.h"
#include "common/wire/control.h"

#define NSL_LISTENER_URL_MAX 80 /* "https://[IPv6]:65535" and NUL fit */

struct nsl_address {
    struct sockaddr_storage storage;
    socklen_t size;
};

struct nsl_listener {
    int fd; /* non-blocking; -1: none */
    enum nsl_control_kind kind;
    char url[NSL_LISTENER_URL_MAX]; /* with the port the system gave */
};

/* BAD_ARGUMENT: text is no IPv4 or IPv6 address. */
NSL_MUST_USE nsl_err nsl_address_parse(const char *text, struct nsl_address *ret_address);

/* True when only this machine reaches the address: 127.0.0.0/8 and ::1. */
bool nsl_address_is_loopback(const struct nsl_address *address);

/* port 0: any free one. IO: *ret_errno (set only then) says why, EADDRINUSE for a port in use. */
NSL_MUST_USE nsl_err nsl_listener_open(struct nsl_listener *ret_listener,
                                       enum nsl_control_kind kind,
                                       const struct nsl_address *address, uint16_t port,
                                       int *ret_errno);

void nsl_listener_close(struct nsl_listener *listener);

#endif
