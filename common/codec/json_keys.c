#include "common/codec/json_keys.h"

#include "common/codec/json_scan.h"
#include "common/codec/json_string.h"

enum {
    FIRST_ENTRIES = 32,
    FEW_KEYS = 12,    /* up to here comparing all pairs beats sorting */
    MANY_KEYS = 1024, /* from here spreading over buckets first halves the time */
    BUCKETS = 256,
};

/* Mixing constants of xxHash64 (Y. Collet): any odd numbers with well spread bits do. The hash is not
 * keyed: chosen collisions only cost the byte-wise sort in check_equal_hashes. */
static const uint64_t mix_a = 0x9e3779b185ebca87U;
static const uint64_t mix_b = 0xc2b2ae3d27d4eb4fU;

nsl_err json_keys_grow(struct json_keys *keys)
{
    size_t more = keys->capacity > 0 ? keys->capacity : FIRST_ENTRIES;
    size_t left = (keys->scratch->capacity - keys->scratch->used) / sizeof(uint64_t);
    left &= ~(size_t)1; /* allocations are multiples of 16 bytes */
    more = more < left ? more : left;
    if (more == 0) {
        return NSL_ERR_TOO_LARGE;
    }
    void *memory;
    NSL_TRY(nsl_scratch_alloc(keys->scratch, more * sizeof(uint64_t), &memory));
    if (keys->entries == NULL) {
        keys->entries = memory;
    }
    /* Nothing else allocates during a check, so the stack grows in place. */
    nsl_assert((uint64_t *)memory == keys->entries + keys->capacity);
    keys->capacity += more;
    return NSL_OK;
}

static uint64_t mix(uint64_t hash, uint64_t block)
{
    hash = (hash ^ block) * mix_a;
    return hash ^ hash >> 29;
}

/* Up to eight bytes, little-endian (as is every machine this runs on), the rest zero. */
static uint64_t load_tail(const uint8_t *at, size_t size, const uint8_t *readable_end)
{
    if (readable_end - at >= 8) {
        uint64_t block = nsl_load_u64(at);
        return size == 8 ? block : block & ((1ULL << (8 * size)) - 1);
    }
    uint64_t block = 0;
    for (size_t i = 0; i < size; i++) {
        block |= (uint64_t)at[i] << (8 * i);
    }
    return block;
}

static uint32_t finish(uint64_t hash, uint64_t block, uint64_t size)
{
    hash = mix(mix(hash, block), size) * mix_b;
    return (uint32_t)(hash >> 32);
}

static uint32_t hash_plain(nsl_bytes content, const uint8_t *readable_end)
{
    uint64_t hash = mix_b;
    size_t left = content.size;
    const uint8_t *at = content.data;
    for (; left > 8; left -= 8, at += 8) {
        hash = mix(hash, load_tail(at, 8, readable_end));
    }
    return finish(hash, load_tail(at, left, readable_end), content.size);
}

/* The same hash as hash_plain of the unescaped content. */
static uint32_t hash_escaped(nsl_bytes content)
{
    struct json_cursor cursor = json_cursor_of(content);
    uint64_t hash = mix_b;
    uint64_t block = 0;
    uint64_t size = 0;
    for (int byte = json_cursor_next(&cursor); byte >= 0; byte = json_cursor_next(&cursor)) {
        if (size > 0 && size % 8 == 0) {
            hash = mix(hash, block);
            block = 0;
        }
        block |= (uint64_t)byte << (8 * (size % 8));
        size++;
    }
    return finish(hash, block, size);
}

nsl_err json_keys_add(struct json_keys *keys, nsl_bytes content, enum json_plainness plainness)
{
    uint32_t hash =
        plainness == JSON_PLAIN ? hash_plain(content, keys->text_end) : hash_escaped(content);
    uint64_t offset = (uint64_t)(content.data - keys->text);
    return json_keys_push(keys, (uint64_t)hash << 32 | offset);
}

/* The key's content, from its entry: a checked string ends at the first quote that is not escaped. */
static nsl_bytes content_of(const struct json_keys *keys, uint64_t entry)
{
    const uint8_t *start = keys->text + (entry & UINT32_MAX);
    const uint8_t *at = start;
    while (*at != '"') {
        at += *at == '\\' ? 2 : 1;
    }
    return nsl_bytes_of(start, (size_t)(at - start));
}

/* <0, 0, >0 as the unescaped contents compare byte by byte. */
static int compare_keys(const struct json_keys *keys, uint64_t a, uint64_t b)
{
    struct json_cursor cursor_a = json_cursor_of(content_of(keys, a));
    struct json_cursor cursor_b = json_cursor_of(content_of(keys, b));
    for (;;) {
        int byte_a = json_cursor_next(&cursor_a);
        int byte_b = json_cursor_next(&cursor_b);
        if (byte_a != byte_b || byte_a < 0) {
            return byte_a - byte_b;
        }
    }
}

