#include "sets/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace glevel {
namespace {

constexpr std::size_t block_size = 48;
constexpr int most_bits = 38;

void check(const Pairs& pairs, const std::int32_t* unit, const std::int32_t* unit_group, std::size_t n) {
    for (std::size_t u = 0; u < n; ++u)
        if (unit_group[u] < (u > 0 ? unit_group[u - 1] : 0) ||
            unit_group[u] >= static_cast<std::int32_t>(pairs.plan.n_groups))
            throw std::invalid_argument("unit_group must ascend within the groups");
    for (std::size_t i = 0; i < pairs.plan.n_tasks; ++i)
        if (unit[i] < 0 || unit[i] >= static_cast<std::int64_t>(n) ||
            unit_group[unit[i]] != static_cast<std::int32_t>(pairs.group(pairs.column(i))))
            throw std::invalid_argument("unit out of range, or of another group than its task");
}

}  // namespace

Resampling::Resampling(const Pairs& pairs, const std::int32_t* unit, const std::int32_t* unit_group, std::size_t n)
    : n_models(pairs.n_models),
      n_modalities(pairs.plan.n_modalities),
      n_groups(pairs.plan.n_groups),
      n_units(n),
      units(n_groups + 1),
      full(n) {
    check(pairs, unit, unit_group, n);
    const Plan& plan = pairs.plan;
    for (std::size_t u = 0; u < n; ++u) ++units[static_cast<std::size_t>(unit_group[u]) + 1];
    for (std::size_t g = 0; g < n_groups; ++g) units[g + 1] += units[g];

    // In weight 1 a step is 2^-45 of a point at the least; here it is 2^-bits.
    std::vector<double> weight(n), steps_per_point(n_groups);
    for (std::size_t c = 0; c < plan.n_tasks; ++c) weight[unit[plan.order[c]]] += plan.weight[c];
    for (std::size_t g = 0; g < n_groups; ++g) {
        double heaviest = 0.0;
        for (std::size_t u = units[g]; u < units[g + 1]; ++u) heaviest = std::max(heaviest, weight[u]);
        int bits = most_bits;
        const double draws = static_cast<double>(units[g + 1] - units[g]);
        while (std::ldexp(100.0 * heaviest * draws, bits) >= 0x1p52) --bits;
        steps_per_point[g] = std::ldexp(1.0, bits);
        for (std::size_t u = units[g]; u < units[g + 1]; ++u)
            full[u] = std::rint(100.0 * weight[u] * steps_per_point[g]);
        for (std::size_t u = units[g]; u < units[g + 1]; u += block_size)
            blocks.push_back({g, u, std::min(u + block_size, units[g + 1])});
    }

    std::vector<double> sums(2 * n);
    begin.reserve(n_models * blocks.size() * 2 + 1);
    for (std::size_t m = 0; m < n_models; ++m) {
        std::fill(sums.begin(), sums.end(), 0.0);
        const double* value = pairs.value.get() + m * plan.n_tasks;
        const std::int64_t* steps = pairs.steps.get() + m * plan.n_tasks;
        const auto put = [&](std::size_t c, bool tiny) {
            if (steps[c] == 0 && !tiny) return;
            const std::size_t g = pairs.group(c);
            const double per_step = plan.rounder[g] * 0x1p-52;  // points of a step of reduce.hpp
            const double term = std::rint(static_cast<double>(steps[c]) * per_step * steps_per_point[g]);
            // What adds at all adds at least one step: a score is above 0 exactly where it should be.
            sums[2 * unit[plan.order[c]] + (value[c] >= plan.sota[c])] += std::max(term, 1.0);
        };
        for (std::size_t c = 0; c < plan.n_tasks; ++c) put(c, false);
        if (!pairs.tiny.empty())
            for (const std::int32_t c : pairs.tiny[m]) put(static_cast<std::size_t>(c), true);
        for (const Block& b : blocks)
            for (std::uint32_t won = 0; won < 2; ++won) {
                begin.push_back(entries.size());
                for (std::size_t u = b.begin; u < b.end; ++u)
                    if (sums[2 * u + won] > 0.0)
                        entries.push_back({sums[2 * u + won], static_cast<std::uint32_t>(u), won});
            }
    }
    begin.push_back(entries.size());
}

}  // namespace glevel
