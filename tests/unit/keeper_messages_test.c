#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enclave/boundary/channel.h"
#include "enclave/wire/keeper_messages.h"

/* What the test, in the keeper's place, answers with. */
struct answer {
    uint8_t bytes[NSL_KEEPER_PACKET_MAX + 16];
    size_t size;
    nsl_bytes question; /* as it was received */
    uint8_t question_bytes[NSL_KEEPER_PACKET_MAX];
};

static EVP_PKEY *key;

static int make_key(void **state)
{
    (void)state;
    assert_int_equal(nsl_certificate_setup(), NSL_OK);
    assert_int_equal(nsl_certificate_new_key(&key), NSL_OK);
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

/* The answer is in the channel before the question is sent: the gateway's side waits for nothing. */
static nsl_err ask(struct answer *answer, struct nsl_certificate *ret_server,
                   struct nsl_certificate *ret_root)
{
    int ends[2];
    struct nsl_channel_packet packet;
    assert_int_equal(nsl_channel_pair(ends), NSL_OK);
    assert_int_equal(nsl_channel_send(ends[1], nsl_bytes_of(answer->bytes, answer->size), NULL, 0),
                     NSL_OK);
    nsl_err err = nsl_keeper_ask_certificate(ends[0], key, ret_server, ret_root);
    assert_int_equal(nsl_channel_receive(ends[1], NSL_CHANNEL_POLL, answer->question_bytes,
                                         sizeof(answer->question_bytes), &packet),
                     NSL_OK);
    answer->question = packet.bytes;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return err;
}

static struct answer good_answer(nsl_bytes server, nsl_bytes root)
{
    struct answer answer = {0};
    nsl_bytes packet;
    struct nsl_packet_writer writer = nsl_packet_writer_of(answer.bytes, NSL_KEEPER_PACKET_MAX);
    nsl_keeper_put_head(&writer, NSL_KEEPER_CERTIFY);
    nsl_packet_put_bytes(&writer, server);
    nsl_packet_put_bytes(&writer, root);
    assert_int_equal(nsl_packet_finish(&writer, &packet), NSL_OK);
    answer.size = packet.size;
    return answer;
}

static void the_question_carries_the_public_key(void **state)
{
    struct nsl_certificate server;
    struct nsl_certificate root;
    EVP_PKEY *asked = NULL;
    uint8_t type = 0;
    (void)state;
    struct answer answer = good_answer(NSL_TEXT("server"), NSL_TEXT("root!"));
    assert_int_equal(ask(&answer, &server, &root), NSL_OK);
    assert_true(nsl_bytes_equal(nsl_bytes_of(server.der, server.size), NSL_TEXT("server")));
    assert_true(nsl_bytes_equal(nsl_bytes_of(root.der, root.size), NSL_TEXT("root!")));
    struct nsl_packet_reader reader = nsl_packet_reader_of(answer.question);
    assert_true(nsl_keeper_get_head(&reader, &type));
    assert_int_equal(type, NSL_KEEPER_CERTIFY);
    nsl_bytes public_key = nsl_packet_get_bytes(&reader, NSL_PUBLIC_KEY_MAX_BYTES);
    assert_int_equal(nsl_packet_end(&reader), NSL_OK);
    assert_int_equal(nsl_certificate_decode_public(public_key, &asked), NSL_OK);
    assert_int_equal(EVP_PKEY_eq(asked, key), 1);
    EVP_PKEY_free(asked);
}

static void every_truncation_and_every_rest_of_an_answer_is_refused(void **state)
{
    struct nsl_certificate server;
    struct nsl_certificate root;
    (void)state;
    struct answer answer = good_answer(NSL_TEXT("server"), NSL_TEXT("root!"));
    size_t size = answer.size;
    for (answer.size = 1; answer.size < size; answer.size++) {
        assert_int_equal(ask(&answer, &server, &root), NSL_ERR_BAD_MESSAGE);
    }
    answer.size = size + 1;
    assert_int_equal(ask(&answer, &server, &root), NSL_ERR_BAD_MESSAGE);
}

static void heads_and_sizes_out_of_range_are_refused(void **state)
{
    struct nsl_certificate server;
    struct nsl_certificate root;
    static const uint8_t large[NSL_CERTIFICATE_MAX_BYTES + 1];
    (void)state;
    for (size_t bit = 0; bit < 32; bit++) {
        struct answer answer = good_answer(NSL_TEXT("server"), NSL_TEXT("root!"));
        answer.bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        nsl_err err = ask(&answer, &server, &root);
        assert_true(err == NSL_ERR_BAD_MESSAGE || err == NSL_ERR_CRYPTO);
    }
    struct answer empty = good_answer((nsl_bytes){0}, NSL_TEXT("root!"));
    assert_int_equal(ask(&empty, &server, &root), NSL_ERR_BAD_MESSAGE);
    empty = good_answer(NSL_TEXT("server"), (nsl_bytes){0});
    assert_int_equal(ask(&empty, &server, &root), NSL_ERR_BAD_MESSAGE);
    struct answer most = good_answer(nsl_bytes_of(large, NSL_CERTIFICATE_MAX_BYTES),
                                     nsl_bytes_of(large, NSL_CERTIFICATE_MAX_BYTES));
    assert_int_equal(ask(&most, &server, &root), NSL_OK);
    most = good_answer(nsl_bytes_of(large, sizeof(large)), NSL_TEXT("root!"));
    assert_int_equal(ask(&most, &server, &root), NSL_ERR_BAD_MESSAGE);
    most = good_answer(NSL_TEXT("server"), nsl_bytes_of(large, sizeof(large)));
    assert_int_equal(ask(&most, &server, &root), NSL_ERR_BAD_MESSAGE);
}

static void a_refusal_and_an_end_are_told_apart(void **state)
{
    struct nsl_certificate server;
    struct nsl_certificate root;
    (void)state;
    struct answer answer = {0};
    struct nsl_packet_writer writer = nsl_packet_writer_of(answer.bytes, sizeof(answer.bytes));
    nsl_keeper_put_head(&writer, NSL_KEEPER_REFUSED);
    nsl_packet_put_u32(&writer, NSL_ERR_BAD_MESSAGE);
    answer.size = writer.size;
    assert_int_equal(ask(&answer, &server, &root), NSL_ERR_CRYPTO);
    int ends[2];
    assert_int_equal(nsl_channel_pair(ends), NSL_OK);
    (void)close(ends[1]);
    assert_int_equal(nsl_keeper_ask_certificate(ends[0], key, &server, &root), NSL_ERR_CLOSED);
    (void)close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_question_carries_the_public_key),
        cmocka_unit_test(every_truncation_and_every_rest_of_an_answer_is_refused),
        cmocka_unit_test(heads_and_sizes_out_of_range_are_refused),
        cmocka_unit_test(a_refusal_and_an_end_are_told_apart),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
