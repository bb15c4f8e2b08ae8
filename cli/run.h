/* Shared by the files of `nsl run` alone. */
#ifndef NSL_CLI_RUN_H
#define NSL_CLI_RUN_H

#include "cli/commands.h"
#include "common/base/buffer.h"
#include "include/nsl/client.h"

enum {
    NSL_RUN_CODE_MAX_BYTES = 16 * 1024 * 1024, /* the most a server can be set to take */
    NSL_RUN_INPUT_MAX_BYTES = 64 * 1024 * 1024,
    NSL_RUN_SECRETS_MAX = 128,
    NSL_RUN_SECRET_MAX_BYTES = 1024 * 1024,
    NSL_RUN_NAME_MAX_BYTES = 256,
};

/* Everything a call is made of. All zero at birth; done takes half-built ones and wipes secrets. */
struct nsl_run_inputs {
    const char *path;
    struct nsl_buffer code;
    struct nsl_buffer input;    /* JSON text; empty: none */
    struct nsl_buffer expected; /* JSON text the result must equal; empty: none */
    char local_hash[65];        /* SHA-256 of code */
    char wanted_hash[65];       /* told to the server; "" : none */
    char function_id[NSL_RUN_NAME_MAX_BYTES + 1];
    char user_id[NSL_RUN_NAME_MAX_BYTES + 1];
    uint64_t gas_limit; /* 0: the server's */
    uint64_t time_ms;   /* 0: the server's */
    struct nsl_client_secret secrets[NSL_RUN_SECRETS_MAX];
    struct nsl_buffer secret_values[NSL_RUN_SECRETS_MAX];
    size_t secret_count;
    bool is_remote_plain; /* plain HTTP to another machine */
    bool is_unverified;   /* any certificate is taken */
};

typedef struct nsl_run_inputs nsl_run_inputs;

/* Reads files, the terminal and flags. Complains itself. */
enum nsl_exit nsl_run_inputs_read(const struct nsl_flags *flags, const char *url,
                                  struct nsl_run_inputs *inputs);
void nsl_run_inputs_done(struct nsl_run_inputs *inputs);
NSL_DEFINE_AUTO(nsl_run_inputs, nsl_run_inputs_done);

/* One secret as given: "NAME=@FILE", or "NAME" to be typed or read from standard input. */
enum nsl_exit nsl_run_secret_read(const char *given, struct nsl_run_inputs *inputs);

enum nsl_verdict { NSL_VERDICT_OK, NSL_VERDICT_WRONG, NSL_VERDICT_OPEN };

enum { NSL_RUN_CHECKS_MAX = 8 };

/* What was checked of an answer, for a person to read. */
struct nsl_run_checks {
    struct {
        enum nsl_verdict verdict;
        const char *text; /* a literal */
    } rows[NSL_RUN_CHECKS_MAX];
    size_t count;
    bool is_wrong; /* one of them failed: the answer must not be used */
};

void nsl_run_check(const struct nsl_run_inputs *inputs, const struct nsl_client_answer *answer,
                   struct nsl_run_checks *ret_checks);

/* Compares two JSON texts; space between tokens does not count. */
bool nsl_json_text_equal(nsl_bytes a, nsl_bytes b);

void nsl_run_print(const struct nsl_run_inputs *inputs, const struct nsl_client_answer *answer,
                   const struct nsl_run_checks *checks);

#endif
