// Results compiled for resampling the tasks (or skills) of each group with replacement.
//
// Resampled sums are whole numbers held in doubles, and stay below 2^53, so they too are exact in any order:
// points are rounded to steps of 2^-bits, with fewer bits the more a group can add up to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sets/pairs.hpp"

namespace glevel {

struct Resampling {
    // unit: per task of the caller's order, the index of its unit; units are numbered by group, from 0, without
    // gaps, and unit_group gives their groups. Throws std::invalid_argument where that does not hold.
    Resampling(const Pairs& pairs, const std::int32_t* unit, const std::int32_t* unit_group, std::size_t n_units);

    struct Entry {
        double value;  // steps
        std::uint32_t unit, won;
    };
    // Units of one group, few enough that a tile of their counts stays in the nearest cache.
    struct Block {
        std::size_t group, begin, end;
    };

    std::size_t n_models, n_modalities, n_groups, n_units;
    std::vector<std::size_t> units;  // per group and at the end: where its units begin
    std::vector<double> full;        // per unit: steps of 100 points on all its tasks
    std::vector<Block> blocks;
    std::vector<Entry> entries;      // by model, block, and whether won
    std::vector<std::size_t> begin;  // (n_models, n_blocks, 2) and the end: lost ones, then won ones
};

}  // namespace glevel
