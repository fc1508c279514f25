// Specialist sets as the dense kernel reads them.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "sets/pairs.hpp"

namespace glevel {

struct SetKernels;

// Specialist sets in tiles of as many sets as a kernel takes abreast, and the range of each column.
struct Tiles {
    static constexpr std::size_t columns_in_piece = 64;

    Tiles(const Pairs& pairs, const SetKernels& kernels, const double* sota, std::size_t n_sets, bool strict,
          std::size_t threads);

    std::size_t n_tasks, n_sets, tile, n_tiles;
    std::unique_ptr<double[]> threshold;  // (n_tiles, n_tasks, tile)
    std::vector<double> low, high;        // (n_tasks,) and slack
    std::vector<double> own;              // the same of the benchmark's own specialists

    // What set s compares a column with.
    double of(std::size_t s, std::size_t column) const {
        return threshold[(s / tile * n_tasks + column) * tile + s % tile];
    }
};

}  // namespace glevel
