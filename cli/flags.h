/*
 * Command lines read against a table: --name VALUE, --name=VALUE, --switch, and plain words. Pure:
 * text in, text out; nothing is printed. A flag that is not in the table is an error that names the
 * most similar one.
 */
#ifndef NSL_CLI_FLAGS_H
#define NSL_CLI_FLAGS_H

#include "common/base/bytes.h"
#include "common/base/error.h"

enum { NSL_FLAGS_GIVEN_MAX = 256, NSL_FLAGS_WORDS_MAX = 4, NSL_FLAGS_ERROR_BYTES = 320 };

enum nsl_flag_repeat { NSL_FLAG_ONCE, NSL_FLAG_REPEATS };

struct nsl_flag {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for its value in the help; NULL: a switch */
    const char *help;
    enum nsl_flag_repeat repeat;
};

struct nsl_flag_given {
    const struct nsl_flag *flag;
    const char *value; /* borrowed from argv; "" for a switch */
};

struct nsl_flags {
    struct nsl_flag_given given[NSL_FLAGS_GIVEN_MAX];
    size_t given_count;
    const char *words[NSL_FLAGS_WORDS_MAX];
    size_t word_count;
};

/* argv: what follows the subcommand. BAD_ARGUMENT: error holds a sentence. */
NSL_MUST_USE nsl_err nsl_flags_parse(const struct nsl_flag *table, size_t count, int argc,
                                     char *const *argv, struct nsl_flags *ret_flags,
                                     char error[NSL_FLAGS_ERROR_BYTES]);

/* The value that was given, NULL when it was not. */
const char *nsl_flags_value(const struct nsl_flags *flags, const char *name);
bool nsl_flags_has(const struct nsl_flags *flags, const char *name);

/* Decimal digits only. BAD_ARGUMENT: something else, or outside the range. */
NSL_MUST_USE nsl_err nsl_parse_u64(const char *text, uint64_t min, uint64_t max,
                                   uint64_t *ret_number);

/* The candidate with the fewest edits to name, at most a third of its letters (at least one). */
const char *nsl_nearest(const char *name, const char *const *candidates, size_t count);

#endif
