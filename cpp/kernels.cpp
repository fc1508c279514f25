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

static_assert(lanes <= Plan::slack);

// The row in plan order, in a buffer that is readable for Plan::slack elements past its end.
const double* plan_order(const Plan& plan, const double* rows, std::size_t row, double* buffer) {
    const double* values = rows + row * plan.n_tasks;
    if (plan.permuted)
        for (std::size_t i = 0; i < plan.n_tasks; ++i) buffer[i] = values[plan.order[i]];
    else
        std::memcpy(buffer, values, plan.n_tasks * sizeof(double));
    return buffer;
}

inline Mask supported_lanes(const Plan& plan, std::size_t at, Vec raw, Vec z) {
    const Mask zero_counts = plan.zero_scores ? ~Mask{} : Mask{};
    return (z >= load<Vec>(&plan.low[at])) & (z <= load<Vec>(&plan.high[at])) & ((raw != Vec{}) | zero_counts);
}

inline Mask won_lanes(const Plan& plan, std::size_t at, Vec z) {
    return z * load<Vec>(&plan.sign[at]) >= load<Vec>(&plan.sota[at]);
}

inline Vec map_general(const Plan& plan, std::size_t group, std::size_t at, Vec z) {
    if (at >= plan.curved[group]) return map_curved(plan, at, z);
    const Vec linear = map_linear(plan, at, z);
    if (at + lanes <= plan.curved[group]) return linear;
    return select(load<Mask>(&plan.is_linear[at]), linear, map_curved(plan, at, z));
}

// Calls body(at, values) for each vector of [begin, end); lanes past the end are NaN.
template <class Body>
inline void for_each_vector(const double* row, std::size_t begin, std::size_t end, Body body) {
    std::size_t at = begin;
    for (; at + lanes <= end; at += lanes) body(at, load<Vec>(row + at));
    if (at < end) body(at, from_bits(bits(load<Vec>(row + at)) | beyond(end - at)));
}

// Sums, counts and the suspicion of one row. With `mapped` the points are read from there, else computed.
template <bool zero_scores, class Finish>
inline bool reduce_row(const Plan& plan, const double* row, const double* mapped, Finish finish) {
    const double infinity = std::numeric_limits<double>::infinity();
    const Vec least = splat(zero_scores ? 0.0 : std::numeric_limits<double>::denorm_min());
    const Vec hundred = splat(100.0);
    Vec lowest = splat(infinity), highest = splat(-infinity);
    Mask outside{};
    std::int32_t supported = 0;
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        Accumulator sums;
        for_each_vector(row, plan.begin[g], plan.mapped[g], [&](std::size_t at, Vec z) {
            const Mask is_supported = (z >= least) & (z <= hundred);
            const Mask is_won = is_supported & (z >= load<Vec>(&plan.sota[at]));
            lowest = min(z, lowest);
            highest = max(z, highest);
            sums.add<zero_scores>(plan, at, mapped ? load<Vec>(mapped + at) : z, is_supported, is_won);
        });
        for_each_vector(row, plan.mapped[g], plan.begin[g + 1], [&](std::size_t at, Vec raw) {
            const Vec z = raw * load<Vec>(&plan.scale[at]);
            const Mask is_supported = supported_lanes(plan, at, raw, z);
            const Mask is_missing = (raw != raw) | (raw == infinity) | (~is_supported & (raw == Vec{}) & (least > Vec{}));
            outside |= ~(is_supported | is_missing);
            const Vec points = mapped ? load<Vec>(mapped + at) : map_general(plan, g, at, z);
            sums.add<true>(plan, at, points, is_supported, is_supported & won_lanes(plan, at, z));
        });
        const GroupSums group = sums.finish();
        supported += group.supported;
        finish(g, group);
    }
    const double top = [&] {
        double value = highest[0];
        for (std::size_t i = 1; i < lanes; ++i) value = highest[i] > value ? highest[i] : value;
        return value;
    }();
    return any(outside | (lowest < Vec{}) | (highest > hundred)) || (supported >= 3 && top > 0.0 && top <= 1.0);
}

inline void finish_group(const Plan& plan, const Scores& out, std::size_t row, std::size_t g, const GroupSums& sums,
                         double* means) {
    means[2 * g] = mean_points(sums.all, plan.percent_steps[g]);
    means[2 * g + 1] = mean_points(sums.won, plan.percent_steps[g]);
    out.supported[row * plan.n_groups + g] = sums.supported;
    out.wins[row * plan.n_groups + g] = sums.n_won;
}

