#include "enclave/api/response.h"

#include <time.h>

#include "enclave/api/api.h"
#include "enclave/crypto/random.h"

enum { ERROR_BODY_MAX = 64 * 1024, ID_BYTES = NSL_REQUEST_ID_SIZE / 2 };

int64_t nsl_api_now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void nsl_response_new_id(char ret_id[NSL_REQUEST_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[ID_BYTES];
    nsl_random(random, sizeof(random));
    for (size_t index = 0; index < ID_BYTES; index++) {
        ret_id[2 * index] = digits[random[index] >> 4];
        ret_id[2 * index + 1] = digits[random[index] & 15];
    }
}

const char *nsl_response_code(uint16_t status)
{
    switch (status) {
    case 400:
        return "VALIDATION_ERROR";
    case 404:
        return "NOT_FOUND";
    case 405:
        return "METHOD_NOT_ALLOWED";
    case 408:
        return "TIMEOUT";
    case 409:
        return "CONFLICT";
    case 413:
        return "PAYLOAD_TOO_LARGE";
    case 415:
        return "UNSUPPORTED_MEDIA_TYPE";
    case 422:
        return "EXECUTION_FAILED";
    case 503:
        return "SERVICE_UNAVAILABLE";
    default:
        return "INTERNAL_SERVER_ERROR";
    }
}

void nsl_response_put_metadata(struct nsl_json_writer *writer, nsl_bytes request_id,
                               int64_t time_ms)
{
    char timestamp[NSL_TIMESTAMP_SIZE];
    nsl_timestamp_format(time_ms, timestamp);
    nsl_json_put_key(writer, NSL_TEXT("metadata"));
    nsl_json_begin_object(writer);
    if (request_id.size != 0) {
        nsl_json_put_key(writer, NSL_TEXT("requestId"));
        nsl_json_put_text(writer, request_id);
    }
    nsl_json_put_key(writer, NSL_TEXT("timestamp"));
    nsl_json_put_text(writer, nsl_bytes_of(timestamp, sizeof(timestamp)));
    nsl_json_end_object(writer);
}

nsl_err nsl_response_write_error(uint16_t status, nsl_bytes field, nsl_bytes message,
                                 nsl_bytes request_id, struct nsl_buffer *body)
{
    struct nsl_json_writer writer;
    nsl_json_writer_init(&writer, body);
    nsl_json_begin_object(&writer);
    nsl_json_put_key(&writer, NSL_TEXT("success"));
    nsl_json_put_bool(&writer, false);
    nsl_json_put_key(&writer, NSL_TEXT("error"));
    nsl_json_begin_object(&writer);
    nsl_json_put_key(&writer, NSL_TEXT("code"));
    nsl_json_put_text(&writer, nsl_bytes_text(nsl_response_code(status)));
    nsl_json_put_key(&writer, NSL_TEXT("message"));
    nsl_json_put_text(&writer, message);
    if (field.size != 0) {
        nsl_json_put_key(&writer, NSL_TEXT("details"));
        nsl_json_begin_object(&writer);
        nsl_json_put_key(&writer, NSL_TEXT("field"));
        nsl_json_put_text(&writer, field);
        nsl_json_end_object(&writer);
    }
    nsl_json_end_object(&writer);
    nsl_response_put_metadata(&writer, request_id, nsl_api_now_ms());
    nsl_json_end_object(&writer);
    return nsl_json_finish(&writer);
}

void nsl_response_error(struct nsl_exchange *exchange, uint16_t status, nsl_bytes field,
                        nsl_bytes message, nsl_bytes request_id)
{
    struct nsl_buffer body;
    nsl_buffer_init(&body, ERROR_BODY_MAX, NSL_BUFFER_PLAIN);
    if (nsl_response_write_error(status, field, message, request_id, &body) != NSL_OK) {
        nsl_buffer_clear(&body);
        status = 500;
    }
    nsl_exchange_respond(exchange, status, "application/json", &body);
}

void nsl_response_send(struct nsl_exchange *exchange, nsl_err err, struct nsl_buffer *body)
{
    if (err != NSL_OK) {
        nsl_buffer_done(body);
        nsl_response_error(exchange, 500, (nsl_bytes){0},
                           NSL_TEXT("the answer could not be written"), (nsl_bytes){0});
        return;
    }
    nsl_exchange_respond(exchange, 200, "application/json", body);
}
