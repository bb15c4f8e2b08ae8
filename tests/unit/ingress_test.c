#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/ingress/ingress.h"

static struct nsl_address address_of(const char *text)
{
    struct nsl_address address;
    assert_int_equal(nsl_address_parse(text, &address), NSL_OK);
    return address;
}

static struct nsl_listener listener_on(const char *text, enum nsl_control_kind kind)
{
    struct nsl_address address = address_of(text);
    struct nsl_listener listener;
    int number = 0;
    assert_int_equal(nsl_listener_open(&listener, kind, &address, 0, &number), NSL_OK);
    return listener;
}

static uint16_t port_of(const struct nsl_listener *listener)
{
    return (uint16_t)strtoul(strrchr(listener->url, ':') + 1, NULL, 10);
}

static int connect_to(const struct nsl_listener *listener)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port_of(listener)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void address_takes_numbers_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_loopback;
    } good[] = {{"127.0.0.1", true},   {"127.9.9.9", true},  {"localhost", true},
                {"::1", true},         {"0.0.0.0", false},   {"::", false},
                {"10.0.0.1", false},   {"126.0.0.1", false}, {"128.0.0.1", false},
                {"2001:db8::1", false}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct nsl_address address = address_of(good[i].text);
        assert_int_equal(nsl_address_is_loopback(&address), good[i].is_loopback);
    }
    static const char *const bad[] = {"",          "example",   "127.0.0.1:80", "127.0.0",
                                      "1.2.3.4.5", "256.0.0.1", "[::1]",        "127.0.0.1 "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct nsl_address address;
        assert_int_equal(nsl_address_parse(bad[i], &address), NSL_ERR_BAD_ARGUMENT);
    }
}

static void listener_names_its_real_port_and_refuses_a_taken_one(void **state)
{
    (void)state;
    struct nsl_listener first = listener_on("127.0.0.1", NSL_CONTROL_HTTP);
    char want[NSL_LISTENER_URL_MAX];
    snprintf(want, sizeof(want), "http://127.0.0.1:%u", port_of(&first));
    assert_string_equal(first.url, want);
    assert_true(port_of(&first) > 0);
    struct nsl_address address = address_of("127.0.0.1");
    struct nsl_listener second;
    int number = 0;
    assert_int_equal(
        nsl_listener_open(&second, NSL_CONTROL_HTTPS, &address, port_of(&first), &number),
        NSL_ERR_IO);
    assert_int_equal(number, EADDRINUSE);
    nsl_listener_close(&first);
    nsl_listener_close(&first);
    struct nsl_listener ipv6;
    address = address_of("::1");
    if (nsl_listener_open(&ipv6, NSL_CONTROL_HTTPS, &address, 0, &number) == NSL_OK) {
        assert_memory_equal(ipv6.url, "https://[::1]:", 14);
        nsl_listener_close(&ipv6);
    }
}

