#include "plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "mapping_constants.hpp"

namespace glevel {
namespace {

// Steps per point for a group's heaviest task. 100 points must stay below 2^52 steps (reduce.hpp rounds
// by adding 2^52) and a group's sum below 2^62.
double steps_per_point(double weight_over_heaviest) {
    int bits = 45;
    while (std::ldexp(100.0 * weight_over_heaviest, bits) >= 0x1p62) --bits;
    return std::ldexp(1.0, bits);
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
        if (t.kind[i] == Kind::linear && !(std::isfinite(t.slope[i]) && t.slope[i] != 0.0)) fail(i, "bad slope");
        if (t.kind[i] >= Kind::inverse && !(t.constant[i] > 0.0 && std::isfinite(t.constant[i])))
            fail(i, "constant must be > 0");
    }
}

}  // namespace

Plan::Plan(const TaskTable& t)
    : n_tasks(t.n_tasks), n_modalities(t.n_modalities), n_groups(2 * t.n_modalities + 1), zero_scores(t.zero_scores) {
    check(t);

    order.resize(n_tasks);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        if (t.group[a] != t.group[b]) return t.group[a] < t.group[b];
        return std::min(t.kind[a], Kind::inverse) < std::min(t.kind[b], Kind::inverse);
    });
    permuted = !std::is_sorted(order.begin(), order.end());

    begin.assign(n_groups + 1, n_tasks);
    mapped.assign(n_groups, n_tasks);
    curved.assign(n_groups, n_tasks);
    for (std::size_t position = n_tasks; position-- > 0;) {
        const auto i = static_cast<std::size_t>(order[position]);
        begin[static_cast<std::size_t>(t.group[i])] = position;
    }
    for (std::size_t g = n_groups; g-- > 0;) begin[g] = std::min(begin[g], begin[g + 1]);
    for (std::size_t g = 0; g < n_groups; ++g) {
        const auto kind_at = [&](std::size_t position) { return t.kind[order[position]]; };
        std::size_t position = begin[g];
        while (position < begin[g + 1] && kind_at(position) == Kind::percent) ++position;
        mapped[g] = position;
        while (position < begin[g + 1] && kind_at(position) == Kind::linear) ++position;
        curved[g] = position;
    }

    const std::size_t padded = n_tasks + slack;
    for (auto* column : {&step_scale, &least_steps, &scale, &low, &high, &sota, &sign, &worst, &slope, &constant})
        column->assign(padded, 1.0);
    is_inverse.assign(padded, 0);
    is_linear.assign(padded, 0);
    percent_steps.assign(n_groups, 0.0);

    for (std::size_t g = 0; g < n_groups; ++g) {
        double heaviest = 0.0, total = 0.0;
        for (std::size_t p = begin[g]; p < begin[g + 1]; ++p) heaviest = std::max(heaviest, t.weight[order[p]]);
        for (std::size_t p = begin[g]; p < begin[g + 1] && heaviest > 0.0; ++p)
            total += t.weight[order[p]] / heaviest;
        const double per_point = steps_per_point(total);
        std::int64_t full = 0;  // steps of a model with 100 points everywhere: the denominator of the mean
        for (std::size_t p = begin[g]; p < begin[g + 1]; ++p) {
            const auto i = static_cast<std::size_t>(order[p]);
            const bool lower = t.kind[i] == Kind::inverse || (t.kind[i] == Kind::linear && t.slope[i] < 0.0);
            step_scale[p] = heaviest > 0.0 ? t.weight[i] / heaviest * per_point : 0.0;
            least_steps[p] = t.weight[i] > 0.0 ? 1.0 : 0.0;
            full += static_cast<std::int64_t>(std::max(std::nearbyint(100.0 * step_scale[p]), least_steps[p]));
            scale[p] = t.scale[i];
            low[p] = t.low[i];
            high[p] = t.high[i];
            sign[p] = lower ? -1.0 : 1.0;
            sota[p] = sign[p] * t.sota[i];
            worst[p] = t.worst[i];
            slope[p] = t.slope[i];
            is_linear[p] = t.kind[i] <= Kind::linear ? -1 : 0;
            is_inverse[p] = t.kind[i] == Kind::inverse ? -1 : 0;
            constant[p] = t.kind[i] == Kind::inverse ? t.constant[i] * 0x1p63 : t.constant[i] * mapping::unit;
        }
        percent_steps[g] = static_cast<double>(full) / 100.0;
    }
}

}  // namespace glevel
