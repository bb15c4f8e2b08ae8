/* nsl run: runs a function on a server and says what was checked of the answer. */
#include "cli/run.h"

#include "cli/terminal.h"

static const char default_url[] = "http://127.0.0.1:8080";

static const struct nsl_flag flag_table[] = {
    {"input", "JSON", "The function's input: JSON, @FILE, or - for standard input.", NSL_FLAG_ONCE},
    {"secret", "NAME[=@FILE]",
     "A secret for this call: from a file (one newline at its end is dropped), or typed (from "
     "standard input when that is no terminal: one line each). Never on the command line.",
     NSL_FLAG_REPEATS},
    {"user", "ID", "Whose call it is. Default: cli.", NSL_FLAG_ONCE},
    {"function", "ID", "The function's id. Default: the file's name.", NSL_FLAG_ONCE},
    {"gas", "N", "Gas the call may use. Default: the server's limit.", NSL_FLAG_ONCE},
    {"time-ms", "MS", "Running time the call may use. Default: the server's limit.", NSL_FLAG_ONCE},
    {"timeout", "MS", "The same as --time-ms.", NSL_FLAG_ONCE},
    {"code-hash", "HEX",
     "Send only if the file has this SHA-256, and have the server check it too.", NSL_FLAG_ONCE},
    {"expect-hash", NULL, "Have the server refuse any code but this file's.", NSL_FLAG_ONCE},
    {"expect-result", "JSON", "Exit with 8 unless the result is this: JSON, @FILE or -.",
     NSL_FLAG_ONCE},
    {"url", "URL", "The server. Default: http://127.0.0.1:8080.", NSL_FLAG_ONCE},
    {"ca-file", "FILE", "Certificates (PEM) to trust for https.", NSL_FLAG_ONCE},
    {"insecure", NULL, "Take any certificate: for tests on one machine only.", NSL_FLAG_ONCE},
    {"json", NULL, "Print the server's answer as it came.", NSL_FLAG_ONCE},
};

static enum nsl_exit explain(const nsl_client *client, enum nsl_client_status status,
                             const char *url)
{
    const char *detail = nsl_client_error(client);
    switch (status) {
    case NSL_CLIENT_UNREACHABLE:
        nsl_complain("%s cannot be reached: %s. Is `nsl serve` running?", url, detail);
        return NSL_EXIT_UNREACHABLE;
    case NSL_CLIENT_TIMEOUT:
        nsl_complain("%s did not answer in time: %s. The function may have run", url, detail);
        return NSL_EXIT_UNREACHABLE;
    case NSL_CLIENT_NOT_TRUSTED:
        nsl_complain("the certificate of %s is not trusted: %s (--ca-file names one to trust)", url,
                     detail);
        return NSL_EXIT_CHECK;
    case NSL_CLIENT_TOO_LARGE:
    case NSL_CLIENT_BAD_ANSWER:
        nsl_complain("%s: %s", url, detail);
        return NSL_EXIT_CHECK;
    case NSL_CLIENT_BAD_ARGUMENT:
        nsl_complain("run: %s", detail);
        return NSL_EXIT_USAGE;
    default:
        nsl_complain("out of memory");
        return NSL_EXIT_INTERNAL;
    }
}

static struct nsl_client_text text_of(const struct nsl_buffer *buffer)
{
    return (struct nsl_client_text){.data = (const char *)buffer->data, .size = buffer->size};
}

static struct nsl_client_text text_at(const char *text)
{
    return (struct nsl_client_text){.data = text, .size = strlen(text)};
}

static struct nsl_client_call call_of(const struct nsl_run_inputs *inputs)
{
    return (struct nsl_client_call){
        .code = text_of(&inputs->code),
        .input = text_of(&inputs->input),
        .function_id = text_at(inputs->function_id),
        .user_id = text_at(inputs->user_id),
        .code_hash = text_at(inputs->wanted_hash),
        .gas_limit = inputs->gas_limit,
        .timeout_ms = (uint32_t)inputs->time_ms,
        .secrets = inputs->secrets,
        .secret_count = inputs->secret_count,
    };
}

static enum nsl_exit show(const struct nsl_run_inputs *inputs,
                          const struct nsl_client_answer *answer, bool is_json)
{
    struct nsl_run_checks checks;
    nsl_run_check(inputs, answer, &checks);
    if (is_json) {
        fwrite(answer->body.data, 1, answer->body.size, stdout);
        putchar('\n');
    } else {
        nsl_run_print(inputs, answer, &checks);
    }
    if (checks.is_wrong) {
        for (size_t i = 0; i < checks.count && is_json; i++) {
            if (checks.rows[i].verdict == NSL_VERDICT_WRONG) {
                nsl_complain("%s", checks.rows[i].text);
            }
        }
        return NSL_EXIT_CHECK;
    }
    if (answer->is_success) {
        return NSL_EXIT_OK;
    }
    return answer->error_type.size > 0 ? NSL_EXIT_FUNCTION : NSL_EXIT_REFUSED;
}

static enum nsl_exit send(nsl_client *client, const struct nsl_run_inputs *inputs, const char *url,
                          bool is_json)
{
    struct nsl_client_answer *answer = NULL;
    struct nsl_client_call call = call_of(inputs);
    enum nsl_client_status status = nsl_client_run(client, &call, &answer);
    if (status != NSL_CLIENT_OK) {
        return explain(client, status, url);
    }
    enum nsl_exit exit_code = show(inputs, answer, is_json);
    nsl_client_answer_free(answer);
    return exit_code;
}

static enum nsl_exit run(const struct nsl_flags *flags)
{
    const char *url = nsl_flags_value(flags, "url");
    url = url == NULL ? default_url : url;
    struct nsl_client_options options = {
        .url = url,
        .ca_file = nsl_flags_value(flags, "ca-file"),
        .trust = nsl_flags_has(flags, "insecure") ? NSL_CLIENT_TRUST_BLIND : NSL_CLIENT_VERIFY,
    };
    nsl_client *client = NULL;
    enum nsl_client_status status = nsl_client_new(&options, &client);
    if (status != NSL_CLIENT_OK) {
        nsl_complain("run: --url must be http://HOST[:PORT] or https://HOST[:PORT]");
        return NSL_EXIT_USAGE;
    }
    NSL_AUTO(nsl_run_inputs) inputs = {0};
    enum nsl_exit exit_code = nsl_run_inputs_read(flags, url, &inputs);
    if (exit_code == NSL_EXIT_OK) {
        exit_code = send(client, &inputs, url, nsl_flags_has(flags, "json"));
    }
    nsl_client_free(client);
    return exit_code;
}

const struct nsl_command nsl_command_run = {
    .name = "run",
    .words = "FILE.js",
    .summary = "Runs a function on a server and prints its result",
    .details = "FILE.js holds `function main(input, context)`, an async one, or a module with a "
               "default export; - reads it from standard input. The server computes the SHA-256 of "
               "the code it runs; it is compared with this file's.",
    NSL_FLAG_TABLE(flag_table),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
