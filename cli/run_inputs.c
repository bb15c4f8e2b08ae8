#include <stdio.h>

#include "cli/file.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "common/base/utf8.h"
#include "common/codec/hex.h"
#include "common/codec/json.h"

enum { JSON_DEPTH_MAX = 512 };

static enum nsl_exit read_code(struct nsl_run_inputs *inputs)
{
    nsl_buffer_init(&inputs->code, NSL_RUN_CODE_MAX_BYTES, NSL_BUFFER_PLAIN);
    if (nsl_file_read_or_complain(inputs->path, &inputs->code) != NSL_OK) {
        return NSL_EXIT_FILE;
    }
    nsl_bytes code = nsl_buffer_bytes(&inputs->code);
    size_t valid = nsl_utf8_valid_size(code);
    if (valid != code.size) {
        nsl_complain("%s: not valid UTF-8 at byte %zu", inputs->path, valid);
        return NSL_EXIT_USAGE;
    }
    if (code.size == 0) {
        nsl_complain("%s: the file is empty", inputs->path);
        return NSL_EXIT_USAGE;
    }
    struct nsl_client_text text = {.data = (const char *)code.data, .size = code.size};
    if (nsl_client_sha256(text, inputs->local_hash) != NSL_CLIENT_OK) {
        nsl_complain("the SHA-256 of %s could not be computed", inputs->path);
        return NSL_EXIT_INTERNAL;
    }
    return NSL_EXIT_OK;
}

static enum nsl_exit check_json(const char *flag, nsl_bytes text)
{
    const struct nsl_json_options options = {.depth = JSON_DEPTH_MAX,
                                             .surrogates = NSL_JSON_REFUSE_LONE_SURROGATES};
    NSL_AUTO(nsl_scratch) scratch = {0};
    struct nsl_json_doc doc;
    struct nsl_json_error error = {0};
    nsl_err err = nsl_scratch_init(&scratch, 2 * text.size + 65536);
    if (err == NSL_OK) {
        err = nsl_json_check(text, &options, &scratch, &doc, &error);
    }
    if (err != NSL_OK) {
        nsl_complain("run: --%s is not valid JSON: line %zu, column %zu: %s", flag, error.line,
                     error.column, error.reason == NULL ? nsl_err_text(err) : error.reason);
        return NSL_EXIT_USAGE;
    }
    return NSL_EXIT_OK;
}

/* A JSON text: itself, @FILE, or - for standard input. */
static enum nsl_exit read_json(const struct nsl_flags *flags, const char *flag,
                               struct nsl_buffer *buffer)
{
    const char *given = nsl_flags_value(flags, flag);
    nsl_err err = NSL_OK;
    nsl_buffer_init(buffer, NSL_RUN_INPUT_MAX_BYTES, NSL_BUFFER_PLAIN);
    if (given == NULL) {
        return NSL_EXIT_OK;
    }
    if (given[0] == '@' || strcmp(given, "-") == 0) {
        err = nsl_file_read_or_complain(given[0] == '@' ? given + 1 : given, buffer);
    } else {
        err = nsl_buffer_append_text(buffer, given);
    }
    return err == NSL_OK ? check_json(flag, nsl_buffer_bytes(buffer)) : NSL_EXIT_FILE;
}

static enum nsl_exit read_hash(const struct nsl_flags *flags, struct nsl_run_inputs *inputs)
{
    const char *given = nsl_flags_value(flags, "code-hash");
    uint8_t digest[32];
    uint8_t local[32];
    if (given == NULL) {
        bool is_wanted = nsl_flags_has(flags, "expect-hash");
        snprintf(inputs->wanted_hash, sizeof(inputs->wanted_hash), "%s",
                 is_wanted ? inputs->local_hash : "");
        return NSL_EXIT_OK;
    }
    if (nsl_hex_decode(nsl_bytes_text(given), digest, sizeof(digest)) != NSL_OK ||
        nsl_hex_decode(nsl_bytes_text(inputs->local_hash), local, sizeof(local)) != NSL_OK) {
        nsl_complain("run: --code-hash must be a SHA-256: 64 hex digits");
        return NSL_EXIT_USAGE;
    }
    if (!nsl_bytes_equal(nsl_bytes_of(digest, 32), nsl_bytes_of(local, 32))) {
        nsl_complain("%s has another SHA-256 than --code-hash: %s; nothing was sent", inputs->path,
                     inputs->local_hash);
        return NSL_EXIT_CHECK;
    }
    snprintf(inputs->wanted_hash, sizeof(inputs->wanted_hash), "%s", inputs->local_hash);
    return NSL_EXIT_OK;
}

static enum nsl_exit read_number(const struct nsl_flags *flags, const char *flag, uint64_t max,
                                 uint64_t *ret_number)
{
    const char *given = nsl_flags_value(flags, flag);
    if (given != NULL && nsl_parse_u64(given, 1, max, ret_number) != NSL_OK) {
        nsl_complain("run: --%s must be a whole number from 1 to %llu", flag,
                     (unsigned long long)max);
        return NSL_EXIT_USAGE;
    }
    return NSL_EXIT_OK;
}

/* "examples/hello.js" gives "hello". */
static void name_function(const char *path, char ret_id[NSL_RUN_NAME_MAX_BYTES + 1])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    int size = dot == NULL || dot == name ? (int)strlen(name) : (int)(dot - name);
    snprintf(ret_id, NSL_RUN_NAME_MAX_BYTES + 1, "%.*s", size, name);
    if (strcmp(name, "-") == 0 || !nsl_utf8_is_valid(nsl_bytes_text(ret_id))) {
        snprintf(ret_id, NSL_RUN_NAME_MAX_BYTES + 1, "function");
    }
}

