#include "cli/flags.h"

#include <stdio.h>

enum { NAME_MAX_BYTES = 40 };

/* ---- The nearest name. */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance, a swap of neighbours counting once (the restricted Damerau-Levenshtein one). */
static size_t edits_between(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_BYTES + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size > NAME_MAX_BYTES || b_size > NAME_MAX_BYTES) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = smaller(change, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smaller(row[j], rows[(i + 1) % 3][j - 2] + 1);
            }
        }
    }
    return rows[a_size % 3][b_size];
}

const char *nsl_nearest(const char *name, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_edits = strlen(name) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t edits = edits_between(name, candidates[i]);
        if (edits <= best_edits && (best == NULL || edits < best_edits)) {
            best = candidates[i];
            best_edits = edits;
        }
    }
    return best;
}

/* ---- The command line. */

static const struct nsl_flag *find(const struct nsl_flag *table, size_t count, nsl_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (nsl_bytes_equal(nsl_bytes_text(table[i].name), name)) {
            return &table[i];
        }
    }
    return NULL;
}

static nsl_err refuse_unknown(const struct nsl_flag *table, size_t count, nsl_bytes name,
                              char error[NSL_FLAGS_ERROR_BYTES])
{
    const char *names[64];
    char text[NAME_MAX_BYTES + 1];
    nsl_assert(count <= sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < count; i++) {
        names[i] = table[i].name;
    }
    int shown = (int)smaller(name.size, NAME_MAX_BYTES);
    snprintf(text, sizeof(text), "%.*s", shown, (const char *)name.data);
    const char *nearest = nsl_nearest(text, names, count);
    if (nearest == NULL) {
        snprintf(error, NSL_FLAGS_ERROR_BYTES, "unknown flag --%s", text);
    } else {
        snprintf(error, NSL_FLAGS_ERROR_BYTES, "unknown flag --%s; did you mean --%s?", text,
                 nearest);
    }
    return NSL_ERR_BAD_ARGUMENT;
}

static nsl_err refuse(const char *name, const char *what, char error[NSL_FLAGS_ERROR_BYTES])
{
    snprintf(error, NSL_FLAGS_ERROR_BYTES, "--%s %s", name, what);
    return NSL_ERR_BAD_ARGUMENT;
}

static nsl_err note(struct nsl_flags *flags, const struct nsl_flag *flag, const char *value,
                    char error[NSL_FLAGS_ERROR_BYTES])
{
    if (flag->repeat == NSL_FLAG_ONCE && nsl_flags_has(flags, flag->name)) {
        return refuse(flag->name, "is given twice", error);
    }
    if (flags->given_count == NSL_FLAGS_GIVEN_MAX) {
        return refuse(flag->name, "is one flag too many", error);
    }
    flags->given[flags->given_count++] = (struct nsl_flag_given){.flag = flag, .value = value};
    return NSL_OK;
}

static nsl_err add_word(struct nsl_flags *flags, const char *word,
                        char error[NSL_FLAGS_ERROR_BYTES])
{
    if (flags->word_count == NSL_FLAGS_WORDS_MAX) {
        snprintf(error, NSL_FLAGS_ERROR_BYTES, "too many words, the first is '%.80s'", word);
        return NSL_ERR_BAD_ARGUMENT;
    }
    flags->words[flags->word_count++] = word;
    return NSL_OK;
}

/* text: a flag without its dashes. next: the argument behind it, or NULL; *ret_used_next. */
static nsl_err add_flag(const struct nsl_flag *table, size_t count, const char *text,
                        const char *next, struct nsl_flags *flags, bool *ret_used_next,
                        char error[NSL_FLAGS_ERROR_BYTES])
{
    const char *equals = strchr(text, '=');
    nsl_bytes name =
        equals == NULL ? nsl_bytes_text(text) : nsl_bytes_of(text, (size_t)(equals - text));
    const struct nsl_flag *flag = find(table, count, name);
    if (flag == NULL) {
        return refuse_unknown(table, count, name, error);
    }
    *ret_used_next = flag->value != NULL && equals == NULL;
    if (flag->value == NULL) {
        return equals == NULL ? note(flags, flag, "", error)
                              : refuse(flag->name, "takes no value", error);
    }
    const char *value = equals == NULL ? next : equals + 1;
    if (value == NULL || (equals == NULL && strncmp(value, "--", 2) == 0)) {
        char what[80];
        snprintf(what, sizeof(what), "needs a value: %s", flag->value);
        return refuse(flag->name, what, error);
    }
    return note(flags, flag, value, error);
}

nsl_err nsl_flags_parse(const struct nsl_flag *table, size_t count, int argc, char *const *argv,
                        struct nsl_flags *ret_flags, char error[NSL_FLAGS_ERROR_BYTES])
{
    struct nsl_flags flags = {0};
    bool is_words_only = false;
    for (int i = 0; i < argc; i++) {
        bool used_next = false;
        if (is_words_only || argv[i][0] != '-' || argv[i][1] == '\0') {
            NSL_TRY(add_word(&flags, argv[i], error));
        } else if (strcmp(argv[i], "--") == 0) {
            is_words_only = true;
        } else if (argv[i][1] != '-') {
            snprintf(error, NSL_FLAGS_ERROR_BYTES,
                     "unknown flag %.40s; flags are written with two dashes", argv[i]);
            return NSL_ERR_BAD_ARGUMENT;
        } else {
            const char *next = i + 1 < argc ? argv[i + 1] : NULL;
            NSL_TRY(add_flag(table, count, argv[i] + 2, next, &flags, &used_next, error));
        }
        i += used_next ? 1 : 0;
    }
    *ret_flags = flags;
    return NSL_OK;
}

const char *nsl_flags_value(const struct nsl_flags *flags, const char *name)
{
    for (size_t i = 0; i < flags->given_count; i++) {
        if (strcmp(flags->given[i].flag->name, name) == 0) {
            return flags->given[i].value;
        }
    }
    return NULL;
}

bool nsl_flags_has(const struct nsl_flags *flags, const char *name)
{
    return nsl_flags_value(flags, name) != NULL;
}

nsl_err nsl_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (*text == '\0') {
        return NSL_ERR_BAD_ARGUMENT;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10U, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
            return NSL_ERR_BAD_ARGUMENT;
        }
    }
    if (number < min || number > max) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    *ret_number = number;
    return NSL_OK;
}
