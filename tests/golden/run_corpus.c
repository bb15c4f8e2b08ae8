/*
 * Runs programs of the golden corpus in one engine and prints a line for each: what it answered and
 * what it cost. The lines must be the same on every machine, compiler and optimisation level, with
 * kept images and without.
 *
 * usage: run_corpus --version                    the engine's and the gas table's version
 *        run_corpus [--rebuilt] FILE...          lines on standard output
 *        run_corpus --check EXPECTED FILE...     compares with a file of such lines; prints TAP
 *
 * A program is run with a fixed input, time and entropy. Long texts are shown by size and hash.
 */
#include <nsl_engine_version.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enclave/crypto/primitives.h"
#include "enclave/engine/gas.h"
#include "enclave/engine/isolate.h"

enum { SOURCE_MAX = 256 * 1024, LINE_MAX = 4096, SHOWN_MAX = 400, WAKES_MAX = 1000 };

static const char input[] = "{\"n\":7,\"text\":\"Gr\\u00fc\\u00dfe, "
                            "\\ud83d\\ude00\",\"list\":[3,1,2],\"deep\":{\"a\":[{\"b\":null}]}}";

static const struct nsl_secret_value secrets[] = {
    {NSL_TEXT_INIT("API_KEY"), NSL_TEXT_INIT("test_key")},
};

static void give_up(const char *what, const char *which)
{
    (void)fprintf(stderr, "run_corpus: %s: %s\n", what, which);
    exit(2);
}

static nsl_bytes read_source(const char *path)
{
    static uint8_t source[SOURCE_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        give_up("cannot open", path);
    }
    size_t size = fread(source, 1, SOURCE_MAX, file);
    if (ferror(file) || size == SOURCE_MAX) {
        give_up("cannot read, or too large", path);
    }
    (void)fclose(file);
    return nsl_bytes_of(source, size);
}

static struct nsl_call call_of(nsl_bytes code)
{
    struct nsl_call call = {
        .call_id = 1,
        .code = code,
        .input_json = nsl_bytes_of(input, sizeof(input) - 1),
        .function_id = NSL_TEXT("golden"),
        .user_id = NSL_TEXT("corpus"),
        .request_id = NSL_TEXT("request-1"),
        .start_ms = INT64_C(1700000000123),
        .secrets = secrets,
        .secret_count = 1,
        .limits = {.gas_units = 100000000,
                   .heap_bytes = 64 << 20,
                   .depth_units = 4000000,
                   .time_ms = 600000,
                   .result_bytes = 1 << 20,
                   .log_lines = 100,
                   .log_bytes = 65536,
                   .pending_jobs = 100000,
                   .pending_host_calls = 100},
    };
    for (size_t index = 0; index < sizeof(call.entropy); index++) {
        call.entropy[index] = (uint8_t)(index * 7 + 1);
    }
    if (nsl_hash_bytes(NSL_HASH_SHA256, code, call.code_hash) != NSL_OK) {
        give_up("cannot hash", "code");
    }
    return call;
}

/* ---- Lines ---- */

struct line {
    char text[LINE_MAX];
    size_t size;
};

static void put(struct line *line, nsl_bytes text)
{
    size_t room = LINE_MAX - 1 - line->size;
    size_t size = text.size < room ? text.size : room;
    if (size > 0) {
        memcpy(line->text + line->size, text.data, size);
    }
    line->size += size;
    line->text[line->size] = '\0';
}

static void put_text(struct line *line, const char *text)
{
    put(line, nsl_bytes_text(text));
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(nsl_bytes text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t index = 0; index < text.size; index++) {
        hash = (hash ^ text.data[index]) * UINT64_C(1099511628211);
    }
    return hash;
}

static void put_shown(struct line *line, nsl_bytes text)
{
    char summary[64];
    bool is_long = text.size > SHOWN_MAX || memchr(text.data, '\n', text.size) != NULL;
    if (!is_long) {
        put(line, text);
        return;
    }
    (void)snprintf(summary, sizeof(summary), "%zu bytes, hash %016llx", text.size,
                   (unsigned long long)hash_of(text));
    put_text(line, summary);
}

static void put_error(struct line *line, const struct nsl_js_error *error)
{
    char place[64];
    (void)snprintf(place, sizeof(place), " at %u:%u", error->line, error->column);
    put(line, error->type);
    put_text(line, ": ");
    put_shown(line, error->message);
    put_text(line, place);
}

static void describe(const char *name, const struct nsl_outcome *outcome, struct line *ret_line)
{
    static const char *const kinds[] = {"done", "thrown", "exhausted", "parked"};
    char figures[128];
    *ret_line = (struct line){0};
    (void)snprintf(figures, sizeof(figures), " gas=%llu heap=%llu %s ",
                   (unsigned long long)outcome->gas_used,
                   (unsigned long long)outcome->heap_peak_bytes, kinds[outcome->kind]);
    put_text(ret_line, name);
    put_text(ret_line, figures);
    if (outcome->kind == NSL_OUTCOME_DONE) {
        put_shown(ret_line, outcome->result_json);
    } else {
        put_error(ret_line, &outcome->error);
    }
    if (outcome->logs.size > 2) {
        put_text(ret_line, " logs ");
        put_shown(ret_line, outcome->logs);
    }
}

