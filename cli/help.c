#include <stdio.h>

#include "cli/commands.h"
#include "cli/terminal.h"

enum { COLUMN = 28, WIDTH = 96 };

/* Prints text from the given column on, broken at spaces; newlines of the text are kept. */
static void print_wrapped(const char *text, int column)
{
    int at = column;
    while (*text != '\0') {
        int size = (int)strcspn(text, " \n");
        if (at > column && at + 1 + size > WIDTH) {
            printf("\n%*s", column, "");
            at = column;
        }
        at += printf("%s%.*s", at > column ? " " : "", size, text);
        text += size;
        if (*text == '\n') {
            printf("\n%*s", column, "");
            at = column;
        }
        text += *text == '\0' ? 0 : 1;
    }
    putchar('\n');
}

static void print_flag(const struct nsl_flag *flag)
{
    int size = printf("  --%s%s%s", flag->name, flag->value == NULL ? "" : " ",
                      flag->value == NULL ? "" : flag->value);
    if (size >= COLUMN) {
        putchar('\n');
        size = 0;
    }
    printf("%*s", COLUMN - size, "");
    print_wrapped(flag->help, COLUMN);
}

void nsl_help_print(const struct nsl_command *command)
{
    printf("usage: nsl %s%s%s%s\n\n%s.\n", command->name, *command->words == '\0' ? "" : " ",
           command->words, command->flag_count == 0 ? "" : " [flags]", command->summary);
    if (*command->details != '\0') {
        putchar('\n');
        print_wrapped(command->details, 0);
    }
    if (command->flag_count > 0) {
        puts("\nflags:");
    }
    for (size_t i = 0; i < command->flag_count; i++) {
        print_flag(&command->flags[i]);
    }
}

void nsl_help_print_all(void)
{
    puts("nsl " NSL_VERSION ": runs JavaScript functions inside a trusted execution environment\n\n"
         "usage: nsl COMMAND [flags]\n");
    for (size_t i = 0; i < nsl_command_count(); i++) {
        const struct nsl_command *command = nsl_command_at(i);
        printf("  %-12s%s\n", command->name, command->summary);
    }
    puts("\n`nsl help COMMAND` shows its flags.\n\nexit codes:");
#define NSL_EXIT(name, number, meaning) printf("  %2d  %s\n", (number), meaning);
#include "cli/exit_codes.def"
#undef NSL_EXIT
}

static enum nsl_exit run(const struct nsl_flags *flags)
{
    if (flags->word_count == 0) {
        nsl_help_print_all();
        return NSL_EXIT_OK;
    }
    const struct nsl_command *command = nsl_command_find(flags->words[0]);
    if (command == NULL) {
        const char *nearest = nsl_command_nearest(flags->words[0]);
        nsl_complain("there is no command '%.40s'%s%s%s", flags->words[0],
                     nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "'?");
        return NSL_EXIT_USAGE;
    }
    nsl_help_print(command);
    return NSL_EXIT_OK;
}

const struct nsl_command nsl_command_help = {
    .name = "help",
    .words = "[COMMAND]",
    .summary = "Shows the commands, or one command's flags",
    .details = "",
    .words_max = 1,
    .run = run,
};
