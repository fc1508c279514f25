// The kernels for one instruction set. CMake compiles this file once for each, with GLEVEL_ISA (a name) and
// GLEVEL_VECTOR_BYTES defined.
#include "kernels.hpp"

#include <cstring>
#include <limits>

#include "levels.hpp"
#include "mapping.hpp"
#include "reduce.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

static_assert(abreast * lanes <= Plan::slack);

// The row in plan order, in a buffer that is readable for Plan::slack elements past its end.
const double* plan_order(const Plan& plan, const double* rows, std::size_t row, double* buffer) {
    const double* values = rows + row * plan.n_tasks;
    if (plan.permuted)
        for (std::size_t i = 0; i < plan.n_tasks; ++i) buffer[i] = values[plan.order[i]];
    else
        std::memcpy(buffer, values, plan.n_tasks * sizeof(double));
    return buffer;
}

// Calls body(at, values) for each vector of [begin, end); lanes past the end are NaN.
template <class Body>
inline void for_each_vector(const double* row, std::size_t begin, std::size_t end, Body body) {
    std::size_t at = begin;
    for (; at + lanes <= end; at += lanes) body(at, load<Vec>(row + at));
    if (at < end) body(at, from_bits(bits(load<Vec>(row + at)) | beyond(end - at)));
}

inline Mask supported_lanes(const Plan& plan, std::size_t at, Vec raw, Vec z) {
    const Mask zero_counts = plan.zero_scores ? ~Mask{} : Mask{};
    return (z >= load<Vec>(&plan.low[at])) & (z <= load<Vec>(&plan.high[at])) & ((raw != Vec{}) | zero_counts);
}

// Points of all columns that need mapping, into points[n_percent, n_tasks).
inline void map_row(const Plan& plan, const double* row, double* points) {
    for (std::size_t at = plan.n_percent; at < plan.n_tasks; at += abreast * lanes) map_columns(plan, row, at, points);
}

struct Seen {
    Vec lowest = splat(std::numeric_limits<double>::infinity()), highest = -lowest;
    Mask outside{};

    bool invalid() const { return any(outside | (lowest < Vec{}) | (highest > 100.0)); }

    double top() const {
        double value = highest[0];
        for (std::size_t i = 1; i < lanes; ++i) value = highest[i] > value ? highest[i] : value;
        return value;
    }
};

// The percent tasks of a group. Values above 100 are counted here, and seen: the row is then done again
// without them.
template <bool uniform, bool own_points>
inline void add_percent(const Plan& plan, std::size_t g, const double* row, const double* points, Accumulator& sums,
                        Seen& seen) {
    const Vec least = splat(plan.least_percent()), rounder = splat(plan.rounder[g]);
    for_each_vector(row, plan.percent[g], plan.percent[g + 1], [&](std::size_t at, Vec z) {
        seen.lowest = min(z, seen.lowest);
        seen.highest = max(z, seen.highest);
        const Vec y = own_points ? z : load<Vec>(points + at);
        sums.add((uniform ? y : y * load<Vec>(&plan.weight[at])) + rounder, z >= least,
                 z >= load<Vec>(&plan.sota[at]));
    });
}

// All other tasks of a group. Tasks that count but add nothing (0 points, weight 0) go to `empty`.
inline void add_general(const Plan& plan, std::size_t g, const double* row, const double* points, Accumulator& sums,
                        Mask& empty, Mask& empty_won, Seen& seen) {
    const double infinity = std::numeric_limits<double>::infinity();
    const Mask zero_is_missing = plan.zero_scores ? Mask{} : ~Mask{};
    const Vec rounder = splat(plan.rounder[g]);
    for_each_vector(row, plan.general[g], plan.general[g + 1], [&](std::size_t at, Vec raw) {
        const Vec z = raw * load<Vec>(&plan.scale[at]);
        const Mask supported = supported_lanes(plan, at, raw, z);
        const Mask missing = (raw != raw) | (raw == infinity) | ((raw == Vec{}) & zero_is_missing);
        seen.outside |= ~(supported | missing);
        const Mask won = supported & (z * load<Vec>(&plan.sign[at]) >= load<Vec>(&plan.sota[at]));
        const Vec weight = load<Vec>(&plan.weight[at]), y = load<Vec>(points + at);
        const Mask adds = (y > Vec{}) & (weight > Vec{});
        sums.add(y * weight + rounder, supported & adds, won & adds);
        empty += supported & ~adds;
        empty_won += won & ~adds;
    });
}

// With zero_scores a percent task of 0 points counts but adds nothing; that is rare enough for a second look.
inline void take_off_zeros(const Plan& plan, std::size_t g, const double* row, Accumulator& sums, Mask& empty,
                           Mask& empty_won) {
    const Mask term = bits(splat(plan.rounder[g]));
    for_each_vector(row, plan.percent[g], plan.percent[g + 1], [&](std::size_t at, Vec z) {
        const Mask zero = z == Vec{}, won = zero & (z >= load<Vec>(&plan.sota[at]));
        sums.all -= term & zero;
        sums.won -= term & won;
        sums.n_all -= zero;
        sums.n_won -= won;
        empty += zero;
        empty_won += won;
    });
}

