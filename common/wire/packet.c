#include "common/wire/packet.h"

static void put_number(struct nsl_packet_writer *writer, uint64_t value, size_t size)
{
    if (writer->capacity - writer->size < size) {
        writer->is_overflown = true;
        return;
    }
    for (size_t index = 0; index < size; index++) {
        writer->data[writer->size + index] = (uint8_t)(value >> (8 * index));
    }
    writer->size += size;
}

struct nsl_packet_writer nsl_packet_writer_of(void *data, size_t capacity)
{
    return (struct nsl_packet_writer){.data = data, .capacity = capacity};
}

void nsl_packet_put_u8(struct nsl_packet_writer *writer, uint8_t value)
{
    put_number(writer, value, 1);
}

void nsl_packet_put_u16(struct nsl_packet_writer *writer, uint16_t value)
{
    put_number(writer, value, 2);
}

void nsl_packet_put_u32(struct nsl_packet_writer *writer, uint32_t value)
{
    put_number(writer, value, 4);
}

void nsl_packet_put_u64(struct nsl_packet_writer *writer, uint64_t value)
{
    put_number(writer, value, 8);
}

void nsl_packet_put_raw(struct nsl_packet_writer *writer, nsl_bytes bytes)
{
    if (writer->capacity - writer->size < bytes.size) {
        writer->is_overflown = true;
        return;
    }
    if (bytes.size != 0) {
        memcpy(writer->data + writer->size, bytes.data, bytes.size);
    }
    writer->size += bytes.size;
}

void nsl_packet_put_bytes(struct nsl_packet_writer *writer, nsl_bytes bytes)
{
    if (bytes.size > UINT32_MAX) {
        writer->is_overflown = true;
        return;
    }
    nsl_packet_put_u32(writer, (uint32_t)bytes.size);
    nsl_packet_put_raw(writer, bytes);
}

nsl_err nsl_packet_finish(const struct nsl_packet_writer *writer, nsl_bytes *ret_packet)
{
    if (writer->is_overflown) {
        return NSL_ERR_TOO_LARGE;
    }
    *ret_packet = nsl_bytes_of(writer->data, writer->size);
    return NSL_OK;
}

struct nsl_packet_reader nsl_packet_reader_of(nsl_bytes bytes)
{
    return (struct nsl_packet_reader){.rest = bytes};
}

nsl_bytes nsl_packet_get_raw(struct nsl_packet_reader *reader, size_t size)
{
    if (reader->is_short || reader->rest.size < size) {
        reader->is_short = true;
        return (nsl_bytes){0};
    }
    nsl_bytes taken = nsl_bytes_of(reader->rest.data, size);
    reader->rest.data += size;
    reader->rest.size -= size;
    return taken;
}

static uint64_t get_number(struct nsl_packet_reader *reader, size_t size)
{
    nsl_bytes taken = nsl_packet_get_raw(reader, size);
    uint64_t value = 0;
    for (size_t index = 0; index < taken.size; index++) {
        value |= (uint64_t)taken.data[index] << (8 * index);
    }
    return value;
}

uint8_t nsl_packet_get_u8(struct nsl_packet_reader *reader)
{
    return (uint8_t)get_number(reader, 1);
}

uint16_t nsl_packet_get_u16(struct nsl_packet_reader *reader)
{
    return (uint16_t)get_number(reader, 2);
}

uint32_t nsl_packet_get_u32(struct nsl_packet_reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

uint64_t nsl_packet_get_u64(struct nsl_packet_reader *reader)
{
    return get_number(reader, 8);
}

nsl_bytes nsl_packet_get_bytes(struct nsl_packet_reader *reader, size_t max)
{
    uint32_t size = nsl_packet_get_u32(reader);
    if (size > max) {
        reader->is_short = true;
    }
    return nsl_packet_get_raw(reader, size);
}

nsl_err nsl_packet_end(const struct nsl_packet_reader *reader)
{
    return reader->is_short || reader->rest.size != 0 ? NSL_ERR_BAD_MESSAGE : NSL_OK;
}
