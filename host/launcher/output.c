#include "host/launcher/output.h"

#define MARK_BYTES 4   /* "..." and newline fit behind whatever is in the line */
#define ESCAPE_BYTES 4 /* \xNN */

static void put(struct nsl_output *output, char character)
{
    output->line[output->size++] = character;
}

static void put_byte(struct nsl_output *output, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    bool is_plain = byte >= ' ' && byte <= '~';
    size_t need = is_plain ? 1 : ESCAPE_BYTES;
    if (output->is_cut || output->size + need > sizeof(output->line) - MARK_BYTES) {
        output->is_cut = true;
        return;
    }
    if (is_plain) {
        put(output, (char)byte);
        return;
    }
    put(output, '\\');
    put(output, 'x');
    put(output, digits[byte >> 4]);
    put(output, digits[byte & 15]);
}

void nsl_output_end(struct nsl_output *output, nsl_output_sink *sink, void *context)
{
    if (output->size > 0) {
        for (int i = 0; output->is_cut && i < 3; i++) {
            put(output, '.');
        }
        put(output, '\n');
        sink(context, nsl_bytes_of(output->line, output->size));
    }
    output->size = 0;
    output->is_cut = false;
}

void nsl_output_push(struct nsl_output *output, nsl_bytes bytes, nsl_output_sink *sink,
                     void *context)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] == '\n') {
            nsl_output_end(output, sink, context);
        } else {
            put_byte(output, bytes.data[i]);
        }
    }
}
