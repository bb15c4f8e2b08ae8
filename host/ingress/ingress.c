#include "host/ingress/ingress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "common/base/wipe.h"

static struct nsl_control_connection origin_of(const struct nsl_address *peer,
                                               enum nsl_control_kind kind)
{
    struct nsl_control_connection from = {.kind = (uint8_t)kind, .family = NSL_CONTROL_IPV4};
    if (peer->storage.ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const void *)&peer->storage;
        from.port = ntohs(ipv4->sin_port);
        nsl_copy(from.address, 4, nsl_bytes_of(&ipv4->sin_addr, 4));
        return from;
    }
    const struct sockaddr_in6 *ipv6 = (const void *)&peer->storage;
    from.port = ntohs(ipv6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr)) {
        nsl_copy(from.address, 4, nsl_bytes_of(ipv6->sin6_addr.s6_addr + 12, 4));
        return from;
    }
    from.family = NSL_CONTROL_IPV6;
    nsl_copy(from.address, 16, nsl_bytes_of(&ipv6->sin6_addr, 16));
    return from;
}

/* The client went away between the kernel's handshake and our accept: nobody's fault. */
static bool is_passing(int number)
{
    return number == EINTR || number == ECONNABORTED || number == EPROTO || number == EPERM ||
           number == ENETDOWN || number == ENETUNREACH || number == EHOSTDOWN ||
           number == EHOSTUNREACH || number == ENOPROTOOPT || number == ENONET;
}

nsl_err nsl_ingress_accept(struct nsl_ingress *ingress, const struct nsl_listener *listener)
{
    while (ingress->first + ingress->count < NSL_CHANNEL_BATCH) {
        struct nsl_address peer = {.size = sizeof(peer.storage)};
        int fd = accept4(listener->fd, (struct sockaddr *)&peer.storage, &peer.size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (is_passing(errno)) {
                continue;
            }
            return errno == EAGAIN ? NSL_OK : NSL_ERR_IO;
        }
        ingress->queue[ingress->first + ingress->count] =
            (struct nsl_channel_connection){.fd = fd, .from = origin_of(&peer, listener->kind)};
        ingress->count++;
    }
    return NSL_OK;
}

static void drop(struct nsl_ingress *ingress, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        close(ingress->queue[ingress->first + i].fd);
    }
    ingress->first += count;
    ingress->count -= count;
    if (ingress->count == 0) {
        ingress->first = 0;
    }
}

nsl_err nsl_ingress_flush(struct nsl_ingress *ingress, int control_fd)
{
    if (ingress->count == 0) {
        return NSL_OK;
    }
    size_t sent;
    nsl_err err = nsl_channel_send_connections(control_fd, ingress->queue + ingress->first,
                                               ingress->count, &sent);
    drop(ingress, sent); /* the enclave has its own copies of these */
    return err;
}

void nsl_ingress_done(struct nsl_ingress *ingress)
{
    drop(ingress, ingress->count);
}