enum order { BY_ENTRY, BY_CONTENT };

static bool is_before(const struct json_keys *keys, enum order order, uint64_t a, uint64_t b)
{
    return order == BY_ENTRY ? a < b : compare_keys(keys, a, b) < 0;
}

static void sift_down(const struct json_keys *keys, enum order order, uint64_t *heap, size_t at,
                      size_t count)
{
    uint64_t moving = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count && is_before(keys, order, heap[child], heap[child + 1])) {
            child++;
        }
        if (!is_before(keys, order, moving, heap[child])) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

/* Heapsort: in place, O(n log n) whatever the input, no recursion. */
static void sort_entries(const struct json_keys *keys, enum order order, uint64_t *entries,
                         size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(keys, order, entries, i - 1, count);
    }
    for (size_t last = count; last > 1; last--) {
        uint64_t top = entries[0];
        entries[0] = entries[last - 1];
        entries[last - 1] = top;
        sift_down(keys, order, entries, 0, last - 1);
    }
}

static size_t bucket_of(uint64_t entry)
{
    return (size_t)(entry >> 56);
}

/* In place by the hash's first byte (American flag sort), so that what is left to sort is small; then
 * each bucket. Chosen hashes put all in one bucket, which costs what sorting at once costs. */
static void sort_many(const struct json_keys *keys, uint64_t *entries, size_t count)
{
    size_t ends[BUCKETS] = {0};
    size_t next[BUCKETS];
    for (size_t i = 0; i < count; i++) {
        ends[bucket_of(entries[i])]++;
    }
    for (size_t i = 0, start = 0; i < BUCKETS; i++) {
        next[i] = start;
        start += ends[i];
        ends[i] = start;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        while (next[i] < ends[i]) {
            uint64_t moving = entries[next[i]];
            size_t home = bucket_of(moving);
            entries[next[i]] = entries[next[home]];
            entries[next[home]++] = moving;
        }
    }
    for (size_t i = 0, start = 0; i < BUCKETS; start = ends[i], i++) {
        sort_entries(keys, BY_ENTRY, entries + start, ends[i] - start);
    }
}

static nsl_err duplicate_at(const struct json_keys *keys, uint64_t a, uint64_t b,
                            const uint8_t **ret_again)
{
    uint64_t offset_a = a & UINT32_MAX;
    uint64_t offset_b = b & UINT32_MAX;
    *ret_again = keys->text + (offset_a > offset_b ? offset_a : offset_b);
    return NSL_ERR_DUPLICATE_KEY;
}

static nsl_err check_pairs(const struct json_keys *keys, const uint64_t *entries, size_t count,
                           const uint8_t **ret_again)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (entries[i] >> 32 == entries[j] >> 32 &&
                compare_keys(keys, entries[i], entries[j]) == 0) {
                return duplicate_at(keys, entries[i], entries[j], ret_again);
            }
        }
    }
    return NSL_OK;
}

/* Entries of one hash: the same key, or (rare unless chosen) different keys. */
static nsl_err check_equal_hashes(const struct json_keys *keys, uint64_t *entries, size_t count,
                                  const uint8_t **ret_again)
{
    if (count <= FEW_KEYS) {
        return check_pairs(keys, entries, count, ret_again);
    }
    sort_entries(keys, BY_CONTENT, entries, count);
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(keys, entries[i - 1], entries[i]) == 0) {
            return duplicate_at(keys, entries[i - 1], entries[i], ret_again);
        }
    }
    return NSL_OK;
}

nsl_err json_keys_check_unique(struct json_keys *keys, const uint8_t **ret_again)
{
    nsl_assert(keys->is_object && keys->frame > 0);
    uint64_t *entries = keys->entries + keys->frame;
    size_t count = keys->count - keys->frame;
    if (count <= FEW_KEYS) {
        return check_pairs(keys, entries, count, ret_again);
    }
    if (count < MANY_KEYS) {
        sort_entries(keys, BY_ENTRY, entries, count);
    } else {
        sort_many(keys, entries, count);
    }
    for (size_t start = 0; start < count;) {
        size_t next = start + 1;
        while (next < count && entries[next] >> 32 == entries[start] >> 32) {
            next++;
        }
        if (next - start > 1) {
            NSL_TRY(check_equal_hashes(keys, entries + start, next - start, ret_again));
        }
        start = next;
    }
    return NSL_OK;
}
