#include "enclave/engine/delta.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/error.h"

struct run {
    size_t first;
    size_t end;
};

/* A view of two states as words. */
struct pair {
    const uint64_t *old;
    const uint64_t *now;
    size_t old_words;
    size_t now_words;
};

static struct pair pair_of(const struct nsl_span *span)
{
    nsl_assert(span->old_bytes % 8 == 0 && span->now_bytes % 8 == 0 && span->offset % 8 == 0);
    nsl_assert(span->old_bytes <= span->now_bytes);
    return (struct pair){.old = span->old,
                         .now = span->now,
                         .old_words = span->old_bytes / 8,
                         .now_words = span->now_bytes / 8};
}

static bool word_differs(const struct pair *pair, size_t word)
{
    return pair->now[word] != (word < pair->old_words ? pair->old[word] : 0);
}

static bool word_starts_run(const struct pair *pair, size_t word)
{
    return word < pair->now_words && word_differs(pair, word);
}

/* Skips equal lines of 64 bytes quickly. */
static size_t skip_equal(const struct pair *pair, size_t word)
{
    while (word + 8 <= pair->old_words && memcmp(pair->old + word, pair->now + word, 64) == 0) {
        word += 8;
    }
    while (word < pair->now_words && !word_differs(pair, word)) {
        word++;
    }
    return word;
}

/* The next run at or after `from`; false at the end. */
static bool next_run(const struct pair *pair, size_t from, struct run *ret_run)
{
    size_t first = skip_equal(pair, from);
    if (first == pair->now_words) {
        return false;
    }
    size_t end = first + 1;
    while (word_starts_run(pair, end) || word_starts_run(pair, end + 1)) {
        end++;
    }
    *ret_run = (struct run){.first = first, .end = end};
    return true;
}

size_t nsl_delta_size(const struct nsl_span *span)
{
    struct pair pair = pair_of(span);
    struct run run = {0};
    size_t words = 0;
    while (next_run(&pair, run.end, &run)) {
        words += 1 + run.end - run.first;
    }
    return words * 8;
}

void nsl_delta_write(const struct nsl_span *span, void *ret_delta)
{
    struct pair pair = pair_of(span);
    struct run run = {0};
    uint8_t *out = ret_delta;
    while (next_run(&pair, run.end, &run)) {
        uint32_t head[2] = {(uint32_t)(span->offset / 8 + run.first),
                            (uint32_t)(run.end - run.first)};
        memcpy(out, head, sizeof(head));
        memcpy(out + sizeof(head), pair.now + run.first, (run.end - run.first) * 8);
        out += sizeof(head) + (run.end - run.first) * 8;
    }
}

bool nsl_delta_is_within(const void *delta, size_t delta_bytes, size_t bytes)
{
    const uint64_t *words = delta;
    size_t count = delta_bytes / 8;
    size_t at = 0;
    while (at < count) {
        uint32_t head[2];
        memcpy(head, words + at, sizeof(head));
        if (head[1] == 0 || head[1] > count - at - 1 || (uint64_t)head[0] + head[1] > bytes / 8) {
            return false;
        }
        at += 1 + (size_t)head[1];
    }
    return delta_bytes % 8 == 0;
}

void nsl_delta_apply(const void *delta, size_t delta_bytes, void *target)
{
    const uint64_t *at = delta;
    const uint64_t *end = at + delta_bytes / 8;
    uint64_t *words = target;
    while (at < end) {
        uint32_t head[2];
        memcpy(head, at, sizeof(head));
        memcpy(words + head[0], at + 1, (size_t)head[1] * 8);
        at += 1 + head[1];
    }
}
