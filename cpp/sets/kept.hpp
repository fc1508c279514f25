// Scores of all models on many arbitrary subsets of the tasks: as if each subset were a benchmark of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "scratch.hpp"

namespace glevel {

// Points by model and task, in blocks of models that stay in a near cache while subset after subset is summed.
class Kept {
   public:
    static constexpr std::size_t block = 16;  // models: whole vectors of any instruction set

    // points (n_models, n_tasks): NaN where not supported; won likewise, not 0 where the task is won; group and weight
    // as in TaskTable; isa as in choose_kernels(). Throws std::invalid_argument for a group or a weight that is none.
    Kept(const double* points, const std::uint8_t* won, std::size_t n_models, std::size_t n_tasks,
         const std::int32_t* group, const double* weight, std::size_t n_modalities, std::size_t threads,
         const std::string& isa);

    // keep (n_sets, n_tasks): not 0 where a task is in the subset. Scores go to out, (n_sets, n_models, 4): S2 to S5,
    // the mean over the modalities of which the subset has tasks.
    void scores(const std::uint8_t* keep, std::size_t n_sets, double* out, std::size_t threads) const;

    const double* all(std::size_t block_of_models) const { return all_.get() + block_of_models * n_tasks * block; }
    const double* won(std::size_t block_of_models) const { return won_.get() + block_of_models * n_tasks * block; }

    std::size_t n_models, n_tasks, n_modalities, n_groups;

   private:
    const Kernels& kernels_;
    std::vector<std::int32_t> group_;
    std::vector<double> weight_;
    std::vector<std::size_t> by_group_;          // tasks, by group
    std::unique_ptr<double[], Free> all_, won_;  // (n_blocks, n_tasks, block): 0 where there is nothing to add
};

// A subset as the kernel reads it: the groups of the modalities it has tasks of, then language.
struct KeptSet {
    struct Group {
        std::size_t begin, end;         // of `task` and `weight`
        double rounder, percent_steps;  // as in reduce.hpp
    };
    std::vector<Group> groups;
    std::vector<std::int32_t> task;
    std::vector<double> weight;  // relative to the group's heaviest
};

}  // namespace glevel
