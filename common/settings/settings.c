#include "common/settings/settings.h"

#include "common/base/wipe.h"

#define NUMBER_ROW(field_, path_, kind_, unit_, min_, max_, default_, side_, choices_, meaning_)   \
    {.path = (path_),                                                                              \
     .kind = (kind_),                                                                              \
     .side = NSL_SIDE_##side_,                                                                     \
     .unit = (unit_),                                                                              \
     .min = (min_),                                                                                \
     .max = (max_),                                                                                \
     .default_number = (default_),                                                                 \
     .offset = offsetof(struct nsl_settings, field_),                                              \
     .choices = (choices_),                                                                        \
     .meaning = (meaning_)},

static const struct nsl_setting rows[] = {
#define NSL_SETTING_BOOL(field, path, def, side, meaning)                                          \
    NUMBER_ROW(field, path, NSL_SETTING_IS_BOOL, "", 0, 1, def, side, NSL_CHOICES_backend, meaning)
#define NSL_SETTING_INT(field, path, unit, min, max, def, side, meaning)                           \
    NUMBER_ROW(field, path, NSL_SETTING_IS_INT, unit, min, max, def, side, NSL_CHOICES_backend,    \
               meaning)
#define NSL_SETTING_DIGITS(field, path, unit, min, max, def, side, meaning)                        \
    NUMBER_ROW(field, path, NSL_SETTING_IS_DIGITS, unit, min, max, def, side, NSL_CHOICES_backend, \
               meaning)
#define NSL_SETTING_SIZE(field, path, min, max, def, side, meaning)                                \
    NUMBER_ROW(field, path, NSL_SETTING_IS_SIZE, "bytes", min, max, def, side,                     \
               NSL_CHOICES_backend, meaning)
#define NSL_SETTING_CHOICE(field, path, set, def, side, meaning)                                   \
    NUMBER_ROW(field, path, NSL_SETTING_IS_CHOICE, "", 0, INT64_MAX, def, side, NSL_CHOICES_##set, \
               meaning)
#define NSL_SETTING_TEXT(field_, path_, max_bytes, def, side_, meaning_)                           \
    {.path = (path_),                                                                              \
     .kind = NSL_SETTING_IS_TEXT,                                                                  \
     .side = NSL_SIDE_##side_,                                                                     \
     .unit = "",                                                                                   \
     .max = (max_bytes),                                                                           \
     .default_text = (def),                                                                        \
     .offset = offsetof(struct nsl_settings, field_),                                              \
     .meaning = (meaning_)},
#define NSL_SETTING_ALIAS(path_, target_, factor_, meaning_)                                       \
    {.path = (path_),                                                                              \
     .kind = NSL_SETTING_IS_ALIAS,                                                                 \
     .unit = "",                                                                                   \
     .target = (target_),                                                                          \
     .factor = (factor_),                                                                          \
     .meaning = (meaning_)},
#define NSL_SETTING_IGNORED(path_, must_be_, why)                                                  \
    {.path = (path_),                                                                              \
     .kind = NSL_SETTING_IS_IGNORED,                                                               \
     .unit = "",                                                                                   \
     .must_be = NSL_IGNORED_##must_be_,                                                            \
     .meaning = (why)},
#include "common/settings/settings.def"
#include "common/settings/settings_undef.h"
};

static const struct nsl_choice choices[] = {
#define NSL_CHOICE(set, value, spelling) {NSL_CHOICES_##set, value, spelling},
#include "common/settings/choices.def"
#undef NSL_CHOICE
};

size_t nsl_setting_count(void)
{
    return sizeof rows / sizeof rows[0];
}

const struct nsl_setting *nsl_setting_at(size_t index)
{
    nsl_assert(index < nsl_setting_count());
    return &rows[index];
}

