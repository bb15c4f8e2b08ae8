/* Settings for people: what a row allows, and all settings as JSON. */
#include "common/codec/json.h"
#include "common/settings/config.h"

static nsl_err describe_choices(enum nsl_choice_set set, struct nsl_buffer *out)
{
    bool is_first = true;
    for (size_t i = 0; i < nsl_choice_count(); i++) {
        const struct nsl_choice *choice = nsl_choice_at(i);
        /* Only the printed spelling of each value. */
        if (choice->set != set || nsl_choice_name(set, choice->value) != choice->spelling) {
            continue;
        }
        NSL_TRY(nsl_buffer_append_text(out, is_first ? "one of " : ", "));
        NSL_TRY(nsl_json_append_string(out, nsl_bytes_text(choice->spelling)));
        is_first = false;
    }
    return NSL_OK;
}

static nsl_err describe_range(const struct nsl_setting *setting, struct nsl_buffer *out)
{
    NSL_TRY(nsl_buffer_append_text(out, "an integer from "));
    NSL_TRY(nsl_buffer_append_i64(out, setting->min));
    NSL_TRY(nsl_buffer_append_text(out, " to "));
    NSL_TRY(nsl_buffer_append_i64(out, setting->max));
    if (setting->unit[0] != '\0') {
        NSL_TRY(nsl_buffer_append_text(out, " ("));
        NSL_TRY(nsl_buffer_append_text(out, setting->unit));
        NSL_TRY(nsl_buffer_append_text(out, ")"));
    }
    return NSL_OK;
}

nsl_err nsl_setting_describe(const struct nsl_setting *setting, struct nsl_buffer *out)
{
    switch (setting->kind) {
    case NSL_SETTING_IS_BOOL:
        return nsl_buffer_append_text(out, "true or false");
    case NSL_SETTING_IS_CHOICE:
        return describe_choices(setting->choices, out);
    case NSL_SETTING_IS_TEXT:
        NSL_TRY(nsl_buffer_append_text(out, "a string of at most "));
        NSL_TRY(nsl_buffer_append_i64(out, setting->max));
        return nsl_buffer_append_text(out, " bytes without control characters");
    case NSL_SETTING_IS_DIGITS:
        NSL_TRY(describe_range(setting, out));
        return nsl_buffer_append_text(out, ", quoted or not");
    case NSL_SETTING_IS_SIZE:
        NSL_TRY(describe_range(setting, out));
        return nsl_buffer_append_text(out, " or a size like \"64MB\"");
    case NSL_SETTING_IS_INT:
        return describe_range(setting, out);
    case NSL_SETTING_IS_ALIAS:
    case NSL_SETTING_IS_IGNORED:
        break;
    }
    return NSL_ERR_BAD_ARGUMENT;
}

static nsl_err write_value(const struct nsl_settings *settings, const struct nsl_setting *setting,
                           struct nsl_buffer *out)
{
    if (setting->kind == NSL_SETTING_IS_TEXT) {
        return nsl_json_append_string(out, nsl_bytes_text(nsl_settings_text(settings, setting)));
    }
    int64_t number = nsl_settings_number(settings, setting);
    if (setting->kind == NSL_SETTING_IS_BOOL) {
        return nsl_buffer_append_text(out, number != 0 ? "true" : "false");
    }
    if (setting->kind == NSL_SETTING_IS_CHOICE) {
        const char *name = nsl_choice_name(setting->choices, number);
        nsl_assert(name != NULL);
        return nsl_json_append_string(out, nsl_bytes_text(name));
    }
    return nsl_buffer_append_i64(out, number);
}

static nsl_err new_line(struct nsl_buffer *out, size_t depth)
{
    NSL_TRY(nsl_buffer_append_byte(out, '\n'));
    for (size_t i = 0; i < depth; i++) {
        NSL_TRY(nsl_buffer_append_text(out, "  "));
    }
    return NSL_OK;
}

/* Bytes both paths have in common, up to and including the last common '.'. */
static size_t common_prefix(const char *a, const char *b)
{
    size_t prefix = 0;
    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++) {
        if (a[i] == '.') {
            prefix = i + 1;
        }
    }
    return prefix;
}

static size_t count_dots(const char *path, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += path[i] == '.';
    }
    return count;
}

/* Opens the sections of `path` behind its first `from` bytes, then writes the last key. */
static nsl_err write_keys(struct nsl_buffer *out, const char *path, size_t from)
{
    size_t depth = count_dots(path, from) + 1;
    for (const char *at = path + from;; depth++) {
        const char *dot = strchr(at, '.');
        size_t size = dot != NULL ? (size_t)(dot - at) : strlen(at);
        NSL_TRY(new_line(out, depth));
        NSL_TRY(nsl_json_append_string(out, nsl_bytes_of(at, size)));
        NSL_TRY(nsl_buffer_append_text(out, dot != NULL ? ": {" : ": "));
        if (dot == NULL) {
            return NSL_OK;
        }
        at = dot + 1;
    }
}

static nsl_err close_sections(struct nsl_buffer *out, size_t depth, size_t down_to)
{
    for (; depth > down_to; depth--) {
        NSL_TRY(new_line(out, depth));
        NSL_TRY(nsl_buffer_append_byte(out, '}'));
    }
    return NSL_OK;
}

/* Rows of a section stand together in the table, so sections open and close once. */
nsl_err nsl_settings_write_json(const struct nsl_settings *settings, struct nsl_buffer *out)
{
    const char *before = "";
    NSL_TRY(nsl_buffer_append_byte(out, '{'));
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *setting = nsl_setting_at(i);
        if (setting->kind >= NSL_SETTING_IS_ALIAS) {
            continue;
        }
        size_t common = common_prefix(before, setting->path);
        NSL_TRY(
            close_sections(out, count_dots(before, strlen(before)), count_dots(before, common)));
        if (before[0] != '\0') {
            NSL_TRY(nsl_buffer_append_byte(out, ','));
        }
        NSL_TRY(write_keys(out, setting->path, common));
        NSL_TRY(write_value(settings, setting, out));
        before = setting->path;
    }
    NSL_TRY(close_sections(out, count_dots(before, strlen(before)), 0));
    return nsl_buffer_append_text(out, "\n}\n");
}
