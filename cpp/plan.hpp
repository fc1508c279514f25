// What the kernels read: a benchmark compiled into the order and the constants they want.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace glevel {

// Metric families, as in python/glevel_fast/metrics.py. A percent task (linear from 0 to 100, scale 1)
// is its own kind because it needs no mapping.
enum class Kind : std::int8_t { percent, linear, inverse, tanh };

// Fixed point (see reduce.hpp): what rounds points of a group of n tasks to whole steps, and how many these are.
double rounder_for(std::size_t n_tasks);
std::int64_t whole_steps(double points, double rounder);

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

// The percent tasks where they lie in a caller's row: windows of `width` neighbouring values, each with tasks of one
// group. For rows that are read as they are, without a column being picked.
struct Windows {
    std::size_t width = 0;
    // Few enough that reading windows costs less than picking columns; else the rest is empty.
    bool good = false;
    std::vector<std::size_t> begin, part;  // per group (begin: and at the end): windows, and those not filled by tasks
    std::vector<std::size_t> at;           // per window: its first column in the row; it may reach past the row's end
    std::vector<std::uint8_t> mask;        // per window: a bit for each value that is a task of the group
    std::vector<double> sota, weight;      // per window and value
};

// A column that is no percent task, as one record: what a kernel that goes column by column reads.
struct Column {
    double scale, low, high, sign, sota, weight, worst, slope, constant;  // as in Plan
    Kind kind;
};

// Columns are sorted: first the percent tasks, by group, then all others, by group and kind. So the cheap loop
// runs over long stretches, and only the rest is mapped.
//
// With a fold of 1 a column is a task, and the kernels' lanes are models. For a single model its tasks are
// folded instead: a column holds `fold` tasks of one group and kind, one a lane. What is said "per slot" below
// has n_columns * fold entries; a slot without a task is filled with NaN, and so never counts.
struct Plan {
    explicit Plan(const TaskTable& tasks, std::size_t fold = 1);

    // The smallest supported percent value.
    double least_percent() const { return zero_scores ? 0.0 : std::numeric_limits<double>::denorm_min(); }

    std::size_t n_tasks, n_modalities, n_groups, fold, n_columns;
    bool zero_scores;
    std::vector<std::int32_t> order;            // per slot: the caller's column
    std::vector<std::int32_t> unused;           // slots without a task; their order is 0
    std::size_t n_percent;                      // columns before this one are percent tasks of weight > 0
    std::vector<std::size_t> percent, general;  // per group and at the end: where its columns begin

    // Fixed point (see reduce.hpp).
    std::vector<double> rounder;        // per group
    std::vector<double> percent_steps;  // per group: steps of a mean of one point
    std::vector<char> equal_weights;    // per group

    // Per slot.
    std::vector<double> weight;  // relative to the group's heaviest
    std::vector<double> scale, low, high;
    std::vector<double> sign, sota;  // a win is sign * z >= sota, with sota inside the domain
    std::vector<double> worst, slope;
    std::vector<double>
        constant;  // turns z into w (mapping.hpp): w = z * constant where lower is better, else constant / z
    // Per column.
    std::vector<Kind> kind;
    // How many columns, from this one on, lie side by side in the caller's order; folded: how many of its own tasks.
    std::vector<std::uint32_t> run;
    std::vector<std::int32_t> linear, curved;  // columns to map, by shape

    // Made for a fold of 1.
    std::vector<Column> general_columns;  // from n_percent on
    std::vector<char> general_adds;       // per group: whether any of them has a weight above 0
    // Of two, four and eight values.
    const Windows& windows(std::size_t width) const { return windows_[width / 4]; }

   private:
    void make_windows(std::size_t width, Windows& windows) const;

    Windows windows_[3];
};

}  // namespace glevel
