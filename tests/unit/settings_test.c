#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/settings/config.h"
#include "tests/unit/settings_rows.h"

static struct nsl_settings defaults(void)
{
    struct nsl_settings settings;
    nsl_settings_init(&settings);
    return settings;
}

static void every_path_stands_once_and_every_row_says_what_it_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        assert_true(strlen(row->meaning) > 2);
        assert_ptr_equal(nsl_setting_find(row->path), row);
        bool has_field = row->kind < NSL_SETTING_IS_ALIAS;
        assert_true(has_field == (row->side != NSL_SIDE_NONE));
    }
    assert_null(nsl_setting_find("Server"));
    assert_null(nsl_setting_find(""));
}

static void every_default_is_its_own_row_s_value(void **state)
{
    (void)state;
    struct nsl_settings settings = defaults();
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (nsl_setting_has_number(row)) {
            assert_true(nsl_settings_number(&settings, row) == row->default_number);
            assert_true(row->min <= row->default_number && row->default_number <= row->max);
        } else if (row->kind == NSL_SETTING_IS_TEXT) {
            assert_string_equal(nsl_settings_text(&settings, row), row->default_text);
        }
    }
    assert_int_equal(settings.server_http_port, 8080);
    assert_string_equal(settings.server_listen_address, "127.0.0.1");
    assert_int_equal(settings.functions_gas_limit, 100000000);
    assert_int_equal(settings.functions_heap_bytes, 64 * 1024 * 1024);
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_SIMULATION);
}

