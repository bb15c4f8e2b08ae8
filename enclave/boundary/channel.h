/*
 * A channel: an AF_UNIX SOCK_SEQPACKET descriptor between two processes. One packet is one message;
 * descriptors may travel with it.
 *
 * What is received is copied once into the caller's buffer. A packet longer than the buffer, or with
 * more descriptors than asked for, is refused whole and its descriptors are closed.
 * Threads: one per channel. Limits: NSL_CHANNEL_FDS_MAX descriptors a packet.
 */
#ifndef NSL_ENCLAVE_BOUNDARY_CHANNEL_H
#define NSL_ENCLAVE_BOUNDARY_CHANNEL_H

#include "common/base/bytes.h"
#include "common/base/error.h"

#define NSL_CHANNEL_FDS_MAX 4

struct nsl_channel_packet {
    nsl_bytes bytes; /* in the caller's buffer */
    int fds[NSL_CHANNEL_FDS_MAX];
    size_t fd_count; /* the receiver owns them */
};

/* Two connected, close-on-exec ends. NSL_ERR_IO. Caller owns both. */
NSL_MUST_USE nsl_err nsl_channel_pair(int ret_ends[2]);

/* Sends one packet; descriptors stay the caller's. NSL_ERR_AGAIN when the queue is full (non-blocking
 * descriptors only), NSL_ERR_CLOSED, NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_channel_send(int channel, nsl_bytes bytes, const int *fds,
                                      size_t fd_count);

enum nsl_channel_wait { NSL_CHANNEL_BLOCK, NSL_CHANNEL_POLL };

/* Receives one packet. NSL_ERR_AGAIN: none there (POLL); NSL_ERR_CLOSED: end of file;
 * NSL_ERR_BAD_MESSAGE: cut off, or too many descriptors; NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_channel_receive(int channel, enum nsl_channel_wait wait, void *buffer,
                                         size_t buffer_size, struct nsl_channel_packet *ret_packet);

/* Closes the descriptors a packet brought. */
void nsl_channel_close_fds(struct nsl_channel_packet *packet);

#endif
