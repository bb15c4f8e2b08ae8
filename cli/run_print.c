/* The answer for a person to read. */
#include "cli/run.h"
#include "cli/terminal.h"

enum { LABEL_WIDTH = 9, SOURCE_WIDTH = 150 };

static nsl_bytes bytes_of(struct nsl_client_text text)
{
    return nsl_bytes_of(text.data, text.size);
}

static void label(bool is_painted, const char *text)
{
    nsl_paint(stdout, is_painted, NSL_PAINT_DIM);
    printf("%-*s", LABEL_WIDTH, text);
    nsl_paint(stdout, is_painted, NSL_PAINT_PLAIN);
}

static void print_grouped(uint64_t number)
{
    char digits[20];
    size_t count = nsl_format_u64(number, digits);
    for (size_t i = 0; i < count; i++) {
        putchar(digits[i]);
        if ((count - i) % 3 == 1 && i + 1 < count) {
            putchar(',');
        }
    }
}

/* Lines of text below each other without their indents, the first behind the label. */
static void print_lines(nsl_bytes text)
{
    size_t at = 0;
    bool is_first = true;
    while (at < text.size) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - text.data) - at;
        if (!is_first) {
            printf("%*s", LABEL_WIDTH, "");
        }
        size_t indent = 0;
        while (indent < size && text.data[at + indent] == ' ') {
            indent++;
        }
        nsl_print_escaped(stdout, nsl_bytes_of(text.data + at + indent, size - indent));
        putchar('\n');
        at += size + 1;
        is_first = false;
    }
}

/* ---- Where an error is. */

static nsl_bytes source_line(nsl_bytes code, uint64_t number)
{
    size_t at = 0;
    for (uint64_t line = 1; line < number && at < code.size; line++) {
        const uint8_t *end = memchr(code.data + at, '\n', code.size - at);
        at = end == NULL ? code.size : (size_t)(end - code.data) + 1;
    }
    const uint8_t *end = at < code.size ? memchr(code.data + at, '\n', code.size - at) : NULL;
    return nsl_bytes_of(code.data + at,
                        end == NULL ? code.size - at : (size_t)(end - code.data) - at);
}

static void print_source(const struct nsl_run_inputs *inputs,
                         const struct nsl_client_answer *answer, bool is_painted)
{
    nsl_bytes line = source_line(nsl_buffer_bytes(&inputs->code), answer->error_line);
    if (line.size == 0 || line.size > SOURCE_WIDTH) {
        return;
    }
    printf("%*s", LABEL_WIDTH, "");
    int margin = printf("%llu | ", (unsigned long long)answer->error_line);
    for (size_t i = 0; i < line.size; i++) {
        /* One column each, so that the caret stands under the right one. */
        uint8_t byte = line.data[i] == '\t' ? ' ' : line.data[i];
        nsl_bytes one = nsl_bytes_of(&byte, 1);
        if (byte < 0x80) {
            nsl_print_escaped(stdout, one);
        } else if ((byte & 0xc0) == 0xc0) {
            putchar('?');
        }
    }
    putchar('\n');
    if (answer->error_column > 0 && answer->error_column <= line.size + 1) {
        printf("%*s", LABEL_WIDTH + margin + (int)answer->error_column - 1, "");
        nsl_paint(stdout, is_painted, NSL_PAINT_RED);
        putchar('^');
        nsl_paint(stdout, is_painted, NSL_PAINT_PLAIN);
        putchar('\n');
    }
}

