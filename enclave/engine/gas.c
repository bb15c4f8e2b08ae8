#include "enclave/engine/gas.h"

#include "enclave/engine/meter.h"

/* Limits nothing until an isolate sets it, so that a realm can be built. */
struct nsl_meter nsl_meter = {
    .gas_limit = UINT64_MAX,
    .heap_limit = UINT64_MAX,
    .depth_limit = NSL_DEPTH_DEFAULT,
    .depth_fatal = NSL_DEPTH_DEFAULT + NSL_DEPTH_RESERVE,
    .jobs_limit = UINT32_MAX,
    .stack_lowest = UINTPTR_MAX,
};

static const struct nsl_gas_row gas_rows[] = {
#define NSL_GAS(name, units, per) {#name, (units), 1, per},
#define NSL_GAS_SHARE(name, count_per_unit, per) {#name, 1, (count_per_unit), per},
#include "enclave/engine/gas_costs.def"
#undef NSL_GAS
#undef NSL_GAS_SHARE
};

const struct nsl_gas_row *nsl_gas_rows(size_t *ret_count)
{
    *ret_count = sizeof(gas_rows) / sizeof(gas_rows[0]);
    return gas_rows;
}

uint32_t nsl_gas_version(void)
{
    return NSL_GAS_VERSION;
}
