/* Inside common/settings only: one JSON value into one setting. */
#ifndef NSL_COMMON_SETTINGS_CONFIG_VALUE_H
#define NSL_COMMON_SETTINGS_CONFIG_VALUE_H

#include "common/codec/json.h"
#include "common/settings/config.h"

/* Where a value comes from, for messages. */
struct config_place {
    struct nsl_config_report *report;
    struct nsl_scratch *scratch;
    const char *path; /* as written */
    size_t line;
};

/* Sets the row's field; `factor` scales numbers (aliases; 1 otherwise). Refusals go to the report. */
void config_set_value(const struct config_place *place, struct nsl_settings *settings,
                      const struct nsl_setting *setting, int64_t factor,
                      const struct nsl_json_value *value);

/* Checks the type of a key without meaning and notices it. */
void config_ignore_value(const struct config_place *place, const struct nsl_setting *setting,
                         const struct nsl_json_value *value);

#endif
