#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/settings/config.h"
#include "tests/unit/settings_rows.h"

static struct nsl_scratch scratch;
static struct nsl_config_report report;
static struct nsl_settings settings;

static int set_up(void **state)
{
    (void)state;
    return nsl_scratch_init(&scratch, 4 * 1024 * 1024) == NSL_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    nsl_scratch_done(&scratch);
    return 0;
}

static nsl_err parse_bytes(nsl_bytes text)
{
    memset(&report, 0, sizeof report);
    nsl_settings_init(&settings);
    nsl_err err = nsl_config_parse(text, &scratch, &settings, &report);
    assert_int_equal(scratch.used, 0);
    assert_int_equal(err, report.error_count > 0 ? NSL_ERR_CONFIG : NSL_OK);
    return err;
}

static nsl_err parse(const char *text)
{
    return parse_bytes(nsl_bytes_text(text));
}

/* The only message, whole: "LINE: text". */
static void assert_message(enum nsl_config_severity severity, const char *expected)
{
    char text[NSL_CONFIG_MESSAGE_BYTES + 32];
    assert_int_equal(report.count, 1);
    assert_int_equal(report.messages[0].severity, severity);
    snprintf(text, sizeof text, "%zu: %s", report.messages[0].line, report.messages[0].text);
    assert_string_equal(text, expected);
}

static void assert_refused(const char *text, const char *expected)
{
    assert_int_equal(parse(text), NSL_ERR_CONFIG);
    assert_message(NSL_CONFIG_ERROR, expected);
}

/* {"A":{"B":VALUE}} for the path A.B. A wildcard row gets a key of its own. */
static const char *nested(const char *path, const char *value)
{
    static char text[8192];
    size_t size = (size_t)snprintf(text, sizeof text, "{\"");
    size_t depth = 1;
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '.') {
            size += (size_t)snprintf(text + size, sizeof text - size, "\":{\"");
            depth++;
        } else {
            text[size++] = *at;
        }
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "\":%s", value);
    while (depth-- > 0) {
        text[size++] = '}';
    }
    text[size] = '\0';
    return text;
}

/* --- What the specification files show --------------------------------------------------------- */

static void the_occlum_example_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"Tee\": {\n"
                           "  \"Type\": \"Occlum\",\n"
                           "  \"SimulationMode\": true,\n"
                           "  \"EnclavePath\": \"bin/libenclave.so\",\n"
                           "  \"Debug\": true,\n"
                           "  \"Occlum\": {\n"
                           "    \"InstanceDir\": \"/occlum_instance\",\n"
                           "    \"LogLevel\": \"debug\",\n"
                           "    \"NodeJsPath\": \"/bin/node\",\n"
                           "    \"TempDir\": \"/tmp\",\n"
                           "    \"EnableDebugMode\": true,\n"
                           "    \"MaxMemoryMB\": 1024,\n"
                           "    \"MaxThreads\": 32,\n"
                           "    \"MaxProcesses\": 16,\n"
                           "    \"MaxExecutionTimeSeconds\": 60\n"
                           "  }\n"
                           "}}\n"),
                     NSL_OK);
    assert_int_equal(settings.tee_type, NSL_BACKEND_OCCLUM);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_SIMULATION);
    assert_string_equal(settings.tee_enclave_path, "bin/libenclave.so");
    assert_true(settings.tee_debug);
    assert_string_equal(settings.occlum_instance_dir, "/occlum_instance");
    assert_int_equal(settings.occlum_log_level, NSL_LOG_DEBUG);
    assert_true(settings.occlum_enable_debug_mode);
    assert_int_equal(settings.occlum_max_memory_mb, 1024);
    assert_int_equal(settings.occlum_max_threads, 32);
    assert_int_equal(settings.occlum_max_processes, 16);
    assert_int_equal(settings.occlum_max_execution_time_s, 60);
    assert_int_equal(report.count, 2);
    assert_int_equal(report.messages[0].line, 9);
    assert_string_equal(
        report.messages[0].text,
        "Tee.Occlum.NodeJsPath: has no effect: functions run in the built-in engine, "
        "no Node.js is started");
    assert_int_equal(report.messages[1].line, 10);
    assert_string_equal(
        report.messages[1].text,
        "Tee.Occlum.TempDir: has no effect: neither code nor secrets are ever written "
        "to a file");
}

