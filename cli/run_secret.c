/* Secrets of `nsl run`. Never on the command line: every user of the machine can read that. */
#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/run.h"
#include "cli/terminal.h"

enum key { KEY_CANCEL = 3, KEY_END = 4, KEY_BACKSPACE = 8, KEY_ERASE_LINE = 21, KEY_DELETE = 127 };

static nsl_err read_byte(uint8_t *ret_byte, bool *ret_is_end)
{
    ssize_t size;
    do {
        size = read(STDIN_FILENO, ret_byte, 1);
    } while (size < 0 && errno == EINTR);
    *ret_is_end = size == 0;
    return size < 0 ? NSL_ERR_IO : NSL_OK;
}

/* Byte by byte: what follows the line belongs to somebody else. */
static nsl_err read_line(struct nsl_buffer *value)
{
    for (;;) {
        uint8_t byte;
        bool is_end;
        NSL_TRY(read_byte(&byte, &is_end));
        if (is_end || byte == '\n') {
            return is_end && value->size == 0 ? NSL_ERR_CLOSED : NSL_OK;
        }
        NSL_TRY(nsl_buffer_append_byte(value, byte));
    }
}

static void drop_character(struct nsl_buffer *value)
{
    bool is_inside = true;
    while (value->size > 0 && is_inside) {
        value->size--;
        is_inside = (value->data[value->size] & 0xc0) == 0x80; /* the rest of a UTF-8 character */
        value->data[value->size] = 0;
    }
}

static nsl_err type_line(struct nsl_buffer *value)
{
    for (;;) {
        uint8_t byte;
        bool is_end;
        NSL_TRY(read_byte(&byte, &is_end));
        if (is_end || byte == KEY_CANCEL || byte == KEY_END) {
            return NSL_ERR_CLOSED;
        }
        if (byte == '\n' || byte == '\r') {
            return NSL_OK;
        }
        if (byte == KEY_BACKSPACE || byte == KEY_DELETE) {
            drop_character(value);
        } else if (byte == KEY_ERASE_LINE) {
            nsl_buffer_clear(value);
        } else {
            NSL_TRY(nsl_buffer_append_byte(value, byte));
        }
    }
}

/* Without echo, and with Ctrl-C as a key, so that the terminal is always put back. */
static nsl_err prompt(const char *name, struct nsl_buffer *value)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return NSL_ERR_IO;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0) {
        return NSL_ERR_IO;
    }
    fprintf(stderr, "value of secret %s (not shown): ", name);
    fflush(stderr);
    nsl_err err = type_line(value);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return err;
}

static enum nsl_exit ask(const char *name, struct nsl_buffer *value)
{
    nsl_err err = isatty(STDIN_FILENO) == 1 ? prompt(name, value) : read_line(value);
    if (err == NSL_ERR_CLOSED) {
        nsl_complain("run: no value was given for secret %s", name);
        return NSL_EXIT_USAGE;
    }
    if (err != NSL_OK) {
        nsl_complain("run: secret %s: %s", name, nsl_err_text(err));
        return NSL_EXIT_FILE;
    }
    return NSL_EXIT_OK;
}

static enum nsl_exit refuse_value(const char *given, size_t name_size)
{
    nsl_complain("run: --secret %.*s=...: a value on the command line can be read by every user of "
                 "this machine and stays in the shell's history. Put it into a file: --secret "
                 "%.*s=@FILE; or give the name alone and type it: --secret %.*s",
                 (int)name_size, given, (int)name_size, given, (int)name_size, given);
    return NSL_EXIT_USAGE;
}

static enum nsl_exit read_value(const char *given, size_t name_size, struct nsl_buffer *value)
{
    char name[NSL_RUN_NAME_MAX_BYTES + 1];
    if (given[name_size] == '\0') {
        snprintf(name, sizeof(name), "%s", given);
        return ask(name, value);
    }
    if (given[name_size + 1] != '@') {
        return refuse_value(given, name_size);
    }
    if (nsl_file_read_or_complain(given + name_size + 2, value) != NSL_OK) {
        return NSL_EXIT_FILE;
    }
    /* Editors end files with a newline, which is not part of a secret. */
    if (value->size > 0 && value->data[value->size - 1] == '\n') {
        value->size--;
    }
    return NSL_EXIT_OK;
}

enum nsl_exit nsl_run_secret_read(const char *given, struct nsl_run_inputs *inputs)
{
    size_t name_size = strcspn(given, "=");
    if (name_size == 0 || name_size > 128) {
        nsl_complain("run: --secret needs a name of 1 to 128 bytes");
        return NSL_EXIT_USAGE;
    }
    if (inputs->secret_count == NSL_RUN_SECRETS_MAX) {
        nsl_complain("run: more than %d secrets", (int)NSL_RUN_SECRETS_MAX);
        return NSL_EXIT_USAGE;
    }
    struct nsl_buffer *value = &inputs->secret_values[inputs->secret_count];
    nsl_buffer_init(value, NSL_RUN_SECRET_MAX_BYTES, NSL_BUFFER_WIPE);
    enum nsl_exit exit_code = read_value(given, name_size, value);
    inputs->secrets[inputs->secret_count] = (struct nsl_client_secret){
        .name = {.data = given, .size = name_size},
        .value = {.data = (const char *)value->data, .size = value->size},
    };
    inputs->secret_count++;
    return exit_code;
}
