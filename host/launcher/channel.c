#include "host/launcher/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define CONNECTION_PACKET_BYTES (NSL_CONTROL_HEADER_BYTES + 20)

static nsl_err err_of_errno(int number)
{
    switch (number) {
    case EAGAIN:
    case EINTR:
        return NSL_ERR_AGAIN;
    case ENOBUFS:
    case ENOMEM:
    case ETOOMANYREFS: /* too many descriptors are on their way already */
        return NSL_ERR_FULL;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
        return NSL_ERR_CLOSED;
    default:
        return NSL_ERR_IO;
    }
}

nsl_err nsl_channel_send(int fd, const struct nsl_control_message *message)
{
    uint8_t packet[NSL_CONTROL_PACKET_MAX];
    size_t size;
    NSL_TRY(nsl_control_encode(message, packet, sizeof(packet), &size));
    ssize_t sent = send(fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        return err_of_errno(errno);
    }
    return (size_t)sent == size ? NSL_OK : NSL_ERR_IO;
}

void nsl_channel_narrow(int fd)
{
    /* A small packet counts for about 768 bytes, and the kernel doubles the number it is given. */
    const int size = NSL_CONTROL_IN_FLIGHT / 2 * 768 / 2;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* What one message of a batch needs to stay alive until sendmmsg has returned. */
struct outgoing {
    uint8_t packet[CONNECTION_PACKET_BYTES];
    struct iovec part;
    union {
        struct cmsghdr header; /* for its alignment */
        char space[CMSG_SPACE(sizeof(int))];
    } control;
};

static nsl_err prepare(const struct nsl_channel_connection *connection, struct outgoing *out,
                       struct msghdr *ret_header)
{
    struct nsl_control_message message = {.type = NSL_CONTROL_CONNECTION,
                                          .connection = connection->from};
    size_t size;
    NSL_TRY(nsl_control_encode(&message, out->packet, sizeof(out->packet), &size));
    out->part = (struct iovec){.iov_base = out->packet, .iov_len = size};
    *ret_header = (struct msghdr){.msg_iov = &out->part,
                                  .msg_iovlen = 1,
                                  .msg_control = out->control.space,
                                  .msg_controllen = sizeof(out->control.space)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(ret_header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    *(int *)(void *)CMSG_DATA(rights) = connection->fd;
    return NSL_OK;
}

nsl_err nsl_channel_send_connections(int fd, const struct nsl_channel_connection *connections,
                                     size_t count, size_t *ret_sent)
{
    struct outgoing out[NSL_CHANNEL_BATCH] = {0};
    struct mmsghdr headers[NSL_CHANNEL_BATCH] = {0};
    nsl_assert(count > 0 && count <= NSL_CHANNEL_BATCH);
    *ret_sent = 0;
    for (size_t i = 0; i < count; i++) {
        NSL_TRY(prepare(&connections[i], &out[i], &headers[i].msg_hdr));
    }
    int sent = sendmmsg(fd, headers, (unsigned)count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        return err_of_errno(errno);
    }
    *ret_sent = (size_t)sent;
    return *ret_sent == count ? NSL_OK : NSL_ERR_AGAIN;
}

nsl_err nsl_channel_receive(int fd, struct nsl_control_message *ret_message)
{
    uint8_t packet[NSL_CONTROL_SMALL_MAX + 1];
    struct iovec part = {.iov_base = packet, .iov_len = sizeof(packet)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    /* No room for descriptors: the kernel closes any that an enclave sends and says so. */
    ssize_t size = recvmsg(fd, &header, MSG_DONTWAIT);
    if (size < 0) {
        return err_of_errno(errno);
    }
    if (size == 0) {
        return NSL_ERR_CLOSED;
    }
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return NSL_ERR_BAD_MESSAGE;
    }
    return nsl_control_decode(nsl_bytes_of(packet, (size_t)size), NSL_CONTROL_FROM_ENCLAVE,
                              ret_message);
}