static void the_nitro_example_is_accepted_with_its_numbers_in_quotes(void **state)
{
    (void)state;
    assert_int_equal(
        parse("{\"Enclave\": {\"Path\": \"/path/to/enclave.eif\", \"Memory\": \"2048\", "
              "\"Cpus\": \"2\"}, \"Vsock\": {\"Port\": 5000}}"),
        NSL_OK);
    assert_string_equal(settings.nitro_path, "/path/to/enclave.eif");
    assert_int_equal(settings.nitro_memory_mb, 2048);
    assert_int_equal(settings.nitro_cpus, 2);
    assert_int_equal(settings.vsock_port, 5000);
    assert_int_equal(report.count, 0);
    assert_int_equal(parse("{\"Enclave\": {\"Memory\": 4096, \"Cpus\": 8}}"), NSL_OK);
    assert_int_equal(settings.nitro_memory_mb, 4096);
    assert_int_equal(settings.nitro_cpus, 8);
}

static void the_logging_example_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"Vsock\":{\"Port\":5000},\"Logging\":{\"LogLevel\":{"
                           "\"Default\":\"Information\",\"Microsoft\":\"Warning\","
                           "\"Microsoft.Hosting.Lifetime\":\"Information\"}}}"),
                     NSL_OK);
    assert_int_equal(settings.log_level, NSL_LOG_INFO);
    assert_int_equal(report.count, 2);
    assert_int_equal(report.messages[0].severity, NSL_CONFIG_NOTICE);
    assert_int_equal(report.messages[1].severity, NSL_CONFIG_NOTICE);
    assert_memory_equal(report.messages[1].text,
                        "Logging.LogLevel.Microsoft.Hosting.Lifetime: ", 45);
}

static void the_occlum_json_example_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(
        parse("{\"resource_limits\":{\"user_space_size\":\"1GB\",\"enclave_size\":\"2GB\","
              "\"thread_num\":32},\"security\":{\"enable_syscall_auditing\":true,"
              "\"enable_file_integrity_checking\":true,\"mandatory_access_control\":{"
              "\"enabled\":true,\"policy\":\"strict\"}},\"crypto\":{\"entropy_source\":"
              "\"sgx_rdrand\",\"supported_algorithms\":{\"symmetric\":[\"aes-256-gcm\"],"
              "\"asymmetric\":[\"secp256k1\",\"ed25519\"],\"hash\":[\"sha256\",\"sha3-256\"]}}}"),
        NSL_OK);
    assert_int_equal(settings.occlum_user_space_bytes, 1073741824);
    assert_int_equal(settings.occlum_enclave_bytes, 2147483648);
    assert_int_equal(settings.occlum_thread_num, 32);
    assert_int_equal(report.count, 8);
    for (size_t i = 0; i < report.count; i++) {
        assert_int_equal(report.messages[i].severity, NSL_CONFIG_NOTICE);
    }
}

static void the_older_appsettings_sections_are_accepted(void **state)
{
    (void)state;
    assert_int_equal(
        parse("{\"Tee\":{\"OcclumInstanceDir\":\"/x\",\"OcclumLogLevel\":\"info\","
              "\"JavaScriptEngine\":{\"MaxMemoryMB\":512,\"MaxExecutionTimeMs\":4000,"
              "\"EnableDebugger\":false,\"NodeModulesPath\":\"/node_modules\",\"AllowedModules\":["
              "\"fs\"]},\"UserSecrets\":{\"MaxSecretsPerUser\":50,\"MaxSecretSizeBytes\":2048,"
              "\"EncryptionEnabled\":true,\"RotationIntervalDays\":30},\"GasAccounting\":{"
              "\"EnableGasAccounting\":true,\"GasLimitPerExecution\":1000000,"
              "\"GasPriceMultiplier\":1.0,\"GasRefundPercentage\":50},\"Storage\":{\"Provider\":"
              "\"OcclumFileStorage\",\"StoragePath\":\"/d\",\"EnableEncryption\":true,"
              "\"EncryptionKey\":\"k\",\"EnableCompression\":true,\"CompressionLevel\":6,"
              "\"MaxChunkSize\":4194304,\"EnableCaching\":true,\"CacheSizeBytes\":52428800,"
              "\"EnableAutoFlush\":true,\"AutoFlushIntervalMs\":5000}}}"),
        NSL_OK);
    assert_string_equal(settings.occlum_instance_dir, "/x");
    assert_int_equal(settings.occlum_log_level, NSL_LOG_INFO);
    assert_int_equal(settings.functions_heap_bytes, 536870912);
    assert_int_equal(settings.functions_time_limit_ms, 4000);
    assert_int_equal(settings.functions_max_secrets, 50);
    assert_int_equal(settings.functions_max_secret_bytes, 2048);
    assert_int_equal(settings.functions_gas_limit, 1000000);
    /* A key in a file is noticed without being repeated. */
    for (size_t i = 0; i < report.count; i++) {
        assert_int_equal(report.messages[i].severity, NSL_CONFIG_NOTICE);
        assert_null(strstr(report.messages[i].text, "\"k\""));
    }
}

