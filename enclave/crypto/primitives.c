#include "enclave/crypto/primitives.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/base/wipe.h"

static const struct hash_row {
    const char *name;
    size_t size;
    size_t block_size;
} hash_rows[NSL_HASH_COUNT] = {
    [NSL_HASH_SHA1] = {"SHA1", 20, 64},
    [NSL_HASH_SHA256] = {"SHA256", 32, 64},
    [NSL_HASH_SHA384] = {"SHA384", 48, 128},
    [NSL_HASH_SHA512] = {"SHA512", 64, 128},
};

static EVP_MD *hashes[NSL_HASH_COUNT];
static EVP_MAC *hmac;
static EVP_CIPHER *gcm_ciphers[3]; /* keys of 16, 24 and 32 bytes */

static const char *const gcm_names[3] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"};

nsl_err nsl_primitives_setup(void)
{
    bool is_complete = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
    for (int i = 0; i < NSL_HASH_COUNT; i++) {
        hashes[i] = hashes[i] != NULL ? hashes[i] : EVP_MD_fetch(NULL, hash_rows[i].name, NULL);
        is_complete = is_complete && hashes[i] != NULL;
    }
    for (int i = 0; i < 3; i++) {
        EVP_CIPHER *held = gcm_ciphers[i];
        gcm_ciphers[i] = held != NULL ? held : EVP_CIPHER_fetch(NULL, gcm_names[i], NULL);
        is_complete = is_complete && gcm_ciphers[i] != NULL;
    }
    hmac = hmac != NULL ? hmac : EVP_MAC_fetch(NULL, "HMAC", NULL);
    return is_complete && hmac != NULL ? NSL_OK : NSL_ERR_CRYPTO;
}

size_t nsl_hash_size(enum nsl_hash hash)
{
    return hash_rows[hash].size;
}

size_t nsl_hash_block_size(enum nsl_hash hash)
{
    return hash_rows[hash].block_size;
}

nsl_err nsl_hash_bytes(enum nsl_hash hash, nsl_bytes data, uint8_t *ret_digest)
{
    unsigned size = 0;
    if (EVP_Digest(data.data, data.size, ret_digest, &size, hashes[hash], NULL) != 1) {
        return NSL_ERR_CRYPTO;
    }
    nsl_assert(size == hash_rows[hash].size);
    return NSL_OK;
}

nsl_err nsl_hmac_bytes(enum nsl_hash hash, nsl_bytes key, nsl_bytes data, uint8_t *ret_code)
{
    /* libcrypto takes NULL for "keep the key", so an empty key needs an address */
    static const uint8_t no_key[1];
    char name[16] = {0};
    nsl_copy(name, sizeof(name), nsl_bytes_text(hash_rows[hash].name));
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    size_t size = 0;
    bool is_done =
        context != NULL &&
        EVP_MAC_init(context, key.size > 0 ? key.data : no_key, key.size, parameters) == 1 &&
        EVP_MAC_update(context, data.data, data.size) == 1 &&
        EVP_MAC_final(context, ret_code, &size, hash_rows[hash].size) == 1;
    EVP_MAC_CTX_free(context);
    return is_done ? NSL_OK : NSL_ERR_CRYPTO;
}

static EVP_CIPHER *cipher_for(const struct nsl_gcm *gcm)
{
    if (gcm->iv.size == 0 || gcm->iv.size > NSL_GCM_IV_MAX_SIZE) {
        return NULL;
    }
    return gcm->key.size == 16   ? gcm_ciphers[0]
           : gcm->key.size == 24 ? gcm_ciphers[1]
           : gcm->key.size == 32 ? gcm_ciphers[2]
                                 : NULL;
}

enum gcm_direction { GCM_OPEN = 0, GCM_SEAL = 1 };

/* Key, iv and associated data. */
static bool gcm_start(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const struct nsl_gcm *gcm,
                      enum gcm_direction direction)
{
    size_t iv_size = gcm->iv.size;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_IVLEN, &iv_size),
        OSSL_PARAM_construct_end(),
    };
    int size = 0;
    int is_sealing = (int)direction;
    return EVP_CipherInit_ex2(context, cipher, NULL, NULL, is_sealing, parameters) == 1 &&
           EVP_CipherInit_ex2(context, NULL, gcm->key.data, gcm->iv.data, is_sealing, NULL) == 1 &&
           (gcm->associated.size == 0 ||
            EVP_CipherUpdate(context, NULL, &size, gcm->associated.data,
                             (int)gcm->associated.size) == 1);
}

static bool gcm_text(EVP_CIPHER_CTX *context, nsl_bytes from, uint8_t *to)
{
    int size = 0;
    return from.size == 0 || EVP_CipherUpdate(context, to, &size, from.data, (int)from.size) == 1;
}

nsl_err nsl_gcm_seal(const struct nsl_gcm *gcm, nsl_bytes text, uint8_t *ret_sealed)
{
    EVP_CIPHER *cipher = cipher_for(gcm);
    if (cipher == NULL || text.size > INT_MAX || gcm->associated.size > INT_MAX) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *tag = ret_sealed + text.size;
    int size = 0;
    bool is_done = context != NULL && gcm_start(context, cipher, gcm, GCM_SEAL) &&
                   gcm_text(context, text, ret_sealed) &&
                   EVP_CipherFinal_ex(context, tag, &size) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, NSL_GCM_TAG_SIZE, tag) == 1;
    EVP_CIPHER_CTX_free(context);
    return is_done ? NSL_OK : NSL_ERR_CRYPTO;
}

nsl_err nsl_gcm_open(const struct nsl_gcm *gcm, nsl_bytes sealed, uint8_t *ret_text)
{
    EVP_CIPHER *cipher = cipher_for(gcm);
    if (cipher == NULL || sealed.size < NSL_GCM_TAG_SIZE || sealed.size > INT_MAX ||
        gcm->associated.size > INT_MAX) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    nsl_bytes text = nsl_bytes_of(sealed.data, sealed.size - NSL_GCM_TAG_SIZE);
    uint8_t tag[NSL_GCM_TAG_SIZE];
    nsl_copy(tag, sizeof(tag), nsl_bytes_of(sealed.data + text.size, sizeof(tag)));
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t none[16];
    int size = 0;
    bool is_done = context != NULL && gcm_start(context, cipher, gcm, GCM_OPEN) &&
                   gcm_text(context, text, ret_text) &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1 &&
                   EVP_CipherFinal_ex(context, none, &size) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!is_done) {
        nsl_wipe(ret_text, text.size);
        return NSL_ERR_CRYPTO;
    }
    return NSL_OK;
}
