/*
 * Ownership of locals: NSL_AUTO(type) runs the type's clean-up when the scope ends, nsl_take gives
 * the pointer away.
 *
 *     NSL_AUTO(nsl_buffer) text = {0};            in place: nsl_buffer_done(&text) at scope end
 *     NSL_AUTO_PTR(nsl_engine) engine = NULL;     heap: nsl_engine_free(engine) at scope end
 *     *ret_engine = nsl_take(&engine);            given away: nothing is freed
 *
 * A type takes part by NSL_DEFINE_AUTO(type, done) or NSL_DEFINE_AUTO_PTR(type, free) in its header.
 * Clean-up functions accept a zeroed object, respectively NULL.
 */
#ifndef NSL_COMMON_BASE_CLEANUP_H
#define NSL_COMMON_BASE_CLEANUP_H

#include <stddef.h>

#define NSL_AUTO(type) __attribute__((cleanup(type##_auto_done_))) struct type
#define NSL_AUTO_PTR(type) __attribute__((cleanup(type##_auto_free_))) struct type *

#define NSL_DEFINE_AUTO(type, done)                                                                \
    static inline void type##_auto_done_(struct type *object)                                      \
    {                                                                                              \
        done(object);                                                                              \
    }                                                                                              \
    struct type

#define NSL_DEFINE_AUTO_PTR(type, free_function)                                                   \
    static inline void type##_auto_free_(struct type **object)                                     \
    {                                                                                              \
        free_function(*object);                                                                    \
        *object = NULL;                                                                            \
    }                                                                                              \
    struct type

/* Moves a pointer out of its owner, which becomes NULL. */
#define nsl_take(pointer)                                                                          \
    __extension__({                                                                                \
        __typeof__(*(pointer)) nsl_taken_ = *(pointer);                                            \
        *(pointer) = NULL;                                                                         \
        nsl_taken_;                                                                                \
    })

#endif