/* --- Every row --------------------------------------------------------------------------------- */

static const char *number_text(const struct nsl_setting *row, int64_t number)
{
    static char text[64];
    if (row->kind == NSL_SETTING_IS_BOOL) {
        snprintf(text, sizeof text, "%s", number == 0 ? "false" : number == 1 ? "true" : "2");
    } else if (row->kind == NSL_SETTING_IS_CHOICE) {
        const char *name = nsl_choice_name(row->choices, number);
        snprintf(text, sizeof text, "\"%s\"", name != NULL ? name : "neither");
    } else {
        snprintf(text, sizeof text, "%" PRId64, number);
    }
    return text;
}

static void every_row_takes_its_limits_and_default_from_a_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (!nsl_setting_has_number(row)) {
            continue;
        }
        const int64_t good[] = {row->default_number, row->min, row_max(row)};
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(parse(nested(row->path, number_text(row, good[j]))), NSL_OK);
            assert_int_equal(report.count, 0);
            assert_true(nsl_settings_number(&settings, row) == good[j]);
        }
    }
}

static void every_row_refuses_what_is_beyond_by_path_and_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (!nsl_setting_has_number(row)) {
            continue;
        }
        NSL_AUTO(nsl_buffer) allowed;
        nsl_buffer_init(&allowed, 512, NSL_BUFFER_PLAIN);
        assert_int_equal(nsl_setting_describe(row, &allowed), NSL_OK);
        const int64_t bad[] = {row->min - 1, row_max(row) + 1};
        for (size_t j = 0; j < 2; j++) {
            char expected[1024];
            const char *value = number_text(row, bad[j]);
            snprintf(expected, sizeof expected, "1: %s: must be %.*s; found %s", row->path,
                     (int)allowed.size, (const char *)allowed.data, value);
            assert_refused(nested(row->path, value), expected);
            assert_true(nsl_settings_number(&settings, row) == row->default_number);
        }
    }
}

static void every_row_refuses_every_other_type(void **state)
{
    (void)state;
    static const char *const values[] = {"null", "[]", "{}", "1.5", "true", "12", "\"\\u0001\""};
    static const char *const kinds[][3] = {
        [NSL_SETTING_IS_BOOL] = {"true", "", ""}, [NSL_SETTING_IS_INT] = {"12", "", ""},
        [NSL_SETTING_IS_DIGITS] = {"12", "", ""}, [NSL_SETTING_IS_SIZE] = {"12", "", ""},
        [NSL_SETTING_IS_TEXT] = {"", "", ""},     [NSL_SETTING_IS_CHOICE] = {"", "", ""},
    };
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        for (size_t j = 0; j < 7 && row->kind < NSL_SETTING_IS_ALIAS; j++) {
            if (strcmp(kinds[row->kind][0], values[j]) != 0) {
                assert_int_equal(parse(nested(row->path, values[j])), NSL_ERR_CONFIG);
                assert_int_equal(report.count, 1);
                assert_memory_equal(report.messages[0].text, row->path, strlen(row->path));
                assert_non_null(strstr(report.messages[0].text, ": must be "));
            }
        }
    }
}

