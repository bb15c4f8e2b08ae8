/*
 * Force-included, after enclave/engine/math_redirect.h, into musl's math files: what musl's own
 * build supplies, and the prefix for the helpers they share.
 */
#ifndef NSL_THIRD_PARTY_MUSL_PREFIX_H
#define NSL_THIRD_PARTY_MUSL_PREFIX_H

#define hidden __attribute__((__visibility__("hidden")))

/* log, log2 and pow have a second path for CPUs with fused multiply-add; its bits differ. */
#undef __FP_FAST_FMA

/* glibc's headers declare these names, with other arguments; the files used here never call them. */
#define __cosl nsl_m_cosl_
#define __sinl nsl_m_sinl_
#define __tanl nsl_m_tanl_

#define __cos nsl_m_cos_
#define __exp_data nsl_m_exp_data_
#define __expo2 nsl_m_expo2_
#define __log2_data nsl_m_log2_data_
#define __log_data nsl_m_log_data_
#define __math_divzero nsl_m_math_divzero_
#define __math_invalid nsl_m_math_invalid_
#define __math_oflow nsl_m_math_oflow_
#define __math_uflow nsl_m_math_uflow_
#define __math_xflow nsl_m_math_xflow_
#define __pow_log_data nsl_m_pow_log_data_
#define __rem_pio2 nsl_m_rem_pio2_
#define __rem_pio2_large nsl_m_rem_pio2_large_
#define __sin nsl_m_sin_
#define __tan nsl_m_tan_

#endif
