/* nsl completion: shell completion, written from the tables of commands and flags. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/terminal.h"

static void print_names(void)
{
    for (size_t i = 0; i < nsl_command_count(); i++) {
        printf("%s%s", i == 0 ? "" : " ", nsl_command_at(i)->name);
    }
}

static void print_flags(const struct nsl_command *command)
{
    for (size_t i = 0; i < command->flag_count; i++) {
        printf("--%s ", command->flags[i].name);
    }
    fputs("--help", stdout);
}

static void print_bash(void)
{
    fputs("# bash completion for nsl; load it with: . <(nsl completion bash)\n"
          "_nsl() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W '",
          stdout);
    print_names();
    fputs("' -- \"$word\")\n"
          "        return\n"
          "    fi\n"
          "    case ${COMP_WORDS[1]} in\n",
          stdout);
    for (size_t i = 0; i < nsl_command_count(); i++) {
        printf("    %s) flags='", nsl_command_at(i)->name);
        print_flags(nsl_command_at(i));
        fputs("' ;;\n", stdout);
    }
    fputs("    esac\n"
          "    case ${COMP_WORDS[1]}:$before in\n"
          "    help:help) mapfile -t COMPREPLY < <(compgen -W '",
          stdout);
    print_names();
    fputs("' -- \"$word\"); return ;;\n"
          "    config:config) mapfile -t COMPREPLY < <(compgen -W 'check show defaults' -- "
          "\"$word\"); return ;;\n"
          "    completion:completion) mapfile -t COMPREPLY < <(compgen -W 'bash' -- \"$word\"); "
          "return ;;\n"
          "    esac\n"
          "    if [[ $word == -* ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$word\")\n"
          "    else\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
          "    fi\n"
          "}\n"
          "complete -o filenames -F _nsl nsl\n",
          stdout);
}

static enum nsl_exit run(const struct nsl_flags *flags)
{
    if (strcmp(flags->words[0], "bash") != 0) {
        nsl_complain("completion: only 'bash' is known, not '%.40s'", flags->words[0]);
        return NSL_EXIT_USAGE;
    }
    print_bash();
    return NSL_EXIT_OK;
}

const struct nsl_command nsl_command_completion = {
    .name = "completion",
    .words = "bash",
    .summary = "Prints the completion script for a shell",
    .details = "",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