static void every_ignored_key_is_checked_and_noticed(void **state)
{
    (void)state;
    static const char *const good[] = {"true", "0.5", "\"x\"", "[\"x\",\"y\"]", "\"Debug\""};
    static const char *const bad[] = {"1", "\"1\"", "1", "[1]", "\"Loud\""};
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (row->kind == NSL_SETTING_IS_IGNORED) {
            assert_int_equal(parse(nested(row->path, good[row->must_be])), NSL_OK);
            assert_int_equal(report.count, 1);
            assert_non_null(strstr(report.messages[0].text, ": has no effect: "));
            assert_int_equal(parse(nested(row->path, bad[row->must_be])), NSL_ERR_CONFIG);
            assert_non_null(strstr(report.messages[0].text, ": must be "));
        }
    }
}

/* --- Exact messages ---------------------------------------------------------------------------- */

static void each_refusal_has_its_exact_message(void **state)
{
    (void)state;
    assert_refused("{\"Server\":{\"HttpPort\":70000}}",
                   "1: Server.HttpPort: must be an integer from -1 to 65535 (port); found 70000");
    assert_refused("{\n\"Server\":{\n\"HttpPort\":\"80\"}}",
                   "3: Server.HttpPort: must be an integer from -1 to 65535 (port); found \"80\"");
    assert_refused("{\"Server\":{\"HttpPort\":80.0}}",
                   "1: Server.HttpPort: must be an integer from -1 to 65535 (port); found 80.0");
    assert_refused("{\"Server\":{\"HttpPort\":99999999999999999999}}",
                   "1: Server.HttpPort: must be an integer from -1 to 65535 (port); found "
                   "99999999999999999999");
    assert_refused(
        "{\"Tee\":{\"Type\":\"Sgx\"}}",
        "1: Tee.Type: must be one of \"Simulation\", \"Occlum\", \"Nitro\"; found \"Sgx\"");
    assert_refused("{\"Tee\":{\"Debug\":\"yes\"}}",
                   "1: Tee.Debug: must be true or false; found \"yes\"");
    assert_refused("{\"Tee\":{\"EnclavePath\":[]}}",
                   "1: Tee.EnclavePath: must be a string of at most 1023 bytes without control "
                   "characters; found an array");
    assert_refused("{\"Enclave\":{\"Memory\":\"12MB\"}}",
                   "1: Enclave.Memory: must be an integer from 64 to 1048576 (MiB), quoted or not; "
                   "found \"12MB\"");
    assert_refused(
        "{\"Server\":{\"MaxBodyBytes\":\"1XB\"}}",
        "1: Server.MaxBodyBytes: must be an integer from 1024 to 67108864 (bytes) or a size "
        "like \"64MB\"; found \"1XB\"");
    assert_refused(
        "{\"Tee\":{\"JavaScriptEngine\":{\"MaxMemoryMB\":513}}}",
        "1: Tee.JavaScriptEngine.MaxMemoryMB: must be an integer from 1 to 512; found 513");
    assert_refused("{\"Logging\":{\"LogLevel\":{\"Microsoft\":\"Loud\"}}}",
                   "1: Logging.LogLevel.Microsoft: must be a log level; found \"Loud\"");
    assert_refused("{\"Tee\":{\"Occlum\":7}}", "1: Tee.Occlum: must be an object, it is a section");
    assert_refused("[]", "1: configuration: must be a JSON object");
}

static void unknown_keys_are_refused_with_a_hint_at_another_case(void **state)
{
    (void)state;
    assert_refused("{\"Tee\":{\"Typ\":1}}", "1: Tee.Typ: no such setting");
    assert_refused("{\"tee\":{}}", "1: tee: no such setting; did you mean Tee?");
    assert_refused("{\"Server\":{\"httpPort\":1}}",
                   "1: Server.httpPort: no such setting; did you mean Server.HttpPort?");
    assert_refused("{\"Surprise\":{\"deep\":{\"deeper\":1}}}", "1: Surprise: no such setting");
    assert_refused("{\"Tee.Type\":\"Nitro\"}",
                   "1: Tee.Type: no such setting; a dot in a key is no path, nest the objects");
    assert_refused("{\"Tee\":{\"Occlum.LogLevel\":\"info\"}}",
                   "1: Tee.Occlum.LogLevel: no such setting; a dot in a key is no path, nest the "
                   "objects");
    assert_refused("{\"\":1}", "1: : no such setting");
    assert_refused("{\"a\\u001b[2J\":1}", "1: a\\x1b[2J: no such setting");
    assert_refused("{\"Tee\":{\"Type\\u0000\":\"Nitro\"}}", "1: \"Type\\u0000\": no such setting");
}

