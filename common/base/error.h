/*
 * Errors: one type for every fallible function, one row per error in errors.def.
 *
 * A fallible function returns nsl_err and nothing else; NSL_OK is 0. On failure every ret_ argument
 * is untouched; on success every one is set. errno and foreign codes are translated at once.
 */
#ifndef NSL_COMMON_BASE_ERROR_H
#define NSL_COMMON_BASE_ERROR_H

#include <stdint.h>

typedef enum nsl_err {
    NSL_OK = 0,
#define NSL_ERROR(name, code, http, action, text) NSL_ERR_##name = (code),
#include "common/base/errors.def"
#undef NSL_ERROR
} nsl_err;

/* What the caller of a failed operation can do about it. */
enum nsl_err_action { NSL_ACTION_FIX_INPUT, NSL_ACTION_RETRY, NSL_ACTION_GIVE_UP };

#define NSL_MUST_USE __attribute__((warn_unused_result))

/* Returns the error up. The only macro here with hidden control flow. */
#define NSL_TRY(call)                                                                              \
    do {                                                                                           \
        nsl_err nsl_try_err_ = (call);                                                             \
        if (nsl_try_err_ != NSL_OK) {                                                              \
            return nsl_try_err_;                                                                   \
        }                                                                                          \
    } while (0)

/* The row's name ("NO_MEMORY"), its sentence, its HTTP status and action. "UNKNOWN" for no row. */
const char *nsl_err_name(nsl_err err);
const char *nsl_err_text(nsl_err err);
uint16_t nsl_err_http_status(nsl_err err);
enum nsl_err_action nsl_err_caller_action(nsl_err err);

/* For our own bugs only: stays on in release, ends the role, never fires on input. */
#define nsl_assert(cond) ((cond) ? (void)0 : nsl_assert_failed(#cond, __FILE__, __LINE__))
void nsl_assert_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

#endif
