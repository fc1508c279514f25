// Masked reductions: per model and group the sum over supported and over won tasks, and their counts
// (SPEC.md sections 3 and 4).
//
// Sums are in fixed point: a task's points become a whole number of steps (Plan::step_scale of them a point,
// 2^45 at weight 1), at least one where there are points at all, so that a score is above 0 exactly where it
// should be. Whole numbers add up the same in any order: threads, vector width and task order cannot change
// a bit.
#pragma once

#include "plan.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

struct GroupSums {
    std::int64_t all, won;             // steps
    std::int32_t supported, n_won;     // tasks
};

struct Accumulator {
    // Adding 2^52 rounds a value below 2^52 to a whole number, which is then its low 52 bits. The 2^52 of
    // every term are taken off once, at the end.
    static constexpr double round = 0x1p52;
    static constexpr std::int64_t round_bits = 0x4330000000000000;

    Mask all{}, won{}, supported{}, n_won{}, scoring{}, n_won_scoring{};

    // supported, wins: lane masks, wins within supported; points: 0..100 where supported.
    template <bool can_be_zero>
    inline void add(const Plan& plan, std::size_t at, Vec points, Mask is_supported, Mask is_won) {
        const Vec steps = max(points * load<Vec>(&plan.step_scale[at]), load<Vec>(&plan.least_steps[at]));
        const Mask term = bits(steps + round);
        supported += is_supported;
        n_won += is_won;
        if constexpr (can_be_zero) {  // supported with 0 points (a WER of 100 %): no steps
            const Mask some = points > Vec{};
            all += term & (is_supported & some);
            won += term & (is_won & some);
            scoring += is_supported & some;
            n_won_scoring += is_won & some;
        } else {
            all += term & is_supported;
            won += term & is_won;
            scoring += is_supported;
            n_won_scoring += is_won;
        }
    }

    inline GroupSums finish() const {
        const auto take_off = [](Mask steps, Mask minus_terms) {
            // Unsigned: the 2^52 bits overflow, and come back.
            return static_cast<std::int64_t>(static_cast<std::uint64_t>(sum(steps)) +
                                             static_cast<std::uint64_t>(sum(minus_terms)) *
                                                 static_cast<std::uint64_t>(round_bits));
        };
        return {take_off(all, scoring), take_off(won, n_won_scoring), static_cast<std::int32_t>(-sum(supported)),
                static_cast<std::int32_t>(-sum(n_won))};
    }
};

// 100 points from everyone is the denominator, and min() guards the last bit where weights were rounded.
inline double mean_points(std::int64_t steps, double percent_steps) {
    if (steps == 0) return 0.0;
    const double mean = static_cast<double>(steps) / percent_steps;
    return mean < 100.0 ? mean : 100.0;
}

}  // namespace glevel::GLEVEL_ISA
