/*
 * Control packets: whatever the bytes and whoever sent them, decoding gives an error or a message, and
 * a message encodes to exactly the bytes it came from.
 */
#include <stdlib.h>

#include "common/wire/control.h"

enum { OUT_BYTES = 1 << 17 };

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[OUT_BYTES];
    static const enum nsl_control_sender senders[] = {NSL_CONTROL_FROM_HOST,
                                                      NSL_CONTROL_FROM_ENCLAVE};
    for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
        struct nsl_control_message message;
        if (nsl_control_decode(nsl_bytes_of(data, size), senders[i], &message) != NSL_OK) {
            continue;
        }
        size_t written;
        require(nsl_control_encode(&message, out, sizeof(out), &written) == NSL_OK);
        require(nsl_bytes_equal(nsl_bytes_of(out, written), nsl_bytes_of(data, size)));
    }
    return 0;
}
