/*
 * A secret: a few bytes in pages of their own: locked in RAM, left out of core dumps and of forked
 * children, a guard page on both sides, wiped before the pages are given back.
 *
 * Costs three pages and a handful of system calls: for keys and other lasting secrets, not for each
 * value of each request. Does NOT protect against code that reads this process's memory, and not
 * against hibernation. Where the limit on locked memory is used up the secret works unlocked and
 * nsl_secret_is_locked says so.
 */
#ifndef NSL_COMMON_BASE_SECRET_H
#define NSL_COMMON_BASE_SECRET_H

#include "common/base/cleanup.h"
#include "common/base/wipe.h"

enum { NSL_SECRET_MAX_BYTES = 64 * 1024 };

/* A zeroed struct is "no secret". */
struct nsl_secret {
    uint8_t *data; /* borrowed until done; ends at the upper guard page */
    size_t size;   /* bytes */
    bool is_locked;
};

typedef struct nsl_secret nsl_secret;

/* Zeroed secret of 1..NSL_SECRET_MAX_BYTES. NSL_ERR_BAD_ARGUMENT, NSL_ERR_NO_MEMORY. Caller owns:
 * NSL_AUTO(nsl_secret) or nsl_secret_done. */
NSL_MUST_USE nsl_err nsl_secret_init(struct nsl_secret *ret_secret, size_t size);
void nsl_secret_done(struct nsl_secret *secret);
NSL_DEFINE_AUTO(nsl_secret, nsl_secret_done);

static inline nsl_bytes nsl_secret_bytes(const struct nsl_secret *secret)
{
    return nsl_bytes_of(secret->data, secret->size);
}

static inline bool nsl_secret_is_locked(const struct nsl_secret *secret)
{
    return secret->is_locked;
}

#endif
