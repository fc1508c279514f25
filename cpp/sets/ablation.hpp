// Results compiled for specialist sets, and the kernels of sets over all threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "engine.hpp"
#include "sets/sets.hpp"

namespace glevel {

// Scores go to out, (n_sets, n_models, 4). wins (n_tasks,), where given: how many wins each task decides, over all
// sets, by having another specialist than the benchmark's own.
class Ablation {
   public:
    // The engine must outlive it; raw need not.
    Ablation(const Engine& engine, const double* raw, std::size_t n_models, std::size_t threads);

    // sota (n_sets, n_tasks): raw values. With `strict`, a tie does not win.
    void dense(const double* sota, std::size_t n_sets, bool strict, double* out, std::int64_t* wins,
               std::size_t threads) const;
    // Not for pairs with `tiny` ones: std::invalid_argument.
    void change(const Changes& changes, double* out, std::int64_t* wins, std::size_t threads) const;
    // gained (n_models, n): 1 where a model gains the win of tasks[i] by the raw value sota[i], -1 where it loses it.
    // Throws std::invalid_argument for a task out of range.
    void gains(const std::int64_t* tasks, const double* sota, std::size_t n, std::int8_t* gained,
               std::size_t threads) const;

    const Pairs& pairs() const { return pairs_; }
    const SetKernels& kernels() const { return kernels_; }

   private:
    const SetKernels& kernels_;
    Pairs pairs_;
    mutable std::once_flag unchanged_once_;
    mutable Unchanged unchanged_;
};

}  // namespace glevel
