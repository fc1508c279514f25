// A benchmark with the kernels that score by it: what the bindings, and many sets, call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "plan.hpp"

namespace glevel {

// raw, points and what is written are as in kernels.hpp.
class Engine {
   public:
    // isa: as in choose_kernels().
    Engine(const TaskTable& tasks, const std::string& isa);

    void score(const double* raw, std::size_t n_models, std::size_t threads, const Scores& out) const;
    // S2 to S5 alone, (n_models, 4), for callers who count microseconds. False where a row wants a closer look.
    bool overall(const double* raw, std::size_t n_models, std::size_t threads, double* out) const;
    void map(const double* raw, std::size_t n_models, std::size_t threads, double* points) const;
    // Writes means, supported and wins alone.
    void reduce(const double* raw, const double* points, std::size_t n_models, std::size_t threads,
                const Scores& out) const;

    const Plan& plan() const { return plan_; }
    const Kernels& kernels() const { return *kernels_; }

   private:
    template <class Work>
    void each(std::size_t n_models, std::size_t threads, const Work& work) const;
    void suspect_fractions(const double* raw, std::size_t first, std::size_t last, const Scores& out) const;

    // Percentages of a group: their columns, and the highest mean of the group with all of them at most 1.
    struct Percentages {
        std::size_t group;
        double limit;
        std::vector<std::int32_t> columns;
    };

    Plan plan_;
    const Kernels* kernels_;
    const Kernels* few_;
    Plan folded_;
    std::vector<Percentages> percentages_;
};

// overall, modality and level from means, (n_models, n_groups, 2).
void aggregate(std::size_t n_modalities, const double* means, std::size_t n_models, const Scores& out);

}  // namespace glevel
