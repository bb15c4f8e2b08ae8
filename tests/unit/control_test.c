#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/wire/control.h"

struct sample {
    struct nsl_control_message message;
    enum nsl_control_sender sender;
    size_t descriptor_count;
    const char *bytes; /* the packet, as documented in control.h */
    size_t size;
};

#define PACKET(text) text, sizeof(text) - 1

static size_t samples(struct sample *ret)
{
    const struct sample all[] = {
        {{.type = NSL_CONTROL_SETTINGS, .settings = NSL_TEXT("abc")},
         NSL_CONTROL_FROM_HOST,
         0,
         PACKET("\1\1\0\0\3\0\0\0abc")},
        {{.type = NSL_CONTROL_CONNECTION,
          .connection = {.kind = 1, .family = 4, .port = 0x1234, .address = {127, 0, 0, 1}}},
         NSL_CONTROL_FROM_HOST,
         1,
         PACKET("\1\2\0\0\x14\0\0\0\1\4\x34\x12\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0")},
        {{.type = NSL_CONTROL_STOP, .stop_ms = 5000},
         NSL_CONTROL_FROM_HOST,
         0,
         PACKET("\1\3\0\0\4\0\0\0\x88\x13\0\0")},
        {{.type = NSL_CONTROL_READY,
          .ready = {.missing_walls = 0x21, .gas_version = 7, .engine_version = "qjs 1"}},
         NSL_CONTROL_FROM_ENCLAVE,
         0,
         PACKET("\1\x10\0\0\x0f\0\0\0\x21\0\0\0\5\0qjs 1\7\0\0\0")},
        {{.type = NSL_CONTROL_FULL}, NSL_CONTROL_FROM_ENCLAVE, 0, PACKET("\1\x11\0\0\0\0\0\0")},
        {{.type = NSL_CONTROL_RESUME}, NSL_CONTROL_FROM_ENCLAVE, 0, PACKET("\1\x12\0\0\0\0\0\0")},
        {{.type = NSL_CONTROL_STOPPED}, NSL_CONTROL_FROM_ENCLAVE, 0, PACKET("\1\x13\0\0\0\0\0\0")},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        ret[i] = all[i];
    }
    return sizeof(all) / sizeof(all[0]);
}

static void encode_writes_the_documented_bytes(void **state)
{
    (void)state;
    struct sample all[16];
    size_t count = samples(all);
    assert_int_equal(count, 7);
    for (size_t i = 0; i < count; i++) {
        uint8_t out[128];
        size_t size = 0;
        assert_int_equal(nsl_control_encode(&all[i].message, out, sizeof(out), &size), NSL_OK);
        assert_int_equal(size, all[i].size);
        assert_memory_equal(out, all[i].bytes, size);
    }
}

static void decode_gives_back_every_field(void **state)
{
    (void)state;
    struct sample all[16];
    size_t count = samples(all);
    for (size_t i = 0; i < count; i++) {
        struct nsl_control_message got;
        assert_int_equal(
            nsl_control_decode(nsl_bytes_of(all[i].bytes, all[i].size), all[i].sender, &got),
            NSL_OK);
        assert_int_equal(got.type, all[i].message.type);
        uint8_t again[128];
        size_t size = 0;
        assert_int_equal(nsl_control_encode(&got, again, sizeof(again), &size), NSL_OK);
        assert_int_equal(size, all[i].size);
        assert_memory_equal(again, all[i].bytes, size);
    }
    struct nsl_control_message ready;
    assert_int_equal(nsl_control_decode(nsl_bytes_of(all[3].bytes, all[3].size),
                                        NSL_CONTROL_FROM_ENCLAVE, &ready),
                     NSL_OK);
    assert_string_equal(ready.ready.engine_version, "qjs 1");
    assert_int_equal(ready.ready.gas_version, 7);
    assert_int_equal(ready.ready.missing_walls, NSL_WALL_USER_NAMESPACE | NSL_WALL_USER_CHANGE);
}

static void decode_refuses_every_shorter_and_longer_packet(void **state)
{
    (void)state;
    struct sample all[16];
    size_t count = samples(all);
    for (size_t i = 0; i < count; i++) {
        struct nsl_control_message got;
        uint8_t copy[128] = {0};
        for (size_t k = 0; k < all[i].size; k++) {
            copy[k] = (uint8_t)all[i].bytes[k];
        }
        for (size_t size = 0; size < all[i].size; size++) {
            assert_int_equal(nsl_control_decode(nsl_bytes_of(copy, size), all[i].sender, &got),
                             NSL_ERR_BAD_MESSAGE);
        }
        assert_int_equal(
            nsl_control_decode(nsl_bytes_of(copy, all[i].size + 1), all[i].sender, &got),
            NSL_ERR_BAD_MESSAGE);
        if (all[i].message.type != NSL_CONTROL_SETTINGS) {
            copy[4]++; /* the size field agrees with the packet, the type's form does not */
            assert_int_equal(
                nsl_control_decode(nsl_bytes_of(copy, all[i].size + 1), all[i].sender, &got),
                NSL_ERR_BAD_MESSAGE);
        }
    }
}

