/* The example functions whose writes decide where the blocks of the base image lie. */
#ifndef NSL_ENGINE_TRAINING_H
#define NSL_ENGINE_TRAINING_H

/* Runs them all, one after the other, in the realm in the arena; on the engine's stack. What they
 * leave behind is not cleaned up: the arena is built again. */
void nsl_training_run(void *call_state);

#endif
