#include "common/settings/config_value.h"

#include "common/base/wipe.h"
#include "common/settings/config_report.h"

/* The content of a string value; an empty one when it does not fit the scratch. */
static nsl_bytes text_of(const struct config_place *place, const struct nsl_json_value *value)
{
    nsl_bytes text = {0};
    if (nsl_json_text(value, place->scratch, &text) != NSL_OK) {
        return (nsl_bytes){0};
    }
    return text;
}

/* "PATH: must be WHAT; found VALUE" */
static void refuse(const struct config_place *place, const char *must_be,
                   const struct nsl_json_value *value)
{
    struct config_note note = config_note_begin(place->report, NSL_CONFIG_ERROR, place->line);
    config_note_add(&note, nsl_bytes_text(place->path));
    config_note_add_text(&note, ": must be ");
    config_note_add_text(&note, must_be);
    config_note_add_text(&note, "; found ");
    if (value->type == NSL_JSON_OBJECT || value->type == NSL_JSON_ARRAY) {
        config_note_add_text(&note, value->type == NSL_JSON_OBJECT ? "an object" : "an array");
        return;
    }
    enum { SHOWN_BYTES = 64 };
    bool is_long = value->raw.size > SHOWN_BYTES;
    config_note_add(&note, nsl_bytes_of(value->raw.data, is_long ? SHOWN_BYTES : value->raw.size));
    config_note_add_text(&note, is_long ? "..." : "");
}

static void refuse_for(const struct config_place *place, const struct nsl_setting *setting,
                       int64_t factor, const struct nsl_json_value *value)
{
    char allowed[NSL_CONFIG_MESSAGE_BYTES] = {0};
    struct nsl_setting scaled = *setting;
    if (factor != 1) {
        scaled.min = (setting->min + factor - 1) / factor;
        scaled.max = setting->max / factor;
        scaled.kind = NSL_SETTING_IS_INT;
        scaled.unit = "";
    }
    NSL_AUTO(nsl_buffer) out;
    nsl_buffer_init(&out, sizeof allowed - 1, NSL_BUFFER_PLAIN);
    if (nsl_setting_describe(&scaled, &out) == NSL_OK) {
        nsl_copy(allowed, sizeof allowed - 1, nsl_buffer_bytes(&out));
    }
    refuse(place, allowed, value);
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* An integer in text: optional minus, digits. */
static bool parse_integer(nsl_bytes text, int64_t *ret_number)
{
    size_t sign = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    if (text.size == sign || !is_digit(text.data[sign])) {
        return false;
    }
    const struct nsl_json_value number = {.raw = text, .type = NSL_JSON_NUMBER};
    return nsl_json_i64(&number, ret_number) == NSL_OK;
}

/* "64KB", "512 MB", "2GB", "1MiB": powers of 1024, as Occlum counts them. */
static bool parse_size(nsl_bytes text, int64_t *ret_bytes)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {
        {"KB", 1LL << 10},  {"MB", 1LL << 20},
        {"GB", 1LL << 30},  {"TB", 1LL << 40},
        {"KiB", 1LL << 10}, {"MiB", 1LL << 20},
        {"GiB", 1LL << 30}, {"TiB", 1LL << 40},
        {"B", 1},           {"", 1},
    };
    size_t digits = 0;
    while (digits < text.size && is_digit(text.data[digits])) {
        digits++;
    }
    int64_t number = 0;
    if (!parse_integer(nsl_bytes_of(text.data, digits), &number)) {
        return false;
    }
    size_t start = digits;
    while (start < text.size && text.data[start] == ' ') {
        start++;
    }
    nsl_bytes unit = nsl_bytes_of(text.data + start, text.size - start);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (nsl_bytes_equal(unit, nsl_bytes_text(units[i].unit))) {
            return !__builtin_mul_overflow(number, units[i].factor, ret_bytes);
        }
    }
    return false;
}

/* The value as the row's number, before its range is looked at. */
static bool read_number(const struct config_place *place, const struct nsl_setting *setting,
                        const struct nsl_json_value *value, int64_t *ret_number)
{
    bool is_text = value->type == NSL_JSON_STRING;
    bool flag = false;
    switch (setting->kind) {
    case NSL_SETTING_IS_BOOL:
        if (nsl_json_bool(value, &flag) != NSL_OK) {
            return false;
        }
        *ret_number = flag;
        return true;
    case NSL_SETTING_IS_CHOICE:
        return is_text && nsl_choice_parse(setting->choices, text_of(place, value), ret_number);
    case NSL_SETTING_IS_DIGITS:
        return is_text ? parse_integer(text_of(place, value), ret_number)
                       : nsl_json_i64(value, ret_number) == NSL_OK;
    case NSL_SETTING_IS_SIZE:
        return is_text ? parse_size(text_of(place, value), ret_number)
                       : nsl_json_i64(value, ret_number) == NSL_OK;
    default:
        return nsl_json_i64(value, ret_number) == NSL_OK;
    }
}

void config_set_value(const struct config_place *place, struct nsl_settings *settings,
                      const struct nsl_setting *setting, int64_t factor,
                      const struct nsl_json_value *value)
{
    if (setting->kind == NSL_SETTING_IS_TEXT) {
        if (value->type != NSL_JSON_STRING ||
            nsl_settings_set_text(settings, setting, text_of(place, value)) != NSL_OK) {
            refuse_for(place, setting, 1, value);
        }
        return;
    }
    int64_t number = 0;
    if (!read_number(place, setting, value, &number) ||
        __builtin_mul_overflow(number, factor, &number) ||
        nsl_settings_set_number(settings, setting, number) != NSL_OK) {
        refuse_for(place, setting, factor, value);
    }
}

static bool is_array_of_texts(const struct nsl_json_value *value)
{
    struct nsl_json_iter iter = nsl_json_walk(value);
    struct nsl_json_member element;
    bool is_ok = value->type == NSL_JSON_ARRAY;
    while (is_ok && nsl_json_next(&iter, &element)) {
        is_ok = element.value.type == NSL_JSON_STRING;
    }
    return is_ok;
}

void config_ignore_value(const struct config_place *place, const struct nsl_setting *setting,
                         const struct nsl_json_value *value)
{
    int64_t ignored = 0;
    bool is_ok = false;
    const char *must_be = "";
    switch (setting->must_be) {
    case NSL_IGNORED_BOOL:
        must_be = "true or false";
        is_ok = value->type == NSL_JSON_BOOL;
        break;
    case NSL_IGNORED_NUMBER:
        must_be = "a number";
        is_ok = value->type == NSL_JSON_NUMBER;
        break;
    case NSL_IGNORED_TEXT:
        must_be = "a string";
        is_ok = value->type == NSL_JSON_STRING;
        break;
    case NSL_IGNORED_TEXTS:
        must_be = "an array of strings";
        is_ok = is_array_of_texts(value);
        break;
    case NSL_IGNORED_LOG_LEVEL:
        must_be = "a log level";
        is_ok = value->type == NSL_JSON_STRING &&
                nsl_choice_parse(NSL_CHOICES_log_level, text_of(place, value), &ignored);
        break;
    }
    if (!is_ok) {
        refuse(place, must_be, value);
        return;
    }
    struct config_note note = config_note_begin(place->report, NSL_CONFIG_NOTICE, place->line);
    config_note_add(&note, nsl_bytes_text(place->path));
    config_note_add_text(&note, ": has no effect: ");
    config_note_add_text(&note, setting->meaning);
}
