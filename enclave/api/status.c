/* What the service tells of itself: health, versions, counters. Public, nothing of any call. */
#include <stdio.h>

#include "common/codec/hex.h"
#include "enclave/api/api.h"
#include "enclave/api/response.h"
#include "enclave/crypto/digest.h"

enum { STATUS_BODY_MAX = 64 * 1024 };

static void put_text(struct nsl_json_writer *writer, const char *key, const char *text)
{
    nsl_json_put_key(writer, nsl_bytes_text(key));
    nsl_json_put_text(writer, nsl_bytes_text(text));
}

static void put_number(struct nsl_json_writer *writer, const char *key, uint64_t number)
{
    nsl_json_put_key(writer, nsl_bytes_text(key));
    nsl_json_put_u64(writer, number);
}

static bool is_ready(const struct nsl_api *api)
{
    return nsl_scheduler_state(api->scheduler).runners_ready > 0;
}

static void put_walls(struct nsl_json_writer *writer, uint32_t missing)
{
    nsl_json_put_key(writer, NSL_TEXT("walls"));
    nsl_json_begin_object(writer);
    for (uint32_t bit = 1; bit <= NSL_WALL_ALL; bit <<= 1) {
        put_text(writer, nsl_wall_text(bit), (missing & bit) == 0 ? "up" : "missing");
    }
    nsl_json_end_object(writer);
}

static void put_scheduler(struct nsl_json_writer *writer, const struct nsl_api *api)
{
    struct nsl_scheduler_state state = nsl_scheduler_state(api->scheduler);
    nsl_json_put_key(writer, NSL_TEXT("runners"));
    nsl_json_begin_object(writer);
    put_number(writer, "ready", state.runners_ready);
    put_number(writer, "started", state.runners_started);
    put_number(writer, "crashed", state.runners_crashed);
    put_number(writer, "killed", state.runners_killed);
    nsl_json_end_object(writer);
    nsl_json_put_key(writer, NSL_TEXT("calls"));
    nsl_json_begin_object(writer);
    put_number(writer, "open", state.jobs);
    put_number(writer, "parked", state.parked);
    put_number(writer, "parkedBytes", state.parked_bytes);
    nsl_json_end_object(writer);
}

static void begin(struct nsl_json_writer *writer, struct nsl_buffer *body)
{
    nsl_buffer_init(body, STATUS_BODY_MAX, NSL_BUFFER_PLAIN);
    nsl_json_writer_init(writer, body);
    nsl_json_begin_object(writer);
}

/* A body without the envelope: health checks are read by tools that expect "status" on top. */
static void send(struct nsl_exchange *exchange, uint16_t status, struct nsl_json_writer *writer,
                 struct nsl_buffer *body)
{
    nsl_json_end_object(writer);
    nsl_err err = nsl_json_finish(writer);
    if (err == NSL_OK && status != 200) {
        nsl_exchange_respond(exchange, status, "application/json", body);
        return;
    }
    nsl_response_send(exchange, err, body);
}

void nsl_api_live(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct nsl_json_writer writer;
    struct nsl_buffer body;
    (void)api;
    begin(&writer, &body);
    put_text(&writer, "status", "Healthy");
    send(exchange, 200, &writer, &body);
}

void nsl_api_ready(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct nsl_json_writer writer;
    struct nsl_buffer body;
    begin(&writer, &body);
    put_text(&writer, "status", is_ready(api) ? "Healthy" : "Unhealthy");
    send(exchange, is_ready(api) ? 200 : 503, &writer, &body);
}

static void put_check(struct nsl_json_writer *writer, const char *component, bool is_healthy,
                      const char *description)
{
    nsl_json_begin_object(writer);
    put_text(writer, "component", component);
    put_text(writer, "status", is_healthy ? "Healthy" : "Unhealthy");
    put_text(writer, "description", description);
    nsl_json_end_object(writer);
}

void nsl_api_health(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct nsl_json_writer writer;
    struct nsl_buffer body;
    bool has_runner = is_ready(api);
    begin(&writer, &body);
    put_text(&writer, "status", has_runner ? "Healthy" : "Unhealthy");
    nsl_json_put_key(&writer, NSL_TEXT("checks"));
    nsl_json_begin_array(&writer);
    put_check(&writer, "gateway", true, "answers");
    put_check(&writer, "keeper", api->root.size != 0, "certified this instance's TLS key");
    put_check(&writer, "runners", has_runner, "at least one can take a call");
    nsl_json_end_array(&writer);
    send(exchange, has_runner ? 200 : 503, &writer, &body);
}

