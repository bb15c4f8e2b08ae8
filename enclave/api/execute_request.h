/* The request of execute.c, read and checked field by field. */
#ifndef NSL_ENCLAVE_API_EXECUTE_REQUEST_H
#define NSL_ENCLAVE_API_EXECUTE_REQUEST_H

#include "common/base/scratch.h"
#include "common/settings/settings.h"
#include "enclave/crypto/digest.h"
#include "enclave/engine/isolate.h"

enum { NSL_EXECUTE_ID_MAX = 256, NSL_EXECUTE_SECRET_NAME_MAX = 128, NSL_EXECUTE_DEPTH_MAX = 512 };

/* Borrowed from the body and the scratch. */
struct nsl_execute_request {
    nsl_bytes code;
    uint8_t code_hash[NSL_SHA256_SIZE];
    nsl_bytes input_json; /* empty: none was given */
    nsl_bytes function_id;
    nsl_bytes user_id;
    struct nsl_secret_value *secrets;
    size_t secret_count;
    uint64_t gas_limit;
    uint32_t time_ms;
};

/* Why a request is refused: for its sender, naming the field. */
struct nsl_execute_refusal {
    uint16_t status;
    nsl_bytes field; /* borrowed as the request, or a literal */
    char message[256];
};

/* False with *refusal filled when the body is not such a request. */
bool nsl_execute_request_read(const struct nsl_settings *settings, nsl_bytes body,
                              struct nsl_scratch *scratch, struct nsl_execute_request *ret_request,
                              struct nsl_execute_refusal *refusal);

#endif
