#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enclave/wire/init_messages.h"

struct row {
    enum nsl_init_type type;
    enum nsl_role from;
    enum nsl_role to;
    size_t fd_count;
};

static const struct row rows[] = {
#define NSL_INIT_MESSAGE(name, number, sender, receiver, fds, meaning)                             \
    {NSL_INIT_##name, NSL_ROLE_##sender, NSL_ROLE_##receiver, (fds)},
#include "enclave/wire/init_messages.def"
#undef NSL_INIT_MESSAGE
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const enum nsl_role roles[] = {NSL_ROLE_INIT, NSL_ROLE_KEEPER, NSL_ROLE_GATEWAY,
                                      NSL_ROLE_ZYGOTE, NSL_ROLE_RUNNER};

static int channel_up(void **state)
{
    static int ends[2];
    assert_int_equal(nsl_channel_pair(ends), NSL_OK);
    *state = ends;
    return 0;
}

static int channel_down(void **state)
{
    const int *ends = *state;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

/* The lowest free descriptor: it moves when one leaks. */
static int lowest_free_fd(void)
{
    int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);
    assert_true(fd >= 0);
    (void)close(fd);
    return fd;
}

static struct nsl_init_message message_of(const struct row *row, const int *fds)
{
    struct nsl_init_message message = {
        .type = row->type,
        .runner_id = 0x01020304,
        .value = 0xa1a2a3a4,
        .fd_count = row->fd_count,
    };
    for (size_t index = 0; index < row->fd_count; index++) {
        message.fds[index] = fds[index];
    }
    return message;
}

static void every_message_arrives_with_its_fields_and_descriptors(void **state)
{
    const int *ends = *state;
    int fds[NSL_RUNNER_FD_COUNT];
    for (size_t index = 0; index < NSL_RUNNER_FD_COUNT; index++) {
        fds[index] = eventfd((unsigned)(100 + index), EFD_NONBLOCK);
    }
    for (size_t row = 0; row < ROWS; row++) {
        struct nsl_init_message message = message_of(&rows[row], fds);
        struct nsl_init_message got;
        assert_int_equal(nsl_init_send(ends[0], &message), NSL_OK);
        assert_int_equal(
            nsl_init_receive(ends[1], NSL_CHANNEL_POLL, rows[row].from, rows[row].to, &got),
            NSL_OK);
        assert_int_equal(got.type, rows[row].type);
        assert_int_equal(got.runner_id, 0x01020304);
        assert_int_equal(got.value, 0xa1a2a3a4);
        assert_int_equal(got.fd_count, rows[row].fd_count);
        for (size_t index = 0; index < got.fd_count; index++) {
            /* The same open file under another number, and not inherited by a program. */
            uint64_t value = 0;
            assert_int_equal(read(got.fds[index], &value, sizeof(value)), sizeof(value));
            assert_int_equal(value, 100 + index);
            assert_int_equal(write(fds[index], &value, sizeof(value)), sizeof(value));
            assert_int_equal(fcntl(got.fds[index], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
            (void)close(got.fds[index]);
        }
    }
    for (size_t index = 0; index < NSL_RUNNER_FD_COUNT; index++) {
        (void)close(fds[index]);
    }
}

static void the_table_alone_says_who_may_send_what(void **state)
{
    const int *ends = *state;
    int fds[NSL_RUNNER_FD_COUNT] = {0, 0};
    int before = lowest_free_fd();
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t pair = 0; pair < 25; pair++) {
            enum nsl_role from = roles[pair / 5];
            enum nsl_role to = roles[pair % 5];
            bool is_allowed = from == rows[row].from && to == rows[row].to;
            struct nsl_init_message message = message_of(&rows[row], fds);
            struct nsl_init_message got = {0};
            assert_int_equal(nsl_init_send(ends[0], &message), NSL_OK);
            assert_int_equal(nsl_init_receive(ends[1], NSL_CHANNEL_POLL, from, to, &got),
                             is_allowed ? NSL_OK : NSL_ERR_BAD_MESSAGE);
            for (size_t index = 0; index < got.fd_count; index++) {
                (void)close(got.fds[index]);
            }
        }
    }
    assert_int_equal(lowest_free_fd(), before);
}

static void a_wrong_number_of_descriptors_is_refused_and_none_stays_open(void **state)
{
    const int *ends = *state;
    const int fds[NSL_CHANNEL_FDS_MAX] = {0, 0, 0, 0};
    int before = lowest_free_fd();
    for (size_t row = 0; row < ROWS; row++) {
        uint8_t bytes[NSL_INIT_PACKET_SIZE] = {NSL_INIT_VERSION, (uint8_t)rows[row].type};
        for (size_t count = 0; count <= NSL_CHANNEL_FDS_MAX; count++) {
            struct nsl_init_message got;
            if (count == rows[row].fd_count) {
                continue;
            }
            assert_int_equal(
                nsl_channel_send(ends[0], nsl_bytes_of(bytes, sizeof(bytes)), fds, count), NSL_OK);
            assert_int_equal(
                nsl_init_receive(ends[1], NSL_CHANNEL_POLL, rows[row].from, rows[row].to, &got),
                NSL_ERR_BAD_MESSAGE);
            assert_int_equal(lowest_free_fd(), before);
        }
    }
}

static void every_other_packet_size_is_refused(void **state)
{
    const int *ends = *state;
    uint8_t bytes[64] = {NSL_INIT_VERSION, NSL_INIT_LARGE_SIZE};
    struct nsl_init_message got;
    for (size_t size = 1; size <= sizeof(bytes); size++) {
        assert_int_equal(nsl_channel_send(ends[0], nsl_bytes_of(bytes, size), NULL, 0), NSL_OK);
        assert_int_equal(
            nsl_init_receive(ends[1], NSL_CHANNEL_POLL, NSL_ROLE_GATEWAY, NSL_ROLE_INIT, &got),
            size == NSL_INIT_PACKET_SIZE ? NSL_OK : NSL_ERR_BAD_MESSAGE);
    }
}

static void every_flipped_bit_is_refused_or_changes_only_its_field(void **state)
{
    const int *ends = *state;
    const uint8_t clean[NSL_INIT_PACKET_SIZE] = {
        NSL_INIT_VERSION, NSL_INIT_LARGE_SIZE, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    for (size_t bit = 0; bit < 8 * sizeof(clean); bit++) {
        uint8_t bytes[sizeof(clean)];
        struct nsl_init_message got;
        for (size_t index = 0; index < sizeof(clean); index++) {
            bytes[index] = clean[index];
        }
        bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        assert_int_equal(nsl_channel_send(ends[0], nsl_bytes_of(bytes, sizeof(bytes)), NULL, 0),
                         NSL_OK);
        nsl_err err =
            nsl_init_receive(ends[1], NSL_CHANNEL_POLL, NSL_ROLE_GATEWAY, NSL_ROLE_INIT, &got);
        if (bit / 8 == 0 || bit / 8 == 2 || bit / 8 == 3) {
            assert_int_equal(err, NSL_ERR_BAD_MESSAGE);
        } else if (bit / 8 == 1) {
            /* 5 becomes another type: only those that the gateway may send to init are accepted. */
            bool is_other = bytes[1] == NSL_INIT_START_RUNNER || bytes[1] == NSL_INIT_KILL_RUNNER;
            assert_int_equal(err, is_other ? NSL_OK : NSL_ERR_BAD_MESSAGE);
        } else {
            assert_int_equal(err, NSL_OK);
            assert_int_equal(got.type, NSL_INIT_LARGE_SIZE);
            assert_int_equal(got.runner_id ^ 0x04030201,
                             bit / 8 < 8 ? UINT32_C(1) << (bit - 32) : 0);
            assert_int_equal(got.value ^ 0x08070605, bit / 8 < 8 ? 0 : UINT32_C(1) << (bit - 64));
        }
    }
}

static void receiving_tells_nothing_there_and_end_of_file_apart(void **state)
{
    int *ends = *state;
    struct nsl_init_message got;
    assert_int_equal(
        nsl_init_receive(ends[1], NSL_CHANNEL_POLL, NSL_ROLE_GATEWAY, NSL_ROLE_INIT, &got),
        NSL_ERR_AGAIN);
    (void)close(ends[0]);
    assert_int_equal(
        nsl_init_receive(ends[1], NSL_CHANNEL_BLOCK, NSL_ROLE_GATEWAY, NSL_ROLE_INIT, &got),
        NSL_ERR_CLOSED);
    struct nsl_init_message message = {.type = NSL_INIT_START_RUNNER};
    assert_int_equal(nsl_init_send(ends[1], &message), NSL_ERR_CLOSED);
    (void)close(ends[1]);
    assert_int_equal(nsl_channel_pair(ends), NSL_OK); /* for the teardown */
}

/* ---- The channel below ---- */

static void the_channel_keeps_packets_apart(void **state)
{
    const int *ends = *state;
    uint8_t buffer[16];
    struct nsl_channel_packet packet;
    assert_int_equal(nsl_channel_send(ends[0], NSL_TEXT("one"), NULL, 0), NSL_OK);
    assert_int_equal(nsl_channel_send(ends[0], NSL_TEXT("two!"), NULL, 0), NSL_OK);
    assert_int_equal(
        nsl_channel_receive(ends[1], NSL_CHANNEL_BLOCK, buffer, sizeof(buffer), &packet), NSL_OK);
    assert_true(nsl_bytes_equal(packet.bytes, NSL_TEXT("one")));
    assert_int_equal(
        nsl_channel_receive(ends[1], NSL_CHANNEL_BLOCK, buffer, sizeof(buffer), &packet), NSL_OK);
    assert_true(nsl_bytes_equal(packet.bytes, NSL_TEXT("two!")));
}

static void the_channel_refuses_a_longer_packet_whole_and_closes_its_descriptors(void **state)
{
    const int *ends = *state;
    const int fds[] = {0, 0};
    uint8_t buffer[4];
    struct nsl_channel_packet packet;
    int before = lowest_free_fd();
    assert_int_equal(nsl_channel_send(ends[0], NSL_TEXT("12345"), fds, 2), NSL_OK);
    assert_int_equal(
        nsl_channel_receive(ends[1], NSL_CHANNEL_POLL, buffer, sizeof(buffer), &packet),
        NSL_ERR_BAD_MESSAGE);
    assert_int_equal(lowest_free_fd(), before);
    assert_int_equal(
        nsl_channel_receive(ends[1], NSL_CHANNEL_POLL, buffer, sizeof(buffer), &packet),
        NSL_ERR_AGAIN);
}

/* More descriptors than the receiver has room for: the kernel cuts them off and says so. */
static void the_channel_refuses_more_descriptors_than_it_takes(void **state)
{
    const int *ends = *state;
    enum { TOO_MANY = NSL_CHANNEL_FDS_MAX + 6 };
    int fds[TOO_MANY] = {0};
    union {
        struct cmsghdr head;
        uint8_t space[CMSG_SPACE(sizeof(fds))];
    } control = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t) "x", .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(fds));
    for (size_t index = 0; index < sizeof(fds); index++) {
        CMSG_DATA(head)[index] = ((const uint8_t *)fds)[index];
    }
    int before = lowest_free_fd();
    assert_int_equal(sendmsg(ends[0], &message, 0), 1);
    uint8_t buffer[4];
    struct nsl_channel_packet packet;
    assert_int_equal(
        nsl_channel_receive(ends[1], NSL_CHANNEL_POLL, buffer, sizeof(buffer), &packet),
        NSL_ERR_BAD_MESSAGE);
    assert_int_equal(lowest_free_fd(), before);
}

static void a_full_channel_says_again_when_it_may_not_block(void **state)
{
    const int *ends = *state;
    static const uint8_t bytes[1024];
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    nsl_err err = NSL_OK;
    size_t count = 0;
    while (err == NSL_OK && count < 100000) {
        err = nsl_channel_send(ends[0], nsl_bytes_of(bytes, sizeof(bytes)), NULL, 0);
        count++;
    }
    assert_int_equal(err, NSL_ERR_AGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, channel_up, channel_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_message_arrives_with_its_fields_and_descriptors),
        TEST(the_table_alone_says_who_may_send_what),
        TEST(a_wrong_number_of_descriptors_is_refused_and_none_stays_open),
        TEST(every_other_packet_size_is_refused),
        TEST(every_flipped_bit_is_refused_or_changes_only_its_field),
        TEST(receiving_tells_nothing_there_and_end_of_file_apart),
        TEST(the_channel_keeps_packets_apart),
        TEST(the_channel_refuses_a_longer_packet_whole_and_closes_its_descriptors),
        TEST(the_channel_refuses_more_descriptors_than_it_takes),
        TEST(a_full_channel_says_again_when_it_may_not_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
