#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "enclave/crypto/certificate.h"

struct keys {
    EVP_PKEY *root;
    EVP_PKEY *server;
    struct nsl_certificate root_certificate;
    struct nsl_certificate server_certificate;
};

static struct keys keys;

static int make_all(void **state)
{
    (void)state;
    assert_int_equal(nsl_certificate_setup(), NSL_OK);
    assert_int_equal(nsl_certificate_new_key(&keys.root), NSL_OK);
    assert_int_equal(nsl_certificate_new_key(&keys.server), NSL_OK);
    assert_int_equal(nsl_certificate_make_root(keys.root, &keys.root_certificate), NSL_OK);
    assert_int_equal(nsl_certificate_issue(keys.root, keys.server, &keys.server_certificate),
                     NSL_OK);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    EVP_PKEY_free(keys.root);
    EVP_PKEY_free(keys.server);
    return 0;
}

static X509 *parse(const struct nsl_certificate *certificate)
{
    const uint8_t *cursor = certificate->der;
    X509 *parsed = d2i_X509(NULL, &cursor, (long)certificate->size);
    assert_non_null(parsed);
    assert_ptr_equal(cursor, certificate->der + certificate->size);
    return parsed;
}

/* Verifies as a TLS client with this root does. */
static int verify(X509 *root, X509 *leaf, const char *host, const char *ip)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_true(store != NULL && context != NULL);
    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, leaf, NULL), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    assert_int_equal(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    assert_true(host == NULL || X509_VERIFY_PARAM_set1_host(param, host, 0) == 1);
    assert_true(ip == NULL || X509_VERIFY_PARAM_set1_ip_asc(param, ip) == 1);
    int error = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

static void a_client_that_trusts_the_root_accepts_the_server(void **state)
{
    X509 *root = parse(&keys.root_certificate);
    X509 *leaf = parse(&keys.server_certificate);
    (void)state;
    assert_int_equal(verify(root, leaf, "localhost", NULL), X509_V_OK);
    assert_int_equal(verify(root, leaf, NULL, "127.0.0.1"), X509_V_OK);
    assert_int_equal(verify(root, leaf, NULL, "::1"), X509_V_OK);
    X509_free(root);
    X509_free(leaf);
}

static void other_names_and_other_roots_are_refused(void **state)
{
    struct nsl_certificate other;
    EVP_PKEY *key = NULL;
    X509 *root = parse(&keys.root_certificate);
    X509 *leaf = parse(&keys.server_certificate);
    (void)state;
    assert_int_equal(verify(root, leaf, "example.org", NULL), X509_V_ERR_HOSTNAME_MISMATCH);
    assert_int_equal(verify(root, leaf, NULL, "10.0.0.1"), X509_V_ERR_IP_ADDRESS_MISMATCH);
    assert_int_equal(nsl_certificate_new_key(&key), NSL_OK);
    assert_int_equal(nsl_certificate_make_root(key, &other), NSL_OK);
    X509 *other_root = parse(&other);
    assert_int_not_equal(verify(other_root, leaf, "localhost", NULL), X509_V_OK);
    /* The server's certificate is no authority. */
    assert_int_equal(nsl_certificate_issue(keys.server, key, &other), NSL_OK);
    X509 *grandchild = parse(&other);
    assert_int_not_equal(verify(root, grandchild, "localhost", NULL), X509_V_OK);
    X509_free(grandchild);
    X509_free(other_root);
    X509_free(root);
    X509_free(leaf);
    EVP_PKEY_free(key);
}

static void certificates_have_the_documented_form(void **state)
{
    X509 *root = parse(&keys.root_certificate);
    X509 *leaf = parse(&keys.server_certificate);
    X509 *both[] = {root, leaf};
    (void)state;
    for (size_t index = 0; index < 2; index++) {
        time_t now = time(NULL);
        assert_int_equal(X509_get_version(both[index]), X509_VERSION_3);
        assert_int_equal(X509_get_signature_nid(both[index]), NID_ecdsa_with_SHA256);
        time_t before = now - 2;
        assert_int_equal(X509_cmp_time(X509_get0_notBefore(both[index]), &before), -1);
        time_t in_89_days = now + 89 * 86400;
        time_t in_91_days = now + 91 * 86400;
        assert_int_equal(X509_cmp_time(X509_get0_notAfter(both[index]), &in_89_days), 1);
        assert_int_equal(X509_cmp_time(X509_get0_notAfter(both[index]), &in_91_days), -1);
        BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get_serialNumber(both[index]), NULL);
        assert_non_null(serial);
        assert_false(BN_is_negative(serial));
        assert_true(BN_num_bits(serial) >= 120 && BN_num_bytes(serial) <= 20);
        BN_free(serial);
    }
    assert_int_equal(X509_get_extension_flags(root) & EXFLAG_CA, EXFLAG_CA);
    assert_int_equal(X509_get_pathlen(root), 0);
    assert_int_equal(X509_get_key_usage(root), KU_KEY_CERT_SIGN);
    assert_int_equal(X509_get_extension_flags(leaf) & EXFLAG_CA, 0);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), keys.server), 1);
    X509_free(root);
    X509_free(leaf);
}

