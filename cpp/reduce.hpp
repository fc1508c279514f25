// Masked reductions: per model and group the sum over supported and over won tasks, and their counts
// (docs/spec.md sections 3 and 4). A lane is a model.
//
// Sums are in fixed point. Adding a group's rounder (128 and up) to 0..100 weighted points rounds them to whole
// steps, 2^45 of them a point at most, which then stand in the low bits: bits(points + rounder) -
// bits(rounder). Whole numbers add up the same in any order, so threads, vector width and task order cannot
// change a bit. The bits of the rounder overflow, and are taken off once, at the end.
#pragma once

#include <limits>

#include "plan.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

struct GroupSums {
    Vec mean, masked_mean;  // points
    Mask supported, wins;   // tasks
};

// A sum of bits(points + rounder) without the rounders' own, of which there are -minus_n.
inline Mask steps(Sum terms, Mask minus_n, double rounder) {
    std::uint64_t rounder_bits;
    std::memcpy(&rounder_bits, &rounder, sizeof rounder);
    return reinterpret_cast<Mask>(terms + reinterpret_cast<Sum>(minus_n) * rounder_bits);
}

inline std::int64_t steps_per_point(double rounder) { return static_cast<std::int64_t>(0x1p52 / rounder); }

struct Accumulator {
    Sum all{}, won{};
    Mask n_all{}, n_won{};      // counts are of lane masks, and so negative
    Mask any_all{}, any_won{};  // lanes with a term above 0

    inline void add(Vec points_plus_rounder, Mask counts, Mask counts_won) {
        const Mask term = bits(points_plus_rounder);
        add_where(all, term, counts);
        add_where(won, term, counts_won);
        add_where(n_all, ~Mask{}, counts);
        add_where(n_won, ~Mask{}, counts_won);
    }

    // Of tasks in lanes: the sum over them, in all lanes.
    inline void unfold() {
        for (Sum* s : {&all, &won}) *s = Sum{} + sum_over_lanes(*s);
        for (Mask* m : {&n_all, &n_won, &any_all, &any_won}) *m = Mask{} + sum_over_lanes(*m);
    }

    inline GroupSums finish(double rounder, double percent_steps) const {
        const auto mean = [&](Sum terms, Mask minus_n, Mask any_term) {
            // Terms may be so small that they add up to no step. One step then stands for them: the score of a model
            // that has points must be above 0.
            const Vec total = max(to_double(steps(terms, minus_n, rounder)), any_term != 0 ? splat(1.0) : Vec{});
            // Rounded weights could lift the mean above 100 by a last bit. In a group without tasks it is 0/0, a NaN,
            // which max() turns into 0.
            return max(min(splat(100.0), total / percent_steps), Vec{});
        };
        return {mean(all, n_all, any_all), mean(won, n_won, any_won), -n_all, -n_won};
    }
};

// What a row must be looked at again for.
struct Seen {
    Vec lowest = splat(std::numeric_limits<double>::infinity()), highest = -lowest;  // of percent tasks
    Mask outside{};                                                                  // of all others

    Mask invalid() const { return outside | (lowest < 0.0) | (highest > 100.0); }

    // Of tasks in lanes: what was seen in any of them, in all lanes.
    void unfold() {
        outside = Mask{} + sum_over_lanes(outside);
        for (std::size_t i = 0; i < lanes; ++i) {
            lowest = min(splat(lowest[i]), lowest);
            highest = max(splat(highest[i]), highest);
        }
    }
};

// The percent tasks of a group; their points are their values, unless `points` are given. A value above 100
// counts here, and is seen: the row is then done again without it.
template <bool zero_scores, bool folded, bool equal_weights>
inline void add_percent(const Plan& plan, std::size_t g, const double* tile, const double* points, Accumulator& sums,
                        Seen& seen) {
    const Vec least = splat(plan.least_percent()), rounder = splat(plan.rounder[g]);
    Accumulator local;  // in registers
    Vec lowest = seen.lowest, highest = seen.highest;
    for (std::size_t column = plan.percent[g]; column < plan.percent[g + 1]; ++column) {
        const Vec z = column_of(tile, column), y = points == nullptr ? z : column_of(points, column);
        const Mask supported = z >= least, won = z >= slots<folded>(plan.sota, column);
        lowest = min(z, lowest);
        highest = max(z, highest);
        const Vec weighted = equal_weights ? y : y * slots<folded>(plan.weight, column);
        local.add(weighted + rounder, supported, won);
        if constexpr (zero_scores) {
            local.any_all |= supported & (z > 0.0);
            local.any_won |= won & (z > 0.0);
        }
    }
    if constexpr (!zero_scores) {
        local.any_all = local.n_all;
        local.any_won = local.n_won;
    }
    sums = local;
    seen.lowest = lowest;
    seen.highest = highest;
}

// All other tasks of a group.
template <bool folded>
inline void add_general(const Plan& plan, std::size_t g, const double* tile, const double* points, Accumulator& sums,
                        Seen& seen) {
    const Mask zero_counts = plan.zero_scores ? ~Mask{} : Mask{};
    const Vec rounder = splat(plan.rounder[g]);
    Accumulator local = sums;
    Mask outside = seen.outside;
    for (std::size_t column = plan.general[g]; column < plan.general[g + 1]; ++column) {
        const Vec raw = column_of(tile, column), y = column_of(points, column);
        const Vec z = raw * slots<folded>(plan.scale, column);
        const Mask not_zero = (raw != 0.0) | zero_counts;
        const Mask supported =
            (z >= slots<folded>(plan.low, column)) & (z <= slots<folded>(plan.high, column)) & not_zero;
        outside |= ~supported & not_zero & (raw < std::numeric_limits<double>::infinity());
        const Mask won = supported & (z * slots<folded>(plan.sign, column) >= slots<folded>(plan.sota, column));
        local.add(y * slots<folded>(plan.weight, column) + rounder, supported, won);
        const Mask adds =
            (y > 0.0) & (slots<folded>(plan.weight, column) > 0.0);  // 0 points or weight 0: counted, adds nothing
        local.any_all |= supported & adds;
        local.any_won |= won & adds;
    }
    sums = local;
    seen.outside = outside;
}

// finish(g, sums) for each group of a tile; ready(column) before the percent columns up to there are read.
template <bool zero_scores, bool folded, class Ready, class Finish>
inline Seen reduce_tile(const Plan& plan, const double* tile, const double* percent_points, const double* points,
                        Ready ready, Finish finish) {
    Seen seen;
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        Accumulator sums;
        ready(plan.percent[g + 1]);
        if (plan.equal_weights[g] && percent_points == nullptr)
            add_percent<zero_scores, folded, true>(plan, g, tile, nullptr, sums, seen);
        else
            add_percent<zero_scores, folded, false>(plan, g, tile, percent_points, sums, seen);
        add_general<folded>(plan, g, tile, points, sums, seen);
        if constexpr (folded) sums.unfold();
        finish(g, sums.finish(plan.rounder[g], plan.percent_steps[g]));
    }
    if constexpr (folded) seen.unfold();
    return seen;
}

}  // namespace glevel::GLEVEL_ISA
