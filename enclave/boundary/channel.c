#include "enclave/boundary/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

union control_space {
    struct cmsghdr head;
    uint8_t space[CMSG_SPACE(sizeof(int) * NSL_CHANNEL_FDS_MAX)];
};

nsl_err nsl_channel_pair(int ret_ends[2])
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return NSL_ERR_IO;
    }
    ret_ends[0] = ends[0];
    ret_ends[1] = ends[1];
    return NSL_OK;
}

static nsl_err error_of_errno(void)
{
    switch (errno) {
    case EAGAIN:
        return NSL_ERR_AGAIN;
    case EPIPE:
    case ECONNRESET:
        return NSL_ERR_CLOSED;
    default:
        return NSL_ERR_IO;
    }
}

nsl_err nsl_channel_send(int channel, nsl_bytes bytes, const int *fds, size_t fd_count)
{
    nsl_assert(fd_count <= NSL_CHANNEL_FDS_MAX);
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes.data, .iov_len = bytes.size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control_space control = {0};
    if (fd_count != 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(head), fds, sizeof(int) * fd_count);
    }
    ssize_t sent = 0;
    do {
        sent = sendmsg(channel, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return error_of_errno();
    }
    return (size_t)sent == bytes.size ? NSL_OK : NSL_ERR_IO;
}

static void take_fds(struct msghdr *message, struct nsl_channel_packet *packet)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        nsl_assert(packet->fd_count + count <= NSL_CHANNEL_FDS_MAX);
        memcpy(packet->fds + packet->fd_count, CMSG_DATA(head), count * sizeof(int));
        packet->fd_count += count;
    }
}

nsl_err nsl_channel_receive(int channel, enum nsl_channel_wait wait, void *buffer,
                            size_t buffer_size, struct nsl_channel_packet *ret_packet)
{
    struct iovec part = {.iov_base = buffer, .iov_len = buffer_size};
    union control_space control = {0};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = sizeof(control.space),
    };
    int flags = MSG_CMSG_CLOEXEC | (wait == NSL_CHANNEL_POLL ? MSG_DONTWAIT : 0);
    ssize_t size = 0;
    do {
        size = recvmsg(channel, &message, flags);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return error_of_errno();
    }
    struct nsl_channel_packet packet = {.bytes = nsl_bytes_of(buffer, (size_t)size)};
    take_fds(&message, &packet);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        nsl_channel_close_fds(&packet);
        return NSL_ERR_BAD_MESSAGE;
    }
    if (size == 0 && packet.fd_count == 0) {
        return NSL_ERR_CLOSED;
    }
    *ret_packet = packet;
    return NSL_OK;
}

void nsl_channel_close_fds(struct nsl_channel_packet *packet)
{
    for (size_t index = 0; index < packet->fd_count; index++) {
        (void)close(packet->fds[index]);
    }
    packet->fd_count = 0;
}
