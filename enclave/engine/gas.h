/*
 * Gas costs as constants, from the rows in gas_costs.def, and the same rows as a table to print.
 *
 * Does NOT charge anything: enclave/engine/meter.h does. The version changes whenever the gas of
 * any program may change; receipts carry it.
 */
#ifndef NSL_ENGINE_GAS_H
#define NSL_ENGINE_GAS_H

#include <stddef.h>
#include <stdint.h>

enum nsl_gas_cost {
#define NSL_GAS(name, units, per) NSL_GAS_##name = (units),
#define NSL_GAS_SHARE(name, count_per_unit, per) NSL_GAS_SHARE_##name = (count_per_unit),
#include "enclave/engine/gas_costs.def"
#undef NSL_GAS
#undef NSL_GAS_SHARE
};

/* One row: a flat cost has count_per_unit 1, a share has units 1. */
struct nsl_gas_row {
    const char *name;
    uint32_t units;
    uint32_t count_per_unit;
    const char *per;
};

/* All rows in file order; the table is static. */
const struct nsl_gas_row *nsl_gas_rows(size_t *ret_count);

/* NSL_GAS_VERSION of the rows compiled in. */
uint32_t nsl_gas_version(void);

#endif
