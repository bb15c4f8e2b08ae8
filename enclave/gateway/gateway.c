#include "enclave/gateway/gateway.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/wipe.h"
#include "enclave/api/api.h"
#include "enclave/boundary/channel.h"
#include "enclave/confine/confine.h"
#include "enclave/engine/isolate.h"
#include "enclave/wire/keeper_messages.h"

enum { EVENTS = 64, CONNECTIONS_A_ROUND = 64, IDLE_MS = 1000 };

#define MS_NS UINT64_C(1000000)
#define NEVER UINT64_MAX

struct gateway {
    int init;
    int keeper;
    int host;
    int epoll;
    uint32_t missing_walls;
    struct nsl_control_state control;
    struct nsl_scheduler *scheduler;
    struct nsl_server *server;
    struct nsl_server_identity identity;
    struct nsl_api api;
    uint64_t stop_ns;  /* NEVER: not stopping; else exit at the latest then */
    bool is_host_full; /* FULL was sent */
};

static uint64_t now_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MS_NS + (uint64_t)now.tv_nsec;
}

/* ---- The host ---- */

static nsl_err send_to_host(struct gateway *gateway, const struct nsl_control_message *message)
{
    uint8_t packet[NSL_CONTROL_SMALL_MAX];
    size_t size = 0;
    NSL_TRY(nsl_control_encode(message, packet, sizeof(packet), &size));
    NSL_TRY(nsl_control_advance(&gateway->control, message->type, 0));
    return nsl_channel_send(gateway->host, nsl_bytes_of(packet, size), NULL, 0);
}

static nsl_err receive_from_host(struct gateway *gateway, enum nsl_channel_wait wait,
                                 uint8_t *buffer, size_t buffer_size,
                                 struct nsl_control_message *ret_message, int *ret_socket)
{
    struct nsl_channel_packet packet;
    NSL_TRY(nsl_channel_receive(gateway->host, wait, buffer, buffer_size, &packet));
    nsl_err err = nsl_control_decode(packet.bytes, NSL_CONTROL_FROM_HOST, ret_message);
    if (err == NSL_OK) {
        err = nsl_control_advance(&gateway->control, ret_message->type, packet.fd_count);
    }
    if (err != NSL_OK) {
        nsl_channel_close_fds(&packet);
        return err;
    }
    *ret_socket = packet.fd_count == 1 ? packet.fds[0] : -1;
    return NSL_OK;
}

static nsl_err receive_settings(struct gateway *gateway, struct nsl_settings *ret_settings)
{
    static uint8_t buffer[NSL_CONTROL_PACKET_MAX];
    struct nsl_control_message message;
    const char *bad_path = NULL;
    int socket = -1;
    NSL_TRY(
        receive_from_host(gateway, NSL_CHANNEL_BLOCK, buffer, sizeof(buffer), &message, &socket));
    nsl_err err = nsl_settings_decode(message.settings, ret_settings, &bad_path);
    if (err == NSL_ERR_CONFIG) {
        nsl_log(NSL_EVENT_config_error, NSL_LOG_TEXT("text", bad_path));
    }
    return err;
}

static nsl_err tell_fullness(struct gateway *gateway)
{
    size_t count = nsl_server_connection_count(gateway->server);
    size_t max = (size_t)gateway->api.settings.server_max_connections;
    if (!gateway->is_host_full && count >= max) {
        gateway->is_host_full = true;
        return send_to_host(gateway, &(struct nsl_control_message){.type = NSL_CONTROL_FULL});
    }
    if (gateway->is_host_full && count < max - max / 16) {
        gateway->is_host_full = false;
        return send_to_host(gateway, &(struct nsl_control_message){.type = NSL_CONTROL_RESUME});
    }
    return NSL_OK;
}

static nsl_err read_host(struct gateway *gateway)
{
    uint8_t buffer[NSL_CONTROL_SMALL_MAX];
    for (int count = 0; count < CONNECTIONS_A_ROUND; count++) {
        struct nsl_control_message message;
        int socket = -1;
        nsl_err err =
            receive_from_host(gateway, NSL_CHANNEL_POLL, buffer, sizeof(buffer), &message, &socket);
        if (err == NSL_ERR_AGAIN) {
            return NSL_OK;
        }
        NSL_TRY(err);
        if (message.type == NSL_CONTROL_CONNECTION) {
            (void)!nsl_server_add(gateway->server, &message.connection, socket);
        } else if (message.type == NSL_CONTROL_STOP) {
            gateway->stop_ns = now_ns() + message.stop_ms * MS_NS;
        }
    }
    return NSL_OK;
}

