#include "enclave/crypto/certificate.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "enclave/crypto/digest.h"

/* Clocks of clients may be behind by this much. */
enum { BACKDATE_SECONDS = 3600, LIFETIME_SECONDS = 90 * 24 * 3600, SERIAL_BYTES = 16 };

enum { KEY_ID_BYTES = 20, P256_BYTES = 32 };

#define ROOT_NAME "Neo Service Layer enclave instance"
#define LEAF_NAME "localhost"

nsl_err nsl_certificate_setup(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 ? NSL_OK : NSL_ERR_CRYPTO;
}

nsl_err nsl_certificate_new_key(EVP_PKEY **ret_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (key == NULL) {
        return NSL_ERR_CRYPTO;
    }
    *ret_key = key;
    return NSL_OK;
}

nsl_err nsl_certificate_encode_public(EVP_PKEY *key, uint8_t *out, size_t capacity,
                                      size_t *ret_size)
{
    int size = i2d_PUBKEY(key, NULL);
    if (size <= 0) {
        return NSL_ERR_CRYPTO;
    }
    if ((size_t)size > capacity) {
        return NSL_ERR_TOO_LARGE;
    }
    uint8_t *cursor = out;
    *ret_size = (size_t)i2d_PUBKEY(key, &cursor);
    return NSL_OK;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[32] = {0};
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                          NULL) == 1 &&
           OBJ_sn2nid(group) == NID_X9_62_prime256v1;
}

/* RFC 5480: SubjectPublicKeyInfo of a P-256 key up to its uncompressed point. One key has one encoding
 * here: hybrid and compressed points, which libcrypto would take too, are refused. */
static bool is_plain_form(nsl_bytes der)
{
    static const uint8_t head[] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    };
    return der.size == sizeof(head) + 2 * P256_BYTES &&
           nsl_bytes_equal(nsl_bytes_of(der.data, sizeof(head)), nsl_bytes_of(head, sizeof(head)));
}

nsl_err nsl_certificate_decode_public(nsl_bytes der, EVP_PKEY **ret_key)
{
    const uint8_t *cursor = der.data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &cursor, (long)der.size);
    if (key == NULL || !is_p256(key) || !is_plain_form(der)) {
        EVP_PKEY_free(key);
        return NSL_ERR_BAD_MESSAGE;
    }
    *ret_key = key;
    return NSL_OK;
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets, unpredictable. */
static bool set_serial(X509 *certificate)
{
    uint8_t random[SERIAL_BYTES];
    if (RAND_bytes(random, sizeof(random)) != 1) {
        return false;
    }
    random[0] = (uint8_t)((random[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(random, sizeof(random), NULL);
    bool is_set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_set;
}

static bool set_name(X509_NAME *name, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1,
                                      0) == 1;
}

static bool add_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
    bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

/* RFC 7093 section 2, method 4: from the hash of the SubjectPublicKeyInfo. Caller frees. */
static ASN1_OCTET_STRING *make_key_id(EVP_PKEY *key)
{
    uint8_t der[NSL_PUBLIC_KEY_MAX_BYTES];
    uint8_t digest[NSL_SHA256_SIZE];
    size_t size = 0;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    if (id == NULL || nsl_certificate_encode_public(key, der, sizeof(der), &size) != NSL_OK) {
        ASN1_OCTET_STRING_free(id);
        return NULL;
    }
    nsl_digest_sha256(nsl_bytes_of(der, size), digest);
    if (ASN1_OCTET_STRING_set(id, digest, KEY_ID_BYTES) != 1) {
        ASN1_OCTET_STRING_free(id);
        return NULL;
    }
    return id;
}

/* RFC 5280 4.2.1.1 and 4.2.1.2; strict clients refuse certificates without them. */
static bool add_key_ids(X509 *certificate, EVP_PKEY *root_key, EVP_PKEY *subject_key)
{
    ASN1_OCTET_STRING *subject = make_key_id(subject_key);
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool is_added = subject != NULL && authority != NULL;
    if (is_added) {
        authority->keyid = make_key_id(root_key);
        is_added =
            authority->keyid != NULL &&
            X509_add1_ext_i2d(certificate, NID_subject_key_identifier, subject, 0, 0) == 1 &&
            X509_add1_ext_i2d(certificate, NID_authority_key_identifier, authority, 0, 0) == 1;
    }
    ASN1_OCTET_STRING_free(subject);
    AUTHORITY_KEYID_free(authority);
    return is_added;
}

enum certificate_kind { KIND_ROOT, KIND_SERVER };

static bool add_extensions(X509 *certificate, enum certificate_kind kind)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    if (kind == KIND_ROOT) {
        return add_extension(certificate, &context, NID_basic_constraints,
                             "critical,CA:TRUE,pathlen:0") &&
               add_extension(certificate, &context, NID_key_usage, "critical,keyCertSign");
    }
    return add_extension(certificate, &context, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, &context, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, &context, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, &context, NID_subject_alt_name,
                         "DNS:localhost,IP:127.0.0.1,IP:::1");
}

static bool fill(X509 *certificate, enum certificate_kind kind, EVP_PKEY *root_key,
                 EVP_PKEY *subject_key)
{
    time_t now = time(NULL);
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), now - BACKDATE_SECONDS) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), now + LIFETIME_SECONDS) != NULL &&
           set_name(X509_get_issuer_name(certificate), ROOT_NAME) &&
           set_name(X509_get_subject_name(certificate),
                    kind == KIND_ROOT ? ROOT_NAME : LEAF_NAME) &&
           X509_set_pubkey(certificate, subject_key) == 1 && add_extensions(certificate, kind) &&
           add_key_ids(certificate, root_key, subject_key) &&
           X509_sign(certificate, root_key, EVP_sha256()) > 0;
}