static void two_certificates_have_two_serial_numbers(void **state)
{
    struct nsl_certificate again;
    (void)state;
    assert_int_equal(nsl_certificate_issue(keys.root, keys.server, &again), NSL_OK);
    X509 *a = parse(&keys.server_certificate);
    X509 *b = parse(&again);
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    X509_free(a);
    X509_free(b);
}

static void a_public_key_survives_its_encoding(void **state)
{
    uint8_t der[NSL_PUBLIC_KEY_MAX_BYTES];
    size_t size = 0;
    EVP_PKEY *back = NULL;
    (void)state;
    assert_int_equal(nsl_certificate_encode_public(keys.server, der, sizeof(der), &size), NSL_OK);
    assert_int_equal(nsl_certificate_decode_public(nsl_bytes_of(der, size), &back), NSL_OK);
    assert_int_equal(EVP_PKEY_eq(back, keys.server), 1);
    EVP_PKEY_free(back);
    for (size_t capacity = 0; capacity < size; capacity++) {
        size_t untouched = 99;
        assert_int_equal(nsl_certificate_encode_public(keys.server, der, capacity, &untouched),
                         NSL_ERR_TOO_LARGE);
        assert_int_equal(untouched, 99);
    }
}

static void damaged_public_keys_are_refused(void **state)
{
    uint8_t der[NSL_PUBLIC_KEY_MAX_BYTES] = {0};
    size_t size = 0;
    EVP_PKEY *back = NULL;
    size_t refused = 0;
    (void)state;
    assert_int_equal(nsl_certificate_encode_public(keys.server, der, sizeof(der), &size), NSL_OK);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(nsl_certificate_decode_public(nsl_bytes_of(der, cut), &back),
                         NSL_ERR_BAD_MESSAGE);
    }
    assert_int_equal(nsl_certificate_decode_public(nsl_bytes_of(der, size + 1), &back),
                     NSL_ERR_BAD_MESSAGE);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        der[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        nsl_err err = nsl_certificate_decode_public(nsl_bytes_of(der, size), &back);
        if (err == NSL_OK) {
            /* Another encoding of a P-256 key; never the same one. */
            assert_int_not_equal(EVP_PKEY_eq(back, keys.server), 1);
            EVP_PKEY_free(back);
        } else {
            assert_int_equal(err, NSL_ERR_BAD_MESSAGE);
            refused++;
        }
        der[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    assert_true(refused >= 8 * size - 8);
}

static void keys_of_other_kinds_are_refused(void **state)
{
    EVP_PKEY *others[] = {EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(2048),
                          EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    (void)state;
    for (size_t index = 0; index < sizeof(others) / sizeof(others[0]); index++) {
        uint8_t der[1024];
        size_t size = 0;
        EVP_PKEY *back = NULL;
        assert_non_null(others[index]);
        assert_int_equal(nsl_certificate_encode_public(others[index], der, sizeof(der), &size),
                         NSL_OK);
        assert_int_equal(nsl_certificate_decode_public(nsl_bytes_of(der, size), &back),
                         NSL_ERR_BAD_MESSAGE);
        EVP_PKEY_free(others[index]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_trusts_the_root_accepts_the_server),
        cmocka_unit_test(other_names_and_other_roots_are_refused),
        cmocka_unit_test(certificates_have_the_documented_form),
        cmocka_unit_test(two_certificates_have_two_serial_numbers),
        cmocka_unit_test(a_public_key_survives_its_encoding),
        cmocka_unit_test(damaged_public_keys_are_refused),
        cmocka_unit_test(keys_of_other_kinds_are_refused),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
