#include "enclave/wire/init_messages.h"

#include "common/wire/packet.h"

struct rule {
    enum nsl_init_type type;
    enum nsl_role from;
    enum nsl_role to;
    size_t fd_count;
};

static const struct rule rules[] = {
#define NSL_INIT_MESSAGE(name, number, sender, receiver, fds, meaning)                             \
    {.type = NSL_INIT_##name,                                                                      \
     .from = NSL_ROLE_##sender,                                                                    \
     .to = NSL_ROLE_##receiver,                                                                    \
     .fd_count = (fds)},
#include "enclave/wire/init_messages.def"
#undef NSL_INIT_MESSAGE
};

static bool is_allowed(enum nsl_role from, enum nsl_role to, const struct nsl_init_message *message)
{
    for (size_t index = 0; index < sizeof(rules) / sizeof(rules[0]); index++) {
        if (rules[index].type == message->type) {
            return rules[index].from == from && rules[index].to == to &&
                   rules[index].fd_count == message->fd_count;
        }
    }
    return false;
}

nsl_err nsl_init_send(int channel, const struct nsl_init_message *message)
{
    uint8_t bytes[NSL_INIT_PACKET_SIZE];
    struct nsl_packet_writer writer = nsl_packet_writer_of(bytes, sizeof(bytes));
    nsl_packet_put_u8(&writer, NSL_INIT_VERSION);
    nsl_packet_put_u8(&writer, (uint8_t)message->type);
    nsl_packet_put_u16(&writer, 0);
    nsl_packet_put_u32(&writer, message->runner_id);
    nsl_packet_put_u32(&writer, message->value);
    nsl_bytes packet;
    NSL_TRY(nsl_packet_finish(&writer, &packet));
    return nsl_channel_send(channel, packet, message->fds, message->fd_count);
}

static nsl_err decode(struct nsl_channel_packet *packet, enum nsl_role from, enum nsl_role to,
                      struct nsl_init_message *ret_message)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(packet->bytes);
    uint8_t version = nsl_packet_get_u8(&reader);
    struct nsl_init_message message = {.type = nsl_packet_get_u8(&reader)};
    uint16_t zero = nsl_packet_get_u16(&reader);
    message.runner_id = nsl_packet_get_u32(&reader);
    message.value = nsl_packet_get_u32(&reader);
    NSL_TRY(nsl_packet_end(&reader));
    message.fd_count = packet->fd_count;
    if (version != NSL_INIT_VERSION || zero != 0 || packet->fd_count > NSL_RUNNER_FD_COUNT ||
        !is_allowed(from, to, &message)) {
        return NSL_ERR_BAD_MESSAGE;
    }
    memcpy(message.fds, packet->fds, packet->fd_count * sizeof(int));
    *ret_message = message;
    return NSL_OK;
}

nsl_err nsl_init_receive(int channel, enum nsl_channel_wait wait, enum nsl_role from,
                         enum nsl_role to, struct nsl_init_message *ret_message)
{
    uint8_t bytes[NSL_INIT_PACKET_SIZE];
    struct nsl_channel_packet packet;
    NSL_TRY(nsl_channel_receive(channel, wait, bytes, sizeof(bytes), &packet));
    nsl_err err = decode(&packet, from, to, ret_message);
    if (err != NSL_OK) {
        nsl_channel_close_fds(&packet);
    }
    return err;
}
