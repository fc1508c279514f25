// Specialist sets as the few tasks that they change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sets/pairs.hpp"

namespace glevel {

// Scores under the benchmark's own specialists.
struct Unchanged {
    std::vector<double> scores;  // (n_models, 4): S2 to S5
    std::vector<double> parts;   // (n_models, 2 * n_modalities + 1): S3 and S4 of each modality, then S_L / 100
};

// Sets as changes of the benchmark's own specialists. In CSR form; the columns of one set are sorted by group.
struct Changes {
    // Set i changes tasks[begin[i]:begin[i + 1]] to these raw values; begin has n_sets + 1 entries, tasks and raw have
    // n. Throws std::invalid_argument where they do not fit together.
    Changes(const Pairs& pairs, const std::int64_t* begin, std::size_t n_sets, const std::int64_t* tasks,
            const double* raw, std::size_t n);

    std::vector<std::size_t> begin;  // (n_sets + 1,)
    std::vector<std::size_t> column;
    std::vector<double> before, after;  // thresholds
};

}  // namespace glevel
