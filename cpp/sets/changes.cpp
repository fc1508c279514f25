#include "sets/changes.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace glevel {

Changes::Changes(const Pairs& pairs, const std::int64_t* from, std::size_t n_sets, const std::int64_t* tasks,
                 const double* raw, std::size_t n) {
    for (std::size_t i = 0; i < n_sets; ++i)
        if (from[i] < 0 || from[i] > from[i + 1]) throw std::invalid_argument("begin must ascend");
    if (from[n_sets] != static_cast<std::int64_t>(n))
        throw std::invalid_argument("begin must end with the number of tasks");
    for (std::size_t i = 0; i < n; ++i)
        if (tasks[i] < 0 || tasks[i] >= static_cast<std::int64_t>(pairs.plan.n_tasks))
            throw std::invalid_argument("task out of range");
    begin.assign(from, from + n_sets + 1);
    std::vector<std::pair<std::size_t, double>> own;
    for (std::size_t i = 0; i < n_sets; ++i) {
        own.clear();
        for (std::size_t at = begin[i]; at < begin[i + 1]; ++at)
            own.emplace_back(pairs.column(static_cast<std::size_t>(tasks[at])), raw[at]);
        std::stable_sort(own.begin(), own.end(), [&](const auto& a, const auto& b) {
            return std::pair(pairs.group(a.first), a.first) < std::pair(pairs.group(b.first), b.first);
        });
        for (const auto& [of, value] : own) {
            column.push_back(of);
            before.push_back(pairs.own_threshold(of));
            after.push_back(pairs.threshold(of, value, false));
        }
    }
}

}  // namespace glevel