static void text_that_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused("", "1: not valid JSON: unexpected end, column 1");
    assert_refused("{\n  \"Tee\": {},\n}", "3: not valid JSON: expected a key in quotes, column 1");
    assert_refused("{\"Tee\":{\"Type\":\"\xff\"}}",
                   "1: not valid JSON: not UTF-8, column 17 (save the file as UTF-8)");
    assert_refused("{\"Tee\":{},\n\"Tee\":{}}", "2: not valid JSON: the same key twice, column 1");
    assert_refused("// comment\n{}", "1: not valid JSON: expected a value, column 1");
}

static void a_very_long_key_or_value_is_cut_in_its_message(void **state)
{
    (void)state;
    char text[2000];
    char name[1000];
    memset(name, 'k', sizeof name);
    snprintf(text, sizeof text, "{\"%.900s\":1}", name);
    assert_int_equal(parse(text), NSL_ERR_CONFIG);
    assert_int_equal(report.count, 1);
    assert_true(strlen(report.messages[0].text) < NSL_CONFIG_MESSAGE_BYTES);
    snprintf(text, sizeof text, "{\"Tee\":{\"Type\":\"%.900s\"}}", name);
    assert_int_equal(parse(text), NSL_ERR_CONFIG);
    assert_non_null(strstr(report.messages[0].text, "kkk..."));
}

static void all_errors_are_reported_and_nothing_is_set(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"Server\":{\"HttpPort\":1,\"HttpsPort\":-2,\"Nope\":1},\n"
                           "\"Functions\":{\"Runners\":0}}"),
                     NSL_ERR_CONFIG);
    assert_int_equal(report.count, 3);
    assert_int_equal(report.error_count, 3);
    assert_int_equal(report.messages[2].line, 2);
    assert_int_equal(settings.server_http_port, 8080);
}

static void errors_beyond_the_report_are_counted(void **state)
{
    (void)state;
    char text[2000] = "{";
    size_t size = 1;
    for (int i = 0; i < 100; i++) {
        size += (size_t)sprintf(text + size, "%s\"x%d\":1", i > 0 ? "," : "", i);
    }
    text[size] = '}';
    assert_int_equal(parse(text), NSL_ERR_CONFIG);
    assert_int_equal(report.count, NSL_CONFIG_MESSAGES);
    assert_int_equal(report.error_count, 100);
    assert_int_equal(report.dropped_count, 100 - NSL_CONFIG_MESSAGES);
}

static void one_setting_by_two_names_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"Functions\":{\"HeapBytes\":\"32MB\"},\n"
                   "\"Tee\":{\"JavaScriptEngine\":{\"MaxMemoryMB\":32}}}",
                   "2: Tee.JavaScriptEngine.MaxMemoryMB: sets Functions.HeapBytes a second time");
}

static void sizes_are_read_with_units_of_1024(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {
        {"\"1MB\"", 1 << 20},  {"\"1 MB\"", 1 << 20},    {"\"2MiB\"", 2 << 20},
        {"\"64KB\"", 1 << 16}, {"\"1048576\"", 1 << 20}, {"\"4096B\"", 4096},
        {"4096", 4096},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(parse(nested("Server.MaxBodyBytes", good[i].text)), NSL_OK);
        assert_int_equal(settings.server_max_body_bytes, good[i].bytes);
    }
    static const char *const bad[] = {"\"\"",
                                      "\"MB\"",
                                      "\"1mb\"",
                                      "\"-1MB\"",
                                      "\"1.5MB\"",
                                      "\"1MB \"",
                                      "\" 1MB\"",
                                      "\"1M\"",
                                      "\"0x10KB\"",
                                      "\"9999999999999999999TB\"",
                                      "\"9007199254740993TB\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(nested("Server.MaxBodyBytes", bad[i])), NSL_ERR_CONFIG);
    }
}

