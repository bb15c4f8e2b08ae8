/*
 * Sends and receives control packets (common/wire/control.h) on the host's end of the channel.
 * Never blocks. What arrives is an enclave's word, checked for form only.
 */
#ifndef NSL_HOST_LAUNCHER_CHANNEL_H
#define NSL_HOST_LAUNCHER_CHANNEL_H

#include "common/wire/control.h"

/* An accepted connection on its way to the enclave. */
struct nsl_channel_connection {
    int fd;
    struct nsl_control_connection from;
};

#define NSL_CHANNEL_BATCH 32 /* connections passed by one system call */

/* One message without a descriptor. AGAIN: the channel is full and will turn writable; FULL: the
 * machine is, try later; CLOSED: the enclave is gone. */
NSL_MUST_USE nsl_err nsl_channel_send(int fd, const struct nsl_control_message *message);

/*
 * Passes up to NSL_CHANNEL_BATCH connections; *ret_sent (set in every case) of them have left and
 * their descriptors can be closed. OK: all; AGAIN, FULL, CLOSED, IO: the rest has not been sent.
 */
NSL_MUST_USE nsl_err nsl_channel_send_connections(int fd,
                                                  const struct nsl_channel_connection *connections,
                                                  size_t count, size_t *ret_sent);

/* Bounds how many connections may be on their way at once to about NSL_CONTROL_IN_FLIGHT / 2. After
 * SETTINGS, which is larger than what fits then. */
void nsl_channel_narrow(int fd);

/* One message. AGAIN: nothing there; CLOSED: end of file; BAD_MESSAGE: no packet of an enclave. */
NSL_MUST_USE nsl_err nsl_channel_receive(int fd, struct nsl_control_message *ret_message);

#endif
