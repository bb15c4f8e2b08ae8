#include "common/settings/config.h"

#include "common/base/wipe.h"
#include "common/codec/json.h"
#include "common/settings/config_report.h"
#include "common/settings/config_value.h"

#include <stdio.h>

enum {
    PATH_BYTES = 256,
    ROWS_MAX = 256,
};

/* An object being walked, and how long the path to it is. */
struct level {
    struct nsl_json_iter iter;
    size_t path_size;
};

struct parse {
    struct nsl_config_report *report;
    struct nsl_scratch *scratch;
    struct nsl_settings *settings;
    nsl_bytes text;
    struct level levels[NSL_CONFIG_DEPTH];
    size_t depth;
    char path[PATH_BYTES]; /* of the value at hand, segments joined with '.' */
    size_t path_size;
    bool is_set[ROWS_MAX]; /* rows this text has set already, also through an alias */
};

static size_t line_of(const struct parse *parse, const uint8_t *place)
{
    size_t line = 1;
    for (const uint8_t *at = parse->text.data; at < place; at++) {
        line += *at == '\n';
    }
    return line;
}

static void refuse_syntax(struct parse *parse, nsl_err err, const struct nsl_json_error *error)
{
    char digits[20];
    struct config_note note = config_note_begin(parse->report, NSL_CONFIG_ERROR, error->line);
    config_note_add_text(&note, "not valid JSON: ");
    config_note_add_text(&note, error->reason);
    config_note_add_text(&note, ", column ");
    config_note_add(&note, nsl_bytes_of(digits, nsl_format_u64(error->column, digits)));
    config_note_add_text(&note, err == NSL_ERR_BAD_UTF8 ? " (save the file as UTF-8)" : "");
}

/* Appends a key to the path of its object. False when it cannot be any row's: too long, a NUL. */
static bool enter_path(struct parse *parse, size_t parent_size, nsl_bytes key)
{
    size_t dot = parent_size > 0 ? 1 : 0;
    bool has_nul = key.size > 0 && memchr(key.data, '\0', key.size) != NULL;
    if (has_nul || key.size + dot >= PATH_BYTES - parent_size) {
        return false;
    }
    nsl_copy(parse->path + parent_size, PATH_BYTES - parent_size, nsl_bytes_of(".", dot));
    parse->path_size = parent_size + dot;
    nsl_copy(parse->path + parse->path_size, PATH_BYTES - parse->path_size, key);
    parse->path_size += key.size;
    parse->path[parse->path_size] = '\0';
    return true;
}

/* "A.*" and a path right below A. */
static bool matches_wildcard(const char *row_path, const char *path, size_t parent_size)
{
    size_t size = strlen(row_path);
    return size >= 2 && strcmp(row_path + size - 2, ".*") == 0 && parent_size == size - 2 &&
           strncmp(row_path, path, parent_size) == 0;
}

/* A dot inside a key would spell another path: only a wildcard's keys may have one. */
static bool has_dotted_key(const struct parse *parse, size_t parent_size)
{
    size_t start = parent_size > 0 ? parent_size + 1 : 0;
    return memchr(parse->path + start, '.', parse->path_size - start) != NULL;
}

static const struct nsl_setting *find_row(const struct parse *parse, size_t parent_size)
{
    const struct nsl_setting *exact = nsl_setting_find(parse->path);
    if (exact != NULL && !has_dotted_key(parse, parent_size)) {
        return exact;
    }
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        if (matches_wildcard(nsl_setting_at(i)->path, parse->path, parent_size)) {
            return nsl_setting_at(i);
        }
    }
    return NULL;
}

/* Some row lies below this path. */
static bool is_section(const struct parse *parse)
{
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const char *row_path = nsl_setting_at(i)->path;
        if (strncmp(row_path, parse->path, parse->path_size) == 0 &&
            row_path[parse->path_size] == '.') {
            return true;
        }
    }
    return false;
}

static bool is_same_ignoring_case(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char letter_a = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] | 0x20) : a[i];
        char letter_b = b[i] >= 'A' && b[i] <= 'Z' ? (char)(b[i] | 0x20) : b[i];
        if (letter_a != letter_b) {
            return false;
        }
    }
    return true;
}