static void every_number_takes_its_limits_and_nothing_beyond(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (!nsl_setting_has_number(row)) {
            continue;
        }
        struct nsl_settings settings = defaults();
        int64_t max = row_max(row);
        assert_int_equal(nsl_settings_set_number(&settings, row, row->min), NSL_OK);
        assert_true(nsl_settings_number(&settings, row) == row->min);
        assert_int_equal(nsl_settings_set_number(&settings, row, max), NSL_OK);
        assert_true(nsl_settings_number(&settings, row) == max);
        assert_int_equal(nsl_settings_set_number(&settings, row, row->min - 1),
                         NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(nsl_settings_set_number(&settings, row, max + 1), NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(nsl_settings_set_number(&settings, row, INT64_MIN), NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(nsl_settings_set_number(&settings, row, INT64_MAX), NSL_ERR_BAD_ARGUMENT);
        assert_true(nsl_settings_number(&settings, row) == max);
    }
}

static void every_text_takes_its_limit_and_nothing_beyond(void **state)
{
    (void)state;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (row->kind != NSL_SETTING_IS_TEXT) {
            continue;
        }
        struct nsl_settings settings = defaults();
        char text[2048];
        memset(text, 'x', sizeof text);
        size_t max = (size_t)row->max;
        assert_int_equal(nsl_settings_set_text(&settings, row, nsl_bytes_of(text, max)), NSL_OK);
        assert_int_equal(strlen(nsl_settings_text(&settings, row)), max);
        assert_int_equal(nsl_settings_set_text(&settings, row, nsl_bytes_of(text, max + 1)),
                         NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(nsl_settings_set_text(&settings, row, NSL_TEXT("a\nb")),
                         NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(nsl_settings_set_text(&settings, row, NSL_TEXT("a\0b")),
                         NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(strlen(nsl_settings_text(&settings, row)), max);
        assert_int_equal(nsl_settings_set_text(&settings, row, NSL_TEXT("")), NSL_OK);
        assert_string_equal(nsl_settings_text(&settings, row), "");
    }
}

static void every_alias_leads_to_a_setting(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (row->kind == NSL_SETTING_IS_ALIAS) {
            const struct nsl_setting *target = nsl_setting_find(row->target);
            assert_non_null(target);
            assert_true(target->kind < NSL_SETTING_IS_ALIAS);
            assert_true(row->factor >= 1);
            count++;
        }
    }
    assert_true(count >= 6);
}

static void choices_have_one_printed_spelling_and_read_any_case(void **state)
{
    (void)state;
    int64_t value = -1;
    assert_string_equal(nsl_choice_name(NSL_CHOICES_backend, NSL_BACKEND_NITRO), "Nitro");
    assert_true(nsl_choice_parse(NSL_CHOICES_backend, NSL_TEXT("nITRO"), &value));
    assert_int_equal(value, NSL_BACKEND_NITRO);
    assert_true(nsl_choice_parse(NSL_CHOICES_log_level, NSL_TEXT("info"), &value));
    assert_int_equal(value, NSL_LOG_INFO);
    assert_string_equal(nsl_choice_name(NSL_CHOICES_log_level, NSL_LOG_INFO), "Information");
    value = 77;
    assert_false(nsl_choice_parse(NSL_CHOICES_backend, NSL_TEXT("Nitr"), &value));
    assert_false(nsl_choice_parse(NSL_CHOICES_backend, NSL_TEXT("Nitro "), &value));
    assert_false(nsl_choice_parse(NSL_CHOICES_backend, NSL_TEXT("tenant"), &value));
    assert_false(nsl_choice_parse(NSL_CHOICES_backend, NSL_TEXT(""), &value));
    assert_int_equal(value, 77);
    assert_null(nsl_choice_name(NSL_CHOICES_backend, 3));
    assert_null(nsl_choice_name(NSL_CHOICES_log_level, -1));
}

static void simulation_mode_goes_before_the_type(void **state)
{
    (void)state;
    struct nsl_settings settings = defaults();
    settings.tee_type = NSL_BACKEND_NITRO;
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_NITRO);
    settings.tee_simulation_mode = true;
    assert_int_equal(nsl_settings_backend(&settings), NSL_BACKEND_SIMULATION);
    assert_string_equal(nsl_backend_name(NSL_BACKEND_SIMULATION), "simulation");
    assert_string_equal(nsl_backend_name(NSL_BACKEND_OCCLUM), "occlum");
    assert_string_equal(nsl_backend_name(NSL_BACKEND_NITRO), "nitro");
}

static void the_execution_ceiling_holds_the_time_limit(void **state)
{
    (void)state;
    struct nsl_settings settings = defaults();
    assert_int_equal(nsl_settings_time_limit_ms(&settings), 5000);
    settings.occlum_max_execution_time_s = 2;
    assert_int_equal(nsl_settings_time_limit_ms(&settings), 2000);
}

/* --- The wire form ----------------------------------------------------------------------------- */

static void encode(const struct nsl_settings *settings, struct nsl_buffer *out)
{
    nsl_buffer_init(out, NSL_SETTINGS_WIRE_MAX_BYTES, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_settings_encode(settings, out), NSL_OK);
}

static bool is_sent(const struct nsl_setting *row)
{
    return row->side == NSL_SIDE_ENCLAVE || row->side == NSL_SIDE_BOTH;
}

static void the_enclave_gets_its_settings_and_no_others(void **state)
{
    (void)state;
    struct nsl_settings before = defaults();
    fill_unusual(&before);
    NSL_AUTO(nsl_buffer) wire;
    encode(&before, &wire);
    struct nsl_settings after;
    assert_int_equal(nsl_settings_decode(nsl_buffer_bytes(&wire), &after, NULL), NSL_OK);
    struct nsl_settings untouched = defaults();
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (row->kind < NSL_SETTING_IS_ALIAS) {
            assert_same_value(&after, is_sent(row) ? &before : &untouched, row);
        }
    }
}

static void a_cut_or_longer_message_is_refused(void **state)
{
    (void)state;
    struct nsl_settings settings = defaults();
    NSL_AUTO(nsl_buffer) wire;
    encode(&settings, &wire);
    struct nsl_settings after = settings;
    after.functions_runners = 33;
    for (size_t size = 0; size < wire.size; size++) {
        assert_int_equal(nsl_settings_decode(nsl_bytes_of(wire.data, size), &after, NULL),
                         NSL_ERR_BAD_MESSAGE);
    }
    assert_int_equal(nsl_buffer_append_byte(&wire, 0), NSL_OK);
    assert_int_equal(nsl_settings_decode(nsl_buffer_bytes(&wire), &after, NULL),
                     NSL_ERR_BAD_MESSAGE);
    assert_int_equal(after.functions_runners, 33);
    uint8_t large[NSL_SETTINGS_WIRE_MAX_BYTES + 1] = {0};
    assert_int_equal(nsl_settings_decode(nsl_bytes_of(large, sizeof large), &after, NULL),
                     NSL_ERR_BAD_MESSAGE);
}

static void each_changed_bit_of_the_header_is_refused(void **state)
{
    (void)state;
    struct nsl_settings settings = defaults();
    NSL_AUTO(nsl_buffer) wire;
    encode(&settings, &wire);
    for (size_t bit = 0; bit < 64; bit++) {
        wire.data[bit / 8] = (uint8_t)(wire.data[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(nsl_settings_decode(nsl_buffer_bytes(&wire), &settings, NULL),
                         NSL_ERR_BAD_MESSAGE);
        wire.data[bit / 8] = (uint8_t)(wire.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(nsl_settings_decode(nsl_buffer_bytes(&wire), &settings, NULL), NSL_OK);
}

static void put_number(uint8_t *at, int64_t number)
{
    for (size_t i = 0; i < 8; i++) {
        at[i] = (uint8_t)((uint64_t)number >> (8 * i));
    }
}

static void a_host_that_sends_a_value_out_of_range_is_refused_by_name(void **state)
{
    (void)state;
    struct nsl_settings settings = defaults();
    NSL_AUTO(nsl_buffer) wire;
    encode(&settings, &wire);
    size_t at = 8;
    size_t tried = 0;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (!is_sent(row)) {
            continue;
        }
        assert_true(nsl_setting_has_number(row)); /* texts of the enclave: extend this test */
        const int64_t bad[] = {row->min - 1, row_max(row) + 1, INT64_MIN, INT64_MAX};
        for (size_t j = 0; j < 4; j++) {
            const char *path = NULL;
            put_number(wire.data + at, bad[j]);
            struct nsl_settings after;
            assert_int_equal(nsl_settings_decode(nsl_buffer_bytes(&wire), &after, &path),
                             NSL_ERR_CONFIG);
            assert_string_equal(path, row->path);
        }
        put_number(wire.data + at, nsl_settings_number(&settings, row));
        at += 8;
        tried++;
    }
    assert_int_equal(at, wire.size);
    assert_true(tried >= 20);
}

static void a_small_buffer_is_refused_when_encoding(void **state)
{
    (void)state;
    struct nsl_settings settings = defaults();
    NSL_AUTO(nsl_buffer) wire;
    encode(&settings, &wire);
    for (size_t max = 0; max < wire.size; max += 7) {
        NSL_AUTO(nsl_buffer) out;
        nsl_buffer_init(&out, max, NSL_BUFFER_PLAIN);
        assert_int_equal(nsl_settings_encode(&settings, &out), NSL_ERR_TOO_LARGE);
    }
}

/* --- JSON -------------------------------------------------------------------------------------- */

static void settings_written_as_json_are_read_back_the_same(void **state)
{
    (void)state;
    struct nsl_settings before = defaults();
    fill_unusual(&before);
    NSL_AUTO(nsl_buffer) json;
    nsl_buffer_init(&json, 65536, NSL_BUFFER_PLAIN);
    assert_int_equal(nsl_settings_write_json(&before, &json), NSL_OK);
    NSL_AUTO(nsl_scratch) scratch = {0};
    assert_int_equal(nsl_scratch_init(&scratch, 1 << 20), NSL_OK);
    static struct nsl_config_report report;
    struct nsl_settings after = defaults();
    assert_int_equal(nsl_config_parse(nsl_buffer_bytes(&json), &scratch, &after, &report), NSL_OK);
    assert_int_equal(report.count, 0);
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        if (nsl_setting_at(i)->kind < NSL_SETTING_IS_ALIAS) {
            assert_same_value(&after, &before, nsl_setting_at(i));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_stands_once_and_every_row_says_what_it_means),
        cmocka_unit_test(every_default_is_its_own_row_s_value),
        cmocka_unit_test(every_number_takes_its_limits_and_nothing_beyond),
        cmocka_unit_test(every_text_takes_its_limit_and_nothing_beyond),
        cmocka_unit_test(every_alias_leads_to_a_setting),
        cmocka_unit_test(choices_have_one_printed_spelling_and_read_any_case),
        cmocka_unit_test(simulation_mode_goes_before_the_type),
        cmocka_unit_test(the_execution_ceiling_holds_the_time_limit),
        cmocka_unit_test(the_enclave_gets_its_settings_and_no_others),
        cmocka_unit_test(a_cut_or_longer_message_is_refused),
        cmocka_unit_test(each_changed_bit_of_the_header_is_refused),
        cmocka_unit_test(a_host_that_sends_a_value_out_of_range_is_refused_by_name),
        cmocka_unit_test(a_small_buffer_is_refused_when_encoding),
        cmocka_unit_test(settings_written_as_json_are_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
