/*
 * The settings: one struct, made from the rows of settings.def, the same on both sides.
 *
 * Plain data, no pointers: copying it copies everything. The host fills it from a configuration
 * (common/settings/config.h) and sends the enclave's part in a wire form; the enclave decodes that
 * and checks every range again, because the host is not trusted. It can therefore only choose among
 * allowed values, which is denial of service at worst.
 *
 * Holds no secrets. Threads: none.
 */
#ifndef NSL_COMMON_SETTINGS_SETTINGS_H
#define NSL_COMMON_SETTINGS_SETTINGS_H

#include "common/base/buffer.h"
#include "common/base/log.h"

enum nsl_backend { NSL_BACKEND_SIMULATION, NSL_BACKEND_OCCLUM, NSL_BACKEND_NITRO };
enum nsl_service_mode { NSL_SERVICE_DEVELOPMENT, NSL_SERVICE_PRODUCTION };
enum nsl_runner_mode { NSL_RUNNER_TENANT, NSL_RUNNER_INVOCATION, NSL_RUNNER_SHARED };

/* Field types: BOOL bool; INT, DIGITS, SIZE int64_t (never below its row's minimum); TEXT char[] with
 * a NUL; CHOICE int64_t, a value of the enum its row's set names. */
struct nsl_settings {
#define NSL_SETTING_BOOL(field, path, def, side, meaning) bool field;
#define NSL_SETTING_INT(field, path, unit, min, max, def, side, meaning) int64_t field;
#define NSL_SETTING_DIGITS(field, path, unit, min, max, def, side, meaning) int64_t field;
#define NSL_SETTING_SIZE(field, path, min, max, def, side, meaning) int64_t field;
#define NSL_SETTING_TEXT(field, path, max_bytes, def, side, meaning) char field[(max_bytes) + 1];
#define NSL_SETTING_CHOICE(field, path, set, def, side, meaning) int64_t field;
#define NSL_SETTING_ALIAS(path, target, factor, meaning)
#define NSL_SETTING_IGNORED(path, must_be, why)
#include "common/settings/settings.def"
#include "common/settings/settings_undef.h"
};

enum nsl_setting_kind {
    NSL_SETTING_IS_BOOL,
    NSL_SETTING_IS_INT,
    NSL_SETTING_IS_DIGITS,
    NSL_SETTING_IS_SIZE,
    NSL_SETTING_IS_TEXT,
    NSL_SETTING_IS_CHOICE,
    NSL_SETTING_IS_ALIAS,
    NSL_SETTING_IS_IGNORED,
};

enum nsl_setting_side {
    NSL_SIDE_NONE = 0,
    NSL_SIDE_HOST = 1,
    NSL_SIDE_ENCLAVE = 2,
    NSL_SIDE_BOTH = 3,
};

/* What an ignored key must be. */
enum nsl_ignored_type {
    NSL_IGNORED_BOOL,
    NSL_IGNORED_NUMBER,
    NSL_IGNORED_TEXT,
    NSL_IGNORED_TEXTS, /* an array of strings */
    NSL_IGNORED_LOG_LEVEL,
};

enum nsl_choice_set {
    NSL_CHOICES_backend,
    NSL_CHOICES_service_mode,
    NSL_CHOICES_runner_mode,
    NSL_CHOICES_log_level,
};

/* A row, for code that works on all of them. Numbers: BOOL 0..1, CHOICE the enum's values. */
struct nsl_setting {
    const char *path;
    enum nsl_setting_kind kind;
    enum nsl_setting_side side;
    const char *unit; /* INT, DIGITS; "bytes" for SIZE; else "" */
    int64_t min;      /* numbers */
    int64_t max;      /* numbers; TEXT: bytes */
    int64_t default_number;
    const char *default_text; /* TEXT */
    size_t offset;            /* of its field */
    enum nsl_choice_set choices;
    enum nsl_ignored_type must_be;
    const char *target; /* ALIAS: the path it sets */
    int64_t factor;     /* ALIAS: that is set to value * factor */
    const char *meaning;
};

struct nsl_choice {
    enum nsl_choice_set set;
    int64_t value;
    const char *spelling;
};

size_t nsl_setting_count(void);
const struct nsl_setting *nsl_setting_at(size_t index);         /* index < count */
const struct nsl_setting *nsl_setting_find(const char *path);   /* NULL: no such row */
bool nsl_setting_has_number(const struct nsl_setting *setting); /* all but TEXT, ALIAS, IGNORED */

size_t nsl_choice_count(void);
const struct nsl_choice *nsl_choice_at(size_t index);
/* The value of a spelling, in any case; false when the set has none such. */
bool nsl_choice_parse(enum nsl_choice_set set, nsl_bytes spelling, int64_t *ret_value);
/* The printed spelling; NULL for a value the set does not have. */
const char *nsl_choice_name(enum nsl_choice_set set, int64_t value);

/* Every field at its default. */
void nsl_settings_init(struct nsl_settings *settings);

/* The field of a row. The setters return NSL_ERR_BAD_ARGUMENT for a value outside the row's range (a
 * text with control characters too) and then change nothing. */
int64_t nsl_settings_number(const struct nsl_settings *settings, const struct nsl_setting *setting);
const char *nsl_settings_text(const struct nsl_settings *settings,
                              const struct nsl_setting *setting);
NSL_MUST_USE nsl_err nsl_settings_set_number(struct nsl_settings *settings,
                                             const struct nsl_setting *setting, int64_t number);
NSL_MUST_USE nsl_err nsl_settings_set_text(struct nsl_settings *settings,
                                           const struct nsl_setting *setting, nsl_bytes text);

/* The back end to start: Tee.SimulationMode goes before Tee.Type. */
enum nsl_backend nsl_settings_backend(const struct nsl_settings *settings);
const char *nsl_backend_name(enum nsl_backend backend); /* "simulation", "occlum", "nitro" */

/* Longest running time a call may have, ms: the smaller of Functions.TimeLimitMs and
 * Tee.Occlum.MaxExecutionTimeSeconds. */
int64_t nsl_settings_time_limit_ms(const struct nsl_settings *settings);

/* All settings as one JSON object, two spaces an indent; nsl_config_parse reads it back. */
NSL_MUST_USE nsl_err nsl_settings_write_json(const struct nsl_settings *settings,
                                             struct nsl_buffer *out);

/* --- The enclave's part on the wire ------------------------------------------------------------------
 *
 *     offset size
 *     0      2    version, 1
 *     2      2    number of records
 *     4      4    fingerprint of the enclave's rows: both sides are from the same table
 *     8      8*n  records, in the order of the table, one for each row with side ENCLAVE or BOTH: its
 *                 number, two's complement. (None of these rows is a TEXT; the first one that is needs
 *                 a record form and a version of its own.)
 *
 * Little-endian. Nothing may follow. */
enum { NSL_SETTINGS_WIRE_VERSION = 1, NSL_SETTINGS_WIRE_MAX_BYTES = 16384 };

/* NSL_ERR_TOO_LARGE, NSL_ERR_NO_MEMORY from the buffer. */
NSL_MUST_USE nsl_err nsl_settings_encode(const struct nsl_settings *settings,
                                         struct nsl_buffer *out);

/* Untrusted bytes to checked settings; the host's own settings get their defaults.
 * NSL_ERR_BAD_MESSAGE: wrong form, version, table or size; NSL_ERR_CONFIG: a value out of range, then
 * *ret_bad_path (may be NULL) names it. */
NSL_MUST_USE nsl_err nsl_settings_decode(nsl_bytes message, struct nsl_settings *ret_settings,
                                         const char **ret_bad_path);

#endif
