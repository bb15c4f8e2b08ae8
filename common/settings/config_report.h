/* Inside common/settings only: building the messages of a report. */
#ifndef NSL_COMMON_SETTINGS_CONFIG_REPORT_H
#define NSL_COMMON_SETTINGS_CONFIG_REPORT_H

#include "common/settings/config.h"

/* Starts a message; parts are added with the calls below. Dropped when the report is full, which
 * the calls below accept. */
struct config_note {
    struct nsl_config_message *message; /* NULL: dropped */
    size_t size;
};

struct config_note config_note_begin(struct nsl_config_report *report,
                                     enum nsl_config_severity severity, size_t line);

/* Escapes control characters and what is not UTF-8; cuts at the message's end. */
void config_note_add(struct config_note *note, nsl_bytes text);
void config_note_add_text(struct config_note *note, const char *text);

/* The whole message at once: path, ": ", text. */
void config_say(struct nsl_config_report *report, enum nsl_config_severity severity, size_t line,
                const char *path, const char *text);

#endif
