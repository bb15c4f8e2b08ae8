/*
 * Fills the generated tables of docs/ from the rows of settings.def, errors.def, log_events.def
 * and gas_costs.def.
 *
 *     gen_docs FOLDER           rewrites the tables in place
 *     gen_docs --check FOLDER   TAP: one case a document, failed when it is not current
 *
 * A table stands between two lines of a document, the rest of which is written by hand:
 *     <!-- generated: settings Server -->      rows right below these sections
 *     <!-- end -->
 * Other tables: aliases, ignored, errors, log-events, gas.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/settings/config.h"

enum { DOCUMENT_BYTES = 1 << 20 };

static const char begin_mark[] = "<!-- generated: ";
static const char end_mark[] = "<!-- end -->";
static bool is_shown[256]; /* settings that some table has */

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "gen_docs: %s: %s\n", what, name);
    exit(2);
}

static void require(nsl_err err)
{
    if (err != NSL_OK) {
        fail("document", nsl_err_text(err));
    }
}

static void put(struct nsl_buffer *out, const char *text)
{
    require(nsl_buffer_append_text(out, text));
}

/* Text in a table's cell. */
static void put_cell(struct nsl_buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            put(out, "\\");
        }
        require(nsl_buffer_append_byte(out, (uint8_t)*text));
    }
}

static void put_default(struct nsl_buffer *out, const struct nsl_setting *row)
{
    put(out, "`");
    if (row->kind == NSL_SETTING_IS_TEXT) {
        put(out, "\"");
        put(out, row->default_text);
        put(out, "\"");
    } else if (row->kind == NSL_SETTING_IS_BOOL) {
        put(out, row->default_number != 0 ? "true" : "false");
    } else if (row->kind == NSL_SETTING_IS_CHOICE) {
        put(out, "\"");
        put(out, nsl_choice_name(row->choices, row->default_number));
        put(out, "\"");
    } else {
        require(nsl_buffer_append_i64(out, row->default_number));
    }
    put(out, "`");
}

static const char *side_name(enum nsl_setting_side side)
{
    static const char *const names[] = {"none", "host", "enclave", "both"};
    return names[side];
}

/* True when the row stands right below one of the sections, which are separated by spaces. */
static bool is_below(const char *path, const char *sections)
{
    const char *last = strrchr(path, '.');
    size_t parent = last != NULL ? (size_t)(last - path) : 0;
    for (const char *at = sections; *at != '\0';) {
        size_t size = strcspn(at, " ");
        if (size == parent && strncmp(at, path, size) == 0) {
            return true;
        }
        at += size + (at[size] == ' ' ? 1 : 0);
    }
    return false;
}

static void put_settings(struct nsl_buffer *out, const char *sections)
{
    put(out, "| Setting | Value | Default | Side | Meaning |\n|---|---|---|---|---|\n");
    size_t count = 0;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (row->kind >= NSL_SETTING_IS_ALIAS || !is_below(row->path, sections)) {
            continue;
        }
        put(out, "| `");
        put(out, row->path);
        put(out, "` | ");
        require(nsl_setting_describe(row, out));
        put(out, " | ");
        put_default(out, row);
        put(out, " | ");
        put(out, side_name(row->side));
        put(out, " | ");
        put_cell(out, row->meaning);
        put(out, " |\n");
        is_shown[i] = true;
        count++;
    }
    if (count == 0) {
        fail("no settings below", sections);
    }
}

static void put_aliases(struct nsl_buffer *out)
{
    put(out, "| Key | Sets | Note |\n|---|---|---|\n");
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (row->kind == NSL_SETTING_IS_ALIAS) {
            put(out, "| `");
            put(out, row->path);
            put(out, "` | `");
            put(out, row->target);
            put(out, "` | ");
            put_cell(out, row->meaning);
            put(out, " |\n");
            is_shown[i] = true;
        }
    }
}

static void put_ignored(struct nsl_buffer *out)
{
    static const char *const types[] = {"true or false", "a number", "a string",
                                        "an array of strings", "a log level"};
    put(out, "| Key | Must be | Why it has no effect |\n|---|---|---|\n");
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (row->kind == NSL_SETTING_IS_IGNORED) {
            put(out, "| `");
            put(out, row->path);
            put(out, "` | ");
            put(out, types[row->must_be]);
            put(out, " | ");
            put_cell(out, row->meaning);
            put(out, " |\n");
            is_shown[i] = true;
        }
    }
}

static void put_errors(struct nsl_buffer *out)
{
    static const char *const actions[] = {"fix the input", "retry later", "give up"};
    static const nsl_err errors[] = {
#define NSL_ERROR(name, code, http, action, text) NSL_ERR_##name,
#include "common/base/errors.def"
#undef NSL_ERROR
    };
    put(out, "| Name | Code | HTTP | What the caller can do | Meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        put(out, "| `");
        put(out, nsl_err_name(errors[i]));
        put(out, "` | ");
        require(nsl_buffer_append_u64(out, errors[i]));
        put(out, " | ");
        require(nsl_buffer_append_u64(out, nsl_err_http_status(errors[i])));
        put(out, " | ");
        put(out, actions[nsl_err_caller_action(errors[i])]);
        put(out, " | ");
        put_cell(out, nsl_err_text(errors[i]));
        put(out, " |\n");
    }
}