/* ---- Runs ---- */

static struct nsl_engine *make_engine(enum nsl_image_keeping keeping)
{
    struct nsl_engine *engine = NULL;
    if (nsl_engine_new(UINT64_C(256) << 20, UINT64_C(64) << 20, &engine) != NSL_OK) {
        give_up("cannot make", "the engine");
    }
    nsl_engine_keep_images(engine, keeping);
    return engine;
}

static void run(struct nsl_engine *engine, const char *name, nsl_bytes code, struct line *ret_line)
{
    struct nsl_call call = call_of(code);
    struct nsl_outcome outcome;
    nsl_err err = nsl_engine_run(engine, &call, &outcome);
    for (int wakes = 0; err == NSL_OK && outcome.kind == NSL_OUTCOME_PARKED && wakes < WAKES_MAX;
         wakes++) {
        err = nsl_engine_resume(engine, call.call_id, &outcome);
    }
    if (err != NSL_OK) {
        give_up(nsl_err_name(err), name);
    }
    describe(name, &outcome, ret_line);
}

/* "dir/name.js" is "name". */
static void name_of(const char *path, char ret_name[128])
{
    const char *slash = strrchr(path, '/');
    (void)snprintf(ret_name, 128, "%s", slash == NULL ? path : slash + 1);
    char *dot = strrchr(ret_name, '.');
    if (dot != NULL) {
        *dot = '\0';
    }
}

static void print_lines(enum nsl_image_keeping keeping, char **paths, int count)
{
    struct nsl_engine *engine = make_engine(keeping);
    for (int index = 0; index < count; index++) {
        struct line line;
        char name[128];
        name_of(paths[index], name);
        run(engine, name, read_source(paths[index]), &line);
        (void)puts(line.text);
    }
    nsl_engine_free(engine);
}

/* The expected line of a program, without its newline; empty when there is none. */
static void find_expected(FILE *expected, const char *name, struct line *ret_line)
{
    size_t name_size = strlen(name);
    rewind(expected);
    while (fgets(ret_line->text, LINE_MAX, expected) != NULL) {
        ret_line->text[strcspn(ret_line->text, "\n")] = '\0';
        if (strncmp(ret_line->text, name, name_size) == 0 && ret_line->text[name_size] == ' ') {
            return;
        }
    }
    ret_line->text[0] = '\0';
}

static bool check_one(FILE *expected, const char *path, const char *how, int number,
                      struct nsl_engine *engine)
{
    struct line want;
    struct line got;
    char name[128];
    name_of(path, name);
    find_expected(expected, name, &want);
    run(engine, name, read_source(path), &got);
    bool is_equal = strcmp(want.text, got.text) == 0;
    (void)printf("%s %d - %s %s\n", is_equal ? "ok" : "not ok", number, name, how);
    if (!is_equal) {
        (void)printf("# expected %s\n#      got %s\n", want.text, got.text);
    }
    return is_equal;
}

/* Each program three times: first run of an image, restored image, no image. */
static int check_all(const char *expected_path, char **paths, int count)
{
    FILE *expected = fopen(expected_path, "r");
    int number = 0;
    int failed = 0;
    if (expected == NULL) {
        (void)printf("1..0 # SKIP no golden lines for engine %s\n", NSL_ENGINE_VERSION);
        return 0;
    }
    (void)printf("1..%d\n", 3 * count);
    struct nsl_engine *engine = make_engine(NSL_IMAGES_KEPT);
    for (int round = 0; round < 2; round++) {
        for (int index = 0; index < count; index++) {
            failed += !check_one(expected, paths[index], round == 0 ? "cold" : "restored", ++number,
                                 engine);
        }
    }
    nsl_engine_free(engine);
    engine = make_engine(NSL_IMAGES_REBUILT);
    for (int index = 0; index < count; index++) {
        failed += !check_one(expected, paths[index], "rebuilt", ++number, engine);
    }
    nsl_engine_free(engine);
    (void)fclose(expected);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (nsl_primitives_setup() != NSL_OK) {
        give_up("cannot set up", "libcrypto");
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("%s, gas table %u\n", NSL_ENGINE_VERSION, nsl_gas_version());
        return 0;
    }
    if (argc > 3 && strcmp(argv[1], "--check") == 0) {
        return check_all(argv[2], argv + 3, argc - 3);
    }
    bool is_rebuilt = argc > 1 && strcmp(argv[1], "--rebuilt") == 0;
    int first = is_rebuilt ? 2 : 1;
    if (argc <= first) {
        give_up("usage", "run_corpus [--version | --rebuilt | --check EXPECTED] FILE...");
    }
    print_lines(is_rebuilt ? NSL_IMAGES_REBUILT : NSL_IMAGES_KEPT, argv + first, argc - first);
    return 0;
}
