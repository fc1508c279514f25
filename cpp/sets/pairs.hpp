// Results compiled for being scored many times: what each pair of a model and a task brings if won, in the
// fixed point of reduce.hpp, and which specialist it takes to win it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels.hpp"
#include "plan.hpp"

namespace glevel {

// Pairs by task: rows of `padded` models, a multiple of the widest vector.
struct PairColumns {
    std::unique_ptr<double[]> value;        // (n_tasks, padded)
    std::unique_ptr<std::int64_t[]> steps;  // (n_tasks, padded)
};

// All of it in plan order of columns. A vector that starts inside an array by model may be loaded whole.
class Pairs {
   public:
    Pairs(const Plan& plan, const Kernels& kernels, const double* raw, std::size_t n_models, std::size_t threads);

    const Plan& plan;
    std::size_t n_models, padded;
    std::unique_ptr<double[]> value;        // (n_models, n_tasks): sign * z, NaN where not supported
    std::unique_ptr<std::int64_t[]> steps;  // (n_models, n_tasks): what a win adds
    std::vector<double> level2;             // (n_models,): S2, which no specialist can change
    std::vector<std::int64_t> won;          // (n_models, n_groups): sums against the benchmark's own specialists
    std::vector<double> divisor;            // (n_groups,): steps of a mean of one point

    // Pairs that add less than a step. A sum that has such terms only still counts as one step; they are so
    // rare that they are looked at one by one.
    std::vector<std::vector<std::int32_t>> tiny;  // per model: columns; empty where there is none at all

    const PairColumns& columns(std::size_t threads) const;

    // The specialist as a pair's value is compared with it: value >= threshold is a win.
    double threshold(std::size_t column, double raw_sota, bool strict) const;
    // That of the benchmark's own.
    double own_threshold(std::size_t column) const;
    std::size_t group(std::size_t column) const { return group_[column]; }
    std::size_t column(std::size_t task) const { return column_[task]; }
    // Whether a model supports any task of a group.
    bool supports(std::size_t model, std::size_t g) const { return supports_[model * plan.n_groups + g] != 0; }

    // How many models do not win a column against a threshold: as far as two of these are apart, so many wins are
    // decided between the two. After sort_columns().
    std::int64_t below(std::size_t column, double threshold) const;
    void sort_columns(std::size_t threads) const;

   private:
    void fill(const double* raw, const Kernels& kernels, std::size_t first, std::size_t last, double* scratch);

    std::vector<std::size_t> group_, column_;
    std::vector<char> supports_;  // (n_models, n_groups)
    mutable std::once_flag columns_once_, sorted_once_;
    mutable PairColumns columns_;
    mutable std::vector<std::vector<double>> sorted_;  // per column: supported values, ascending
};

}  // namespace glevel