const struct nsl_setting *nsl_setting_find(const char *path)
{
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        if (strcmp(rows[i].path, path) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

bool nsl_setting_has_number(const struct nsl_setting *setting)
{
    return setting->kind <= NSL_SETTING_IS_SIZE || setting->kind == NSL_SETTING_IS_CHOICE;
}

size_t nsl_choice_count(void)
{
    return sizeof choices / sizeof choices[0];
}

const struct nsl_choice *nsl_choice_at(size_t index)
{
    nsl_assert(index < nsl_choice_count());
    return &choices[index];
}

static uint8_t lower(uint8_t letter)
{
    return letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter;
}

static bool is_same_word(nsl_bytes word, const char *spelling)
{
    size_t size = strlen(spelling);
    for (size_t i = 0; i < size && word.size == size; i++) {
        if (lower(word.data[i]) != lower((uint8_t)spelling[i])) {
            return false;
        }
    }
    return word.size == size;
}

bool nsl_choice_parse(enum nsl_choice_set set, nsl_bytes spelling, int64_t *ret_value)
{
    for (size_t i = 0; i < nsl_choice_count(); i++) {
        if (choices[i].set == set && is_same_word(spelling, choices[i].spelling)) {
            *ret_value = choices[i].value;
            return true;
        }
    }
    return false;
}

const char *nsl_choice_name(enum nsl_choice_set set, int64_t value)
{
    for (size_t i = 0; i < nsl_choice_count(); i++) {
        if (choices[i].set == set && choices[i].value == value) {
            return choices[i].spelling;
        }
    }
    return NULL;
}

static void *field_of(struct nsl_settings *settings, const struct nsl_setting *setting)
{
    return (uint8_t *)settings + setting->offset;
}

static const void *const_field_of(const struct nsl_settings *settings,
                                  const struct nsl_setting *setting)
{
    return (const uint8_t *)settings + setting->offset;
}

int64_t nsl_settings_number(const struct nsl_settings *settings, const struct nsl_setting *setting)
{
    nsl_assert(nsl_setting_has_number(setting));
    const void *field = const_field_of(settings, setting);
    return setting->kind == NSL_SETTING_IS_BOOL ? *(const bool *)field : *(const int64_t *)field;
}

const char *nsl_settings_text(const struct nsl_settings *settings,
                              const struct nsl_setting *setting)
{
    nsl_assert(setting->kind == NSL_SETTING_IS_TEXT);
    return const_field_of(settings, setting);
}

nsl_err nsl_settings_set_number(struct nsl_settings *settings, const struct nsl_setting *setting,
                                int64_t number)
{
    nsl_assert(nsl_setting_has_number(setting));
    if (number < setting->min || number > setting->max) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    if (setting->kind == NSL_SETTING_IS_CHOICE &&
        nsl_choice_name(setting->choices, number) == NULL) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    void *field = field_of(settings, setting);
    if (setting->kind == NSL_SETTING_IS_BOOL) {
        *(bool *)field = number != 0;
    } else {
        *(int64_t *)field = number;
    }
    return NSL_OK;
}

nsl_err nsl_settings_set_text(struct nsl_settings *settings, const struct nsl_setting *setting,
                              nsl_bytes text)
{
    nsl_assert(setting->kind == NSL_SETTING_IS_TEXT);
    size_t max = (size_t)setting->max;
    if (text.size > max) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return NSL_ERR_BAD_ARGUMENT;
        }
    }
    char *field = field_of(settings, setting);
    nsl_wipe(field, max + 1);
    nsl_copy(field, max, text);
    return NSL_OK;
}

void nsl_settings_init(struct nsl_settings *settings)
{
    *settings = (struct nsl_settings){0};
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *setting = &rows[i];
        nsl_err err = NSL_OK;
        if (setting->kind == NSL_SETTING_IS_TEXT) {
            err = nsl_settings_set_text(settings, setting, nsl_bytes_text(setting->default_text));
        } else if (nsl_setting_has_number(setting)) {
            err = nsl_settings_set_number(settings, setting, setting->default_number);
        }
        nsl_assert(err == NSL_OK); /* a default outside its own range */
    }
}

enum nsl_backend nsl_settings_backend(const struct nsl_settings *settings)
{
    return settings->tee_simulation_mode ? NSL_BACKEND_SIMULATION
                                         : (enum nsl_backend)settings->tee_type;
}

const char *nsl_backend_name(enum nsl_backend backend)
{
    switch (backend) {
    case NSL_BACKEND_SIMULATION:
        return "simulation";
    case NSL_BACKEND_OCCLUM:
        return "occlum";
    case NSL_BACKEND_NITRO:
        return "nitro";
    }
    return "unknown";
}

int64_t nsl_settings_time_limit_ms(const struct nsl_settings *settings)
{
    int64_t ceiling_ms = settings->occlum_max_execution_time_s * 1000;
    return settings->functions_time_limit_ms < ceiling_ms ? settings->functions_time_limit_ms
                                                          : ceiling_ms;
}
