/* The settings of `nsl serve` and `nsl config`: file, environment, flags, in this order. */
#ifndef NSL_CLI_SETTINGS_LOAD_H
#define NSL_CLI_SETTINGS_LOAD_H

#include "cli/commands.h"
#include "common/settings/config.h"

/* A flag that sets a setting. */
struct nsl_setting_flag {
    const char *flag;
    const char *path;
};

/*
 * Loads *ret_settings: defaults, path (NULL: no file), the environment, the flags of the table.
 * Prints every error and notice to standard error. NSL_EXIT_OK, _FILE, _CONFIG, _INTERNAL.
 */
enum nsl_exit nsl_settings_load(const char *path, const struct nsl_flags *flags,
                                const struct nsl_setting_flag *table, size_t count,
                                struct nsl_settings *ret_settings);

#endif
