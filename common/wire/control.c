#include "common/wire/control.h"

#include "common/wire/packet.h"

/* ---- The table of messages. */

#define IN(phase) (1U << NSL_CONTROL_PHASE_##phase)

struct control_row {
    const char *name;
    enum nsl_control_type type;
    enum nsl_control_sender sender;
    unsigned phases;
    size_t descriptor_count;
    size_t payload_min;
    size_t payload_max;
};

static const struct control_row control_rows[] = {
#define NSL_CONTROL(name, type, sender, phases, descriptors, min, max, meaning)                    \
    {#name, NSL_CONTROL_##name, NSL_CONTROL_FROM_##sender, (phases), (descriptors), (min), (max)},
#include "common/wire/control_messages.def"
#undef NSL_CONTROL
};

static const struct control_row *find_row(unsigned type)
{
    for (size_t i = 0; i < sizeof(control_rows) / sizeof(control_rows[0]); i++) {
        if ((unsigned)control_rows[i].type == type) {
            return &control_rows[i];
        }
    }
    return NULL;
}

const char *nsl_control_type_name(enum nsl_control_type type)
{
    const struct control_row *row = find_row((unsigned)type);
    return row == NULL ? "UNKNOWN" : row->name;
}

const char *nsl_wall_text(uint32_t wall_bit)
{
    switch (wall_bit) {
#define NSL_WALL(name, bit, text)                                                                  \
    case NSL_WALL_##name:                                                                          \
        return text;
#include "common/wire/walls.def"
#undef NSL_WALL
    default:
        return NULL;
    }
}

/* ---- Ranges, the same on the way in and on the way out. */

static bool is_connection_valid(const struct nsl_control_connection *connection)
{
    if (connection->kind != NSL_CONTROL_HTTP && connection->kind != NSL_CONTROL_HTTPS) {
        return false;
    }
    if (connection->family == NSL_CONTROL_IPV6) {
        return true;
    }
    if (connection->family != NSL_CONTROL_IPV4) {
        return false;
    }
    for (size_t i = 4; i < sizeof(connection->address); i++) {
        if (connection->address[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool is_ready_valid(const struct nsl_control_ready *ready)
{
    if ((ready->missing_walls & ~(uint32_t)NSL_WALL_ALL) != 0) {
        return false;
    }
    size_t i = 0;
    while (i < sizeof(ready->engine_version) && ready->engine_version[i] != '\0') {
        if (ready->engine_version[i] < ' ' || ready->engine_version[i] > '~') {
            return false;
        }
        i++;
    }
    return i > 0 && i < sizeof(ready->engine_version);
}

static bool is_message_valid(const struct nsl_control_message *message)
{
    switch (message->type) {
    case NSL_CONTROL_CONNECTION:
        return is_connection_valid(&message->connection);
    case NSL_CONTROL_STOP:
        return message->stop_ms <= NSL_CONTROL_DRAIN_MAX_MS;
    case NSL_CONTROL_READY:
        return is_ready_valid(&message->ready);
    case NSL_CONTROL_SETTINGS:
        return message->settings.size > 0;
    case NSL_CONTROL_FULL:
    case NSL_CONTROL_RESUME:
    case NSL_CONTROL_STOPPED:
        return true;
    }
    return false;
}

/* ---- Payloads. */

static void put_connection(struct nsl_packet_writer *writer,
                           const struct nsl_control_connection *connection)
{
    nsl_packet_put_u8(writer, connection->kind);
    nsl_packet_put_u8(writer, connection->family);
    nsl_packet_put_u16(writer, connection->port);
    nsl_packet_put_raw(writer, nsl_bytes_of(connection->address, sizeof(connection->address)));
}

static void get_connection(struct nsl_packet_reader *reader,
                           struct nsl_control_connection *connection)
{
    connection->kind = nsl_packet_get_u8(reader);
    connection->family = nsl_packet_get_u8(reader);
    connection->port = nsl_packet_get_u16(reader);
    for (size_t i = 0; i < sizeof(connection->address); i++) {
        connection->address[i] = nsl_packet_get_u8(reader);
    }
}

static void put_ready(struct nsl_packet_writer *writer, const struct nsl_control_ready *ready)
{
    nsl_bytes text = nsl_bytes_text(ready->engine_version);
    nsl_packet_put_u32(writer, ready->missing_walls);
    nsl_packet_put_u16(writer, (uint16_t)text.size);
    nsl_packet_put_raw(writer, text);
    nsl_packet_put_u32(writer, ready->gas_version);
}

static void get_ready(struct nsl_packet_reader *reader, struct nsl_control_ready *ready)
{
    ready->missing_walls = nsl_packet_get_u32(reader);
    uint16_t size = nsl_packet_get_u16(reader);
    nsl_bytes text = nsl_packet_get_raw(reader, size);
    if (text.size > NSL_CONTROL_TEXT_MAX) {
        reader->is_short = true;
        return;
    }
    for (size_t i = 0; i < text.size; i++) {
        ready->engine_version[i] = (char)text.data[i];
    }
    /* A NUL inside would make the text shorter than its size says. */
    if (strlen(ready->engine_version) != text.size) {
        reader->is_short = true;
    }
    ready->gas_version = nsl_packet_get_u32(reader);
}

static void put_payload(struct nsl_packet_writer *writer, const struct nsl_control_message *message)
{
    switch (message->type) {
    case NSL_CONTROL_SETTINGS:
        nsl_packet_put_raw(writer, message->settings);
        break;
    case NSL_CONTROL_CONNECTION:
        put_connection(writer, &message->connection);
        break;
    case NSL_CONTROL_STOP:
        nsl_packet_put_u32(writer, message->stop_ms);
        break;
    case NSL_CONTROL_READY:
        put_ready(writer, &message->ready);
        break;
    case NSL_CONTROL_FULL:
    case NSL_CONTROL_RESUME:
    case NSL_CONTROL_STOPPED:
        break;
    }
}

static void get_payload(struct nsl_packet_reader *reader, struct nsl_control_message *message)
{
    switch (message->type) {
    case NSL_CONTROL_SETTINGS:
        message->settings = nsl_packet_get_raw(reader, reader->rest.size);
        break;
    case NSL_CONTROL_CONNECTION:
        get_connection(reader, &message->connection);
        break;
    case NSL_CONTROL_STOP:
        message->stop_ms = nsl_packet_get_u32(reader);
        break;
    case NSL_CONTROL_READY:
        get_ready(reader, &message->ready);
        break;
    case NSL_CONTROL_FULL:
    case NSL_CONTROL_RESUME:
    case NSL_CONTROL_STOPPED:
        break;
    }
}

/* ---- Public. */

nsl_err nsl_control_encode(const struct nsl_control_message *message, uint8_t *out, size_t capacity,
                           size_t *ret_size)
{
    nsl_assert(out != NULL);
    if (find_row((unsigned)message->type) == NULL || !is_message_valid(message)) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    if (capacity < NSL_CONTROL_HEADER_BYTES ||
        (message->type == NSL_CONTROL_SETTINGS &&
         message->settings.size > NSL_CONTROL_SETTINGS_MAX)) {
        return NSL_ERR_TOO_LARGE;
    }
    struct nsl_packet_writer body =
        nsl_packet_writer_of(out + NSL_CONTROL_HEADER_BYTES, capacity - NSL_CONTROL_HEADER_BYTES);
    put_payload(&body, message);
    nsl_bytes payload;
    NSL_TRY(nsl_packet_finish(&body, &payload));
    struct nsl_packet_writer header = nsl_packet_writer_of(out, NSL_CONTROL_HEADER_BYTES);
    nsl_packet_put_u8(&header, NSL_CONTROL_VERSION);
    nsl_packet_put_u8(&header, (uint8_t)message->type);
    nsl_packet_put_u16(&header, 0);
    nsl_packet_put_u32(&header, (uint32_t)payload.size);
    nsl_assert(header.size == NSL_CONTROL_HEADER_BYTES && !header.is_overflown);
    *ret_size = NSL_CONTROL_HEADER_BYTES + payload.size;
    return NSL_OK;
}

nsl_err nsl_control_decode(nsl_bytes packet, enum nsl_control_sender sender,
                           struct nsl_control_message *ret_message)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(packet);
    uint8_t version = nsl_packet_get_u8(&reader);
    const struct control_row *row = find_row(nsl_packet_get_u8(&reader));
    uint16_t flags = nsl_packet_get_u16(&reader);
    uint32_t payload_size = nsl_packet_get_u32(&reader);
    if (reader.is_short || version != NSL_CONTROL_VERSION || flags != 0 || row == NULL ||
        row->sender != sender || payload_size != reader.rest.size ||
        payload_size < row->payload_min || payload_size > row->payload_max) {
        return NSL_ERR_BAD_MESSAGE;
    }
    struct nsl_control_message message = {.type = row->type};
    get_payload(&reader, &message);
    NSL_TRY(nsl_packet_end(&reader));
    if (!is_message_valid(&message)) {
        return NSL_ERR_BAD_MESSAGE;
    }
    *ret_message = message;
    return NSL_OK;
}

nsl_err nsl_control_advance(struct nsl_control_state *state, enum nsl_control_type type,
                            size_t descriptor_count)
{
    const struct control_row *row = find_row((unsigned)type);
    if (row == NULL || (row->phases & (1U << state->phase)) == 0 ||
        row->descriptor_count != descriptor_count) {
        return NSL_ERR_BAD_MESSAGE;
    }
    /* READY once; FULL and RESUME in turns and only after it. */
    bool is_flow = type == NSL_CONTROL_FULL || type == NSL_CONTROL_RESUME;
    if ((type == NSL_CONTROL_READY && state->is_ready) || (is_flow && !state->is_ready) ||
        (type == NSL_CONTROL_FULL && state->is_full) ||
        (type == NSL_CONTROL_RESUME && !state->is_full)) {
        return NSL_ERR_BAD_MESSAGE;
    }
    if (type == NSL_CONTROL_SETTINGS) {
        state->phase = NSL_CONTROL_PHASE_STARTING;
    } else if (type == NSL_CONTROL_READY) {
        state->is_ready = true;
        if (state->phase == NSL_CONTROL_PHASE_STARTING) {
            state->phase = NSL_CONTROL_PHASE_SERVING;
        }
    } else if (type == NSL_CONTROL_STOP) {
        state->phase = NSL_CONTROL_PHASE_STOPPING;
    } else if (type == NSL_CONTROL_STOPPED) {
        state->phase = NSL_CONTROL_PHASE_STOPPED;
    } else if (is_flow) {
        state->is_full = type == NSL_CONTROL_FULL;
    }
    return NSL_OK;
}
