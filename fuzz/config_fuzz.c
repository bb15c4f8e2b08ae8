/*
 * Configurations and the enclave's settings message: whatever the bytes, the answer is settings that
 * are all in range or messages that are whole lines of text; settings that were accepted survive
 * being written as JSON and as a message.
 */
#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/settings/config.h"

static struct nsl_scratch scratch;
static struct nsl_config_report report;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void require_same(const struct nsl_settings *a, const struct nsl_settings *b, unsigned sides)
{
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if ((row->side & sides) == 0) {
            continue;
        }
        if (row->kind == NSL_SETTING_IS_TEXT) {
            require(strcmp(nsl_settings_text(a, row), nsl_settings_text(b, row)) == 0);
        } else {
            int64_t number = nsl_settings_number(a, row);
            require(number == nsl_settings_number(b, row));
            require(number >= row->min && number <= row->max);
        }
    }
}

static void require_survives(const struct nsl_settings *settings)
{
    NSL_AUTO(nsl_buffer) out;
    nsl_buffer_init(&out, 1 << 16, NSL_BUFFER_PLAIN);
    struct nsl_settings after;
    require(nsl_settings_encode(settings, &out) == NSL_OK);
    require(nsl_settings_decode(nsl_buffer_bytes(&out), &after, NULL) == NSL_OK);
    require_same(settings, &after, NSL_SIDE_ENCLAVE);
    nsl_buffer_clear(&out);
    require(nsl_settings_write_json(settings, &out) == NSL_OK);
    nsl_settings_init(&after);
    require(nsl_config_parse(nsl_buffer_bytes(&out), &scratch, &after, &report) == NSL_OK);
    require_same(settings, &after, NSL_SIDE_BOTH);
}

static void require_plain_messages(void)
{
    for (size_t i = 0; i < report.count; i++) {
        nsl_bytes text = nsl_bytes_text(report.messages[i].text);
        require(text.size > 0 && text.size < NSL_CONFIG_MESSAGE_BYTES && nsl_utf8_is_valid(text));
        for (size_t j = 0; j < text.size; j++) {
            require(text.data[j] >= 0x20 && text.data[j] != 0x7f);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (scratch.capacity == 0) {
        require(nsl_scratch_init(&scratch, 1 << 20) == NSL_OK);
    }
    nsl_bytes bytes = nsl_bytes_of(data, size);
    struct nsl_settings settings;
    report = (struct nsl_config_report){0};
    nsl_settings_init(&settings);
    nsl_err err = nsl_config_parse(bytes, &scratch, &settings, &report);
    require(err == (report.error_count > 0 ? NSL_ERR_CONFIG : NSL_OK));
    require(scratch.used == 0);
    require_plain_messages();
    if (err == NSL_OK) {
        require_survives(&settings);
    }
    const char *bad_path = NULL;
    err = nsl_settings_decode(bytes, &settings, &bad_path);
    require((err == NSL_ERR_CONFIG) == (bad_path != NULL));
    if (err == NSL_OK) {
        require_survives(&settings);
    }
    nsl_scratch_reset(&scratch);
    return 0;
}
