/*
 * Packets: typed, bounded, little-endian reading and writing of message payloads.
 *
 * A writer fills a caller's buffer and remembers overflow; a reader walks borrowed bytes and
 * remembers underflow, so that a decoder reads all fields and checks once with nsl_packet_end(),
 * which also refuses bytes left over. Values read after a failure are zero.
 */
#ifndef NSL_COMMON_WIRE_PACKET_H
#define NSL_COMMON_WIRE_PACKET_H

#include "common/base/bytes.h"
#include "common/base/error.h"

struct nsl_packet_writer {
    uint8_t *data; /* borrowed */
    size_t capacity;
    size_t size;
    bool is_overflown;
};

struct nsl_packet_reader {
    nsl_bytes rest; /* borrowed */
    bool is_short;
};

struct nsl_packet_writer nsl_packet_writer_of(void *data, size_t capacity);
void nsl_packet_put_u8(struct nsl_packet_writer *writer, uint8_t value);
void nsl_packet_put_u16(struct nsl_packet_writer *writer, uint16_t value);
void nsl_packet_put_u32(struct nsl_packet_writer *writer, uint32_t value);
void nsl_packet_put_u64(struct nsl_packet_writer *writer, uint64_t value);
/* The bytes alone; the reader must know the size. */
void nsl_packet_put_raw(struct nsl_packet_writer *writer, nsl_bytes bytes);
/* u32 size, then the bytes. */
void nsl_packet_put_bytes(struct nsl_packet_writer *writer, nsl_bytes bytes);
/* NSL_ERR_TOO_LARGE when something did not fit. */
NSL_MUST_USE nsl_err nsl_packet_finish(const struct nsl_packet_writer *writer,
                                       nsl_bytes *ret_packet);

struct nsl_packet_reader nsl_packet_reader_of(nsl_bytes bytes);
uint8_t nsl_packet_get_u8(struct nsl_packet_reader *reader);
uint16_t nsl_packet_get_u16(struct nsl_packet_reader *reader);
uint32_t nsl_packet_get_u32(struct nsl_packet_reader *reader);
uint64_t nsl_packet_get_u64(struct nsl_packet_reader *reader);
/* Exactly size bytes; borrowed from the reader's bytes. */
nsl_bytes nsl_packet_get_raw(struct nsl_packet_reader *reader, size_t size);
/* u32 size, then that many bytes; a size above max fails. Borrowed. */
nsl_bytes nsl_packet_get_bytes(struct nsl_packet_reader *reader, size_t max);
/* NSL_ERR_BAD_MESSAGE when a field was missing or bytes are left over. */
NSL_MUST_USE nsl_err nsl_packet_end(const struct nsl_packet_reader *reader);

#endif
