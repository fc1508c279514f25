// Scores of all models under many specialist sets, or on many resamples of the tasks, at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sets/changes.hpp"
#include "sets/kept.hpp"
#include "sets/pairs.hpp"
#include "sets/resampling.hpp"
#include "sets/tiles.hpp"

namespace glevel {

// One table of functions per instruction set, as in kernels.hpp. Scores go to out, (n_sets, n_models, 4): S2 to
// S5. The bits are those of scoring each set for itself.
struct SetKernels {
    std::size_t tile;  // sets or resamples that are done abreast
    // Models [first, last) under all sets.
    void (*ablate)(const Pairs&, const Tiles&, std::size_t first, std::size_t last, double* out);
    // Columns [first, last) of the tiles' thresholds, and their ranges, from raw values (n_sets, n_tasks).
    void (*thresholds)(const Plan&, const double* sota, bool strict, std::size_t first, std::size_t last, Tiles& to);
    // What `change` starts from.
    Unchanged (*unchanged)(const Pairs&);
    // Sets [first, last), each from the pairs that it changes. Not for pairs with `tiny` ones.
    void (*change)(const Pairs&, const PairColumns&, const Unchanged&, const Changes&, std::size_t first,
                   std::size_t last, double* out);
    // All models on resamples [first, last) (at most a tile) of a run that starts with resample `start`.
    void (*resample)(const Resampling&, std::uint64_t seed, std::uint64_t start, std::size_t first, std::size_t last,
                     double* out);
    // counts[i * n + j] += how often a[i] > a[j], for i in [first, last); a is (n, n_sets).
    void (*count_above)(const double* a, std::size_t n, std::size_t n_sets, std::size_t first, std::size_t last,
                        std::int64_t* counts);
    // A block of models on subsets of the tasks; the scores go to out, (sets.size(), n_models, 4).
    void (*kept)(const Kept&, const std::vector<KeptSet>& sets, std::size_t block, double* out);
};

const SetKernels& set_kernels(const Kernels& kernels);

// All resamples of a run, n from `start` on, over all threads.
void resample(const Resampling& resampling, const SetKernels& kernels, std::uint64_t seed, std::uint64_t start,
              std::size_t n, double* out, std::size_t threads);

// counts (n, n): how often a[i] > a[j], over all threads.
void count_above(const double* a, std::size_t n, std::size_t n_sets, std::int64_t* counts, std::size_t threads);

}  // namespace glevel
