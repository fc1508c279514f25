#include "plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>

#include "mapping_constants.hpp"

namespace glevel {
namespace {

// Adding the rounder to 0..100 points leaves as many steps per point as fit: 2^45, or fewer where the sum
// over the group would not stay below 2^62.
double rounder_for(double weight_over_heaviest) {
    double rounder = 128.0;
    while (100.0 * weight_over_heaviest * (0x1p52 / rounder) >= 0x1p62) rounder *= 2.0;
    return rounder;
}

std::int64_t steps(double points, double rounder) {
    return std::bit_cast<std::int64_t>(points + rounder) - std::bit_cast<std::int64_t>(rounder);
}

void check(const TaskTable& t) {
    const auto fail = [](std::size_t i, const char* what) {
        throw std::invalid_argument("task " + std::to_string(i) + ": " + what);
    };
    if (t.n_tasks == 0) throw std::invalid_argument("a plan needs at least one task");
    if (t.n_tasks > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        throw std::invalid_argument("too many tasks");
    const auto n_groups = static_cast<std::int64_t>(2 * t.n_modalities + 1);
    for (std::size_t i = 0; i < t.n_tasks; ++i) {
        if (t.group[i] < 0 || t.group[i] >= n_groups) fail(i, "group out of range");
        if (t.kind[i] < Kind::percent || t.kind[i] > Kind::tanh) fail(i, "unknown kind");
        if (!(t.weight[i] >= 0.0) || !std::isfinite(t.weight[i])) fail(i, "weight must be finite and >= 0");
        if (!(t.scale[i] > 0.0) || !std::isfinite(t.scale[i])) fail(i, "scale must be finite and > 0");
        if (!(t.low[i] <= t.high[i])) fail(i, "empty domain");
        if (t.kind[i] <= Kind::linear && !(std::isfinite(t.slope[i]) && t.slope[i] != 0.0)) fail(i, "bad slope");
        if (t.kind[i] >= Kind::inverse && !(t.constant[i] > 0.0 && std::isfinite(t.constant[i])))
            fail(i, "constant must be > 0");
    }
}

}  // namespace

Plan::Plan(const TaskTable& t)
    : n_tasks(t.n_tasks), n_modalities(t.n_modalities), n_groups(2 * t.n_modalities + 1), zero_scores(t.zero_scores) {
    check(t);

    // A task of weight 0 is counted but adds nothing: the general loop knows how.
    const auto in_percent_loop = [&](std::int32_t i) { return t.kind[i] == Kind::percent && t.weight[i] > 0.0; };
    order.resize(n_tasks);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        const auto key = [&](std::int32_t i) { return std::tuple(!in_percent_loop(i), t.group[i], t.kind[i]); };
        return key(a) < key(b);
    });
    permuted = !std::is_sorted(order.begin(), order.end());

    n_percent = static_cast<std::size_t>(std::count_if(order.begin(), order.end(), in_percent_loop));
    percent.assign(n_groups + 1, 0);
    general.assign(n_groups + 1, 0);
    for (std::size_t column = 0; column < n_tasks; ++column) {
        auto& begins = column < n_percent ? percent : general;
        ++begins[static_cast<std::size_t>(t.group[order[column]]) + 1];
    }
    general[0] = n_percent;
    for (std::size_t g = 0; g < n_groups; ++g) {
        percent[g + 1] += percent[g];
        general[g + 1] += general[g];
    }

    std::vector<double> heaviest(n_groups, 0.0), total(n_groups, 0.0);
    for (std::size_t i = 0; i < n_tasks; ++i) heaviest[t.group[i]] = std::max(heaviest[t.group[i]], t.weight[i]);
    for (std::size_t i = 0; i < n_tasks; ++i) {
        const auto g = static_cast<std::size_t>(t.group[i]);
        if (heaviest[g] > 0.0) total[g] += t.weight[i] / heaviest[g];
    }
    rounder.resize(n_groups);
    std::transform(total.begin(), total.end(), rounder.begin(), rounder_for);

    for (auto* column : {&weight, &scale, &low, &high, &sign, &sota, &worst, &slope, &constant})
        column->resize(n_tasks);
    kind.resize(n_tasks);
    std::vector<std::int64_t> full(n_groups, 0);  // steps of 100 points everywhere: the denominator of the mean
    for (std::size_t column = 0; column < n_tasks; ++column) {
        const auto i = static_cast<std::size_t>(order[column]);
        const auto g = static_cast<std::size_t>(t.group[i]);
        const bool is_linear = t.kind[i] <= Kind::linear, inverse = t.kind[i] == Kind::inverse;
        const bool lower = inverse || (is_linear && t.slope[i] < 0.0);
        weight[column] = heaviest[g] > 0.0 ? t.weight[i] / heaviest[g] : 0.0;
        full[g] += steps(100.0 * weight[column], rounder[g]);
        scale[column] = t.scale[i];
        low[column] = t.low[i];
        high[column] = t.high[i];
        sign[column] = lower ? -1.0 : 1.0;
        sota[column] = sign[column] * t.sota[i];
        // What the percent loop compares with must be above "not supported" for all z that it lets win.
        if (column < n_percent && sota[column] < least_percent()) sota[column] = least_percent();
        worst[column] = t.worst[i];
        slope[column] = t.slope[i];
        constant[column] = inverse ? t.constant[i] * 0x1p63 : t.constant[i] * mapping::unit;
        kind[column] = t.kind[i];
        if (column >= n_percent) (is_linear ? linear : curved).push_back(static_cast<std::int32_t>(column));
    }
    percent_steps.resize(n_groups);
    std::transform(full.begin(), full.end(), percent_steps.begin(),
                   [](std::int64_t steps) { return static_cast<double>(steps) / 100.0; });
}

}  // namespace glevel
