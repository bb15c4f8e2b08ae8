/*
 * What the terminal gets to see. Text from a server, a file or a function is not trusted: a
 * terminal obeys control characters, so they are shown as escapes.
 */
#ifndef NSL_CLI_TERMINAL_H
#define NSL_CLI_TERMINAL_H

#include <stdio.h>

#include "common/base/bytes.h"

/* "nsl: ..." and a newline to standard error. The format is ours; what it is given is escaped. */
void nsl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints text with everything a terminal obeys as \xNN or \u{NNNN}; newlines and tabs too. */
void nsl_print_escaped(FILE *out, nsl_bytes text);

enum nsl_paint { NSL_PAINT_PLAIN, NSL_PAINT_BOLD, NSL_PAINT_DIM, NSL_PAINT_RED, NSL_PAINT_GREEN };

/* Colours are used on a terminal that can, unless NO_COLOR is set (no-color.org). */
bool nsl_paint_is_on(FILE *out);

/* Starts a colour; NSL_PAINT_PLAIN ends it. Nothing when is_on is false. */
void nsl_paint(FILE *out, bool is_on, enum nsl_paint paint);

#endif