/* A row or section whose path differs by upper and lower case only: its spelling, or size 0. */
static nsl_bytes find_other_case(const struct parse *parse)
{
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const char *row_path = nsl_setting_at(i)->path;
        if (strlen(row_path) >= parse->path_size &&
            (row_path[parse->path_size] == '.' || row_path[parse->path_size] == '\0') &&
            is_same_ignoring_case(row_path, parse->path, parse->path_size)) {
            return nsl_bytes_of(row_path, parse->path_size);
        }
    }
    return (nsl_bytes){0};
}

static void refuse_unknown(struct parse *parse, size_t line, nsl_bytes path, const char *hint)
{
    struct config_note note = config_note_begin(parse->report, NSL_CONFIG_ERROR, line);
    config_note_add(&note, path);
    config_note_add_text(&note, ": no such setting");
    config_note_add_text(&note, hint);
}

static void refuse_unknown_path(struct parse *parse, size_t line, size_t parent_size)
{
    char hint[PATH_BYTES + 32] = "";
    nsl_bytes other = find_other_case(parse);
    if (has_dotted_key(parse, parent_size)) {
        snprintf(hint, sizeof hint, "; a dot in a key is no path, nest the objects");
    } else if (other.size > 0) {
        snprintf(hint, sizeof hint, "; did you mean %.*s?", (int)other.size,
                 (const char *)other.data);
    }
    refuse_unknown(parse, line, nsl_bytes_of(parse->path, parse->path_size), hint);
}

/* One text must not set the same setting by two names. */
static bool claim_row(struct parse *parse, const struct nsl_setting *setting, size_t line)
{
    size_t index = (size_t)(setting - nsl_setting_at(0));
    nsl_assert(index < ROWS_MAX);
    if (!parse->is_set[index]) {
        parse->is_set[index] = true;
        return true;
    }
    struct config_note note = config_note_begin(parse->report, NSL_CONFIG_ERROR, line);
    config_note_add_text(&note, parse->path);
    config_note_add_text(&note, ": sets ");
    config_note_add_text(&note, setting->path);
    config_note_add_text(&note, " a second time");
    return false;
}

static void apply_row(struct parse *parse, const struct nsl_setting *setting, size_t line,
                      const struct nsl_json_value *value)
{
    const struct config_place place = {
        .report = parse->report, .scratch = parse->scratch, .path = parse->path, .line = line};
    size_t mark = nsl_scratch_mark(parse->scratch);
    if (setting->kind == NSL_SETTING_IS_IGNORED) {
        config_ignore_value(&place, setting, value);
    } else if (setting->kind == NSL_SETTING_IS_ALIAS) {
        const struct nsl_setting *target = nsl_setting_find(setting->target);
        nsl_assert(target != NULL);
        if (claim_row(parse, target, line)) {
            config_set_value(&place, parse->settings, target, setting->factor, value);
        }
    } else if (claim_row(parse, setting, line)) {
        config_set_value(&place, parse->settings, setting, 1, value);
    }
    nsl_scratch_release(parse->scratch, mark);
}

static void push_level(struct parse *parse, struct nsl_json_iter iter)
{
    nsl_assert(parse->depth < NSL_CONFIG_DEPTH); /* nsl_json_check refused deeper texts */
    parse->levels[parse->depth++] = (struct level){.iter = iter, .path_size = parse->path_size};
}

static void apply_member(struct parse *parse, size_t parent_size,
                         const struct nsl_json_member *member)
{
    size_t line = line_of(parse, member->key.raw.data);
    size_t mark = nsl_scratch_mark(parse->scratch);
    nsl_bytes key;
    if (nsl_json_text(&member->key, parse->scratch, &key) != NSL_OK ||
        !enter_path(parse, parent_size, key)) {
        refuse_unknown(parse, line, member->key.raw, "");
        nsl_scratch_release(parse->scratch, mark);
        return;
    }
    nsl_scratch_release(parse->scratch, mark);
    const struct nsl_setting *setting = find_row(parse, parent_size);
    if (setting != NULL) {
        apply_row(parse, setting, line, &member->value);
    } else if (!is_section(parse) || has_dotted_key(parse, parent_size)) {
        refuse_unknown_path(parse, line, parent_size);
    } else if (member->value.type != NSL_JSON_OBJECT) {
        config_say(parse->report, NSL_CONFIG_ERROR, line, parse->path,
                   "must be an object, it is a section");
    } else {
        push_level(parse, nsl_json_walk(&member->value));
    }
}

