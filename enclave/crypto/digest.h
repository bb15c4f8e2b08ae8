/*
 * SHA-256 of bytes at hand (FIPS 180-4), over libcrypto with the algorithm looked up once.
 *
 * Threads: one. Works in a confined process: nothing is loaded, no configuration is read. Failure of
 * libcrypto here is a broken machine and ends the process.
 */
#ifndef NSL_ENCLAVE_CRYPTO_DIGEST_H
#define NSL_ENCLAVE_CRYPTO_DIGEST_H

#include "common/base/bytes.h"

enum { NSL_SHA256_SIZE = 32 };

void nsl_digest_sha256(nsl_bytes data, uint8_t ret_digest[NSL_SHA256_SIZE]);

#endif