static enum nsl_exit read_ids(const struct nsl_flags *flags, struct nsl_run_inputs *inputs)
{
    static const char *const names[] = {"function", "user"};
    char *const ids[] = {inputs->function_id, inputs->user_id};
    name_function(inputs->path, inputs->function_id);
    snprintf(inputs->user_id, sizeof(inputs->user_id), "cli");
    for (size_t i = 0; i < 2; i++) {
        const char *given = nsl_flags_value(flags, names[i]);
        if (given == NULL) {
            continue;
        }
        nsl_bytes text = nsl_bytes_text(given);
        if (text.size == 0 || text.size > NSL_RUN_NAME_MAX_BYTES || !nsl_utf8_is_valid(text)) {
            nsl_complain("run: --%s must be UTF-8 text of 1 to %d bytes", names[i],
                         (int)NSL_RUN_NAME_MAX_BYTES);
            return NSL_EXIT_USAGE;
        }
        snprintf(ids[i], NSL_RUN_NAME_MAX_BYTES + 1, "%s", given);
    }
    return NSL_EXIT_OK;
}

static enum nsl_exit read_limits(const struct nsl_flags *flags, struct nsl_run_inputs *inputs)
{
    if (nsl_flags_has(flags, "timeout") && nsl_flags_has(flags, "time-ms")) {
        nsl_complain("run: --timeout and --time-ms are the same; give one");
        return NSL_EXIT_USAGE;
    }
    enum nsl_exit exit_code = read_number(flags, "gas", 1000000000000, &inputs->gas_limit);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code
                                         : read_number(flags, "time-ms", 60000, &inputs->time_ms);
    return exit_code != NSL_EXIT_OK ? exit_code
                                    : read_number(flags, "timeout", 60000, &inputs->time_ms);
}

static enum nsl_exit read_secrets(const struct nsl_flags *flags, struct nsl_run_inputs *inputs)
{
    for (size_t i = 0; i < flags->given_count; i++) {
        if (strcmp(flags->given[i].flag->name, "secret") != 0) {
            continue;
        }
        if (inputs->is_remote_plain) {
            nsl_complain("run: secrets are not sent over plain HTTP to another machine; use https");
            return NSL_EXIT_USAGE;
        }
        enum nsl_exit exit_code = nsl_run_secret_read(flags->given[i].value, inputs);
        if (exit_code != NSL_EXIT_OK) {
            return exit_code;
        }
    }
    return NSL_EXIT_OK;
}

/* Standard input can be read once. */
static enum nsl_exit check_stdin(const struct nsl_flags *flags, const char *path)
{
    int readers = strcmp(path, "-") == 0 ? 1 : 0;
    for (size_t i = 0; i < flags->given_count; i++) {
        const struct nsl_flag_given *given = &flags->given[i];
        bool is_secret = strcmp(given->flag->name, "secret") == 0;
        bool is_dash = strcmp(given->value, "-") == 0 || strcmp(given->value, "@-") == 0;
        size_t size = strlen(given->value);
        readers += is_dash && !is_secret ? 1 : 0;
        readers += is_secret && size >= 3 && strcmp(given->value + size - 3, "=@-") == 0 ? 1 : 0;
    }
    bool has_typed_secret = false;
    for (size_t i = 0; i < flags->given_count; i++) {
        has_typed_secret |= strcmp(flags->given[i].flag->name, "secret") == 0 &&
                            strchr(flags->given[i].value, '=') == NULL;
    }
    if (readers > 1 || (readers == 1 && has_typed_secret)) {
        nsl_complain("run: standard input is wanted for more than one thing; use files");
        return NSL_EXIT_USAGE;
    }
    return NSL_EXIT_OK;
}

static bool is_remote_plain(const char *url)
{
    static const char *const local[] = {"http://127.", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        size_t size = strlen(local[i]);
        if (strncmp(url, local[i], size) == 0 &&
            (i == 0 ? strspn(url + 7, "0123456789.") == strcspn(url + 7, ":/")
                    : strchr(":/", url[size]) != NULL)) {
            return false;
        }
    }
    return strncmp(url, "http://", 7) == 0;
}

enum nsl_exit nsl_run_inputs_read(const struct nsl_flags *flags, const char *url,
                                  struct nsl_run_inputs *inputs)
{
    inputs->path = flags->words[0];
    inputs->is_remote_plain = is_remote_plain(url);
    inputs->is_unverified = nsl_flags_has(flags, "insecure");
    enum nsl_exit exit_code = check_stdin(flags, inputs->path);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : read_ids(flags, inputs);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : read_limits(flags, inputs);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : read_code(inputs);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : read_hash(flags, inputs);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : read_json(flags, "input", &inputs->input);
    exit_code =
        exit_code != NSL_EXIT_OK ? exit_code : read_json(flags, "expect-result", &inputs->expected);
    return exit_code != NSL_EXIT_OK ? exit_code : read_secrets(flags, inputs);
}

void nsl_run_inputs_done(struct nsl_run_inputs *inputs)
{
    nsl_buffer_done(&inputs->code);
    nsl_buffer_done(&inputs->input);
    nsl_buffer_done(&inputs->expected);
    for (size_t i = 0; i < inputs->secret_count; i++) {
        nsl_buffer_done(&inputs->secret_values[i]);
    }
}
