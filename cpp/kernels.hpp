// The kernels as the rest of the engine calls them: one table of functions per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "plan.hpp"

namespace glevel {

// What scoring writes; row-major arrays over models.
struct Scores {
    double* overall;          // (n_models, 4): S2, S3, S4, S5
    double* modality;         // (n_models, n_modalities, 3): S2, S3, S4
    double* means;            // (n_models, n_groups, 2): mean, masked mean
    std::int32_t* supported;  // (n_models, n_groups)
    std::int32_t* wins;       // (n_models, n_groups)
    std::int8_t* level;       // (n_models,)
    std::uint8_t* suspect;    // (n_models,): 1 where a value may be outside its domain or the row in fractions
};

// Each function does rows [first, last) of a batch. raw, points and what is mapped are (n_models, n_tasks) in
// the caller's task order; scratch holds scratch_size(n_tasks, n_modalities,
// lanes) doubles and is the calling thread's own.
struct Kernels {
    const char* name;
    std::size_t lanes;
    void (*map)(const Plan&, const double* raw, std::size_t first, std::size_t last, double* points, double* scratch);
    void (*reduce)(const Plan&, const double* raw, const double* points, std::size_t first, std::size_t last,
                   const Scores&, double* scratch);
    void (*levels)(std::size_t n_modalities, const double* means, std::size_t first, std::size_t last, const Scores&,
                   double* scratch);
    void (*score)(const Plan&, const double* raw, std::size_t first, std::size_t last, const Scores&, double* scratch);
    // The same for one row, by a plan folded by `lanes`.
    void (*score_one)(const Plan& folded, const double* row, std::size_t model, const Scores&, double* scratch);
};

// Doubles.
inline std::size_t scratch_size(std::size_t n_tasks, std::size_t n_modalities, std::size_t lanes) {
    const std::size_t n_groups = 2 * n_modalities + 1;
    const std::size_t in_rows = 4 * n_groups * lanes + (n_tasks + 8 * n_groups) / 8 * 8 + 16;  // of rows.hpp
    const std::size_t in_streams = 2 * (n_tasks + 5) * lanes + n_tasks / 8 * 8 + 8;            // of streams.hpp
    return (2 * n_tasks + 2 * n_groups + 3 * n_modalities) * lanes + in_rows + in_streams;
}

// What a user asked for cannot be had; the message is for them.
struct InputError : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

// Instruction sets this machine can run, best first.
std::vector<const Kernels*> available_kernels();

// The best one, or the one that `isa` or (where that is empty) GLEVEL_FAST_ISA names.
// Throws InputError where this machine or this build has no such path.
const Kernels& choose_kernels(const std::string& isa = "");

// For batches that do not fill the lanes of `kernels`: a narrower path, of the same bits, where there is one.
const Kernels& kernels_for_few(const Kernels& kernels);

}  // namespace glevel
