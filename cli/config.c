/* nsl config: checks a configuration, prints the defaults. */
#include <stdio.h>

#include "cli/settings_load.h"
#include "cli/terminal.h"

static enum nsl_exit print_settings(const struct nsl_settings *settings)
{
    NSL_AUTO(nsl_buffer) text = {0};
    nsl_buffer_init(&text, NSL_CONFIG_MAX_BYTES, NSL_BUFFER_PLAIN);
    if (nsl_settings_write_json(settings, &text) != NSL_OK) {
        nsl_complain("%s", nsl_err_text(NSL_ERR_NO_MEMORY));
        return NSL_EXIT_INTERNAL;
    }
    fwrite(text.data, 1, text.size, stdout);
    if (text.size == 0 || text.data[text.size - 1] != '\n') {
        putchar('\n');
    }
    return NSL_EXIT_OK;
}

static enum nsl_exit run_defaults(const struct nsl_flags *flags)
{
    struct nsl_settings settings;
    if (flags->word_count != 1) {
        nsl_complain("config: `nsl config defaults` takes no file");
        return NSL_EXIT_USAGE;
    }
    nsl_settings_init(&settings);
    return print_settings(&settings);
}

static enum nsl_exit run(const struct nsl_flags *flags)
{
    static const char *const actions[] = {"check", "show", "defaults"};
    const char *action = flags->words[0];
    bool is_check = strcmp(action, "check") == 0;
    struct nsl_settings settings;
    if (strcmp(action, "defaults") == 0) {
        return run_defaults(flags);
    }
    if (!is_check && strcmp(action, "show") != 0) {
        const char *nearest = nsl_nearest(action, actions, 3);
        nsl_complain("config: '%.40s' is neither check, show nor defaults%s%s%s", action,
                     nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "'?");
        return NSL_EXIT_USAGE;
    }
    if (flags->word_count != 2) {
        nsl_complain("config: FILE is missing");
        return NSL_EXIT_USAGE;
    }
    enum nsl_exit exit_code = nsl_settings_load(flags->words[1], flags, NULL, 0, &settings);
    if (exit_code == NSL_EXIT_OK && is_check) {
        fputs("valid: ", stdout);
        nsl_print_escaped(stdout, nsl_bytes_text(flags->words[1]));
        printf(" (back end %s)\n", nsl_backend_name(nsl_settings_backend(&settings)));
    }
    return exit_code == NSL_EXIT_OK && !is_check ? print_settings(&settings) : exit_code;
}

const struct nsl_command nsl_command_config = {
    .name = "config",
    .words = "check FILE | show FILE | defaults",
    .summary = "Checks a configuration, or prints the settings in force",
    .details =
        "check reports every mistake and every key that has no effect here. show prints all "
        "settings as `nsl serve --config FILE` would use them now, the environment included. "
        "defaults prints the defaults in the same form.",
    .words_min = 1,
    .words_max = 2,
    .run = run,
};