template <bool zero_scores>
void reduce_rows(const Plan& plan, const double* raw, const double* points, std::size_t first, std::size_t last,
                 const Scores& out, double* scratch) {
    double* mapped = scratch + plan.n_tasks + Plan::slack;
    for (std::size_t row = first; row < last; ++row) {
        const double* values = plan_order(plan, raw, row, scratch);
        plan_order(plan, points, row, mapped);
        out.suspect[row] = reduce_row<zero_scores>(plan, values, mapped, [&](std::size_t g, const GroupSums& sums) {
            finish_group(plan, out, row, g, sums, out.means + row * plan.n_groups * 2);
        });
    }
}

template <bool zero_scores>
void score_rows(const Plan& plan, const double* raw, std::size_t n_models, std::size_t first, std::size_t last,
                const Scores& out, double* scratch) {
    for (std::size_t row = first; row < last; ++row) {
        // A vector may reach past its row: into the next one, but not past the last.
        const bool in_place = !plan.permuted && row + 1 < n_models && plan.n_tasks >= Plan::slack;
        const double* values = in_place ? raw + row * plan.n_tasks : plan_order(plan, raw, row, scratch);
        double* means = out.means + row * plan.n_groups * 2;
        out.suspect[row] = reduce_row<zero_scores>(plan, values, nullptr, [&](std::size_t g, const GroupSums& sums) {
            finish_group(plan, out, row, g, sums, means);
        });
        out.level[row] =
            levels(means, plan.n_modalities, out.overall + row * 4, out.modality + row * plan.n_modalities * 3);
    }
}

void map(const Plan& plan, const double* raw, std::size_t first, std::size_t last, double* points, double* scratch) {
    const Vec nan = splat(std::numeric_limits<double>::quiet_NaN());
    const Vec least = splat(plan.zero_scores ? 0.0 : std::numeric_limits<double>::denorm_min());
    double* mapped = scratch + plan.n_tasks + Plan::slack;
    for (std::size_t row = first; row < last; ++row) {
        const double* values = plan_order(plan, raw, row, scratch);
        for (std::size_t g = 0; g < plan.n_groups; ++g) {
            for_each_vector(values, plan.begin[g], plan.mapped[g], [&](std::size_t at, Vec z) {
                store(mapped + at, select((z >= least) & (z <= splat(100.0)), z, nan));
            });
            for_each_vector(values, plan.mapped[g], plan.begin[g + 1], [&](std::size_t at, Vec value) {
                const Vec z = value * load<Vec>(&plan.scale[at]);
                store(mapped + at, select(supported_lanes(plan, at, value, z), map_general(plan, g, at, z), nan));
            });
        }
        for (std::size_t i = 0; i < plan.n_tasks; ++i) points[row * plan.n_tasks + plan.order[i]] = mapped[i];
    }
}

void reduce(const Plan& plan, const double* raw, const double* points, std::size_t first, std::size_t last,
            const Scores& out, double* scratch) {
    (plan.zero_scores ? reduce_rows<true> : reduce_rows<false>)(plan, raw, points, first, last, out, scratch);
}

void score(const Plan& plan, const double* raw, std::size_t n_models, std::size_t first, std::size_t last,
           const Scores& out, double* scratch) {
    (plan.zero_scores ? score_rows<true> : score_rows<false>)(plan, raw, n_models, first, last, out, scratch);
}

void aggregate(std::size_t n_modalities, const double* means, std::size_t first, std::size_t last, const Scores& out) {
    const std::size_t stride = 2 * (2 * n_modalities + 1);
    for (std::size_t row = first; row < last; ++row)
        out.level[row] =
            levels(means + row * stride, n_modalities, out.overall + row * 4, out.modality + row * n_modalities * 3);
}

}  // namespace

#define GLEVEL_TEXT_OF(name) #name
#define GLEVEL_TEXT(name) GLEVEL_TEXT_OF(name)
extern const Kernels kernels;
const Kernels kernels = {GLEVEL_TEXT(GLEVEL_ISA), lanes, map, reduce, aggregate, score};

}  // namespace glevel::GLEVEL_ISA