static void accepts_a_batch_and_knows_where_each_came_from(void **state)
{
    (void)state;
    struct nsl_listener listener = listener_on("127.0.0.1", NSL_CONTROL_HTTPS);
    struct nsl_ingress ingress = {0};
    assert_int_equal(nsl_ingress_accept(&ingress, &listener), NSL_OK); /* nobody there */
    assert_int_equal(ingress.count, 0);
    int clients[NSL_CHANNEL_BATCH + 5];
    size_t count = sizeof(clients) / sizeof(clients[0]);
    for (size_t i = 0; i < count; i++) {
        clients[i] = connect_to(&listener);
    }
    assert_int_equal(nsl_ingress_accept(&ingress, &listener), NSL_OK);
    assert_int_equal(ingress.count, NSL_CHANNEL_BATCH);
    for (size_t i = 0; i < ingress.count; i++) {
        struct sockaddr_in name;
        socklen_t size = sizeof(name);
        assert_int_equal(getsockname(clients[i], (struct sockaddr *)&name, &size), 0);
        assert_int_equal(ingress.queue[i].from.port, ntohs(name.sin_port));
        assert_int_equal(ingress.queue[i].from.kind, NSL_CONTROL_HTTPS);
        assert_int_equal(ingress.queue[i].from.family, NSL_CONTROL_IPV4);
        assert_memory_equal(ingress.queue[i].from.address, "\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16);
        int on = 0;
        size = sizeof(on);
        assert_int_equal(getsockopt(ingress.queue[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
        assert_true(on != 0);
        assert_true((fcntl(ingress.queue[i].fd, F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(ingress.queue[i].fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    nsl_ingress_done(&ingress);
    assert_int_equal(ingress.count, 0);
    assert_int_equal(nsl_ingress_accept(&ingress, &listener), NSL_OK);
    assert_int_equal(ingress.count, 5);
    nsl_ingress_done(&ingress);
    for (size_t i = 0; i < count; i++) {
        close(clients[i]);
    }
    nsl_listener_close(&listener);
}

static void flush_keeps_what_the_channel_does_not_take_and_loses_none(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    int small = 1;
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    struct nsl_listener listener = listener_on("127.0.0.1", NSL_CONTROL_HTTP);
    int clients[20];
    for (size_t i = 0; i < 20; i++) {
        clients[i] = connect_to(&listener);
    }
    struct nsl_ingress ingress = {0};
    assert_int_equal(nsl_ingress_accept(&ingress, &listener), NSL_OK);
    assert_int_equal(ingress.count, 20);
    uint16_t ports[20];
    for (size_t i = 0; i < 20; i++) {
        ports[i] = ingress.queue[i].from.port;
    }
    size_t received = 0;
    int rounds = 0;
    while (received < 20) {
        nsl_err err = nsl_ingress_flush(&ingress, pair[0]);
        assert_true(err == NSL_OK || err == NSL_ERR_AGAIN);
        assert_true((err == NSL_OK) == (ingress.count == 0));
        uint8_t packet[64];
        ssize_t size;
        while ((size = recv(pair[1], packet, sizeof(packet), 0)) > 0) {
            struct nsl_control_message message;
            assert_int_equal(nsl_control_decode(nsl_bytes_of(packet, (size_t)size),
                                                NSL_CONTROL_FROM_HOST, &message),
                             NSL_OK);
            assert_int_equal(message.connection.port, ports[received]);
            received++;
        }
        assert_true(++rounds <= 20);
    }
    assert_true(rounds > 1); /* the channel was full at least once, or nothing was shown */
    assert_int_equal(ingress.count, 0);
    close(pair[1]);
    close(clients[0]);
    clients[0] = connect_to(&listener);
    assert_int_equal(nsl_ingress_accept(&ingress, &listener), NSL_OK);
    assert_int_equal(nsl_ingress_flush(&ingress, pair[0]), NSL_ERR_CLOSED);
    assert_int_equal(ingress.count, 1); /* waits for the next enclave */
    nsl_ingress_done(&ingress);
    for (size_t i = 0; i < 20; i++) {
        close(clients[i]);
    }
    close(pair[0]);
    nsl_listener_close(&listener);
}

static void narrow_channel_bounds_what_is_on_its_way(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    nsl_channel_narrow(pair[0]);
    struct nsl_channel_connection connection = {.fd = pair[1], .from = {.family = 4}};
    size_t on_their_way = 0;
    size_t sent = 1;
    while (sent == 1) {
        (void)!nsl_channel_send_connections(pair[0], &connection, 1, &sent);
        on_their_way += sent;
        assert_true(on_their_way <= NSL_CONTROL_IN_FLIGHT);
    }
    assert_true(on_their_way >= 8); /* and still enough for a batch */
    close(pair[0]);
    close(pair[1]);
}

static void accept_reports_that_descriptors_ran_out(void **state)
{
    (void)state;
    struct nsl_listener listener = listener_on("127.0.0.1", NSL_CONTROL_HTTP);
    int client = connect_to(&listener);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct nsl_ingress ingress = {0};
    nsl_err err = nsl_ingress_accept(&ingress, &listener);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, NSL_ERR_IO);
    assert_int_equal(nsl_ingress_accept(&ingress, &listener), NSL_OK); /* the client still waits */
    assert_int_equal(ingress.count, 1);
    nsl_ingress_done(&ingress);
    close(client);
    nsl_listener_close(&listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_takes_numbers_only),
        cmocka_unit_test(listener_names_its_real_port_and_refuses_a_taken_one),
        cmocka_unit_test(accepts_a_batch_and_knows_where_each_came_from),
        cmocka_unit_test(flush_keeps_what_the_channel_does_not_take_and_loses_none),
        cmocka_unit_test(narrow_channel_bounds_what_is_on_its_way),
        cmocka_unit_test(accept_reports_that_descriptors_ran_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
