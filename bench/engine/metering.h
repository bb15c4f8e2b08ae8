/*
 * What the metering benchmark's driver asks of the engine it is linked with: metering_plain.c for
 * the unpatched engine, metering_patched.c for ours. Benchmark only.
 */
#ifndef NSL_BENCH_ENGINE_METERING_H
#define NSL_BENCH_ENGINE_METERING_H

/* Sets the meter so that no limit is reached, once, before the runtime exists. */
void bench_meter_open(void);

/* Gas units used so far; 0 without a meter. */
unsigned long long bench_meter_gas(void);

#endif
