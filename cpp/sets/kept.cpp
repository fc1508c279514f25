#include "sets/kept.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "plan.hpp"
#include "pool.hpp"
#include "sets/sets.hpp"

namespace glevel {
namespace {

KeptSet compile(const std::uint8_t* keep, const std::vector<std::size_t>& by_group,
                const std::vector<std::int32_t>& group, const std::vector<double>& weight, std::size_t n_groups) {
    KeptSet set;
    std::size_t next = 0;
    for (std::size_t g = 0; g < n_groups; ++g) {
        const std::size_t begin = set.task.size();
        double heaviest = 0.0;
        for (; next < by_group.size() && static_cast<std::size_t>(group[by_group[next]]) == g; ++next) {
            const std::size_t t = by_group[next];
            if (keep[t] == 0) continue;
            set.task.push_back(static_cast<std::int32_t>(t));
            heaviest = std::max(heaviest, weight[t]);
        }
        const std::size_t end = set.task.size();
        KeptSet::Group of{begin, end, rounder_for(end - begin), 0.0};
        std::int64_t full = 0;
        for (std::size_t k = begin; k < end; ++k) {
            const double relative = heaviest > 0.0 ? weight[static_cast<std::size_t>(set.task[k])] / heaviest : 0.0;
            set.weight.push_back(relative);
            full += whole_steps(100.0 * relative, of.rounder);
        }
        of.percent_steps = static_cast<double>(full) / 100.0;
        set.groups.push_back(of);
        const bool second = g % 2 == 1, language = g + 1 == n_groups;
        const auto empty = [](const KeptSet::Group& one) { return one.begin == one.end; };
        if (second && !language && empty(of) && empty(set.groups[set.groups.size() - 2]))
            set.groups.resize(set.groups.size() - 2);  // a modality that this subset does not have
    }
    return set;
}

}  // namespace

Kept::Kept(const double* points, const std::uint8_t* wins, std::size_t models, std::size_t tasks,
           const std::int32_t* group, const double* weight, std::size_t modalities, std::size_t threads,
           const std::string& isa)
    : n_models(models),
      n_tasks(tasks),
      n_modalities(modalities),
      n_groups(2 * modalities + 1),
      kernels_(choose_kernels(isa)),
      group_(group, group + tasks),
      weight_(weight, weight + tasks),
      by_group_(tasks) {
    for (std::size_t t = 0; t < n_tasks; ++t) {
        if (group_[t] < 0 || static_cast<std::size_t>(group_[t]) >= n_groups)
            throw std::invalid_argument("group out of range");
        if (!(weight_[t] >= 0.0) || !std::isfinite(weight_[t]))
            throw std::invalid_argument("weight must be finite and >= 0");
    }
    std::iota(by_group_.begin(), by_group_.end(), std::size_t{0});
    std::stable_sort(by_group_.begin(), by_group_.end(), [&](auto a, auto b) { return group_[a] < group_[b]; });
    const std::size_t n_blocks = (n_models + block - 1) / block;
    all_ = make_scratch(n_blocks * n_tasks * block);
    won_ = make_scratch(n_blocks * n_tasks * block);
    parallel_for(n_blocks, 1, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t b = first; b < last; ++b)
            for (std::size_t t = 0; t < n_tasks; ++t)
                for (std::size_t i = 0; i < block; ++i) {
                    const std::size_t model = b * block + i, at = (b * n_tasks + t) * block + i;
                    const double y = model < n_models ? points[model * n_tasks + t] : 0.0;
                    const bool adds = y > 0.0 && weight_[t] > 0.0;
                    all_[at] = adds ? y : 0.0;
                    won_[at] = adds && wins[model * n_tasks + t] != 0 ? y : 0.0;
                }
    });
}

void Kept::scores(const std::uint8_t* keep, std::size_t n_sets, double* out, std::size_t threads) const {
    std::vector<KeptSet> sets(n_sets);
    parallel_for(n_sets, 16, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t s = first; s < last; ++s)
            sets[s] = compile(keep + s * n_tasks, by_group_, group_, weight_, n_groups);
    });
    const SetKernels& kernels = set_kernels(kernels_);
    parallel_for((n_models + block - 1) / block, 1, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        for (; first < last; ++first) kernels.kept(*this, sets, first, out);
    });
}

}  // namespace glevel
