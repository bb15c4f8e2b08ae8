#include "common/base/utf8.h"
#include "common/codec/json.h"
#include "common/codec/json_scan.h"

static nsl_err append_escape(struct nsl_buffer *buffer, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof letters; i += 2) {
        if ((uint8_t)letters[i] == byte) {
            char escape[2] = {'\\', letters[i + 1]};
            return nsl_buffer_append(buffer, nsl_bytes_of(escape, sizeof escape));
        }
    }
    char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    return nsl_buffer_append(buffer, nsl_bytes_of(escape, sizeof escape));
}

/* The longest run that goes out as it is: plain ASCII and valid characters. */
static nsl_err skip_unescaped(const uint8_t **at, const uint8_t *end)
{
    for (;;) {
        *at = json_skip_plain(*at, end);
        if (*at == end || **at < 0x80) {
            return NSL_OK;
        }
        size_t size = nsl_utf8_char_size(nsl_bytes_of(*at, (size_t)(end - *at)));
        if (size == 0) {
            return NSL_ERR_BAD_UTF8;
        }
        *at += size;
    }
}

static nsl_err append_content(struct nsl_buffer *buffer, nsl_bytes text)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.size > 0 ? text.data + text.size : text.data;
    NSL_TRY(nsl_buffer_append_byte(buffer, '"'));
    while (at < end) {
        const uint8_t *run = at;
        NSL_TRY(skip_unescaped(&at, end));
        NSL_TRY(nsl_buffer_append(buffer, nsl_bytes_of(run, (size_t)(at - run))));
        if (at < end) {
            NSL_TRY(append_escape(buffer, *at++));
        }
    }
    return nsl_buffer_append_byte(buffer, '"');
}

nsl_err nsl_json_append_string(struct nsl_buffer *buffer, nsl_bytes text)
{
    size_t start = buffer->size;
    nsl_err err = append_content(buffer, text);
    if (err != NSL_OK) {
        buffer->size = start;
    }
    return err;
}

void nsl_json_writer_init(struct nsl_json_writer *writer, struct nsl_buffer *out)
{
    *writer = (struct nsl_json_writer){.out = out};
}

static void note(struct nsl_json_writer *writer, nsl_err err)
{
    if (writer->err == NSL_OK) {
        writer->err = err;
    }
}

/* Every value and key starts here: true when it should be written. */
static bool begin_item(struct nsl_json_writer *writer)
{
    if (writer->err == NSL_OK && writer->needs_comma) {
        note(writer, nsl_buffer_append_byte(writer->out, ','));
    }
    writer->needs_comma = true;
    return writer->err == NSL_OK;
}

static void begin_container(struct nsl_json_writer *writer, uint8_t bracket)
{
    if (begin_item(writer)) {
        note(writer, nsl_buffer_append_byte(writer->out, bracket));
    }
    writer->depth++;
    writer->needs_comma = false;
}

static void end_container(struct nsl_json_writer *writer, uint8_t bracket)
{
    nsl_assert(writer->depth > 0);
    if (writer->err == NSL_OK) {
        note(writer, nsl_buffer_append_byte(writer->out, bracket));
    }
    writer->depth--;
    writer->needs_comma = true;
}

void nsl_json_begin_object(struct nsl_json_writer *writer)
{
    begin_container(writer, '{');
}

void nsl_json_end_object(struct nsl_json_writer *writer)
{
    end_container(writer, '}');
}

void nsl_json_begin_array(struct nsl_json_writer *writer)
{
    begin_container(writer, '[');
}

void nsl_json_end_array(struct nsl_json_writer *writer)
{
    end_container(writer, ']');
}

void nsl_json_put_key(struct nsl_json_writer *writer, nsl_bytes key)
{
    nsl_json_put_text(writer, key);
    if (writer->err == NSL_OK) {
        note(writer, nsl_buffer_append_byte(writer->out, ':'));
    }
    writer->needs_comma = false;
}

void nsl_json_put_text(struct nsl_json_writer *writer, nsl_bytes text)
{
    if (begin_item(writer)) {
        note(writer, nsl_json_append_string(writer->out, text));
    }
}

void nsl_json_put_u64(struct nsl_json_writer *writer, uint64_t number)
{
    if (begin_item(writer)) {
        note(writer, nsl_buffer_append_u64(writer->out, number));
    }
}

void nsl_json_put_i64(struct nsl_json_writer *writer, int64_t number)
{
    if (begin_item(writer)) {
        note(writer, nsl_buffer_append_i64(writer->out, number));
    }
}

void nsl_json_put_raw(struct nsl_json_writer *writer, nsl_bytes json)
{
    if (begin_item(writer)) {
        note(writer, nsl_buffer_append(writer->out, json));
    }
}

void nsl_json_put_bool(struct nsl_json_writer *writer, bool flag)
{
    nsl_json_put_raw(writer, flag ? NSL_TEXT("true") : NSL_TEXT("false"));
}

void nsl_json_put_null(struct nsl_json_writer *writer)
{
    nsl_json_put_raw(writer, NSL_TEXT("null"));
}

nsl_err nsl_json_finish(struct nsl_json_writer *writer)
{
    nsl_assert(writer->depth == 0);
    return writer->err;
}
