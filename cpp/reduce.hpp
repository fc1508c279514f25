// Masked reductions: per model and group the sum over supported and over won tasks, and their counts
// (SPEC.md sections 3 and 4).
//
// Sums are in fixed point. Adding a group's rounder (128 and up) to 0..100 weighted points rounds them to whole
// steps, 2^45 of them a point at most, which then stand in the low bits: bits(points + rounder) -
// bits(rounder). Whole numbers add up the same in any order, so threads, vector width and task order cannot
// change a bit. The bits of the rounder overflow, and are taken off once, at the end.
#pragma once

#include "plan.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

struct GroupSums {
    std::int64_t all = 0, won = 0;           // steps
    std::int32_t supported = 0, wins = 0;    // tasks
};

// Sums over lanes; counts are of lane masks, and so negative.
struct Accumulator {
    Mask all{}, won{}, n_all{}, n_won{};

    inline void add(Vec points_plus_rounder, Mask counts, Mask counts_won) {
        const Mask term = bits(points_plus_rounder);
        all += term & counts;
        won += term & counts_won;
        n_all += counts;
        n_won += counts_won;
    }

    // A sum that has terms at all is at least one step: a score is above 0 exactly where it should be.
    inline GroupSums finish(double rounder) const {
        std::int64_t rounder_bits;
        std::memcpy(&rounder_bits, &rounder, sizeof rounder);
        const auto steps = [&](Mask terms, std::int64_t minus_n) {
            const auto sum_of_terms = static_cast<std::uint64_t>(sum(terms));
            const auto taken_off = static_cast<std::uint64_t>(minus_n) * static_cast<std::uint64_t>(rounder_bits);
            const auto total = static_cast<std::int64_t>(sum_of_terms + taken_off);
            return minus_n != 0 && total < 1 ? 1 : total;
        };
        const std::int64_t minus_all = sum(n_all), minus_won = sum(n_won);
        return {steps(all, minus_all), steps(won, minus_won), static_cast<std::int32_t>(-minus_all),
                static_cast<std::int32_t>(-minus_won)};
    }
};

// min() guards the last bit where weights were rounded.
inline double mean_points(std::int64_t steps, double percent_steps) {
    if (steps == 0) return 0.0;
    const double mean = static_cast<double>(steps) / percent_steps;
    return mean < 100.0 ? mean : 100.0;
}

}  // namespace glevel::GLEVEL_ISA