/* ---- init ---- */

static nsl_err read_init(struct gateway *gateway)
{
    for (;;) {
        struct nsl_init_message message;
        nsl_err err = nsl_init_receive(gateway->init, NSL_CHANNEL_POLL, NSL_ROLE_INIT,
                                       NSL_ROLE_GATEWAY, &message);
        if (err == NSL_ERR_AGAIN) {
            return NSL_OK;
        }
        NSL_TRY(err);
        NSL_TRY(nsl_scheduler_note_init(gateway->scheduler, &message));
    }
}

/* ---- Start ---- */

static nsl_err make_identity(struct gateway *gateway)
{
    NSL_TRY(nsl_certificate_new_key(&gateway->identity.key));
    return nsl_keeper_ask_certificate(gateway->keeper, gateway->identity.key,
                                      &gateway->identity.certificate, &gateway->api.root);
}

static nsl_err make_server(struct gateway *gateway)
{
    const struct nsl_settings *settings = &gateway->api.settings;
    struct nsl_server_api server_api = nsl_api_for_server(&gateway->api);
    const struct nsl_server_settings server_settings = {
        .connections_max = (uint32_t)settings->server_max_connections + CONNECTIONS_A_ROUND +
                           NSL_CONTROL_IN_FLIGHT,
        .request_timeout_ms = (uint32_t)settings->server_request_timeout_ms,
        .body_max = (size_t)settings->server_max_body_bytes,
    };
    NSL_TRY(make_identity(gateway));
    NSL_TRY(nsl_server_new(&server_settings, &server_api, &gateway->identity, &gateway->server));
    gateway->api.server = gateway->server;
    gateway->api.missing_walls = gateway->missing_walls;
    return NSL_OK;
}

static nsl_err watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? NSL_OK : NSL_ERR_IO;
}

static nsl_err make_epoll(struct gateway *gateway)
{
    int descriptors[NSL_SERVER_DESCRIPTORS];
    gateway->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (gateway->epoll < 0) {
        return NSL_ERR_IO;
    }
    nsl_server_descriptors(gateway->server, descriptors);
    for (size_t index = 0; index < NSL_SERVER_DESCRIPTORS; index++) {
        NSL_TRY(watch(gateway->epoll, descriptors[index]));
    }
    NSL_TRY(watch(gateway->epoll, gateway->host));
    nsl_scheduler_set_epoll(gateway->scheduler, gateway->epoll);
    return watch(gateway->epoll, gateway->init);
}

static nsl_err wait_all_ready(struct gateway *gateway)
{
    struct nsl_init_message ready = {
        .type = NSL_INIT_GATEWAY_READY,
        .value = gateway->missing_walls,
    };
    struct nsl_init_message all;
    NSL_TRY(nsl_init_send(gateway->init, &ready));
    NSL_TRY(
        nsl_init_receive(gateway->init, NSL_CHANNEL_BLOCK, NSL_ROLE_INIT, NSL_ROLE_GATEWAY, &all));
    if (all.type != NSL_INIT_ALL_READY) {
        return NSL_ERR_BAD_MESSAGE;
    }
    gateway->missing_walls = all.value;
    return NSL_OK;
}

static nsl_err wait_first_runner(struct gateway *gateway)
{
    while (nsl_scheduler_state(gateway->scheduler).runners_ready == 0) {
        struct nsl_init_message message;
        NSL_TRY(nsl_init_receive(gateway->init, NSL_CHANNEL_BLOCK, NSL_ROLE_INIT, NSL_ROLE_GATEWAY,
                                 &message));
        NSL_TRY(nsl_scheduler_note_init(gateway->scheduler, &message));
    }
    return NSL_OK;
}

static nsl_err tell_ready(struct gateway *gateway)
{
    struct nsl_control_message ready = {
        .type = NSL_CONTROL_READY,
        .ready = {.missing_walls = gateway->missing_walls, .gas_version = nsl_engine_gas_version()},
    };
    (void)snprintf(ready.ready.engine_version, sizeof(ready.ready.engine_version), "%s",
                   nsl_engine_version());
    return send_to_host(gateway, &ready);
}

