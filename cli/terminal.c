#include "cli/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/utf8.h"

/* C1 controls, zero-width and direction marks, line and paragraph separators: they change how other
 * text looks. */
static bool is_obeyed(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
           (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff;
}

static uint32_t character_of(const uint8_t *bytes, size_t size)
{
    static const uint8_t first_masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = bytes[0] & first_masks[size];
    for (size_t i = 1; i < size; i++) {
        character = character << 6 | (bytes[i] & 0x3f);
    }
    return character;
}

void nsl_print_escaped(FILE *out, nsl_bytes text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t size = nsl_utf8_char_size(nsl_bytes_of(text.data + at, text.size - at));
        uint32_t character = size == 0 ? text.data[at] : character_of(text.data + at, size);
        if (size != 0 && !is_obeyed(character)) {
            fwrite(text.data + at, 1, size, out);
        } else if (size <= 1) {
            fprintf(out, "\\x%02x", text.data[at]);
        } else {
            fprintf(out, "\\u{%04x}", character);
        }
        at += size == 0 ? 1 : size;
    }
}

void nsl_complain(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fflush(stdout);
    fputs("nsl: ", stderr);
    nsl_print_escaped(stderr, nsl_bytes_text(text));
    fputc('\n', stderr);
}

bool nsl_paint_is_on(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(out)) == 1 && (no_color == NULL || *no_color == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

void nsl_paint(FILE *out, bool is_on, enum nsl_paint paint)
{
    static const char *const codes[] = {
        [NSL_PAINT_PLAIN] = "\x1b[0m", [NSL_PAINT_BOLD] = "\x1b[1m",   [NSL_PAINT_DIM] = "\x1b[2m",
        [NSL_PAINT_RED] = "\x1b[31m",  [NSL_PAINT_GREEN] = "\x1b[32m",
    };
    if (is_on) {
        fputs(codes[paint], out);
    }
}
