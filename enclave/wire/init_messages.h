/*
 * What init and the other roles say to each other, on one SOCK_SEQPACKET channel each.
 *
 *   offset size meaning
 *   0      1    version, NSL_INIT_VERSION
 *   1      1    type, a row of init_messages.def
 *   2      2    zero
 *   4      4    runner id, chosen by the gateway, never used twice; 0 where none is meant
 *   8      4    value: see the row
 *
 * The table says who may send what; a packet that breaks it ends the enclave, because only a role
 * that was taken over would send one.
 */
#ifndef NSL_ENCLAVE_WIRE_INIT_MESSAGES_H
#define NSL_ENCLAVE_WIRE_INIT_MESSAGES_H

#include "enclave/boundary/channel.h"
#include "enclave/confine/confine.h"

#define NSL_INIT_VERSION 1
#define NSL_INIT_PACKET_SIZE 12

enum nsl_init_type {
#define NSL_INIT_MESSAGE(name, type, from, to, fds, meaning) NSL_INIT_##name = (type),
#include "enclave/wire/init_messages.def"
#undef NSL_INIT_MESSAGE
};

/* Descriptors of a runner, in the order in which they travel. */
enum nsl_runner_fd {
    NSL_RUNNER_FD_MEMORY,     /* both rings: requests first, then answers */
    NSL_RUNNER_FD_TO_GATEWAY, /* event descriptor that ends the gateway's sleep */
    NSL_RUNNER_FD_COUNT,
};

struct nsl_init_message {
    enum nsl_init_type type;
    uint32_t runner_id;
    uint32_t value;
    int fds[NSL_RUNNER_FD_COUNT];
    size_t fd_count; /* received: the receiver owns them */
};

NSL_MUST_USE nsl_err nsl_init_send(int channel, const struct nsl_init_message *message);

/* Receives a message that from may send to to. NSL_ERR_BAD_MESSAGE for any other; NSL_ERR_AGAIN,
 * NSL_ERR_CLOSED, NSL_ERR_IO as nsl_channel_receive. */
NSL_MUST_USE nsl_err nsl_init_receive(int channel, enum nsl_channel_wait wait, enum nsl_role from,
                                      enum nsl_role to, struct nsl_init_message *ret_message);

#endif