/* Makes free() overwrite what it frees: what clients sent passes through memory of libmicrohttpd and
 * GnuTLS that nobody else wipes. */
enum { FREED_BYTE = 0xff };

static nsl_err start(struct gateway *gateway)
{
    struct nsl_settings settings;
    if (mallopt(M_PERTURB, FREED_BYTE) != 1) {
        return NSL_ERR_UNSUPPORTED;
    }
    NSL_TRY(nsl_certificate_setup());
    NSL_TRY(receive_settings(gateway, &settings));
    nsl_log_init(STDERR_FILENO, (enum nsl_log_level)settings.log_level, "gateway");
    NSL_TRY(nsl_confine_role(NSL_ROLE_GATEWAY, &gateway->missing_walls));
    NSL_TRY(wait_all_ready(gateway));
    struct nsl_scheduler_settings sizes = nsl_api_scheduler_settings(&settings);
    NSL_TRY(nsl_scheduler_new(gateway->init, &sizes, &gateway->scheduler));
    NSL_TRY(nsl_api_init(&gateway->api, &settings, gateway->scheduler));
    NSL_TRY(make_server(gateway));
    NSL_TRY(make_epoll(gateway));
    NSL_TRY(wait_first_runner(gateway));
    return tell_ready(gateway);
}

/* ---- The loop ---- */

static int wait_ms(const struct gateway *gateway, uint64_t now)
{
    uint64_t next = nsl_scheduler_next_ns(gateway->scheduler);
    uint64_t left = next <= now ? 0 : (next - now + MS_NS - 1) / MS_NS;
    int server = nsl_server_timeout_ms(gateway->server, now);
    int timeout = left > IDLE_MS ? IDLE_MS : (int)left;
    if (gateway->stop_ns != NEVER) {
        timeout = timeout > 10 ? 10 : timeout;
    }
    return server >= 0 && server < timeout ? server : timeout;
}

static nsl_err handle_events(struct gateway *gateway, const struct epoll_event *events, int count)
{
    for (int index = 0; index < count; index++) {
        if (events[index].data.fd == gateway->host) {
            NSL_TRY(read_host(gateway));
        } else if (events[index].data.fd == gateway->init) {
            NSL_TRY(read_init(gateway));
        }
    }
    return NSL_OK;
}

/* One round: sleep, take answers, serve clients, send calls. Everything that became possible in a
 * round is sent with one wake-up for each runner. */
static nsl_err run_round(struct gateway *gateway)
{
    struct epoll_event events[EVENTS];
    uint64_t now = now_ns();
    int timeout = wait_ms(gateway, now);
    if (timeout != 0 && !nsl_scheduler_prepare_wait(gateway->scheduler)) {
        timeout = 0;
    }
    int count = epoll_wait(gateway->epoll, events, EVENTS, timeout);
    nsl_scheduler_finish_wait(gateway->scheduler);
    nsl_server_note_time(gateway->server, now_ns());
    NSL_TRY(handle_events(gateway, events, count));
    now = now_ns();
    nsl_scheduler_run(gateway->scheduler, now);
    nsl_server_run(gateway->server, now);
    nsl_scheduler_run(gateway->scheduler, now);
    nsl_scheduler_flush(gateway->scheduler);
    return tell_fullness(gateway);
}

static bool is_finished(const struct gateway *gateway)
{
    return gateway->stop_ns != NEVER &&
           (nsl_server_open_exchange_count(gateway->server) == 0 || now_ns() >= gateway->stop_ns);
}

static nsl_err loop(struct gateway *gateway)
{
    while (!is_finished(gateway)) {
        NSL_TRY(run_round(gateway));
    }
    return send_to_host(gateway, &(struct nsl_control_message){.type = NSL_CONTROL_STOPPED});
}

nsl_err nsl_gateway_main(int init, int keeper, int host, uint32_t missing_walls)
{
    static struct gateway gateway;
    gateway = (struct gateway){
        .init = init,
        .keeper = keeper,
        .host = host,
        .epoll = -1,
        .missing_walls = missing_walls,
        .stop_ns = NEVER,
    };
    NSL_TRY(start(&gateway));
    return loop(&gateway);
}
