// What the kernels read: a benchmark compiled into the order and the constants they want.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glevel {

// Metric families, as in python/glevel_fast/metrics.py. A percent task (linear from 0 to 100, scale 1)
// is its own kind because it needs no mapping.
enum class Kind : std::int8_t { percent, linear, inverse, tanh };

// One benchmark in the caller's task order; arrays of n_tasks.
struct TaskTable {
    std::size_t n_tasks = 0;
    std::size_t n_modalities = 0;
    const std::int32_t* group = nullptr;  // 2 * modality + (generation ? 1 : 0); language is 2 * n_modalities
    const Kind* kind = nullptr;
    const double* constant = nullptr;  // of inverse and tanh
    const double* worst = nullptr;     // of linear: the z of 0 points
    const double* slope = nullptr;     // of linear: points per unit of z
    const double* low = nullptr;       // domain of z, both ends included
    const double* high = nullptr;
    const double* scale = nullptr;
    const double* sota = nullptr;  // z of the specialist; NaN: nobody can win
    const double* weight = nullptr;
    bool zero_scores = false;  // an exact 0 is a score, not "not supported"
};

// Tasks sorted by group, percent tasks first in each group, so that the cheap loop runs over long
// contiguous stretches and the mapping over the rest. Column arrays carry `slack` extra elements:
// a vector that starts inside may be loaded whole.
struct Plan {
    static constexpr std::size_t slack = 8;

    explicit Plan(const TaskTable& tasks);

    std::size_t n_tasks, n_modalities, n_groups;
    bool zero_scores;
    bool permuted;                       // false: the caller's order is already the plan's
    std::vector<std::int32_t> order;     // plan position -> caller's column
    std::vector<std::size_t> begin;      // n_groups + 1 plan positions
    std::vector<std::size_t> mapped;     // per group: where its tasks that need mapping begin
    std::vector<std::size_t> curved;     // per group: where, among these, the tanh-shaped ones begin

    // Fixed point (see reduce.hpp): a task's points times `step_scale` are its steps, a whole number.
    std::vector<double> step_scale, least_steps;
    std::vector<double> percent_steps;   // per group: steps of a mean of one point

    std::vector<double> scale, low, high, sota, sign, worst, slope, constant;
    std::vector<std::int64_t> is_inverse, is_linear;  // lane masks, 0 or -1
};

}  // namespace glevel
