/*
 * The subcommands of `nsl`: one file each, one row each (commands.c). Help, shell completion and
 * flag checking come from the rows.
 */
#ifndef NSL_CLI_COMMANDS_H
#define NSL_CLI_COMMANDS_H

#include "cli/flags.h"

enum nsl_exit {
#define NSL_EXIT(name, number, meaning) NSL_EXIT_##name = (number),
#include "cli/exit_codes.def"
#undef NSL_EXIT
};

struct nsl_command {
    const char *name;
    const char *words;   /* of the usage line, "FILE" */
    const char *summary; /* one line */
    const char *details; /* paragraphs for `nsl help NAME`, may be empty */
    const struct nsl_flag *flags;
    size_t flag_count;
    size_t words_min;
    size_t words_max;
    enum nsl_exit (*run)(const struct nsl_flags *flags);
};

#define NSL_FLAG_TABLE(table) .flags = (table), .flag_count = sizeof(table) / sizeof((table)[0])

extern const struct nsl_command nsl_command_serve;
extern const struct nsl_command nsl_command_run;
extern const struct nsl_command nsl_command_config;
extern const struct nsl_command nsl_command_version;
extern const struct nsl_command nsl_command_completion;
extern const struct nsl_command nsl_command_help;

size_t nsl_command_count(void);
const struct nsl_command *nsl_command_at(size_t index);       /* index < count */
const struct nsl_command *nsl_command_find(const char *name); /* NULL: none */
/* The name most like this one, or NULL when none is. */
const char *nsl_command_nearest(const char *name);

/* Prints `nsl help` or `nsl help NAME` to standard output. */
void nsl_help_print_all(void);
void nsl_help_print(const struct nsl_command *command);

#endif