static void parse_text(struct parse *parse)
{
    const struct nsl_json_options options = {.depth = NSL_CONFIG_DEPTH};
    struct nsl_json_doc doc;
    struct nsl_json_error error;
    nsl_err err = nsl_json_check(parse->text, &options, parse->scratch, &doc, &error);
    if (err != NSL_OK) {
        refuse_syntax(parse, err, &error);
        return;
    }
    if (doc.root.type != NSL_JSON_OBJECT) {
        config_say(parse->report, NSL_CONFIG_ERROR, 1, "configuration", "must be a JSON object");
        return;
    }
    push_level(parse, nsl_json_walk_doc(&doc));
    while (parse->depth > 0) {
        struct level *level = &parse->levels[parse->depth - 1];
        struct nsl_json_member member;
        if (nsl_json_next(&level->iter, &member)) {
            apply_member(parse, level->path_size, &member);
        } else {
            parse->depth--;
        }
    }
}

nsl_err nsl_config_parse(nsl_bytes text, struct nsl_scratch *scratch, struct nsl_settings *settings,
                         struct nsl_config_report *report)
{
    nsl_assert(nsl_setting_count() <= ROWS_MAX);
    size_t errors_before = report->error_count;
    if (text.size > NSL_CONFIG_MAX_BYTES) {
        config_say(report, NSL_CONFIG_ERROR, 0, "configuration", "is larger than 1 MiB");
        return NSL_ERR_CONFIG;
    }
    struct nsl_settings changed = *settings;
    struct parse parse = {.report = report, .scratch = scratch, .settings = &changed, .text = text};
    parse_text(&parse);
    if (report->error_count > errors_before) {
        return NSL_ERR_CONFIG;
    }
    *settings = changed;
    return NSL_OK;
}

nsl_err nsl_config_set(struct nsl_settings *settings, const char *path, nsl_bytes value,
                       const char *origin, struct nsl_config_report *report)
{
    size_t errors_before = report->error_count;
    const struct nsl_setting *setting = nsl_setting_find(path);
    if (setting == NULL || setting->kind >= NSL_SETTING_IS_ALIAS) {
        config_say(report, NSL_CONFIG_ERROR, 0, path, "no such setting");
        return NSL_ERR_CONFIG;
    }
    NSL_AUTO(nsl_scratch) scratch = {0};
    NSL_TRY(nsl_scratch_init(&scratch, 64 * 1024));
    NSL_AUTO(nsl_buffer) json;
    nsl_buffer_init(&json, 16 * 1024, NSL_BUFFER_PLAIN);
    bool is_text = setting->kind == NSL_SETTING_IS_TEXT || setting->kind == NSL_SETTING_IS_CHOICE;
    const struct nsl_json_options options = {.depth = 0};
    struct nsl_json_doc doc;
    nsl_err err = is_text ? nsl_json_append_string(&json, value) : nsl_buffer_append(&json, value);
    if (err == NSL_OK) {
        err = nsl_json_check(nsl_buffer_bytes(&json), &options, &scratch, &doc, NULL);
    }
    if (err != NSL_OK) {
        /* No JSON at all: shown as it is, which no number or boolean matches. */
        doc.root = (struct nsl_json_value){.raw = value, .type = NSL_JSON_ABSENT};
    }
    const struct config_place place = {.report = report, .scratch = &scratch, .path = origin};
    struct nsl_settings changed = *settings;
    config_set_value(&place, &changed, setting, 1, &doc.root);
    if (report->error_count > errors_before) {
        return NSL_ERR_CONFIG;
    }
    *settings = changed;
    return NSL_OK;
}
