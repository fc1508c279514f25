// Metric mapping: z = raw x scale to 0..100 points (SPEC.md section 2).
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

inline Vec polynomial(const double* coefficients, std::size_t n, Vec at) {
    Vec value = splat(coefficients[n - 1]);
    for (std::size_t i = n - 1; i-- > 0;) value = value * at + coefficients[i];
    return value;
}

// 100 tanh(1/w), from w times mapping::unit.
inline Vec curve(Vec w_scaled) {
    using namespace mapping;
    const Vec x = min(2.0 * unit / w_scaled, splat(64.0));  // at 64 the curve has long reached 100

    const Vec series = x * polynomial(coth_series, std::size(coth_series), x * x);
    const Vec gentle = (100.0 * unit) / (w_scaled + series * unit);

    constexpr double round = 0x1.8p52;  // adding it rounds to a whole number, held in the low bits
    const Vec k_rounded = (x * log2_e - 0.5) + round;
    const Vec k = k_rounded - round;
    const Vec power = from_bits((bits(k_rounded) << 52) + (std::int64_t{1023} << 52));
    const Vec r = max((x - k * ln2_high) - k * ln2_low, Vec{});
    const Vec q = min(r + (r * r) * polynomial(exp_series, std::size(exp_series), r), splat(1.0));
    const Vec steep = 100.0 - 200.0 / ((power + 1.0) + power * q);

    return select(w_scaled < w_switch * unit, max(steep, splat(y_switch)), min(gentle, splat(y_switch)));
}

inline Vec map_curved(const Plan& plan, std::size_t at, Vec z) {
    const Mask inverse = load<Mask>(&plan.is_inverse[at]);
    const Vec constant = load<Vec>(&plan.constant[at]);
    return curve(select(inverse, z, constant) / select(inverse, constant, z));
}

inline Vec map_linear(const Plan& plan, std::size_t at, Vec z) {
    const Vec points = (z - load<Vec>(&plan.worst[at])) * load<Vec>(&plan.slope[at]);
    return max(min(points, splat(100.0)), Vec{});
}

}  // namespace glevel::GLEVEL_ISA
