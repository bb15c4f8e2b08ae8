/* The wire form of the enclave's settings; settings.h shows the bytes. */
#include "common/settings/settings.h"

#include "common/base/wipe.h"

enum { HEADER_BYTES = 8 };

static bool is_sent(const struct nsl_setting *setting)
{
    return (setting->side & NSL_SIDE_ENCLAVE) != 0;
}

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * 16777619U;
    }
    return (hash ^ 0xff) * 16777619U;
}

/* FNV-1a over path and kind of the rows sent: tells tables apart, protects nothing. */
static uint32_t table_fingerprint(size_t *ret_count)
{
    static const char *const kinds[] = {"bool", "int", "int", "int", "text", "choice"};
    uint32_t hash = 2166136261U;
    size_t count = 0;
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *setting = nsl_setting_at(i);
        if (is_sent(setting)) {
            hash = hash_text(hash_text(hash, setting->path), kinds[setting->kind]);
            count++;
        }
    }
    *ret_count = count;
    return hash;
}

nsl_err nsl_settings_encode(const struct nsl_settings *settings, struct nsl_buffer *out)
{
    size_t count;
    uint32_t fingerprint = table_fingerprint(&count);
    NSL_TRY(nsl_buffer_append_le(out, NSL_SETTINGS_WIRE_VERSION, 2));
    NSL_TRY(nsl_buffer_append_le(out, count, 2));
    NSL_TRY(nsl_buffer_append_le(out, fingerprint, 4));
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *setting = nsl_setting_at(i);
        if (!is_sent(setting)) {
            continue;
        }
        NSL_TRY(nsl_buffer_append_le(out, (uint64_t)nsl_settings_number(settings, setting), 8));
    }
    return NSL_OK;
}

/* The next `size` bytes as a little-endian number. */
static nsl_err take_le(nsl_bytes *rest, size_t size, uint64_t *ret_number)
{
    if (rest->size < size) {
        return NSL_ERR_BAD_MESSAGE;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number |= (uint64_t)rest->data[i] << (8 * i);
    }
    *rest = nsl_bytes_of(rest->data + size, rest->size - size);
    *ret_number = number;
    return NSL_OK;
}

static nsl_err take_header(nsl_bytes *rest)
{
    uint64_t version = 0;
    uint64_t count = 0;
    uint64_t fingerprint = 0;
    NSL_TRY(take_le(rest, 2, &version));
    NSL_TRY(take_le(rest, 2, &count));
    NSL_TRY(take_le(rest, 4, &fingerprint));
    size_t own_count;
    uint32_t own_fingerprint = table_fingerprint(&own_count);
    bool is_ours = version == NSL_SETTINGS_WIRE_VERSION && count == own_count &&
                   fingerprint == own_fingerprint;
    return is_ours ? NSL_OK : NSL_ERR_BAD_MESSAGE;
}

static nsl_err take_record(nsl_bytes *rest, struct nsl_settings *settings,
                           const struct nsl_setting *setting)
{
    uint64_t number = 0;
    NSL_TRY(take_le(rest, 8, &number));
    nsl_err err = nsl_settings_set_number(settings, setting, (int64_t)number);
    return err == NSL_OK ? NSL_OK : NSL_ERR_CONFIG;
}

nsl_err nsl_settings_decode(nsl_bytes message, struct nsl_settings *ret_settings,
                            const char **ret_bad_path)
{
    if (message.size > NSL_SETTINGS_WIRE_MAX_BYTES || message.size < HEADER_BYTES) {
        return NSL_ERR_BAD_MESSAGE;
    }
    struct nsl_settings settings;
    nsl_settings_init(&settings);
    NSL_TRY(take_header(&message));
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *setting = nsl_setting_at(i);
        if (!is_sent(setting)) {
            continue;
        }
        nsl_err err = take_record(&message, &settings, setting);
        if (err == NSL_ERR_CONFIG && ret_bad_path != NULL) {
            *ret_bad_path = setting->path;
        }
        NSL_TRY(err);
    }
    if (message.size != 0) {
        return NSL_ERR_BAD_MESSAGE;
    }
    *ret_settings = settings;
    return NSL_OK;
}