void nsl_api_health_enclave(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct nsl_json_writer writer;
    struct nsl_buffer body;
    begin(&writer, &body);
    put_text(&writer, "status", is_ready(api) ? "Healthy" : "Unhealthy");
    put_text(&writer, "backend", "simulation");
    put_text(&writer, "warning",
             "simulation: the machine's owner can read and change everything in here");
    put_walls(&writer, api->missing_walls);
    put_scheduler(&writer, api);
    send(exchange, is_ready(api) ? 200 : 503, &writer, &body);
}

static void put_limits(struct nsl_json_writer *writer, const struct nsl_settings *settings)
{
    nsl_json_put_key(writer, NSL_TEXT("limits"));
    nsl_json_begin_object(writer);
    put_number(writer, "gas", (uint64_t)settings->functions_gas_limit);
    put_number(writer, "timeMs", (uint64_t)nsl_settings_time_limit_ms(settings));
    put_number(writer, "heapBytes", (uint64_t)settings->functions_heap_bytes);
    put_number(writer, "codeBytes", (uint64_t)settings->functions_max_code_bytes);
    put_number(writer, "inputBytes", (uint64_t)settings->functions_max_input_bytes);
    put_number(writer, "resultBytes", (uint64_t)settings->functions_max_result_bytes);
    nsl_json_end_object(writer);
}

void nsl_api_info(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct nsl_json_writer writer;
    struct nsl_buffer body;
    uint8_t digest[NSL_SHA256_SIZE];
    char root[2 * NSL_SHA256_SIZE + 1] = {0};
    char started[NSL_TIMESTAMP_SIZE + 1] = {0};
    nsl_digest_sha256(nsl_bytes_of(api->root.der, api->root.size), digest);
    nsl_timestamp_format(api->started_ms, started);
    nsl_err err = nsl_hex_encode(nsl_bytes_of(digest, sizeof(digest)), root, 2 * NSL_SHA256_SIZE);
    begin(&writer, &body);
    put_text(&writer, "name", "Neo Service Layer");
    put_text(&writer, "backend", "simulation");
    put_text(&writer, "engine", nsl_engine_version());
    put_number(&writer, "gasVersion", nsl_engine_gas_version());
    put_text(&writer, "startedAt", started);
    put_text(&writer, "instanceRootSha256", err == NSL_OK ? root : "");
    put_limits(&writer, &api->settings);
    send(exchange, 200, &writer, &body);
}

static nsl_err write_metrics(const struct nsl_api *api, struct nsl_buffer *body)
{
    const struct nsl_api_counters *counters = &api->counters;
    struct nsl_scheduler_state state = nsl_scheduler_state(api->scheduler);
    const struct {
        const char *name;
        const char *type;
        uint64_t value;
    } rows[] = {
        {"nsl_requests_total", "counter", counters->requests},
        {"nsl_calls_total{outcome=\"done\"}", "counter", counters->calls_done},
        {"nsl_calls_total{outcome=\"thrown\"}", "counter", counters->calls_thrown},
        {"nsl_calls_total{outcome=\"exhausted\"}", "counter", counters->calls_exhausted},
        {"nsl_calls_total{outcome=\"failed\"}", "counter", counters->calls_failed},
        {"nsl_calls_total{outcome=\"refused\"}", "counter", counters->calls_refused},
        {"nsl_gas_used_total", "counter", counters->gas_used},
        {"nsl_calls_open", "gauge", state.jobs},
        {"nsl_calls_parked", "gauge", state.parked},
        {"nsl_calls_parked_bytes", "gauge", state.parked_bytes},
        {"nsl_runners_ready", "gauge", state.runners_ready},
        {"nsl_runners_started_total", "counter", state.runners_started},
        {"nsl_runners_crashed_total", "counter", state.runners_crashed},
        {"nsl_runners_killed_total", "counter", state.runners_killed},
        {"nsl_active_connections", "gauge", nsl_server_connection_count(api->server)},
    };
    const char *family = "";
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        char line[192];
        size_t name_size = strcspn(rows[index].name, "{");
        if (strncmp(family, rows[index].name, name_size) != 0 || family[name_size] == '_') {
            (void)snprintf(line, sizeof(line), "# TYPE %.*s %s\n", (int)name_size, rows[index].name,
                           rows[index].type);
            NSL_TRY(nsl_buffer_append_text(body, line));
        }
        family = rows[index].name;
        (void)snprintf(line, sizeof(line), "%s %llu\n", rows[index].name,
                       (unsigned long long)rows[index].value);
        NSL_TRY(nsl_buffer_append_text(body, line));
    }
    return NSL_OK;
}

void nsl_api_metrics(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct nsl_buffer body;
    nsl_buffer_init(&body, STATUS_BODY_MAX, NSL_BUFFER_PLAIN);
    if (write_metrics(api, &body) != NSL_OK) {
        nsl_response_send(exchange, NSL_ERR_TOO_LARGE, &body);
        return;
    }
    nsl_exchange_respond(exchange, 200, "text/plain; version=0.0.4", &body);
}