static void numbers_in_quotes_are_exact(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"\"",  "\" 2\"",  "\"2 \"",  "\"+2\"", "\"2.0\"", "\"0x2\"",
                                      "\"-\"", "\"--2\"", "\"two\"", "\"-2\"", "\"2e1\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(nested("Enclave.Cpus", bad[i])), NSL_ERR_CONFIG);
        assert_int_equal(report.count, 1);
    }
    assert_int_equal(parse(nested("Enclave.Cpus", "\"\\u0032\"")), NSL_OK);
    assert_int_equal(settings.nitro_cpus, 2);
}

static void a_file_that_is_too_large_or_too_deep_is_refused(void **state)
{
    (void)state;
    char *text = malloc(NSL_CONFIG_MAX_BYTES + 1);
    assert_non_null(text);
    memset(text, ' ', NSL_CONFIG_MAX_BYTES + 1);
    memcpy(text, "{}", 2);
    assert_int_equal(parse_bytes(nsl_bytes_of(text, NSL_CONFIG_MAX_BYTES)), NSL_OK);
    assert_int_equal(parse_bytes(nsl_bytes_of(text, NSL_CONFIG_MAX_BYTES + 1)), NSL_ERR_CONFIG);
    assert_message(NSL_CONFIG_ERROR, "0: configuration: is larger than 1 MiB");
    free(text);
    assert_refused("{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
                   "1: not valid JSON: nested too deeply, column 21");
}

static void a_file_cut_anywhere_is_refused_and_sets_nothing(void **state)
{
    (void)state;
    static const char text[] =
        "{\"Server\":{\"HttpPort\":1},\"Enclave\":{\"Memory\":\"128\"},\"Tee\":{\"Debug\":true}}";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        assert_int_equal(parse_bytes(nsl_bytes_of(text, size)), NSL_ERR_CONFIG);
        assert_int_equal(settings.server_http_port, 8080);
        assert_false(settings.tee_debug);
    }
}

/* --- Environment ------------------------------------------------------------------------------- */

/* "NAME=value" strings up to a NULL. */
static const char *look_up(void *context, const char *name)
{
    const char *const *environment = context;
    size_t size = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
            return *environment + size + 1;
        }
    }
    return NULL;
}

static nsl_err apply(const char *const *environment)
{
    memset(&report, 0, sizeof report);
    nsl_settings_init(&settings);
    settings.tee_type = NSL_BACKEND_NITRO;
    return nsl_config_apply_environment(look_up, (void *)(uintptr_t)environment, &settings,
                                        &report);
}

#define APPLY(...) apply((const char *const[]){__VA_ARGS__, NULL})

