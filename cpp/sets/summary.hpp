// Ranks, and what is kept of the scores of many sets: whole counts and whole sums, and so the same for any order
// and any division of the sets.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace glevel {

constexpr std::size_t bins = 10001;  // of a hundredth of a point, 0 to 100

// Where a rank is counted: those below `exact`, a power of two above 1, each at its own place; from there on half
// as many bands to each doubling, so that none is wider than 2 / exact of its ranks.
constexpr std::uint32_t place(std::uint32_t rank, std::uint32_t exact) {
    if (rank < exact) return rank;
    const int shift = std::bit_width(rank) - std::bit_width(exact) + 1;
    return static_cast<std::uint32_t>(shift) * (exact / 2) + (rank >> shift);
}

// All arrays are added to. Levels are 0, 2, 3, 4, 5 in this order; boards are S2 to S5.
struct Summary {
    std::int64_t* high;     // (n_models, 4): sums of rint(S * 2^45) >> 32
    std::int64_t* low;      // (n_models, 4): and of its lower 32 bits
    double* least;          // (n_models, 4)
    double* most;           // (n_models, 4)
    std::int64_t* levels;   // (n_models, 5): how often each level was reached
    std::uint32_t* points;  // (n_models, 4, bins): how often S was that many hundredths, rounded
    std::uint32_t* ranks;   // (n_models, 4, place(n_models, exact) + 1): how often each rank was held; 0 is none
    std::uint32_t exact;    // 0: ranks are not counted
};

// ranks (4, n_models) of scores (n_models, 4): 1 for the best, ties share the smaller one, 0 where S is 0.
// base_ranks, where given, are those of the scores `base`: boards that are as there need not be ranked.
void rank(const double* scores, std::size_t n_models, std::uint32_t* ranks, const double* base = nullptr,
          const std::uint32_t* base_ranks = nullptr);

// Adds scores (n_sets, n_models, 4). moved (n_sets,): how many models have another rank on any board than in
// `base`, (4, n_models); 0 where ranks are not counted.
void summarise(const double* scores, std::size_t n_sets, std::size_t n_models, const std::uint32_t* base,
               const Summary& to, std::int32_t* moved, std::size_t threads);

}  // namespace glevel
