#include <openssl/evp.h>
#include <stdlib.h>

#include "client/answer.h"
#include "client/http.h"
#include "common/codec/hex.h"
#include "common/codec/json.h"

enum { REQUEST_MAX_BYTES = 256 * 1024 * 1024, SHA256_BYTES = 32 };

static const char run_path[] = "/api/v1/functions/execute-javascript";

struct nsl_client {
    struct nsl_http *http;
    const char *error; /* ours; NULL: the HTTP side's */
};

static enum nsl_client_status status_of(nsl_err err)
{
    switch (err) {
    case NSL_OK:
        return NSL_CLIENT_OK;
    case NSL_ERR_NO_MEMORY:
        return NSL_CLIENT_NO_MEMORY;
    default:
        return NSL_CLIENT_BAD_ARGUMENT;
    }
}

enum nsl_client_status nsl_client_new(const struct nsl_client_options *options,
                                      nsl_client **ret_client)
{
    struct nsl_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return NSL_CLIENT_NO_MEMORY;
    }
    nsl_err err = nsl_http_new(options, &client->http);
    if (err != NSL_OK) {
        free(client);
        return status_of(err);
    }
    *ret_client = client;
    return NSL_CLIENT_OK;
}

void nsl_client_free(nsl_client *client)
{
    if (client != NULL) {
        nsl_http_free(client->http);
        free(client);
    }
}

const char *nsl_client_error(const nsl_client *client)
{
    return client->error != NULL ? client->error : nsl_http_error(client->http);
}

/* ---- The request. */

static void put_text(struct nsl_json_writer *writer, const char *key, struct nsl_client_text text)
{
    if (text.size > 0) {
        nsl_json_put_key(writer, nsl_bytes_text(key));
        nsl_json_put_text(writer, nsl_bytes_of(text.data, text.size));
    }
}

static void put_number(struct nsl_json_writer *writer, const char *key, uint64_t number)
{
    if (number > 0) {
        nsl_json_put_key(writer, nsl_bytes_text(key));
        nsl_json_put_u64(writer, number);
    }
}

static void put_secrets(struct nsl_json_writer *writer, const struct nsl_client_call *call)
{
    nsl_json_put_key(writer, NSL_TEXT("secrets"));
    nsl_json_begin_object(writer);
    for (size_t i = 0; i < call->secret_count; i++) {
        const struct nsl_client_secret *secret = &call->secrets[i];
        nsl_json_put_key(writer, nsl_bytes_of(secret->name.data, secret->name.size));
        nsl_json_put_text(writer, nsl_bytes_of(secret->value.data, secret->value.size));
    }
    nsl_json_end_object(writer);
}

/* The input goes as JSON text: a JSON string would otherwise be taken for such a text. */
static nsl_err write_request(const struct nsl_client_call *call, struct nsl_buffer *out)
{
    struct nsl_json_writer writer;
    nsl_json_writer_init(&writer, out);
    nsl_json_begin_object(&writer);
    put_text(&writer, "code", call->code);
    put_text(&writer, "input", call->input);
    put_text(&writer, "functionId", call->function_id);
    put_text(&writer, "userId", call->user_id);
    put_text(&writer, "codeHash", call->code_hash);
    put_number(&writer, "gasLimit", call->gas_limit);
    put_number(&writer, "timeoutMs", call->timeout_ms);
    if (call->secret_count > 0) {
        put_secrets(&writer, call);
    }
    nsl_json_end_object(&writer);
    return nsl_json_finish(&writer);
}

static enum nsl_client_status post(nsl_client *client, nsl_bytes request,
                                   struct nsl_client_answer **ret_answer)
{
    struct nsl_buffer body;
    struct nsl_http_answer answer;
    nsl_buffer_init(&body, NSL_ANSWER_MAX_BYTES, NSL_BUFFER_PLAIN);
    enum nsl_client_status status = nsl_http_post(client->http, run_path, request, &body, &answer);
    if (status != NSL_CLIENT_OK) {
        nsl_buffer_done(&body);
        return status;
    }
    status = nsl_answer_read(&body, answer.status, answer.round_trip_us, ret_answer);
    if (status == NSL_CLIENT_BAD_ANSWER) {
        client->error = "the server answered, but not with an answer of this API";
    }
    return status;
}

enum nsl_client_status nsl_client_run(nsl_client *client, const struct nsl_client_call *call,
                                      struct nsl_client_answer **ret_answer)
{
    NSL_AUTO(nsl_buffer) request = {0};
    nsl_buffer_init(&request, REQUEST_MAX_BYTES, NSL_BUFFER_WIPE);
    client->error = NULL;
    nsl_err err = write_request(call, &request);
    if (err != NSL_OK) {
        client->error = err == NSL_ERR_BAD_UTF8 ? "a text of the call is not valid UTF-8"
                                                : "the call is too large";
        return status_of(err);
    }
    return post(client, nsl_buffer_bytes(&request), ret_answer);
}

enum nsl_client_status nsl_client_sha256(struct nsl_client_text bytes, char ret_hex[65])
{
    uint8_t digest[SHA256_BYTES];
    unsigned size = 0;
    if (EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_sha256(), NULL) != 1 ||
        size != SHA256_BYTES || nsl_hex_encode(nsl_bytes_of(digest, size), ret_hex, 64) != NSL_OK) {
        return NSL_CLIENT_NO_MEMORY;
    }
    ret_hex[64] = '\0';
    return NSL_CLIENT_OK;
}
