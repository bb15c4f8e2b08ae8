/* nsl: the command line of the Neo Service Layer. */
#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/terminal.h"

/* Descriptors 0 to 2 must be taken, or a socket would get one of these numbers. */
static bool open_standard_descriptors(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

static bool wants_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static enum nsl_exit refuse_usage(const struct nsl_command *command, const char *what)
{
    nsl_complain("%s: %s", command->name, what);
    fprintf(stderr, "     `nsl help %s` shows what it takes\n", command->name);
    return NSL_EXIT_USAGE;
}

static enum nsl_exit run(const struct nsl_command *command, int argc, char *const *argv)
{
    char error[NSL_FLAGS_ERROR_BYTES];
    struct nsl_flags flags;
    if (wants_help(argc, argv)) {
        nsl_help_print(command);
        return NSL_EXIT_OK;
    }
    if (nsl_flags_parse(command->flags, command->flag_count, argc, argv, &flags, error) != NSL_OK) {
        return refuse_usage(command, error);
    }
    if (flags.word_count < command->words_min) {
        snprintf(error, sizeof(error), "%s is missing", command->words);
        return refuse_usage(command, error);
    }
    if (flags.word_count > command->words_max) {
        snprintf(error, sizeof(error), "'%.80s' is one word too many",
                 flags.words[command->words_max]);
        return refuse_usage(command, error);
    }
    return command->run(&flags);
}

static enum nsl_exit refuse_command(const char *name)
{
    const char *nearest = nsl_command_nearest(name);
    if (nearest != NULL) {
        nsl_complain("there is no command '%.40s'; did you mean '%s'?", name, nearest);
    } else {
        nsl_complain("there is no command '%.40s'; `nsl help` lists them", name);
    }
    return NSL_EXIT_USAGE;
}

/* A result that did not reach its reader is no success. */
static int finish(enum nsl_exit exit_code)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        return exit_code == NSL_EXIT_OK ? NSL_EXIT_FILE : (int)exit_code;
    }
    return (int)exit_code;
}

int main(int argc, char **argv)
{
    if (!open_standard_descriptors()) {
        return NSL_EXIT_INTERNAL;
    }
    if (argc < 2) {
        nsl_help_print_all();
        return finish(NSL_EXIT_USAGE);
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        nsl_help_print_all();
        return finish(NSL_EXIT_OK);
    }
    if (strcmp(name, "--version") == 0) {
        puts("nsl " NSL_VERSION);
        return finish(NSL_EXIT_OK);
    }
    const struct nsl_command *command = nsl_command_find(name);
    return finish(command == NULL ? refuse_command(name) : run(command, argc - 2, argv + 2));
}
