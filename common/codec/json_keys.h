/*
 * Inside common/codec only: the keys of the open objects of a text under check, and the search for
 * the same key twice.
 *
 * One stack of 8-byte entries on the scratch: a frame for each open container (the index of the
 * frame below, and whether it is an object), above it the keys of that object (hash and offset).
 */
#ifndef NSL_COMMON_CODEC_JSON_KEYS_H
#define NSL_COMMON_CODEC_JSON_KEYS_H

#include "common/base/scratch.h"

struct json_keys {
    struct nsl_scratch *scratch;
    const uint8_t *text; /* offsets count from here */
    const uint8_t *text_end;
    uint64_t *entries;
    size_t count;
    size_t capacity;
    size_t frame; /* index + 1 of the innermost open container's frame; 0: none */
    size_t depth;
    bool is_object; /* the innermost open container is one */
};

NSL_MUST_USE nsl_err json_keys_grow(struct json_keys *keys);

NSL_MUST_USE static inline nsl_err json_keys_push(struct json_keys *keys, uint64_t entry)
{
    if (keys->count == keys->capacity) {
        NSL_TRY(json_keys_grow(keys));
    }
    keys->entries[keys->count++] = entry;
    return NSL_OK;
}

NSL_MUST_USE static inline nsl_err json_keys_open(struct json_keys *keys, bool is_object)
{
    NSL_TRY(json_keys_push(keys, (uint64_t)keys->frame << 1 | (is_object ? 1 : 0)));
    keys->frame = keys->count;
    keys->depth++;
    keys->is_object = is_object;
    return NSL_OK;
}

static inline void json_keys_close(struct json_keys *keys)
{
    keys->count = keys->frame - 1;
    keys->frame = (size_t)(keys->entries[keys->count] >> 1);
    keys->depth--;
    keys->is_object = keys->frame > 0 && (keys->entries[keys->frame - 1] & 1) != 0;
}

enum json_plainness { JSON_PLAIN, JSON_ESCAPED };

/* Remembers a checked key of the innermost object; content without quotes. */
NSL_MUST_USE nsl_err json_keys_add(struct json_keys *keys, nsl_bytes content,
                                   enum json_plainness plainness);

/* NSL_ERR_DUPLICATE_KEY when the innermost object has a key twice; *ret_again is where the later one
 * starts (behind its quote), set on that error only. */
NSL_MUST_USE nsl_err json_keys_check_unique(struct json_keys *keys, const uint8_t **ret_again);

#endif
