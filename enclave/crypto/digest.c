#include "enclave/crypto/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

static EVP_MD *algorithm;
static EVP_MD_CTX *context;

void nsl_digest_sha256(nsl_bytes data, uint8_t ret_digest[NSL_SHA256_SIZE])
{
    if (context == NULL) {
        algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
        context = EVP_MD_CTX_new();
    }
    unsigned size = 0;
    if (algorithm == NULL || context == NULL || EVP_DigestInit_ex2(context, algorithm, NULL) != 1 ||
        EVP_DigestUpdate(context, data.data, data.size) != 1 ||
        EVP_DigestFinal_ex(context, ret_digest, &size) != 1 || size != NSL_SHA256_SIZE) {
        abort();
    }
}
