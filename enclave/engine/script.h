/*
 * A function's code: from text to bytecode, and from bytecode to its main. Runs on the engine's
 * stack; what it makes stays in the arena.
 *
 * The image of a function holds its bytecode. When evaluating the top level calls no host function,
 * reads neither clock nor random numbers, leaves no job and does not throw, the image holds the
 * state after it: evaluating it again in each call would give the same bytes. Its gas and heap are
 * charged to every call all the same.
 */
#ifndef NSL_ENGINE_SCRIPT_H
#define NSL_ENGINE_SCRIPT_H

#include "enclave/engine/call_state.h"

/* Compiles state->code_text into state->code. False: the engine's exception is set. */
bool nsl_script_compile(struct nsl_call_state *state);

/* Evaluates the top level. For a module whose top level awaits, state->promise is set and main can
 * be found when it is settled. False: the engine's exception is set. */
bool nsl_script_start(struct nsl_call_state *state);

/* Sets state->main, once the top level is done. False: the engine's exception is set. */
bool nsl_script_find_main(struct nsl_call_state *state);

#endif
