#include "plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "mapping_constants.hpp"

namespace glevel {

// Adding the rounder to 0..100 points leaves as many steps per point as fit: 2^45, or fewer in groups of more
// than 1,310 tasks, so that their sum stays below 2^62.
double rounder_for(std::size_t n_tasks) {
    double rounder = 128.0;
    while (100.0 * static_cast<double>(n_tasks) * (0x1p52 / rounder) >= 0x1p62) rounder *= 2.0;
    return rounder;
}

std::int64_t whole_steps(double points, double rounder) {
    return std::bit_cast<std::int64_t>(points + rounder) - std::bit_cast<std::int64_t>(rounder);
}

namespace {

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

Plan::Plan(const TaskTable& t, std::size_t fold_by)
    : n_tasks(t.n_tasks),
      n_modalities(t.n_modalities),
      n_groups(2 * t.n_modalities + 1),
      fold(fold_by),
      zero_scores(t.zero_scores) {
    check(t);

    // A task of weight 0 is counted but adds nothing: the general loop knows how.
    const auto in_percent_loop = [&](std::int32_t i) { return t.kind[i] == Kind::percent && t.weight[i] > 0.0; };
    std::vector<std::int32_t> sorted(n_tasks);
    std::iota(sorted.begin(), sorted.end(), 0);
    const auto key = [&](std::int32_t i) { return std::tuple(!in_percent_loop(i), t.group[i], t.kind[i]); };
    std::stable_sort(sorted.begin(), sorted.end(), [&](auto a, auto b) { return key(a) < key(b); });

    percent.assign(n_groups + 1, 0);
    general.assign(n_groups + 1, 0);
    for (std::size_t next = 0; next < n_tasks;) {  // one column each time
        const auto first = sorted[next];
        auto& begins = in_percent_loop(first) ? percent : general;
        ++begins[static_cast<std::size_t>(t.group[first]) + 1];
        if (!in_percent_loop(first)) {
            auto& shape = t.kind[first] <= Kind::linear ? linear : curved;
            shape.push_back(static_cast<std::int32_t>(kind.size()));
        }
        kind.push_back(t.kind[first]);
        for (std::size_t lane = 0; lane < fold; ++lane) {
            const bool fits = next < n_tasks && key(sorted[next]) == key(first);
            if (!fits) unused.push_back(static_cast<std::int32_t>(order.size()));
            order.push_back(fits ? sorted[next++] : -1);
        }
    }
    n_columns = kind.size();
    for (std::size_t g = 0; g < n_groups; ++g) percent[g + 1] += percent[g];
    general[0] = n_percent = percent[n_groups];
    for (std::size_t g = 0; g < n_groups; ++g) general[g + 1] += general[g];

    std::vector<double> heaviest(n_groups, 0.0);
    std::vector<std::size_t> size(n_groups, 0);
    for (std::size_t i = 0; i < n_tasks; ++i) {
        heaviest[t.group[i]] = std::max(heaviest[t.group[i]], t.weight[i]);
        ++size[t.group[i]];
    }
    rounder.resize(n_groups);
    std::transform(size.begin(), size.end(), rounder.begin(), rounder_for);

    for (auto* slots : {&weight, &scale, &low, &high, &sign, &sota, &worst, &slope, &constant})
        slots->assign(order.size(), 0.0);
    equal_weights.assign(n_groups, 1);
    std::vector<std::int64_t> full(n_groups, 0);  // steps of 100 points everywhere: the denominator of the mean
    for (std::size_t slot = 0; slot < order.size(); ++slot) {
        if (order[slot] < 0) continue;
        const auto i = static_cast<std::size_t>(order[slot]);
        const auto g = static_cast<std::size_t>(t.group[i]);
        const bool inverse = t.kind[i] == Kind::inverse;
        const bool lower = inverse || (t.kind[i] <= Kind::linear && t.slope[i] < 0.0);
        if (t.weight[i] != heaviest[g]) equal_weights[g] = 0;
        weight[slot] = heaviest[g] > 0.0 ? t.weight[i] / heaviest[g] : 0.0;
        full[g] += whole_steps(100.0 * weight[slot], rounder[g]);
        scale[slot] = t.scale[i];
        low[slot] = t.low[i];
        high[slot] = t.high[i];
        sign[slot] = lower ? -1.0 : 1.0;
        sota[slot] = sign[slot] * t.sota[i];
        // What the percent loop compares with must be above "not supported" for all z that it lets win.
        if (slot < n_percent * fold && sota[slot] < least_percent()) sota[slot] = least_percent();
        worst[slot] = t.worst[i];
        slope[slot] = t.slope[i];
        constant[slot] = inverse ? 2.0 * mapping::unit / t.constant[i] : t.constant[i] * mapping::unit;
    }
    for (const auto slot : unused) order[slot] = 0;
    run.assign(n_columns, 1);
    for (std::size_t c = n_columns - 1; fold == 1 && c-- > 0;)
        if (order[c + 1] == order[c] + 1) run[c] = run[c + 1] + 1;
    for (std::size_t c = 0; fold > 1 && c < n_columns; ++c) {
        const auto* own = &order[c * fold];
        while (run[c] < fold && own[run[c]] == own[run[c] - 1] + 1) ++run[c];
    }
    percent_steps.resize(n_groups);
    std::transform(full.begin(), full.end(), percent_steps.begin(),
                   [](std::int64_t steps) { return static_cast<double>(steps) / 100.0; });
    if (fold == 1) {
        general_adds.assign(n_groups, 0);
        for (std::size_t g = 0; g < n_groups; ++g)
            for (std::size_t c = general[g]; c < general[g + 1]; ++c) {
                general_columns.push_back(
                    {scale[c], low[c], high[c], sign[c], sota[c], weight[c], worst[c], slope[c], constant[c], kind[c]});
                general_adds[g] |= weight[c] > 0.0;
            }
        for (const std::size_t width : {2, 4, 8}) make_windows(width, windows_[width / 4]);
    }
}

void Plan::make_windows(std::size_t width, Windows& w) const {
    Windows made;
    made.width = width;
    for (std::size_t g = 0; g < n_groups; ++g) {
        made.begin.push_back(made.at.size());
        for (const bool whole : {true, false}) {
            if (!whole) made.part.push_back(made.at.size());
            for (std::size_t c = percent[g]; c < percent[g + 1];) {  // in the row's order: the sort was stable
                const auto at = static_cast<std::size_t>(order[c]);
                std::size_t end = c;
                while (end < percent[g + 1] && static_cast<std::size_t>(order[end]) < at + width) ++end;
                if ((end - c == width) == whole) {
                    std::uint8_t mask = 0;
                    made.at.push_back(at);
                    made.sota.resize(made.sota.size() + width, std::numeric_limits<double>::quiet_NaN());
                    made.weight.resize(made.weight.size() + width, 0.0);
                    for (; c < end; ++c) {
                        const std::size_t lane = static_cast<std::size_t>(order[c]) - at;
                        mask = static_cast<std::uint8_t>(mask | 1u << lane);
                        made.sota[made.sota.size() - width + lane] = sota[c];
                        made.weight[made.weight.size() - width + lane] = weight[c];
                    }
                    made.mask.push_back(mask);
                }
                c = end;
            }
        }
    }
    made.begin.push_back(made.at.size());
    made.good = made.at.size() <= 2 * n_percent / width + 2 * n_groups;
    if (made.good) w = std::move(made);
}

}  // namespace glevel
