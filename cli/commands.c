#include "cli/commands.h"

static const struct nsl_command *const commands[] = {
    &nsl_command_serve,   &nsl_command_run,        &nsl_command_config,
    &nsl_command_version, &nsl_command_completion, &nsl_command_help,
};

size_t nsl_command_count(void)
{
    return sizeof(commands) / sizeof(commands[0]);
}

const struct nsl_command *nsl_command_at(size_t index)
{
    nsl_assert(index < nsl_command_count());
    return commands[index];
}

const struct nsl_command *nsl_command_find(const char *name)
{
    for (size_t i = 0; i < nsl_command_count(); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

const char *nsl_command_nearest(const char *name)
{
    const char *names[sizeof(commands) / sizeof(commands[0])];
    for (size_t i = 0; i < nsl_command_count(); i++) {
        names[i] = commands[i]->name;
    }
    return nsl_nearest(name, names, nsl_command_count());
}
