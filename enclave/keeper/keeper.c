#include "enclave/keeper/keeper.h"

#include "enclave/boundary/channel.h"
#include "enclave/confine/confine.h"
#include "enclave/wire/init_messages.h"
#include "enclave/wire/keeper_messages.h"

struct keeper {
    EVP_PKEY *root_key;
    struct nsl_certificate root;
};

static nsl_err put_certificates(const struct keeper *keeper, nsl_bytes public_key,
                                struct nsl_packet_writer *writer)
{
    struct nsl_certificate server;
    EVP_PKEY *key = NULL;
    NSL_TRY(nsl_certificate_decode_public(public_key, &key));
    nsl_err err = nsl_certificate_issue(keeper->root_key, key, &server);
    EVP_PKEY_free(key);
    NSL_TRY(err);
    nsl_keeper_put_head(writer, NSL_KEEPER_CERTIFY);
    nsl_packet_put_bytes(writer, nsl_bytes_of(server.der, server.size));
    nsl_packet_put_bytes(writer, nsl_bytes_of(keeper->root.der, keeper->root.size));
    return NSL_OK;
}

static nsl_err answer_certify(const struct keeper *keeper, struct nsl_packet_reader *reader,
                              struct nsl_packet_writer *writer)
{
    nsl_bytes public_key = nsl_packet_get_bytes(reader, NSL_PUBLIC_KEY_MAX_BYTES);
    NSL_TRY(nsl_packet_end(reader));
    return put_certificates(keeper, public_key, writer);
}

static nsl_err answer(const struct keeper *keeper, int gateway, nsl_bytes question)
{
    uint8_t buffer[NSL_KEEPER_PACKET_MAX];
    uint8_t type = 0;
    struct nsl_packet_reader reader = nsl_packet_reader_of(question);
    struct nsl_packet_writer writer = nsl_packet_writer_of(buffer, sizeof(buffer));
    nsl_err err = NSL_ERR_BAD_MESSAGE;
    if (nsl_keeper_get_head(&reader, &type) && type == NSL_KEEPER_CERTIFY) {
        err = answer_certify(keeper, &reader, &writer);
    }
    if (err != NSL_OK) {
        writer = nsl_packet_writer_of(buffer, sizeof(buffer));
        nsl_keeper_put_head(&writer, NSL_KEEPER_REFUSED);
        nsl_packet_put_u32(&writer, (uint32_t)err);
    }
    nsl_bytes packet;
    NSL_TRY(nsl_packet_finish(&writer, &packet));
    return nsl_channel_send(gateway, packet, NULL, 0);
}

static nsl_err serve(const struct keeper *keeper, int gateway)
{
    for (;;) {
        uint8_t buffer[NSL_KEEPER_PACKET_MAX];
        struct nsl_channel_packet packet;
        NSL_TRY(nsl_channel_receive(gateway, NSL_CHANNEL_BLOCK, buffer, sizeof(buffer), &packet));
        nsl_channel_close_fds(&packet);
        NSL_TRY(answer(keeper, gateway, packet.bytes));
    }
}

nsl_err nsl_keeper_main(int init, int gateway, uint32_t missing_walls)
{
    struct keeper keeper = {0};
    NSL_TRY(nsl_certificate_setup());
    NSL_TRY(nsl_certificate_new_key(&keeper.root_key));
    nsl_err err = nsl_certificate_make_root(keeper.root_key, &keeper.root);
    if (err == NSL_OK) {
        err = nsl_confine_role(NSL_ROLE_KEEPER, &missing_walls);
    }
    if (err == NSL_OK) {
        struct nsl_init_message ready = {.type = NSL_INIT_KEEPER_READY, .value = missing_walls};
        err = nsl_init_send(init, &ready);
    }
    if (err == NSL_OK) {
        err = serve(&keeper, gateway);
    }
    EVP_PKEY_free(keeper.root_key);
    return err == NSL_ERR_CLOSED ? NSL_OK : err;
}