static nsl_err make(enum certificate_kind kind, EVP_PKEY *root_key, EVP_PKEY *subject_key,
                    struct nsl_certificate *ret_certificate)
{
    X509 *certificate = X509_new();
    nsl_err err = NSL_ERR_CRYPTO;
    if (certificate != NULL && fill(certificate, kind, root_key, subject_key)) {
        int size = i2d_X509(certificate, NULL);
        err = size > 0 && size <= NSL_CERTIFICATE_MAX_BYTES ? NSL_OK : NSL_ERR_TOO_LARGE;
        if (err == NSL_OK) {
            uint8_t *cursor = ret_certificate->der;
            ret_certificate->size = (size_t)i2d_X509(certificate, &cursor);
        }
    }
    X509_free(certificate);
    return err;
}

nsl_err nsl_certificate_make_root(EVP_PKEY *root_key, struct nsl_certificate *ret_certificate)
{
    return make(KIND_ROOT, root_key, root_key, ret_certificate);
}

nsl_err nsl_certificate_issue(EVP_PKEY *root_key, EVP_PKEY *subject_key,
                              struct nsl_certificate *ret_certificate)
{
    return make(KIND_SERVER, root_key, subject_key, ret_certificate);
}

static nsl_err take_pem(BIO *memory, char out[NSL_PEM_MAX])
{
    int size = BIO_read(memory, out, NSL_PEM_MAX - 1);
    if (size <= 0 || BIO_pending(memory) != 0) {
        return NSL_ERR_CRYPTO;
    }
    out[size] = '\0';
    return NSL_OK;
}

nsl_err nsl_certificate_write_pem(EVP_PKEY *key, const struct nsl_certificate *certificate,
                                  char ret_key[NSL_PEM_MAX], char ret_certificate[NSL_PEM_MAX])
{
    const uint8_t *cursor = certificate->der;
    X509 *parsed = d2i_X509(NULL, &cursor, (long)certificate->size);
    BIO *memory = BIO_new(BIO_s_secmem());
    nsl_err err = NSL_ERR_CRYPTO;
    if (memory != NULL && parsed != NULL &&
        PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1) {
        err = take_pem(memory, ret_key);
    }
    if (err == NSL_OK) {
        err = PEM_write_bio_X509(memory, parsed) == 1 ? take_pem(memory, ret_certificate)
                                                      : NSL_ERR_CRYPTO;
    }
    BIO_free(memory);
    X509_free(parsed);
    return err;
}
