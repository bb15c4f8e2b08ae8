/*
 * Packets to init, to the gateway and to the zygote: whatever the bytes, and however many descriptors
 * come along, receiving gives an error or a message of the table; no descriptor is lost or kept.
 *
 * Input: one byte who sends and receives, one byte how many descriptors, then the packet.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "enclave/wire/init_messages.h"

enum { ROLES = 5, PACKET_MAX = 64 };

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* It moves when a descriptor leaks. */
static int lowest_free_fd(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    require(fd >= 0 && close(fd) == 0);
    return fd;
}

static size_t descriptors_of(enum nsl_init_type type)
{
    switch (type) {
#define NSL_INIT_MESSAGE(name, number, from, to, fds, meaning)                                     \
    case NSL_INIT_##name:                                                                          \
        return (fds);
#include "enclave/wire/init_messages.def"
#undef NSL_INIT_MESSAGE
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int ends[2] = {-1, -1};
    static const int fds[NSL_CHANNEL_FDS_MAX] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO,
                                                 STDERR_FILENO};
    if (ends[0] < 0) {
        require(nsl_channel_pair(ends) == NSL_OK);
    }
    if (size < 3 || size - 2 > PACKET_MAX) {
        return 0;
    }
    enum nsl_role from = (enum nsl_role)(data[0] % ROLES);
    enum nsl_role to = (enum nsl_role)(data[0] / ROLES % ROLES);
    size_t fd_count = data[1] % (NSL_CHANNEL_FDS_MAX + 1);
    int lowest = lowest_free_fd();
    struct nsl_init_message message;
    require(nsl_channel_send(ends[0], nsl_bytes_of(data + 2, size - 2), fds, fd_count) == NSL_OK);
    nsl_err err = nsl_init_receive(ends[1], NSL_CHANNEL_POLL, from, to, &message);
    if (err == NSL_OK) {
        require(size - 2 == NSL_INIT_PACKET_SIZE && message.fd_count == fd_count);
        require(descriptors_of(message.type) == fd_count);
        for (size_t index = 0; index < message.fd_count; index++) {
            require(close(message.fds[index]) == 0);
        }
    } else {
        require(err == NSL_ERR_BAD_MESSAGE);
    }
    require(lowest_free_fd() == lowest);
    return 0;
}
