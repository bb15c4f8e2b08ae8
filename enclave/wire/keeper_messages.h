/*
 * What the gateway and the keeper say to each other, on one SOCK_SEQPACKET channel: one question, one
 * answer, in order. Packet encoding (common/wire/packet.h):
 *
 *   u8 version 1, u8 type, u16 zero, then
 *   CERTIFY  question: bytes SubjectPublicKeyInfo (P-256)
 *            answer:   bytes server certificate, bytes instance root certificate, both DER
 *   REFUSED  answer:   u32 nsl_err
 */
#ifndef NSL_ENCLAVE_WIRE_KEEPER_MESSAGES_H
#define NSL_ENCLAVE_WIRE_KEEPER_MESSAGES_H

#include "common/wire/packet.h"
#include "enclave/crypto/certificate.h"

enum { NSL_KEEPER_VERSION = 1, NSL_KEEPER_PACKET_MAX = 8192 };

enum nsl_keeper_type { NSL_KEEPER_CERTIFY = 1, NSL_KEEPER_REFUSED = 2 };

static inline void nsl_keeper_put_head(struct nsl_packet_writer *writer, enum nsl_keeper_type type)
{
    nsl_packet_put_u8(writer, NSL_KEEPER_VERSION);
    nsl_packet_put_u8(writer, (uint8_t)type);
    nsl_packet_put_u16(writer, 0);
}

/* False when the head is not that of a message of this version; *ret_type is set otherwise. */
static inline bool nsl_keeper_get_head(struct nsl_packet_reader *reader, uint8_t *ret_type)
{
    uint8_t version = nsl_packet_get_u8(reader);
    uint8_t type = nsl_packet_get_u8(reader);
    uint16_t zero = nsl_packet_get_u16(reader);
    *ret_type = type;
    return version == NSL_KEEPER_VERSION && zero == 0;
}

/* The gateway's side of CERTIFY; waits for the answer. NSL_ERR_CRYPTO when refused,
 * NSL_ERR_BAD_MESSAGE, NSL_ERR_CLOSED, NSL_ERR_IO. */
NSL_MUST_USE nsl_err nsl_keeper_ask_certificate(int keeper, EVP_PKEY *key,
                                                struct nsl_certificate *ret_server,
                                                struct nsl_certificate *ret_root);

#endif