static void the_environment_selects_the_back_end(void **state)
{
    (void)state;
    assert_int_equal(APPLY("OTHER=1"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_NITRO);
    assert_int_equal(APPLY("OCCLUM_SIMULATION=1"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_SIMULATION);
    assert_int_equal(APPLY("OCCLUM_SIMULATION=true"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_SIMULATION);
    assert_int_equal(APPLY("OCCLUM_SIMULATION=0"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_NITRO);
    assert_int_equal(APPLY("OCCLUM_SIMULATION="), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_NITRO);
    assert_int_equal(APPLY("SGX_MODE=SIM"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_SIMULATION);
    assert_int_equal(APPLY("SGX_MODE=HW"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_OCCLUM);
    assert_int_equal(APPLY("SGX_MODE=HW", "OCCLUM_SIMULATION=0"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_OCCLUM);
    assert_int_equal(APPLY("SGX_MODE=SIM", "OCCLUM_SIMULATION=1"), NSL_OK);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_SIMULATION);
}

static void the_environment_sets_log_level_and_service_mode(void **state)
{
    (void)state;
    assert_int_equal(APPLY("OCCLUM_LOG_LEVEL=trace", "NEO_SERVICE_MODE=production"), NSL_OK);
    assert_int_equal(settings.log_level, NSL_LOG_TRACE);
    assert_int_equal(settings.occlum_log_level, NSL_LOG_TRACE);
    assert_int_equal(settings.service_mode, NSL_SERVICE_PRODUCTION);
    assert_int_equal(APPLY("OCCLUM_LOG_LEVEL=off", "NEO_SERVICE_MODE=Development"), NSL_OK);
    assert_int_equal(settings.log_level, NSL_LOG_OFF);
    assert_int_equal(settings.service_mode, NSL_SERVICE_DEVELOPMENT);
}

static void assert_environment_refused(const char *variable, const char *expected)
{
    assert_int_equal(APPLY(variable), NSL_ERR_CONFIG);
    assert_message(NSL_CONFIG_ERROR, expected);
    assert_int_equal(settings.log_level, NSL_LOG_INFO);
}

static void bad_environment_values_are_refused_by_name(void **state)
{
    (void)state;
    assert_environment_refused("OCCLUM_SIMULATION=yes",
                               "0: OCCLUM_SIMULATION: must be 1 or 0; found \"yes\"");
    assert_environment_refused("SGX_MODE=sim", "0: SGX_MODE: must be SIM or HW; found \"sim\"");
    assert_environment_refused("NEO_SERVICE_MODE=staging",
                               "0: NEO_SERVICE_MODE: must be development or production; found "
                               "\"staging\"");
    assert_environment_refused(
        "OCCLUM_LOG_LEVEL=loud\x1b",
        "0: OCCLUM_LOG_LEVEL: must be trace, debug, info, warn, error or off; "
        "found \"loud\\x1b\"");
    assert_int_equal(APPLY("OCCLUM_SIMULATION=1", "SGX_MODE=HW"), NSL_ERR_CONFIG);
    assert_message(NSL_CONFIG_ERROR,
                   "0: SGX_MODE: HW contradicts OCCLUM_SIMULATION=1; set only one of them");
}

/* --- Command line and rules -------------------------------------------------------------------- */

static nsl_err set(const char *path, const char *value)
{
    memset(&report, 0, sizeof report);
    nsl_settings_init(&settings);
    return nsl_config_set(&settings, path, nsl_bytes_text(value), "--flag", &report);
}

static void a_flag_sets_what_a_file_could(void **state)
{
    (void)state;
    assert_int_equal(set("Server.HttpPort", "0"), NSL_OK);
    assert_int_equal(settings.server_http_port, 0);
    assert_int_equal(set("Server.ListenAddress", "::1"), NSL_OK);
    assert_string_equal(settings.server_listen_address, "::1");
    assert_int_equal(set("Tee.Type", "simulation"), NSL_OK);
    assert_int_equal(set("Logging.LogLevel.Default", "debug"), NSL_OK);
    assert_int_equal(settings.log_level, NSL_LOG_DEBUG);
    assert_int_equal(set("Tee.Debug", "true"), NSL_OK);
    assert_true(settings.tee_debug);
}

static void assert_flag_refused(const char *path, const char *value, const char *expected)
{
    assert_int_equal(set(path, value), NSL_ERR_CONFIG);
    assert_message(NSL_CONFIG_ERROR, expected);
    assert_int_equal(settings.server_http_port, 8080);
}

static void a_bad_flag_is_refused_by_the_flag_s_name(void **state)
{
    (void)state;
    assert_flag_refused("Server.HttpPort", "99999",
                        "0: --flag: must be an integer from -1 to 65535 (port); found 99999");
    assert_flag_refused("Server.HttpPort", "",
                        "0: --flag: must be an integer from -1 to 65535 (port); found ");
    assert_flag_refused("Server.HttpPort", "80 81",
                        "0: --flag: must be an integer from -1 to 65535 (port); found 80 81");
    assert_flag_refused("Server.HttpPort", "{}",
                        "0: --flag: must be an integer from -1 to 65535 (port); found {}");
    assert_flag_refused("Tee.Type", "no\"pe",
                        "0: --flag: must be one of \"Simulation\", \"Occlum\", \"Nitro\"; found "
                        "\"no\\\"pe\"");
    assert_flag_refused(
        "Server.ListenAddress", "\xff",
        "0: --flag: must be a string of at most 63 bytes without control characters; "
        "found \\xff");
    assert_flag_refused("Tee", "1", "0: Tee: no such setting");
    assert_flag_refused("Tee.Storage.Provider", "x", "0: Tee.Storage.Provider: no such setting");
}

static void assert_rule(const char *text, const char *expected)
{
    assert_int_equal(parse(text), NSL_OK);
    nsl_err err = nsl_config_check(&settings, &report);
    if (expected == NULL) {
        assert_int_equal(err, NSL_OK);
        assert_int_equal(report.count, 0);
    } else {
        assert_int_equal(err, NSL_ERR_CONFIG);
        assert_message(NSL_CONFIG_ERROR, expected);
    }
}

static void rules_between_settings_hold(void **state)
{
    (void)state;
    assert_rule("{}", NULL);
    assert_rule(
        "{\"Server\":{\"Mode\":\"production\"}}",
        "0: Server.Mode: production refuses the simulation back end: set Tee.Type to Occlum or "
        "Nitro and Tee.SimulationMode to false");
    assert_rule("{\"Server\":{\"Mode\":\"production\"},\"Tee\":{\"Type\":\"Nitro\"}}", NULL);
    assert_rule(
        "{\"Server\":{\"Mode\":\"production\"},\"Tee\":{\"Type\":\"Nitro\",\"Debug\":true}}",
        "0: Tee.Debug: must be false in production");
    assert_rule("{\"Server\":{\"Mode\":\"production\"},\"Tee\":{\"Type\":\"Occlum\",\"Occlum\":{"
                "\"EnableDebugMode\":true}}}",
                "0: Tee.Occlum.EnableDebugMode: must be false in production");
    assert_rule("{\"Server\":{\"HttpPort\":8443}}",
                "0: Server.HttpsPort: must differ from Server.HttpPort");
    assert_rule("{\"Server\":{\"HttpPort\":0,\"HttpsPort\":0}}", NULL);
    assert_rule("{\"Server\":{\"HttpPort\":-1}}", NULL);
    assert_rule("{\"Server\":{\"HttpPort\":-1,\"HttpsPort\":-1}}",
                "0: Server.HttpPort: is off and Server.HttpsPort too: nothing would be served");
}

static void a_shared_runner_in_production_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"Server\":{\"Mode\":\"production\"},\"Tee\":{\"Type\":\"Nitro\"},"
                           "\"Functions\":{\"RunnerMode\":\"shared\"}}"),
                     NSL_OK);
    assert_int_equal(nsl_config_check(&settings, &report), NSL_OK);
    assert_message(NSL_CONFIG_NOTICE,
                   "0: Functions.RunnerMode: shared lets one process serve several tenants");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_occlum_example_is_accepted),
        cmocka_unit_test(the_nitro_example_is_accepted_with_its_numbers_in_quotes),
        cmocka_unit_test(the_logging_example_is_accepted),
        cmocka_unit_test(the_occlum_json_example_is_accepted),
        cmocka_unit_test(the_older_appsettings_sections_are_accepted),
        cmocka_unit_test(every_row_takes_its_limits_and_default_from_a_file),
        cmocka_unit_test(every_row_refuses_what_is_beyond_by_path_and_range),
        cmocka_unit_test(every_row_refuses_every_other_type),
        cmocka_unit_test(every_ignored_key_is_checked_and_noticed),
        cmocka_unit_test(each_refusal_has_its_exact_message),
        cmocka_unit_test(unknown_keys_are_refused_with_a_hint_at_another_case),
        cmocka_unit_test(text_that_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(a_very_long_key_or_value_is_cut_in_its_message),
        cmocka_unit_test(all_errors_are_reported_and_nothing_is_set),
        cmocka_unit_test(errors_beyond_the_report_are_counted),
        cmocka_unit_test(one_setting_by_two_names_is_refused),
        cmocka_unit_test(sizes_are_read_with_units_of_1024),
        cmocka_unit_test(numbers_in_quotes_are_exact),
        cmocka_unit_test(a_file_that_is_too_large_or_too_deep_is_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused_and_sets_nothing),
        cmocka_unit_test(the_environment_selects_the_back_end),
        cmocka_unit_test(the_environment_sets_log_level_and_service_mode),
        cmocka_unit_test(bad_environment_values_are_refused_by_name),
        cmocka_unit_test(a_flag_sets_what_a_file_could),
        cmocka_unit_test(a_bad_flag_is_refused_by_the_flag_s_name),
        cmocka_unit_test(rules_between_settings_hold),
        cmocka_unit_test(a_shared_runner_in_production_is_noticed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
