/* The unpatched engine has no meter: what metering.c calls for it. */
#include "bench/engine/metering.h"

void bench_meter_open(void)
{
}

unsigned long long bench_meter_gas(void)
{
    return 0;
}
