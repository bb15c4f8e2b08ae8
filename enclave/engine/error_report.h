/* What was thrown, as type, message, stack, line and column. */
#ifndef NSL_ENGINE_ERROR_REPORT_H
#define NSL_ENGINE_ERROR_REPORT_H

#include "enclave/engine/call_state.h"

/* Takes the engine's exception and describes it. Reading it may run the function's own accessors:
 * still metered; what they throw is ignored. */
void nsl_error_report(JSContext *context, struct nsl_call_error *ret_error);

#endif
