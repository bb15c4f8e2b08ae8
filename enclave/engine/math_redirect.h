/*
 * Sends every math function that JavaScript can reach to one fixed implementation, nsl_m_*, so that
 * Math.sin and ** have the same bits on every CPU, compiler and C library. Force-included (-include)
 * into QuickJS and into the implementation itself (musl's C files), which thereby defines these very
 * names; our own engine code includes it, last, where it needs a math function. tools/math-check
 * fails the build on any math symbol that still comes from the C library.
 *
 * Not here because IEEE 754 fixes every bit and both compilers inline them: fabs, isnan, signbit.
 */
#ifndef NSL_ENCLAVE_ENGINE_MATH_REDIRECT_H
#define NSL_ENCLAVE_ENGINE_MATH_REDIRECT_H

#include <float.h>
#include <math.h>

#if FLT_EVAL_METHOD < 0 || FLT_EVAL_METHOD == 2
#error "this target computes doubles with extra precision: results would differ"
#endif

double nsl_m_acos(double x);
double nsl_m_acosh(double x);
double nsl_m_asin(double x);
double nsl_m_asinh(double x);
double nsl_m_atan(double x);
double nsl_m_atan2(double y, double x);
double nsl_m_atanh(double x);
double nsl_m_cbrt(double x);
double nsl_m_ceil(double x);
double nsl_m_copysign(double x, double y);
double nsl_m_cos(double x);
double nsl_m_cosh(double x);
double nsl_m_exp(double x);
double nsl_m_expm1(double x);
double nsl_m_floor(double x);
double nsl_m_fmod(double x, double y);
double nsl_m_frexp(double x, int *ret_exponent);
double nsl_m_hypot(double x, double y);
double nsl_m_log(double x);
double nsl_m_log10(double x);
double nsl_m_log1p(double x);
double nsl_m_log2(double x);
long nsl_m_lrint(double x);
double nsl_m_modf(double x, double *ret_whole);
double nsl_m_pow(double x, double y);
double nsl_m_rint(double x);
double nsl_m_round(double x);
double nsl_m_scalbn(double x, int exponent);
double nsl_m_sin(double x);
double nsl_m_sinh(double x);
double nsl_m_tan(double x);
double nsl_m_tanh(double x);
double nsl_m_trunc(double x);

/* Correctly rounded in hardware everywhere, one instruction under -fno-math-errno. */
static inline double nsl_m_sqrt(double x)
{
    return __builtin_sqrt(x);
}

#define acos nsl_m_acos
#define acosh nsl_m_acosh
#define asin nsl_m_asin
#define asinh nsl_m_asinh
#define atan nsl_m_atan
#define atan2 nsl_m_atan2
#define atanh nsl_m_atanh
#define cbrt nsl_m_cbrt
#define ceil nsl_m_ceil
#define copysign nsl_m_copysign
#define cos nsl_m_cos
#define cosh nsl_m_cosh
#define exp nsl_m_exp
#define expm1 nsl_m_expm1
#define floor nsl_m_floor
#define fmod nsl_m_fmod
#define frexp nsl_m_frexp
#define hypot nsl_m_hypot
#define log nsl_m_log
#define log10 nsl_m_log10
#define log1p nsl_m_log1p
#define log2 nsl_m_log2
#define lrint nsl_m_lrint
#define modf nsl_m_modf
#define pow nsl_m_pow
#define rint nsl_m_rint
#define round nsl_m_round
#define scalbn nsl_m_scalbn
#define sin nsl_m_sin
#define sinh nsl_m_sinh
#define sqrt nsl_m_sqrt
#define tan nsl_m_tan
#define tanh nsl_m_tanh
#define trunc nsl_m_trunc

#endif
