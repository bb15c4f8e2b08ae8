/*
 * X.509 for TLS: the instance's own root and the gateway's server certificate (RFC 5280).
 *
 * P-256 keys (EVP_PKEY, caller frees with EVP_PKEY_free), ECDSA with SHA-256, lifetimes in hours. Does
 * NOT tell a client which enclave this is: evidence in the certificate does that, and is separate.
 * Threads: one. Call nsl_certificate_setup first, before the process is confined.
 */
#ifndef NSL_ENCLAVE_CRYPTO_CERTIFICATE_H
#define NSL_ENCLAVE_CRYPTO_CERTIFICATE_H

#include <openssl/evp.h>

#include "common/base/bytes.h"
#include "common/base/error.h"

enum { NSL_CERTIFICATE_MAX_BYTES = 2048, NSL_PUBLIC_KEY_MAX_BYTES = 256 };

struct nsl_certificate {
    uint8_t der[NSL_CERTIFICATE_MAX_BYTES];
    size_t size;
};

/* A key and its certificate as NUL-terminated PEM, for libraries that take no other form. The key's
 * text is a secret: its owner wipes it. NSL_ERR_CRYPTO. */
enum { NSL_PEM_MAX = 4096 };
NSL_MUST_USE nsl_err nsl_certificate_write_pem(EVP_PKEY *key,
                                               const struct nsl_certificate *certificate,
                                               char ret_key[NSL_PEM_MAX],
                                               char ret_certificate[NSL_PEM_MAX]);

/* Makes libcrypto read no configuration file. NSL_ERR_CRYPTO. */
NSL_MUST_USE nsl_err nsl_certificate_setup(void);

/* A fresh P-256 key pair. NSL_ERR_CRYPTO. Caller owns. */
NSL_MUST_USE nsl_err nsl_certificate_new_key(EVP_PKEY **ret_key);

/* The public half as SubjectPublicKeyInfo DER, and back (only P-256). NSL_ERR_CRYPTO,
 * NSL_ERR_TOO_LARGE; NSL_ERR_BAD_MESSAGE for bytes that are no such key. */
NSL_MUST_USE nsl_err nsl_certificate_encode_public(EVP_PKEY *key, uint8_t *out, size_t capacity,
                                                   size_t *ret_size);
NSL_MUST_USE nsl_err nsl_certificate_decode_public(nsl_bytes der, EVP_PKEY **ret_key);

/* The self-signed root of this instance. */
NSL_MUST_USE nsl_err nsl_certificate_make_root(EVP_PKEY *root_key,
                                               struct nsl_certificate *ret_certificate);

/* A server certificate for subject_key, valid for localhost, 127.0.0.1 and ::1. */
NSL_MUST_USE nsl_err nsl_certificate_issue(EVP_PKEY *root_key, EVP_PKEY *subject_key,
                                           struct nsl_certificate *ret_certificate);

#endif
