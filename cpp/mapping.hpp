// Metric mapping: z = raw x scale to 0..100 points (docs/spec.md section 2).
//
// Every curved metric is 100 tanh(x/2), with x = c/z (inverse) or 2z/p (tanh). Both halves below are chains
// in which each rounded operation is monotone, so a better raw value never maps lower, to the last bit:
//   x <= 3/2: 100 / coth(x/2), coth(x/2) = w + (x/6 - x^3/360 + ...) with w = 2/x. All is computed from the
//             one rounded w; its neighbours differ by more than the rounding of the small second term;
//   x >  3/2: 100 - 200 / (e^x + 1), e^x = 2^k (1 + q), q a polynomial with positive coefficients in a
//             remainder held at >= 0, and q held at <= 1, the value at which the next k takes over.
// Three divisions, no fused multiply-add, at most 2.1 ulp (tests/test_mapping.py).
#pragma once

#include "mapping_constants.hpp"
#include "plan.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

// Coefficient i is that of power i. Pairwise (Estrin): half the latency of Horner's rule, and as monotone.
template <std::size_t n>
inline Vec polynomial(const double (&c)[n], Vec at) {
    static_assert(n == 9 || n == 10);
    const Vec at2 = at * at, at4 = at2 * at2;
    const Vec low = (c[0] + c[1] * at) + (c[2] + c[3] * at) * at2;
    const Vec high = (c[4] + c[5] * at) + (c[6] + c[7] * at) * at2;
    const Vec top = n == 10 ? c[8] + c[n - 1] * at : splat(c[8]);
    return low + (high + top * at4) * at4;
}

// How many vectors go through the mapping side by side: one alone waits for its three divisions.
constexpr std::size_t abreast = 4;

// Each step is done for all vectors before the next, so that they overlap. w comes times mapping::unit, x = 2/w.
typedef Vec Abreast[abreast];

// e^x + 1, for x above 3/2.
inline void exp_plus_1(const Abreast& x, Abreast& result) {
    using namespace mapping;
    constexpr double round = 0x1.8p52;  // adding it rounds to a whole number, held in the low bits
    Abreast k_rounded, r, q;
    for (std::size_t i = 0; i < abreast; ++i) k_rounded[i] = (x[i] * log2_e - 0.5) + round;
    for (std::size_t i = 0; i < abreast; ++i) {
        const Vec k = k_rounded[i] - round;
        r[i] = max((x[i] - k * ln2_high) - k * ln2_low, Vec{});
    }
    for (std::size_t i = 0; i < abreast; ++i)
        q[i] = min(r[i] + (r[i] * r[i]) * polynomial(exp_series, r[i]), splat(1.0));
    for (std::size_t i = 0; i < abreast; ++i) {
        const Vec power = from_bits((bits(k_rounded[i]) << 52) + (std::int64_t{1023} << 52));
        result[i] = (power + 1.0) + power * q[i];
    }
}

// coth(x/2), for x up to 3/2.
inline void coth(const Abreast& w, const Abreast& x, Abreast& result) {
    using namespace mapping;
    for (std::size_t i = 0; i < abreast; ++i) result[i] = w[i] + (x[i] * polynomial(coth_series, x[i] * x[i])) * unit;
}

inline void double_inverse(const Abreast& w, Abreast& x) {
    for (std::size_t i = 0; i < abreast; ++i)
        x[i] = min(2.0 * mapping::unit / w[i], splat(64.0));  // 100 tanh(32) is 100 in double
}

inline Mask is_steep(Vec w) { return w < mapping::w_switch * mapping::unit; }

// 100 tanh(1/w), where all are steep, and where none is.
inline void steep_curve(const Abreast& w, Abreast& points) {
    Abreast x, divisor;
    double_inverse(w, x);
    exp_plus_1(x, divisor);
    for (std::size_t i = 0; i < abreast; ++i) points[i] = 100.0 - 200.0 / divisor[i];
}

inline void flat_curve(const Abreast& w, Abreast& points) {
    Abreast x, divisor;
    double_inverse(w, x);
    coth(w, x, divisor);
    for (std::size_t i = 0; i < abreast; ++i) points[i] = 100.0 * mapping::unit / divisor[i];
}

// 100 tanh(1/w).
inline void curve(const Abreast& w, Abreast& points) {
    Abreast x, steep, flat;
    double_inverse(w, x);
    coth(w, x, flat);
    exp_plus_1(x, steep);
    for (std::size_t i = 0; i < abreast; ++i) {
        const Mask high = is_steep(w[i]);
        const Vec quotient = (high ? splat(200.0) : splat(100.0 * mapping::unit)) / (high ? steep[i] : flat[i]);
        points[i] = high ? 100.0 - quotient : quotient;
    }
}

// Points of a linear metric.
inline Vec line(Vec z, Vec worst, Vec slope) { return max(min((z - worst) * slope, splat(100.0)), Vec{}); }

// Points of all columns that need mapping, from a tile of raw values (kernels.cpp) into one of points.
template <bool folded>
inline void map_tile(const Plan& plan, const double* tile, double* points) {
    for (const std::int32_t column : plan.linear) {
        const Vec z = column_of(tile, column) * slots<folded>(plan.scale, column);
        store(points + column * lanes, line(z, slots<folded>(plan.worst, column), slots<folded>(plan.slope, column)));
    }
    Abreast w, y;
    std::int32_t which[abreast];
    std::size_t n = 0;
    const auto flush = [&] {
        for (std::size_t i = n; i < abreast; ++i) w[i] = splat(mapping::unit);
        curve(w, y);
        for (std::size_t i = 0; i < n; ++i) store(points + which[i] * lanes, y[i]);
        n = 0;
    };
    for (const std::int32_t column : plan.curved) {
        const Vec raw = column_of(tile, column);
        if (!any(raw == raw)) {  // its points count for nothing
            store(points + column * lanes, Vec{});
            continue;
        }
        const Vec z = raw * slots<folded>(plan.scale, column);
        const Vec constant = slots<folded>(plan.constant, column);
        w[n] = magnitude(plan.kind[column] == Kind::inverse ? z * constant : constant / z);  // of -0 too
        which[n] = column;
        if (++n == abreast) flush();
    }
    if (n > 0) flush();
}

}  // namespace glevel::GLEVEL_ISA
