/*
 * The configuration: JSON text, the environment and the command line become settings.
 *
 * Order, the later goes before the earlier: defaults, file (nsl_config_parse), environment
 * (nsl_config_apply_environment), command line (nsl_config_set), then nsl_config_check once at the
 * end. Nothing is read here: the caller brings the bytes and the environment.
 *
 * Strict: unknown keys, wrong types and values out of range are errors that name the key's path and
 * what is allowed; all of them are reported, not only the first. Known keys without a meaning here
 * are notices. Texts of messages may quote the configuration: they go to the operator, not to
 * clients.
 */
#ifndef NSL_COMMON_SETTINGS_CONFIG_H
#define NSL_COMMON_SETTINGS_CONFIG_H

#include "common/base/scratch.h"
#include "common/settings/settings.h"

enum {
    NSL_CONFIG_MAX_BYTES = 1024 * 1024,
    NSL_CONFIG_MESSAGES = 64,
    NSL_CONFIG_MESSAGE_BYTES = 320,
    NSL_CONFIG_DEPTH = 16, /* containers within containers */
};

enum nsl_config_severity { NSL_CONFIG_NOTICE, NSL_CONFIG_ERROR };

struct nsl_config_message {
    enum nsl_config_severity severity;
    size_t line;                         /* of the file, from 1; 0: not from the file */
    char text[NSL_CONFIG_MESSAGE_BYTES]; /* "Tee.Type: must be ..."; UTF-8, no control characters */
};

/* About 22 KB: not for the stack of a small thread. Zeroed at birth. */
struct nsl_config_report {
    struct nsl_config_message messages[NSL_CONFIG_MESSAGES];
    size_t count;         /* in messages */
    size_t error_count;   /* of all, those left out too */
    size_t dropped_count; /* that found no place any more */
};

/* Reads a file's bytes into the settings (already at their defaults, or read from another file).
 * NSL_ERR_CONFIG when report has errors; then *settings is untouched. The scratch is needed for
 * unescaping and for the keys (twice the text at most) and left as it was. */
NSL_MUST_USE nsl_err nsl_config_parse(nsl_bytes text, struct nsl_scratch *scratch,
                                      struct nsl_settings *settings,
                                      struct nsl_config_report *report);

/* Returns the variable's value or NULL. */
typedef const char *nsl_config_lookup(void *context, const char *name);

/* OCCLUM_SIMULATION, SGX_MODE, NEO_SERVICE_MODE, OCCLUM_LOG_LEVEL; see docs/configuration.md. An
 * empty value counts as not set. NSL_ERR_CONFIG as above. */
NSL_MUST_USE nsl_err nsl_config_apply_environment(nsl_config_lookup *lookup, void *context,
                                                  struct nsl_settings *settings,
                                                  struct nsl_config_report *report);

/* Sets one setting from a command line: `value` is the JSON value, or the bare text of a TEXT or
 * CHOICE. `origin` names the flag in messages ("--port"). NSL_ERR_CONFIG as above. */
NSL_MUST_USE nsl_err nsl_config_set(struct nsl_settings *settings, const char *path,
                                    nsl_bytes value, const char *origin,
                                    struct nsl_config_report *report);

/* Rules between settings: production refuses simulation and debugging, ports must differ.
 * NSL_ERR_CONFIG as above. */
NSL_MUST_USE nsl_err nsl_config_check(const struct nsl_settings *settings,
                                      struct nsl_config_report *report);

/* What a row allows, as messages and documents say it: "1 to 64 processes", "true or false". */
NSL_MUST_USE nsl_err nsl_setting_describe(const struct nsl_setting *setting,
                                          struct nsl_buffer *out);

#endif
