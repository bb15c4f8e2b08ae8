/*
 * The log: one line of key=value an event, written whole with one write(2) to one descriptor.
 *
 *     time=2026-01-31T12:00:00.123Z level=info role=keeper event=start version="0.1.0"
 *
 * Events are rows of log_events.def. Text values are quoted; control characters, quotes, backslashes
 * and bytes that are not UTF-8 are escaped (\n \r \t \" \\ \xNN), and a value is cut at
 * NSL_LOG_VALUE_BYTES (an ellipsis "..." follows). A line never exceeds NSL_LOG_LINE_BYTES; fields that no
 * longer fit are left out whole and more=1 says so.
 *
 * Only the main file of a program logs; libraries return errors. Everything an enclave logs is
 * public: no payloads, no secrets, no sizes of secrets. Threads: none. A failed write is dropped.
 */
#ifndef NSL_COMMON_BASE_LOG_H
#define NSL_COMMON_BASE_LOG_H

#include "common/base/bytes.h"

enum { NSL_LOG_VALUE_BYTES = 512, NSL_LOG_LINE_BYTES = 4096 };

/* OFF is a threshold only, no event has it. */
enum nsl_log_level {
    NSL_LOG_TRACE,
    NSL_LOG_DEBUG,
    NSL_LOG_INFO,
    NSL_LOG_WARN,
    NSL_LOG_ERROR,
    NSL_LOG_OFF,
};

enum nsl_log_event {
#define NSL_LOG_EVENT(name, level, meaning) NSL_EVENT_##name,
#include "common/base/log_events.def"
#undef NSL_LOG_EVENT
    NSL_EVENT_COUNT,
};

enum nsl_log_kind { NSL_LOG_KIND_NONE, NSL_LOG_KIND_TEXT, NSL_LOG_KIND_U64, NSL_LOG_KIND_I64 };

struct nsl_log_field {
    enum nsl_log_kind kind;
    const char *key; /* a literal: letters, digits, underscore */
    nsl_bytes text;  /* untrusted bytes are fine */
    uint64_t number; /* I64: the same bits */
};

#define NSL_LOG_BYTES(name, bytes)                                                                 \
    {                                                                                              \
        .kind = NSL_LOG_KIND_TEXT, .key = (name), .text = (bytes)                                  \
    }
#define NSL_LOG_TEXT(name, string) NSL_LOG_BYTES(name, nsl_bytes_text(string))
#define NSL_LOG_U64(name, value)                                                                   \
    {                                                                                              \
        .kind = NSL_LOG_KIND_U64, .key = (name), .number = (value)                                 \
    }
#define NSL_LOG_I64(name, value)                                                                   \
    {                                                                                              \
        .kind = NSL_LOG_KIND_I64, .key = (name), .number = (uint64_t)(int64_t)(value)              \
    }

/* Where this process logs. The role is a literal. Before the first call nothing is logged. */
void nsl_log_init(int fd, enum nsl_log_level threshold, const char *role);

/* True when an event of this level would be written. */
bool nsl_log_is_on(enum nsl_log_level level);

/* nsl_log(NSL_EVENT_listen, NSL_LOG_TEXT("url", url), NSL_LOG_U64("pid", pid)); fields may be none. */
#define nsl_log(...) nsl_log_pick_(__VA_ARGS__, {0})
#define nsl_log_pick_(event, ...)                                                                  \
    nsl_log_write((event), (const struct nsl_log_field[]){__VA_ARGS__})

/* The fields end at the first of kind NONE. Prefer nsl_log. */
void nsl_log_write(enum nsl_log_event event, const struct nsl_log_field *fields);

/* Formats a line without writing it: the bytes put into line[NSL_LOG_LINE_BYTES], newline included.
 * time_ms since 1970, UTC. For tests and for programs that write elsewhere. */
size_t nsl_log_format(enum nsl_log_event event, const struct nsl_log_field *fields,
                      const char *role, int64_t time_ms, char *line);

/* "trace" .. "error", "off". */
const char *nsl_log_level_name(enum nsl_log_level level);

/* Escapes control characters and what is not UTF-8 as the log does (quotes and backslashes stay) into
 * at most out_size bytes, cut at NSL_LOG_VALUE_BYTES of input; returns the size, no NUL. For showing
 * untrusted text on a terminal. */
size_t nsl_log_escape(nsl_bytes text, char *out, size_t out_size);

#endif
