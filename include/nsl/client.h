/*
 * libneosl, client part: runs functions on a Neo Service Layer server over HTTP or HTTPS.
 *
 * Does NOT prove that an enclave computed the answer: that needs evidence and receipts, which this
 * header does not offer yet. Over plain HTTP everybody on the way reads and changes everything.
 * Threads: one client belongs to one thread. Limits: answers up to NSL_ANSWER_MAX_BYTES.
 * Environment proxies are not used; redirects are not followed.
 */
#ifndef NSL_CLIENT_H
#define NSL_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NSL_PUBLIC __attribute__((visibility("default")))

#define NSL_ANSWER_MAX_BYTES (80u * 1024 * 1024)

enum nsl_client_status {
    NSL_CLIENT_OK = 0,
    NSL_CLIENT_NO_MEMORY,
    NSL_CLIENT_BAD_ARGUMENT, /* an option, the address or a field of the call */
    NSL_CLIENT_UNREACHABLE,  /* no connection, or it broke: see nsl_client_error */
    NSL_CLIENT_NOT_TRUSTED,  /* the server's certificate was not accepted */
    NSL_CLIENT_TIMEOUT,      /* no answer in time; the function may have run */
    NSL_CLIENT_TOO_LARGE,    /* the answer is larger than NSL_ANSWER_MAX_BYTES */
    NSL_CLIENT_BAD_ANSWER,   /* not an answer of this API */
};

/* Borrowed bytes; text is UTF-8 and not NUL-terminated. */
struct nsl_client_text {
    const char *data; /* may be NULL when size is 0 */
    size_t size;
};

enum nsl_client_trust {
    NSL_CLIENT_VERIFY,      /* the system's roots, or ca_file */
    NSL_CLIENT_TRUST_BLIND, /* any certificate: for tests on one machine only */
};

struct nsl_client_options {
    const char *url;     /* "http://127.0.0.1:8080", without a path */
    const char *ca_file; /* PEM; NULL: the system's */
    enum nsl_client_trust trust;
    unsigned timeout_ms; /* for a whole call; 0: 90,000 */
};

struct nsl_client_secret {
    struct nsl_client_text name;
    struct nsl_client_text value;
};

/* A call. Texts that are not needed stay empty, numbers 0. */
struct nsl_client_call {
    struct nsl_client_text code;        /* JavaScript */
    struct nsl_client_text input;       /* JSON text; empty: none */
    struct nsl_client_text function_id; /* 1 to 256 bytes */
    struct nsl_client_text user_id;     /* 1 to 256 bytes */
    struct nsl_client_text code_hash;   /* 64 hex digits: the server refuses other code */
    uint64_t gas_limit;                 /* gas units; 0: the server's */
    uint32_t timeout_ms;                /* running time in ms; 0: the server's */
    const struct nsl_client_secret *secrets;
    size_t secret_count;
};

/* An answer of the server: its word, nothing of it is proven. Texts are unescaped and borrowed from
 * the answer; they hold whatever a function put there, control characters too. */
struct nsl_client_answer {
    unsigned http_status;
    uint64_t round_trip_us;
    struct nsl_client_text body; /* as received */
    int is_success;              /* the function returned a value */

    struct nsl_client_text result; /* JSON text; empty unless is_success */
    uint64_t gas_used;
    uint64_t memory_used;             /* bytes, at the peak */
    struct nsl_client_text time_ms;   /* a decimal number, "0.012" */
    struct nsl_client_text code_hash; /* hex */
    struct nsl_client_text function_id;
    struct nsl_client_text request_id;
    const struct nsl_client_text *logs; /* lines */
    size_t log_count;

    /* Unless is_success. code: "EXECUTION_FAILED", "VALIDATION_ERROR", ... */
    struct nsl_client_text error_code;
    struct nsl_client_text error_type; /* "TypeError"; empty: the server, not the function */
    struct nsl_client_text error_message;
    struct nsl_client_text error_stack;
    struct nsl_client_text error_field; /* of the request */
    uint64_t error_line;                /* from 1; 0: not known */
    uint64_t error_column;
};

typedef struct nsl_client nsl_client;

/* Connects to nothing yet. Caller owns: nsl_client_free. BAD_ARGUMENT: no http(s) address. */
NSL_PUBLIC enum nsl_client_status nsl_client_new(const struct nsl_client_options *options,
                                                 nsl_client **ret_client);
NSL_PUBLIC void nsl_client_free(nsl_client *client);

/*
 * Runs a function. OK: *ret_answer holds what the server said, refusals and thrown errors included;
 * caller owns it: nsl_client_answer_free. Every other status: nsl_client_error says more.
 */
NSL_PUBLIC enum nsl_client_status nsl_client_run(nsl_client *client,
                                                 const struct nsl_client_call *call,
                                                 struct nsl_client_answer **ret_answer);
NSL_PUBLIC void nsl_client_answer_free(struct nsl_client_answer *answer);

/* A sentence about the last failure, "" when there is none; borrowed until the next call. */
NSL_PUBLIC const char *nsl_client_error(const nsl_client *client);

/* SHA-256 as 64 hex digits and a NUL, the form code_hash has. */
NSL_PUBLIC enum nsl_client_status nsl_client_sha256(struct nsl_client_text bytes, char ret_hex[65]);

#ifdef __cplusplus
}
#endif

#endif
