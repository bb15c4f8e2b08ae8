/*
 * The control channel between the untrusted host and the enclave's init process, in simulation:
 * descriptor NSL_CONTROL_FD of the enclave, one end of an AF_UNIX SOCK_SEQPACKET socketpair. One
 * packet is one message. Pure code: bytes in, structures out; sending is the caller's business.
 *
 * Does NOT protect: the channel carries no secret and nothing in it is authenticated. The enclave
 * treats every packet as hostile, and so does the host (an enclave may be replaced by anything in
 * simulation). No threads, no allocation.
 *
 * Packet, little-endian:
 *   0  u8   version        NSL_CONTROL_VERSION
 *   1  u8   type           a row of control_messages.def
 *   2  u16  flags          0
 *   4  u32  payload size   exactly packet size - 8
 *   8  payload:
 *   SETTINGS    the settings form of common/settings (not looked into here)
 *   CONNECTION  u8 kind (0 http, 1 https), u8 family (4 or 6), u16 port, 16 bytes address (IPv4:
 *               the first 4, the rest 0); one descriptor: the accepted socket, non-blocking
 *   STOP        u32 milliseconds until the host kills, at most NSL_CONTROL_DRAIN_MAX_MS
 *   READY       u32 bits of walls.def that are missing, u16 size + engine version (printable ASCII,
 *               at most NSL_CONTROL_TEXT_MAX), u32 gas table version
 *   FULL, RESUME, STOPPED   empty
 *
 * Phases, the same for both ends (a packet outside its phase ends the enclave):
 *
 *   NEW --SETTINGS--> STARTING --READY--> SERVING --STOP--> STOPPING --STOPPED--> STOPPED
 *                        `-----------------STOP--------------^
 *
 * STOP may cross READY, FULL and RESUME on the way, so those are legal in STOPPING too (READY only
 * when it was not seen before). CONNECTION may cross FULL. Who dies takes the channel along: its
 * end of file is the only news of a crash.
 */
#ifndef NSL_COMMON_WIRE_CONTROL_H
#define NSL_COMMON_WIRE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/error.h"

#define NSL_CONTROL_FD 3
#define NSL_CONTROL_VERSION 1
#define NSL_CONTROL_HEADER_BYTES 8
#define NSL_CONTROL_SETTINGS_MAX 65536 /* bytes; the settings form needs a few KiB */
#define NSL_CONTROL_TEXT_MAX 64        /* bytes of an engine version text */
#define NSL_CONTROL_DRAIN_MAX_MS 600000
#define NSL_CONTROL_READY_MS 20000 /* the host gives up on an enclave that is not READY by then */

/* Connections that may be on their way when FULL is sent: the host bounds its side of the channel to
 * about half of it, the enclave has room for all of it above its limit. */
#define NSL_CONTROL_IN_FLIGHT 64

/* The largest packet, and the largest of all but SETTINGS. */
#define NSL_CONTROL_PACKET_MAX (NSL_CONTROL_HEADER_BYTES + NSL_CONTROL_SETTINGS_MAX)
#define NSL_CONTROL_SMALL_MAX (NSL_CONTROL_HEADER_BYTES + 10 + NSL_CONTROL_TEXT_MAX)

enum nsl_control_type {
#define NSL_CONTROL(name, type, sender, phases, descriptors, min, max, meaning)                    \
    NSL_CONTROL_##name = (type),
#include "common/wire/control_messages.def"
#undef NSL_CONTROL
};

enum nsl_control_sender { NSL_CONTROL_FROM_HOST, NSL_CONTROL_FROM_ENCLAVE };

enum nsl_control_phase {
    NSL_CONTROL_PHASE_NEW,
    NSL_CONTROL_PHASE_STARTING,
    NSL_CONTROL_PHASE_SERVING,
    NSL_CONTROL_PHASE_STOPPING,
    NSL_CONTROL_PHASE_STOPPED,
};

enum nsl_control_kind { NSL_CONTROL_HTTP = 0, NSL_CONTROL_HTTPS = 1 };
enum nsl_control_family { NSL_CONTROL_IPV4 = 4, NSL_CONTROL_IPV6 = 6 };

enum nsl_wall {
#define NSL_WALL(name, bit, text) NSL_WALL_##name = 1 << (bit),
#include "common/wire/walls.def"
#undef NSL_WALL
};
#define NSL_WALL_ALL 0x3f

/* Where a connection came from, as the host tells it: a hint, not a fact. */
struct nsl_control_connection {
    uint8_t kind;   /* enum nsl_control_kind */
    uint8_t family; /* enum nsl_control_family */
    uint16_t port;
    uint8_t address[16];
};

struct nsl_control_ready {
    uint32_t missing_walls; /* bits of enum nsl_wall */
    uint32_t gas_version;
    char engine_version[NSL_CONTROL_TEXT_MAX + 1]; /* NUL-terminated */
};

struct nsl_control_message {
    enum nsl_control_type type;
    union {
        nsl_bytes settings; /* borrowed from the packet */
        struct nsl_control_connection connection;
        uint32_t stop_ms;
        struct nsl_control_ready ready;
    };
};

/* What both ends remember of the conversation. All zero is the beginning. */
struct nsl_control_state {
    enum nsl_control_phase phase;
    bool is_ready; /* READY was seen */
    bool is_full;  /* FULL was seen and no RESUME since */
};

/*
 * Writes message as a packet of *ret_size bytes into out. TOO_LARGE: capacity or a limit above is
 * too small. BAD_ARGUMENT: a field is outside its range.
 */
NSL_MUST_USE nsl_err nsl_control_encode(const struct nsl_control_message *message, uint8_t *out,
                                        size_t capacity, size_t *ret_size);

/*
 * Reads one whole packet that the other end (sender) sent. BAD_MESSAGE: not exactly the form above,
 * or a type that this sender never sends. *ret_message borrows from packet (SETTINGS only).
 */
NSL_MUST_USE nsl_err nsl_control_decode(nsl_bytes packet, enum nsl_control_sender sender,
                                        struct nsl_control_message *ret_message);

/*
 * Notes that message is sent or was received, together with descriptor_count descriptors.
 * BAD_MESSAGE, state unchanged: not allowed in this phase, or a wrong number of descriptors.
 */
NSL_MUST_USE nsl_err nsl_control_advance(struct nsl_control_state *state,
                                         enum nsl_control_type type, size_t descriptor_count);

/* "SETTINGS", ...; "UNKNOWN" for no row. */
const char *nsl_control_type_name(enum nsl_control_type type);

/* "user namespace", ... for exactly one bit; NULL for anything else. */
const char *nsl_wall_text(uint32_t wall_bit);

#endif
