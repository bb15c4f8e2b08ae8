#include "common/base/buffer.h"

#include "common/base/arithmetic.h"
#include "common/base/wipe.h"

#include <stdlib.h>

enum { FIRST_CAPACITY_BYTES = 256 };

void nsl_buffer_init(struct nsl_buffer *buffer, size_t max, enum nsl_buffer_kind kind)
{
    *buffer = (struct nsl_buffer){.max = max, .kind = kind};
}

void nsl_buffer_done(struct nsl_buffer *buffer)
{
    if (buffer == NULL) {
        return;
    }
    if (buffer->kind == NSL_BUFFER_WIPE && buffer->data != NULL) {
        nsl_wipe(buffer->data, buffer->capacity);
    }
    free(buffer->data);
    *buffer = (struct nsl_buffer){0};
}

void nsl_buffer_clear(struct nsl_buffer *buffer)
{
    if (buffer->kind == NSL_BUFFER_WIPE && buffer->data != NULL) {
        nsl_wipe(buffer->data, buffer->size);
    }
    buffer->size = 0;
}

static size_t grown_capacity(const struct nsl_buffer *buffer, size_t wanted)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY_BYTES;
    while (capacity < wanted && capacity <= buffer->max / 2) {
        capacity *= 2;
    }
    return capacity < wanted || capacity > buffer->max ? buffer->max : capacity;
}

/* realloc leaves copies of what it moves, so a wiping buffer moves by hand. */
static nsl_err move_wiping(struct nsl_buffer *buffer, size_t capacity)
{
    uint8_t *data = malloc(capacity);
    if (data == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_copy(data, capacity, nsl_buffer_bytes(buffer));
    if (buffer->data != NULL) {
        nsl_wipe(buffer->data, buffer->capacity);
    }
    free(buffer->data);
    buffer->data = data;
    buffer->capacity = capacity;
    return NSL_OK;
}

nsl_err nsl_buffer_reserve(struct nsl_buffer *buffer, size_t more)
{
    size_t wanted;
    NSL_TRY(nsl_add(buffer->size, more, &wanted));
    if (wanted > buffer->max) {
        return NSL_ERR_TOO_LARGE;
    }
    if (wanted <= buffer->capacity) {
        return NSL_OK;
    }
    size_t capacity = grown_capacity(buffer, wanted);
    nsl_assert(capacity >= wanted && capacity <= buffer->max);
    if (buffer->kind == NSL_BUFFER_WIPE) {
        return move_wiping(buffer, capacity);
    }
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return NSL_OK;
}

nsl_err nsl_buffer_append(struct nsl_buffer *buffer, nsl_bytes bytes)
{
    NSL_TRY(nsl_buffer_reserve(buffer, bytes.size));
    if (bytes.size > 0) {
        nsl_copy(buffer->data + buffer->size, buffer->capacity - buffer->size, bytes);
        buffer->size += bytes.size;
    }
    return NSL_OK;
}

nsl_err nsl_buffer_append_text(struct nsl_buffer *buffer, const char *text)
{
    return nsl_buffer_append(buffer, nsl_bytes_text(text));
}

nsl_err nsl_buffer_append_byte(struct nsl_buffer *buffer, uint8_t byte)
{
    NSL_TRY(nsl_buffer_reserve(buffer, 1));
    buffer->data[buffer->size++] = byte;
    return NSL_OK;
}

size_t nsl_format_u64(uint64_t number, char ret_digits[20])
{
    char reversed[20];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++) {
        ret_digits[i] = reversed[count - 1 - i];
    }
    return count;
}

nsl_err nsl_buffer_append_u64(struct nsl_buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t count = nsl_format_u64(number, digits);
    return nsl_buffer_append(buffer, nsl_bytes_of(digits, count));
}

nsl_err nsl_buffer_append_i64(struct nsl_buffer *buffer, int64_t number)
{
    char digits[21] = {'-'};
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t count = nsl_format_u64(magnitude, &digits[1]);
    size_t skip = number < 0 ? 0 : 1;
    return nsl_buffer_append(buffer, nsl_bytes_of(&digits[skip], count + 1 - skip));
}

nsl_err nsl_buffer_append_le(struct nsl_buffer *buffer, uint64_t number, size_t byte_count)
{
    nsl_assert(byte_count >= 1 && byte_count <= 8);
    uint8_t bytes[8];
    for (size_t i = 0; i < byte_count; i++) {
        bytes[i] = (uint8_t)(number >> (8 * i));
    }
    return nsl_buffer_append(buffer, nsl_bytes_of(bytes, byte_count));
}