static void print_error(const struct nsl_run_inputs *inputs, const struct nsl_client_answer *answer,
                        bool is_painted)
{
    nsl_bytes kind =
        bytes_of(answer->error_type.size > 0 ? answer->error_type : answer->error_code);
    label(is_painted, "error");
    nsl_paint(stdout, is_painted, NSL_PAINT_RED);
    nsl_print_escaped(stdout, kind);
    nsl_paint(stdout, is_painted, NSL_PAINT_PLAIN);
    fputs(": ", stdout);
    if (answer->error_field.size > 0) {
        nsl_print_escaped(stdout, bytes_of(answer->error_field));
        fputs(": ", stdout);
    }
    print_lines(bytes_of(answer->error_message));
    if (answer->error_line > 0) {
        printf("%*s", LABEL_WIDTH, "");
        nsl_print_escaped(stdout, nsl_bytes_text(inputs->path));
        printf(":%llu:%llu\n", (unsigned long long)answer->error_line,
               (unsigned long long)answer->error_column);
        print_source(inputs, answer, is_painted);
    }
    if (answer->error_stack.size > 0) {
        label(is_painted, "stack");
        print_lines(bytes_of(answer->error_stack));
    }
}

/* ---- The rest. */

static void print_figures(const struct nsl_run_inputs *inputs,
                          const struct nsl_client_answer *answer, bool is_painted)
{
    label(is_painted, "gas");
    print_grouped(answer->gas_used);
    if (inputs->gas_limit != 0) {
        fputs(" of ", stdout);
        print_grouped(inputs->gas_limit);
    }
    putchar('\n');
    label(is_painted, "time");
    nsl_print_escaped(stdout, bytes_of(answer->time_ms));
    printf(" ms in the runner, %llu.%llu ms round trip\n",
           (unsigned long long)(answer->round_trip_us / 1000),
           (unsigned long long)(answer->round_trip_us / 100 % 10));
    if (answer->memory_used > 0) {
        label(is_painted, "memory");
        print_grouped(answer->memory_used);
        puts(" bytes at the peak");
    }
    label(is_painted, "code");
    fputs("sha256 ", stdout);
    nsl_print_escaped(stdout, bytes_of(answer->code_hash));
    putchar('\n');
}

static void print_checks(const struct nsl_run_checks *checks, bool is_painted)
{
    static const char *const marks[] = {
        [NSL_VERDICT_OK] = "[ok]", [NSL_VERDICT_WRONG] = "[NO]", [NSL_VERDICT_OPEN] = "[--]"};
    static const enum nsl_paint paints[] = {[NSL_VERDICT_OK] = NSL_PAINT_GREEN,
                                            [NSL_VERDICT_WRONG] = NSL_PAINT_RED,
                                            [NSL_VERDICT_OPEN] = NSL_PAINT_DIM};
    for (size_t i = 0; i < checks->count; i++) {
        enum nsl_verdict verdict = checks->rows[i].verdict;
        label(is_painted, i == 0 ? "checked" : "");
        nsl_paint(stdout, is_painted, paints[verdict]);
        fputs(marks[verdict], stdout);
        nsl_paint(stdout, is_painted, NSL_PAINT_PLAIN);
        printf(" %s%s\n", verdict == NSL_VERDICT_OPEN ? "not checked: " : "", checks->rows[i].text);
    }
}

void nsl_run_print(const struct nsl_run_inputs *inputs, const struct nsl_client_answer *answer,
                   const struct nsl_run_checks *checks)
{
    bool is_painted = nsl_paint_is_on(stdout);
    if (answer->is_success) {
        label(is_painted, "result");
        nsl_paint(stdout, is_painted, NSL_PAINT_BOLD);
        nsl_print_escaped(stdout, bytes_of(answer->result));
        nsl_paint(stdout, is_painted, NSL_PAINT_PLAIN);
        putchar('\n');
    } else {
        print_error(inputs, answer, is_painted);
    }
    for (size_t i = 0; i < answer->log_count; i++) {
        label(is_painted, i == 0 ? "logs" : "");
        nsl_print_escaped(stdout, bytes_of(answer->logs[i]));
        putchar('\n');
    }
    if (answer->code_hash.size > 0) {
        print_figures(inputs, answer, is_painted);
    }
    if (answer->request_id.size > 0) {
        label(is_painted, "request");
        nsl_print_escaped(stdout, bytes_of(answer->request_id));
        putchar('\n');
    }
    print_checks(checks, is_painted);
}