static void decode_refuses_the_wrong_sender(void **state)
{
    (void)state;
    struct sample all[16];
    size_t count = samples(all);
    for (size_t i = 0; i < count; i++) {
        enum nsl_control_sender other = all[i].sender == NSL_CONTROL_FROM_HOST
                                            ? NSL_CONTROL_FROM_ENCLAVE
                                            : NSL_CONTROL_FROM_HOST;
        struct nsl_control_message got;
        assert_int_equal(nsl_control_decode(nsl_bytes_of(all[i].bytes, all[i].size), other, &got),
                         NSL_ERR_BAD_MESSAGE);
    }
}

static void refuse(const char *bytes, size_t size, enum nsl_control_sender sender)
{
    struct nsl_control_message got = {.type = NSL_CONTROL_STOPPED};
    assert_int_equal(nsl_control_decode(nsl_bytes_of(bytes, size), sender, &got),
                     NSL_ERR_BAD_MESSAGE);
    assert_int_equal(got.type, NSL_CONTROL_STOPPED);
}

static void decode_refuses_values_out_of_range(void **state)
{
    (void)state;
    refuse(PACKET("\2\x11\0\0\0\0\0\0"), NSL_CONTROL_FROM_ENCLAVE); /* version */
    refuse(PACKET("\1\x14\0\0\0\0\0\0"), NSL_CONTROL_FROM_ENCLAVE); /* type */
    refuse(PACKET("\1\x11\1\0\0\0\0\0"), NSL_CONTROL_FROM_ENCLAVE); /* flags */
    refuse(PACKET("\1\x11\0\0\0\0\0\1"), NSL_CONTROL_FROM_ENCLAVE); /* size */
    refuse(PACKET("\1\1\0\0\0\0\0\0"), NSL_CONTROL_FROM_HOST);      /* empty settings */
    /* connection: kind, family, rest of an IPv4 address */
    refuse(PACKET("\1\2\0\0\x14\0\0\0\2\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
           NSL_CONTROL_FROM_HOST);
    refuse(PACKET("\1\2\0\0\x14\0\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
           NSL_CONTROL_FROM_HOST);
    refuse(PACKET("\1\2\0\0\x14\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
           NSL_CONTROL_FROM_HOST);
    refuse(PACKET("\1\3\0\0\4\0\0\0\xff\xff\xff\xff"), NSL_CONTROL_FROM_HOST); /* drain time */
    /* ready: unknown wall, empty text, longer text than there is, control character, NUL inside */
    refuse(PACKET("\1\x10\0\0\x0b\0\0\0\x40\0\0\0\1\0q\7\0\0\0"), NSL_CONTROL_FROM_ENCLAVE);
    refuse(PACKET("\1\x10\0\0\x0a\0\0\0\0\0\0\0\0\0\7\0\0\0"), NSL_CONTROL_FROM_ENCLAVE);
    refuse(PACKET("\1\x10\0\0\x0b\0\0\0\0\0\0\0\2\0q\7\0\0\0"), NSL_CONTROL_FROM_ENCLAVE);
    refuse(PACKET("\1\x10\0\0\x0b\0\0\0\0\0\0\0\xff\xffq\7\0\0\0"), NSL_CONTROL_FROM_ENCLAVE);
    refuse(PACKET("\1\x10\0\0\x0b\0\0\0\0\0\0\0\1\0\n\7\0\0\0"), NSL_CONTROL_FROM_ENCLAVE);
    refuse(PACKET("\1\x10\0\0\x0d\0\0\0\0\0\0\0\3\0a\0b\7\0\0\0"), NSL_CONTROL_FROM_ENCLAVE);
}

static void encode_refuses_values_out_of_range_and_small_buffers(void **state)
{
    (void)state;
    uint8_t out[16];
    size_t size = 99;
    struct nsl_control_message stop = {.type = NSL_CONTROL_STOP,
                                       .stop_ms = NSL_CONTROL_DRAIN_MAX_MS + 1};
    assert_int_equal(nsl_control_encode(&stop, out, sizeof(out), &size), NSL_ERR_BAD_ARGUMENT);
    stop.stop_ms = NSL_CONTROL_DRAIN_MAX_MS;
    for (size_t capacity = 0; capacity < 12; capacity++) {
        assert_int_equal(nsl_control_encode(&stop, out, capacity, &size), NSL_ERR_TOO_LARGE);
    }
    assert_int_equal(size, 99);
    assert_int_equal(nsl_control_encode(&stop, out, 12, &size), NSL_OK);
    static uint8_t large[NSL_CONTROL_SETTINGS_MAX + 1];
    static uint8_t packet[NSL_CONTROL_PACKET_MAX + 1];
    struct nsl_control_message settings = {.type = NSL_CONTROL_SETTINGS,
                                           .settings = {large, sizeof(large)}};
    assert_int_equal(nsl_control_encode(&settings, packet, sizeof(packet), &size),
                     NSL_ERR_TOO_LARGE);
    settings.settings.size--;
    assert_int_equal(nsl_control_encode(&settings, packet, sizeof(packet), &size), NSL_OK);
    assert_int_equal(size, NSL_CONTROL_PACKET_MAX);
    struct nsl_control_message ready = {.type = NSL_CONTROL_READY};
    assert_int_equal(nsl_control_encode(&ready, packet, sizeof(packet), &size),
                     NSL_ERR_BAD_ARGUMENT);
}

/* The whole table of who may say what when: rows are types, columns the five phases. */
static void advance_allows_exactly_the_table(void **state)
{
    (void)state;
    static const struct {
        enum nsl_control_type type;
        size_t descriptor_count;
        const char *allowed; /* NEW STARTING SERVING STOPPING STOPPED */
    } table[] = {
        {NSL_CONTROL_SETTINGS, 0, "y----"}, {NSL_CONTROL_CONNECTION, 1, "--y--"},
        {NSL_CONTROL_STOP, 0, "-yy--"},     {NSL_CONTROL_READY, 0, "-y-y-"},
        {NSL_CONTROL_FULL, 0, "--yy-"},     {NSL_CONTROL_RESUME, 0, "--yy-"},
        {NSL_CONTROL_STOPPED, 0, "---y-"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (int phase = 0; phase < 5; phase++) {
            struct nsl_control_state at = {.phase = (enum nsl_control_phase)phase};
            bool is_flow = table[i].type == NSL_CONTROL_FULL || table[i].type == NSL_CONTROL_RESUME;
            at.is_ready = is_flow;
            at.is_full = table[i].type == NSL_CONTROL_RESUME;
            nsl_err want = table[i].allowed[phase] == 'y' ? NSL_OK : NSL_ERR_BAD_MESSAGE;
            struct nsl_control_state before = at;
            assert_int_equal(nsl_control_advance(&at, table[i].type, table[i].descriptor_count + 1),
                             NSL_ERR_BAD_MESSAGE);
            assert_int_equal(nsl_control_advance(&at, table[i].type, table[i].descriptor_count),
                             want);
            if (want != NSL_OK) {
                assert_int_equal(at.phase, before.phase);
            }
        }
    }
}

static void advance_refuses_ready_twice_and_flow_out_of_turn(void **state)
{
    (void)state;
    struct nsl_control_state at = {0};
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_SETTINGS, 0), NSL_OK);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_READY, 0), NSL_OK);
    assert_int_equal(at.phase, NSL_CONTROL_PHASE_SERVING);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_READY, 0), NSL_ERR_BAD_MESSAGE);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_RESUME, 0), NSL_ERR_BAD_MESSAGE);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_FULL, 0), NSL_OK);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_FULL, 0), NSL_ERR_BAD_MESSAGE);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_CONNECTION, 1), NSL_OK);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_RESUME, 0), NSL_OK);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_STOP, 0), NSL_OK);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_READY, 0), NSL_ERR_BAD_MESSAGE);
    assert_int_equal(nsl_control_advance(&at, NSL_CONTROL_STOPPED, 0), NSL_OK);
    assert_int_equal(at.phase, NSL_CONTROL_PHASE_STOPPED);
}

static void names_come_from_the_tables(void **state)
{
    (void)state;
    assert_string_equal(nsl_control_type_name(NSL_CONTROL_CONNECTION), "CONNECTION");
    assert_string_equal(nsl_control_type_name((enum nsl_control_type)200), "UNKNOWN");
    uint32_t all = 0;
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        if (nsl_wall_text(bit) != NULL) {
            all |= bit;
        }
    }
    assert_int_equal(all, NSL_WALL_ALL);
    assert_null(nsl_wall_text(3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_writes_the_documented_bytes),
        cmocka_unit_test(decode_gives_back_every_field),
        cmocka_unit_test(decode_refuses_every_shorter_and_longer_packet),
        cmocka_unit_test(decode_refuses_the_wrong_sender),
        cmocka_unit_test(decode_refuses_values_out_of_range),
        cmocka_unit_test(encode_refuses_values_out_of_range_and_small_buffers),
        cmocka_unit_test(advance_allows_exactly_the_table),
        cmocka_unit_test(advance_refuses_ready_twice_and_flow_out_of_turn),
        cmocka_unit_test(names_come_from_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