// Sums and counts of one row in plan order, for finish(g, sums). The points of percent tasks are their
// values, unless own_points is false.
template <bool own_points, class Finish>
inline void reduce_row(const Plan& plan, const double* row, const double* points, Seen& seen, Finish finish) {
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        Accumulator sums;
        Mask empty{}, empty_won{};
        if (plan.uniform[g])
            add_percent<true, own_points>(plan, g, row, points, sums, seen);
        else
            add_percent<false, own_points>(plan, g, row, points, sums, seen);
        if (plan.zero_scores) take_off_zeros(plan, g, row, sums, empty, empty_won);
        if (plan.general[g] < plan.general[g + 1])
            add_general(plan, g, row, points, sums, empty, empty_won, seen);
        GroupSums group = sums.finish(plan.rounder[g]);
        group.supported -= static_cast<std::int32_t>(sum(empty));
        group.wins -= static_cast<std::int32_t>(sum(empty_won));
        finish(g, group);
    }
}

// A copy of the row in which what is outside its domain is missing.
const double* without_invalid(const Plan& plan, const double* row, double* buffer) {
    for (std::size_t i = 0; i < plan.n_tasks; ++i) {
        const double z = row[i] * plan.scale[i];
        buffer[i] = z >= plan.low[i] && z <= plan.high[i] ? row[i] : std::numeric_limits<double>::quiet_NaN();
    }
    return buffer;
}

// One model from its row in plan order; `buffer` is free to use.
template <bool own_points>
inline void reduce_model(const Plan& plan, const double* row, const double* points, double* buffer, const Scores& out,
                         std::size_t model) {
    double* means = out.means + model * plan.n_groups * 2;
    std::int32_t* supported = out.supported + model * plan.n_groups;
    std::int32_t* wins = out.wins + model * plan.n_groups;
    std::int32_t n_supported = 0;
    const auto finish = [&](std::size_t g, const GroupSums& sums) {
        means[2 * g] = mean_points(sums.all, plan.percent_steps[g]);
        means[2 * g + 1] = mean_points(sums.won, plan.percent_steps[g]);
        supported[g] = sums.supported;
        wins[g] = sums.wins;
        n_supported += sums.supported;
    };
    Seen seen;
    reduce_row<own_points>(plan, row, points, seen, finish);
    const bool invalid = seen.invalid();
    if (invalid) {
        n_supported = 0;
        Seen again;
        reduce_row<own_points>(plan, without_invalid(plan, row, buffer), points, again, finish);
    }
    out.suspect[model] = invalid || (n_supported >= 3 && seen.top() > 0.0 && seen.top() <= 1.0);
}

void score(const Plan& plan, const double* raw, std::size_t n_models, std::size_t first, std::size_t last,
           const Scores& out, double* scratch) {
    double* points = scratch + plan.n_tasks + Plan::slack;
    for (std::size_t model = first; model < last; ++model) {
        // A vector may reach past its row: into the next one, but not past the last.
        const bool in_place = !plan.permuted && model + 1 < n_models && plan.n_tasks >= Plan::slack;
        const double* row = in_place ? raw + model * plan.n_tasks : plan_order(plan, raw, model, scratch);
        map_row(plan, row, points);
        reduce_model<true>(plan, row, points, scratch, out, model);
        out.level[model] = levels(out.means + model * plan.n_groups * 2, plan.n_modalities, out.overall + model * 4,
                                  out.modality + model * plan.n_modalities * 3);
    }
}

void map(const Plan& plan, const double* raw, std::size_t first, std::size_t last, double* points, double* scratch) {
    const Vec nan = splat(std::numeric_limits<double>::quiet_NaN());
    double* mapped = scratch + plan.n_tasks + Plan::slack;
    for (std::size_t model = first; model < last; ++model) {
        const double* row = plan_order(plan, raw, model, scratch);
        std::memcpy(mapped, row, plan.n_percent * sizeof(double));
        map_row(plan, row, mapped);
        for (std::size_t at = 0; at < plan.n_tasks; at += lanes) {
            const Vec value = load<Vec>(row + at), z = value * load<Vec>(&plan.scale[at]);
            store(mapped + at, supported_lanes(plan, at, value, z) ? load<Vec>(mapped + at) : nan);
        }
        double* to = points + model * plan.n_tasks;
        for (std::size_t i = 0; i < plan.n_tasks; ++i) to[plan.order[i]] = mapped[i];
    }
}

void reduce(const Plan& plan, const double* raw, const double* points, std::size_t first, std::size_t last,
            const Scores& out, double* scratch) {
    for (std::size_t model = first; model < last; ++model) {
        const double* row = plan_order(plan, raw, model, scratch);
        const double* mapped = plan_order(plan, points, model, scratch + plan.n_tasks + Plan::slack);
        reduce_model<false>(plan, row, mapped, scratch, out, model);
    }
}

void aggregate(std::size_t n_modalities, const double* means, std::size_t first, std::size_t last, const Scores& out) {
    const std::size_t stride = 2 * (2 * n_modalities + 1);
    for (std::size_t model = first; model < last; ++model)
        out.level[model] = levels(means + model * stride, n_modalities, out.overall + model * 4,
                                  out.modality + model * n_modalities * 3);
}

}  // namespace

#define GLEVEL_TEXT_OF(name) #name
#define GLEVEL_TEXT(name) GLEVEL_TEXT_OF(name)
extern const Kernels kernels;
const Kernels kernels = {GLEVEL_TEXT(GLEVEL_ISA), lanes, map, reduce, aggregate, score};

}  // namespace glevel::GLEVEL_ISA
