/*
 * The primitives that tenants' functions reach through `crypto`: hashes (FIPS 180-4), HMAC (RFC 2104)
 * and AES-GCM (NIST SP 800-38D), over libcrypto with every algorithm looked up once.
 *
 * Does NOT keep keys: the caller's bytes are used and forgotten; libcrypto wipes its contexts. Threads:
 * one. Call nsl_primitives_setup first, before fork and confinement: nothing is loaded after it.
 */
#ifndef NSL_ENCLAVE_CRYPTO_PRIMITIVES_H
#define NSL_ENCLAVE_CRYPTO_PRIMITIVES_H

#include "common/base/bytes.h"
#include "common/base/error.h"

enum nsl_hash { NSL_HASH_SHA1, NSL_HASH_SHA256, NSL_HASH_SHA384, NSL_HASH_SHA512, NSL_HASH_COUNT };
enum { NSL_HASH_MAX_SIZE = 64, NSL_GCM_TAG_SIZE = 16, NSL_GCM_IV_MAX_SIZE = 128 };

/* NSL_ERR_CRYPTO: libcrypto lacks one of them. */
NSL_MUST_USE nsl_err nsl_primitives_setup(void);

/* Bytes of a digest. */
size_t nsl_hash_size(enum nsl_hash hash);

/* Bytes per block, which is also what HMAC cuts a generated key to. */
size_t nsl_hash_block_size(enum nsl_hash hash);

/* ret_digest has nsl_hash_size bytes. NSL_ERR_CRYPTO. */
NSL_MUST_USE nsl_err nsl_hash_bytes(enum nsl_hash hash, nsl_bytes data, uint8_t *ret_digest);

/* ret_code has nsl_hash_size bytes. NSL_ERR_CRYPTO. */
NSL_MUST_USE nsl_err nsl_hmac_bytes(enum nsl_hash hash, nsl_bytes key, nsl_bytes data,
                                    uint8_t *ret_code);

/* One AES-GCM message: key of 16, 24 or 32 bytes, iv of 1 to NSL_GCM_IV_MAX_SIZE. */
struct nsl_gcm {
    nsl_bytes key;
    nsl_bytes iv;
    nsl_bytes associated;
};

/* ret_sealed has text.size + NSL_GCM_TAG_SIZE bytes: ciphertext, then tag. NSL_ERR_BAD_ARGUMENT: size
 * of key or iv; NSL_ERR_CRYPTO. */
NSL_MUST_USE nsl_err nsl_gcm_seal(const struct nsl_gcm *gcm, nsl_bytes text, uint8_t *ret_sealed);

/* ret_text has sealed.size - NSL_GCM_TAG_SIZE bytes, zeroed when the tag is wrong. NSL_ERR_CRYPTO:
 * also a wrong tag; NSL_ERR_BAD_ARGUMENT. */
NSL_MUST_USE nsl_err nsl_gcm_open(const struct nsl_gcm *gcm, nsl_bytes sealed, uint8_t *ret_text);

#endif
