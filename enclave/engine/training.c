#include "enclave/engine/training.h"

#include "enclave/engine/call.h"

/* What nearly every function does, and no more: each object named here is copied in every call. */
static const char *const examples[] = {
    "function main(input) {\n"
    "    const value = input.value;\n"
    "    const apiKey = getSecret('API_KEY');\n"
    "    log('Processing input: ' + value);\n"
    "    return { result: value * 2, processed: true };\n"
    "}\n",
    "const main = async (input, context) => {\n"
    "    const { items, name = 'none' } = input;\n"
    "    const sums = items.map((item) => item.price * item.count).filter((sum) => sum > 1);\n"
    "    const total = sums.reduce((a, b) => a + b, 0);\n"
    "    console.log(`total ${total}`, context.requestId);\n"
    "    await null;\n"
    "    for (const [key, value] of Object.entries(input)) { void key; void value; }\n"
    "    return { ...input, name, total, keys: Object.keys(input), text: JSON.stringify(sums),\n"
    "             upper: name.toUpperCase().split('').join('-'), max: Math.max(...sums) };\n"
    "};\n",
    "class Account { constructor(owner) { this.owner = owner; } get name() { return this.owner; } "
    "}\n"
    "function main(input) {\n"
    "    const seen = new Map([['a', 1]]);\n"
    "    try { null.x; } catch (error) { seen.set(error.name, error.message); }\n"
    "    const found = /(\\d+)-(\\w+)/.exec('12-ab') ?? [];\n"
    "    return { name: new Account('x').name, size: seen.size, found: found[1],\n"
    "             list: [3, 1, 2].sort((a, b) => a - b), key: SECRETS.API_KEY,\n"
    "             time: new Date(0).toISOString(), whole: Math.floor(1.5), text: String(input) };\n"
    "}\n",
    "export default async function (input) {\n"
    "    await new Promise((resolve) => setTimeout(resolve, 0));\n"
    "    return JSON.parse('{\"a\":[1,2,{\"b\":null}]}').a.length + Number('1') + parseInt('2', "
    "10);\n"
    "}\n",
    "function main() { throw new Error('refused'); }\n",
};

static const char example_input[] = "{\"value\":42,\"name\":\"abc\",\"items\":[{\"price\":2.5,"
                                    "\"count\":2},{\"price\":1,\"count\":3}]}";

static void example_start(struct nsl_call_state *state, const char *code,
                          struct nsl_secret_value *secret)
{
    *secret = (struct nsl_secret_value){.name = NSL_TEXT("API_KEY"), .value = NSL_TEXT("key")};
    state->code = JS_UNDEFINED;
    state->main = JS_UNDEFINED;
    state->input = JS_UNDEFINED;
    state->promise = JS_UNDEFINED;
    state->code_text = nsl_bytes_text(code);
    state->input_json = nsl_bytes_text(example_input);
    state->secrets = secret;
    state->secret_count = 1;
    state->lines = (struct nsl_log){0};
    state->timers = (struct nsl_timers){0};
    state->result = (struct nsl_text){0};
    state->limits = (struct nsl_limits){
        .result_bytes = 4096, .log_lines = 16, .log_bytes = 4096, .pending_host_calls = 4};
}

void nsl_training_run(void *call_state)
{
    struct nsl_call_state *state = call_state;
    struct nsl_secret_value secret;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        example_start(state, examples[i], &secret);
        state->phase = NSL_PHASE_RUNNING;
        nsl_call_compile(state);
        if (state->phase == NSL_PHASE_DONE) {
            state->phase = NSL_PHASE_RUNNING;
            nsl_call_begin(state);
        }
    }
}