static void put_log_events(struct nsl_buffer *out)
{
    static const struct {
        const char *name;
        enum nsl_log_level level;
        const char *meaning;
    } events[] = {
#define NSL_LOG_EVENT(name, level, meaning) {#name, NSL_LOG_##level, meaning},
#include "common/base/log_events.def"
#undef NSL_LOG_EVENT
    };
    put(out, "| Event | Level | Meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        put(out, "| `");
        put(out, events[i].name);
        put(out, "` | ");
        put(out, nsl_log_level_name(events[i].level));
        put(out, " | ");
        put_cell(out, events[i].meaning);
        put(out, " |\n");
    }
}

static void put_gas(struct nsl_buffer *out)
{
    static const struct {
        const char *name;
        int64_t units;
        int64_t count_per_unit;
        const char *per;
    } rows[] = {
#define NSL_GAS(name, units, per) {#name, units, 1, per},
#define NSL_GAS_SHARE(name, count_per_unit, per) {#name, 1, count_per_unit, per},
#include "enclave/engine/gas_costs.def"
#undef NSL_GAS
#undef NSL_GAS_SHARE
    };
    put(out, "| Row | Units | For every |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(out, "| `");
        put(out, rows[i].name);
        put(out, "` | ");
        require(nsl_buffer_append_i64(out, rows[i].units));
        if (rows[i].count_per_unit > 1) {
            put(out, "/");
            require(nsl_buffer_append_i64(out, rows[i].count_per_unit));
        }
        put(out, " | ");
        put_cell(out, rows[i].per);
        put(out, " |\n");
    }
}

/* `what`: the words between the mark and " -->". */
static void put_table(struct nsl_buffer *out, const char *what)
{
    if (strncmp(what, "settings ", 9) == 0) {
        put_settings(out, what + 9);
    } else if (strcmp(what, "aliases") == 0) {
        put_aliases(out);
    } else if (strcmp(what, "ignored") == 0) {
        put_ignored(out);
    } else if (strcmp(what, "errors") == 0) {
        put_errors(out);
    } else if (strcmp(what, "log-events") == 0) {
        put_log_events(out);
    } else if (strcmp(what, "gas") == 0) {
        put_gas(out);
    } else {
        fail("no such table", what);
    }
}

/* The document with every table written anew. */
static void render(const char *document, struct nsl_buffer *out)
{
    bool is_inside = false;
    for (const char *line = document; *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t size = end != NULL ? (size_t)(end - line) + 1 : strlen(line);
        if (is_inside && strncmp(line, end_mark, strlen(end_mark)) == 0) {
            is_inside = false;
        }
        if (!is_inside) {
            require(nsl_buffer_append(out, nsl_bytes_of(line, size)));
        }
        if (!is_inside && strncmp(line, begin_mark, strlen(begin_mark)) == 0) {
            char what[256] = {0};
            size_t start = strlen(begin_mark);
            if (size < start + 5 || size - start - 5 >= sizeof what) {
                fail("bad mark", line);
            }
            memcpy(what, line + start, size - start - 5);
            put_table(out, what);
            is_inside = true;
        }
        line += size;
    }
    if (is_inside) {
        fail("table without", end_mark);
    }
}

/* The whole file with a NUL behind it; the caller frees. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, DOCUMENT_BYTES);
    if (file == NULL || text == NULL) {
        fail("cannot read", path);
    }
    size_t size = fread(text, 1, DOCUMENT_BYTES - 1, file);
    if (size == DOCUMENT_BYTES - 1 || ferror(file) != 0 || fclose(file) != 0) {
        fail("cannot read", path);
    }
    return text;
}

static void write_file(const char *path, const struct nsl_buffer *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(text->data, 1, text->size, file) != text->size ||
        fclose(file) != 0) {
        fail("cannot write", path);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"configuration.md", "errors.md", "gas.md", "log-events.md"};
    enum { NAME_COUNT = sizeof names / sizeof names[0] };
    bool is_check = argc == 3 && strcmp(argv[1], "--check") == 0;
    if (argc != 2 && !is_check) {
        fprintf(stderr, "usage: gen_docs [--check] FOLDER\n");
        return 2;
    }
    size_t stale_count = 0;
    if (is_check) {
        printf("1..%d\n", NAME_COUNT + 1);
    }
    for (size_t i = 0; i < NAME_COUNT; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[argc - 1], names[i]);
        char *document = read_file(path);
        NSL_AUTO(nsl_buffer) out;
        nsl_buffer_init(&out, DOCUMENT_BYTES, NSL_BUFFER_PLAIN);
        render(document, &out);
        bool is_current = nsl_bytes_equal(nsl_buffer_bytes(&out), nsl_bytes_text(document));
        if (is_check) {
            printf("%sok %zu - docs_%s_is_current\n", is_current ? "" : "not ", i + 1, names[i]);
            stale_count += is_current ? 0 : 1;
        } else if (!is_current) {
            write_file(path, &out);
        }
        free(document);
    }
    size_t missing = 0;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        if (!is_shown[i]) {
            fprintf(stderr, "gen_docs: in no table: %s\n", nsl_setting_at(i)->path);
            missing++;
        }
    }
    if (is_check) {
        printf("%sok %d - every_setting_is_in_the_docs\n", missing > 0 ? "not " : "",
               NAME_COUNT + 1);
        if (stale_count > 0) {
            printf("# run: ninja -C build docs\n");
        }
    }
    return stale_count + missing > 0 ? 1 : 0;
}
