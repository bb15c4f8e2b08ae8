#include "common/base/log.h"

#include "common/base/buffer.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"
#include "common/base/wipe.h"

#include <time.h>
#include <unistd.h>

static struct {
    int fd;
    enum nsl_log_level threshold;
    const char *role;
} log_target = {.fd = -1, .threshold = NSL_LOG_OFF, .role = ""};

static const struct {
    const char *name;
    enum nsl_log_level level;
} event_rows[NSL_EVENT_COUNT] = {
#define NSL_LOG_EVENT(name, level, meaning) [NSL_EVENT_##name] = {#name, NSL_LOG_##level},
#include "common/base/log_events.def"
#undef NSL_LOG_EVENT
};

static const char *const level_names[] = {"trace", "debug", "info", "warn", "error", "off"};

/* A line under construction. Text that does not fit sets is_full and adds nothing. */
struct line {
    char *text;
    size_t size;
    size_t limit;
    bool is_full;
};

void nsl_log_init(int fd, enum nsl_log_level threshold, const char *role)
{
    log_target.fd = fd;
    log_target.threshold = threshold;
    log_target.role = role;
}

bool nsl_log_is_on(enum nsl_log_level level)
{
    return log_target.fd >= 0 && level >= log_target.threshold && level < NSL_LOG_OFF;
}

const char *nsl_log_level_name(enum nsl_log_level level)
{
    return level <= NSL_LOG_OFF ? level_names[level] : "off";
}

static void put(struct line *line, nsl_bytes bytes)
{
    if (line->is_full || bytes.size > line->limit - line->size) {
        line->is_full = true;
        return;
    }
    nsl_copy(line->text + line->size, line->limit - line->size, bytes);
    line->size += bytes.size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, nsl_bytes_text(text));
}

static void put_number(struct line *line, uint64_t number)
{
    char digits[20];
    put(line, nsl_bytes_of(digits, nsl_format_u64(number, digits)));
}

static void put_time(struct line *line, int64_t time_ms)
{
    char text[NSL_TIMESTAMP_SIZE];
    nsl_timestamp_format(time_ms, text);
    put(line, nsl_bytes_of(text, sizeof(text)));
}

enum quoting { UNQUOTED, QUOTED };

/* One character of `text` at `at`, escaped where needed; returns how many bytes it used up. */
static size_t put_escaped(struct line *line, nsl_bytes text, size_t at, enum quoting quoting)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t byte = text.data[at];
    if (quoting == QUOTED && (byte == '"' || byte == '\\')) {
        put_text(line, byte == '"' ? "\\\"" : "\\\\");
        return 1;
    }
    switch (byte) {
    case '\n':
        put_text(line, "\\n");
        return 1;
    case '\r':
        put_text(line, "\\r");
        return 1;
    case '\t':
        put_text(line, "\\t");
        return 1;
    default:
        break;
    }
    size_t size = nsl_utf8_char_size(nsl_bytes_of(text.data + at, text.size - at));
    bool is_c1_control = size == 2 && byte == 0xc2 && text.data[at + 1] < 0xa0;
    if (size == 0 || byte < 0x20 || byte == 0x7f || is_c1_control) {
        char escape[4] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
        put(line, nsl_bytes_of(escape, sizeof escape));
        return 1;
    }
    put(line, nsl_bytes_of(text.data + at, size));
    return size;
}

static void put_escaped_text(struct line *line, nsl_bytes text, enum quoting quoting)
{
    size_t at = 0;
    while (at < text.size && at < NSL_LOG_VALUE_BYTES && !line->is_full) {
        at += put_escaped(line, text, at, quoting);
    }
    if (at < text.size) {
        put_text(line, "...");
    }
}

size_t nsl_log_escape(nsl_bytes text, char *out, size_t out_size)
{
    struct line line = {.text = out, .limit = out_size};
    put_escaped_text(&line, text, UNQUOTED);
    return line.size;
}

static void put_field(struct line *line, const struct nsl_log_field *field)
{
    size_t start = line->size;
    put_text(line, " ");
    put_text(line, field->key);
    put_text(line, "=");
    if (field->kind == NSL_LOG_KIND_TEXT) {
        put_text(line, "\"");
        put_escaped_text(line, field->text, QUOTED);
        put_text(line, "\"");
    } else if (field->kind == NSL_LOG_KIND_I64 && (int64_t)field->number < 0) {
        put_text(line, "-");
        put_number(line, 0 - field->number);
    } else {
        put_number(line, field->number);
    }
    if (line->is_full) {
        line->size = start;
    }
}

size_t nsl_log_format(enum nsl_log_event event, const struct nsl_log_field *fields,
                      const char *role, int64_t time_ms, char *text)
{
    nsl_assert(event < NSL_EVENT_COUNT);
    static const char tail[] = " more=1\n";
    struct line line = {.text = text, .limit = NSL_LOG_LINE_BYTES - sizeof tail};
    put_text(&line, "time=");
    put_time(&line, time_ms);
    put_text(&line, " level=");
    put_text(&line, nsl_log_level_name(event_rows[event].level));
    put_text(&line, " role=");
    put_text(&line, role);
    put_text(&line, " event=");
    put_text(&line, event_rows[event].name);
    for (; fields->kind != NSL_LOG_KIND_NONE && !line.is_full; fields++) {
        put_field(&line, fields);
    }
    bool is_cut = line.is_full;
    line.is_full = false;
    line.limit = NSL_LOG_LINE_BYTES;
    put_text(&line, is_cut ? tail : "\n");
    return line.size;
}

void nsl_log_write(enum nsl_log_event event, const struct nsl_log_field *fields)
{
    nsl_assert(event < NSL_EVENT_COUNT);
    if (!nsl_log_is_on(event_rows[event].level)) {
        return;
    }
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    char line[NSL_LOG_LINE_BYTES];
    size_t size = nsl_log_format(event, fields, log_target.role,
                                 (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, line);
    /* One write, never repeated: half a line or a blocked role would be worse than a lost one. */
    if (write(log_target.fd, line, size) < 0) {
        return;
    }
}
