#include "cli/settings_load.h"

#include <stdlib.h>

#include "cli/file.h"
#include "cli/terminal.h"

static const char *look_up(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static void print_report(const char *path, const struct nsl_config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct nsl_config_message *message = &report->messages[i];
        const char *severity = message->severity == NSL_CONFIG_ERROR ? "error" : "notice";
        if (message->line > 0) {
            nsl_complain("%s:%zu: %s: %s", path, message->line, severity, message->text);
        } else {
            nsl_complain("%s: %s", severity, message->text);
        }
    }
    if (report->dropped_count > 0) {
        nsl_complain("... and %zu more", report->dropped_count);
    }
}

static enum nsl_exit parse_file(const char *path, struct nsl_settings *settings,
                                struct nsl_config_report *report)
{
    NSL_AUTO(nsl_buffer) text = {0};
    NSL_AUTO(nsl_scratch) scratch = {0};
    nsl_buffer_init(&text, NSL_CONFIG_MAX_BYTES, NSL_BUFFER_PLAIN);
    if (nsl_file_read_or_complain(path, &text) != NSL_OK) {
        return NSL_EXIT_FILE;
    }
    if (nsl_scratch_init(&scratch, 2 * NSL_CONFIG_MAX_BYTES + 4096) != NSL_OK) {
        nsl_complain("%s", nsl_err_text(NSL_ERR_NO_MEMORY));
        return NSL_EXIT_INTERNAL;
    }
    nsl_err err = nsl_config_parse(nsl_buffer_bytes(&text), &scratch, settings, report);
    if (err != NSL_OK && err != NSL_ERR_CONFIG) {
        nsl_complain("%s: %s", path, nsl_err_text(err));
        return NSL_EXIT_INTERNAL;
    }
    return err == NSL_OK ? NSL_EXIT_OK : NSL_EXIT_CONFIG;
}

static nsl_err apply_flags(const struct nsl_flags *flags, const struct nsl_setting_flag *table,
                           size_t count, struct nsl_settings *settings,
                           struct nsl_config_report *report)
{
    nsl_err result = NSL_OK;
    for (size_t i = 0; i < count; i++) {
        const char *value = nsl_flags_value(flags, table[i].flag);
        char origin[64];
        if (value == NULL) {
            continue;
        }
        snprintf(origin, sizeof(origin), "--%s", table[i].flag);
        nsl_err err =
            nsl_config_set(settings, table[i].path, nsl_bytes_text(value), origin, report);
        result = err == NSL_OK ? result : err;
    }
    return result;
}

enum nsl_exit nsl_settings_load(const char *path, const struct nsl_flags *flags,
                                const struct nsl_setting_flag *table, size_t count,
                                struct nsl_settings *ret_settings)
{
    struct nsl_config_report report = {0};
    struct nsl_settings settings;
    enum nsl_exit exit_code = NSL_EXIT_OK;
    nsl_settings_init(&settings);
    if (path != NULL) {
        exit_code = parse_file(path, &settings, &report);
    }
    if (exit_code == NSL_EXIT_OK &&
        (nsl_config_apply_environment(look_up, NULL, &settings, &report) != NSL_OK ||
         apply_flags(flags, table, count, &settings, &report) != NSL_OK ||
         nsl_config_check(&settings, &report) != NSL_OK)) {
        exit_code = NSL_EXIT_CONFIG;
    }
    print_report(path, &report);
    if (exit_code == NSL_EXIT_OK) {
        *ret_settings = settings;
    }
    return exit_code;
}
