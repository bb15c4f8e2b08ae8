/* What `nsl run` checks of an answer. Nothing of it proves that an enclave ran the function. */
#include "cli/run.h"

static bool is_text(struct nsl_client_text text, const char *wanted)
{
    return nsl_bytes_equal(nsl_bytes_of(text.data, text.size), nsl_bytes_text(wanted));
}

static void add(struct nsl_run_checks *checks, enum nsl_verdict verdict, const char *text)
{
    nsl_assert(checks->count < NSL_RUN_CHECKS_MAX);
    checks->rows[checks->count].verdict = verdict;
    checks->rows[checks->count].text = text;
    checks->count++;
    checks->is_wrong |= verdict == NSL_VERDICT_WRONG;
}

static void add_fact(struct nsl_run_checks *checks, bool is_right, const char *right,
                     const char *wrong)
{
    add(checks, is_right ? NSL_VERDICT_OK : NSL_VERDICT_WRONG, is_right ? right : wrong);
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

/* Moves over space outside strings; *is_inside follows the quotes of the bytes that are passed. */
static size_t skip_space(nsl_bytes text, size_t at, bool is_inside)
{
    while (!is_inside && at < text.size && is_space(text.data[at])) {
        at++;
    }
    return at;
}

bool nsl_json_text_equal(nsl_bytes a, nsl_bytes b)
{
    bool is_inside = false;
    bool is_escaped = false;
    size_t i = skip_space(a, 0, false);
    size_t j = skip_space(b, 0, false);
    while (i < a.size && j < b.size && a.data[i] == b.data[j]) {
        uint8_t byte = a.data[i];
        is_inside ^= byte == '"' && !is_escaped;
        is_escaped = is_inside && byte == '\\' && !is_escaped;
        i = skip_space(a, i + 1, is_inside);
        j = skip_space(b, j + 1, is_inside);
    }
    return i == a.size && j == b.size;
}

static void check_call(const struct nsl_run_inputs *inputs, const struct nsl_client_answer *answer,
                       struct nsl_run_checks *checks)
{
    add_fact(checks, is_text(answer->code_hash, inputs->local_hash),
             "the code that ran has this file's SHA-256",
             "the code that ran has another SHA-256 than this file");
    if (*inputs->wanted_hash != '\0') {
        add(checks, NSL_VERDICT_OK, "the server was told to refuse any other code");
    }
    add_fact(checks, is_text(answer->function_id, inputs->function_id),
             "the answer is for this function id", "the answer is for another function id");
    if (inputs->gas_limit != 0) {
        /* The operation that ends a call is charged too, so such a call may show a little more. */
        bool is_within = answer->gas_used <= inputs->gas_limit || !answer->is_success;
        add_fact(checks, is_within, "the gas used is within the limit asked for",
                 "more gas was used than the limit asked for");
    }
}

void nsl_run_check(const struct nsl_run_inputs *inputs, const struct nsl_client_answer *answer,
                   struct nsl_run_checks *ret_checks)
{
    struct nsl_run_checks checks = {0};
    bool has_run = answer->is_success || answer->error_type.size > 0;
    if (has_run) {
        check_call(inputs, answer, &checks);
    }
    if (answer->is_success && inputs->expected.size > 0) {
        nsl_bytes result = nsl_bytes_of(answer->result.data, answer->result.size);
        add_fact(&checks, nsl_json_text_equal(result, nsl_buffer_bytes(&inputs->expected)),
                 "the result is the expected one", "the result is not the expected one");
    }
    if (inputs->is_unverified) {
        add(&checks, NSL_VERDICT_OPEN, "whose certificate it is (--insecure takes any)");
    }
    if (has_run) {
        add(&checks, NSL_VERDICT_OPEN, "that an enclave ran it (the answer carries no evidence)");
    }
    *ret_checks = checks;
}
