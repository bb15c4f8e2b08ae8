#include "enclave/wire/keeper_messages.h"

#include "enclave/boundary/channel.h"

static nsl_err send_question(int keeper, EVP_PKEY *key)
{
    uint8_t public_key[NSL_PUBLIC_KEY_MAX_BYTES];
    uint8_t buffer[NSL_KEEPER_PACKET_MAX];
    size_t size = 0;
    nsl_bytes packet;
    NSL_TRY(nsl_certificate_encode_public(key, public_key, sizeof(public_key), &size));
    struct nsl_packet_writer writer = nsl_packet_writer_of(buffer, sizeof(buffer));
    nsl_keeper_put_head(&writer, NSL_KEEPER_CERTIFY);
    nsl_packet_put_bytes(&writer, nsl_bytes_of(public_key, size));
    NSL_TRY(nsl_packet_finish(&writer, &packet));
    return nsl_channel_send(keeper, packet, NULL, 0);
}

static void take_certificate(nsl_bytes der, struct nsl_certificate *ret_certificate)
{
    memcpy(ret_certificate->der, der.data, der.size);
    ret_certificate->size = der.size;
}

nsl_err nsl_keeper_ask_certificate(int keeper, EVP_PKEY *key, struct nsl_certificate *ret_server,
                                   struct nsl_certificate *ret_root)
{
    uint8_t buffer[NSL_KEEPER_PACKET_MAX];
    struct nsl_channel_packet packet;
    NSL_TRY(send_question(keeper, key));
    NSL_TRY(nsl_channel_receive(keeper, NSL_CHANNEL_BLOCK, buffer, sizeof(buffer), &packet));
    nsl_channel_close_fds(&packet);
    struct nsl_packet_reader reader = nsl_packet_reader_of(packet.bytes);
    uint8_t type = 0;
    if (!nsl_keeper_get_head(&reader, &type)) {
        return NSL_ERR_BAD_MESSAGE;
    }
    if (type == NSL_KEEPER_REFUSED) {
        return NSL_ERR_CRYPTO;
    }
    nsl_bytes server = nsl_packet_get_bytes(&reader, NSL_CERTIFICATE_MAX_BYTES);
    nsl_bytes root = nsl_packet_get_bytes(&reader, NSL_CERTIFICATE_MAX_BYTES);
    NSL_TRY(nsl_packet_end(&reader));
    if (type != NSL_KEEPER_CERTIFY || server.size == 0 || root.size == 0) {
        return NSL_ERR_BAD_MESSAGE;
    }
    take_certificate(server, ret_server);
    take_certificate(root, ret_root);
    return NSL_OK;
}
