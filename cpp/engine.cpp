#include "engine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "pool.hpp"
#include "scratch.hpp"

namespace glevel {
namespace {

// Pieces large enough that handing them out costs nothing, small enough to even out the threads. As large as they may
// be, since the rows that are fetched ahead at a piece's end are those of another thread.
constexpr std::size_t values_per_piece = 16384, pieces_per_thread = 16;

// Scratch of one thread. Usual sizes are kept from call to call: for one model, asking for memory takes as long as
// scoring.
class Scratch {
   public:
    explicit Scratch(std::size_t n) {
        if (n > most_kept) own_ = make_scratch(n);
        if (n <= most_kept && !kept_) kept_ = make_scratch(most_kept);
    }
    double* data() const { return own_ ? own_.get() : kept_.get(); }

   private:
    static constexpr std::size_t most_kept = std::size_t{1} << 15;  // 256 KiB

    static inline thread_local std::unique_ptr<double[], Free> kept_;
    std::unique_ptr<double[], Free> own_;
};

}  // namespace

Engine::Engine(const TaskTable& tasks, const std::string& isa)
    : plan_(tasks), kernels_(&choose_kernels(isa)), few_(&kernels_for_few(*kernels_)), folded_(tasks, few_->lanes) {
    for (std::size_t g = 0; g < plan_.n_groups; ++g) {
        Percentages found{g, 0.0, {}};
        double total = 0.0, most = 0.0;
        for (std::size_t t = 0; t < tasks.n_tasks; ++t) {
            if (tasks.group[t] != static_cast<std::int32_t>(g)) continue;
            // CIDEr too: a percentage that may be above 100
            const bool percentage = tasks.kind[t] == Kind::percent ||
                                    (tasks.kind[t] == Kind::linear && tasks.worst[t] == 0.0 && tasks.slope[t] == 1.0 &&
                                     tasks.low[t] == 0.0 && tasks.scale[t] == 1.0);
            if (percentage) found.columns.push_back(static_cast<std::int32_t>(t));
            total += tasks.weight[t];
            most += tasks.weight[t] * (percentage ? 1.0 : 100.0);
        }
        found.limit = total > 0.0 ? 1.000001 * most / total : std::numeric_limits<double>::infinity();
        if (!found.columns.empty()) percentages_.push_back(std::move(found));
    }
}

template <class Work>
void Engine::each(std::size_t n, std::size_t threads, const Work& work) const {
    const Kernels& kernels = n <= few_->lanes ? *few_ : *kernels_;
    const std::size_t lanes = kernels.lanes;
    const std::size_t rows =
        std::max(values_per_piece / plan_.n_tasks, n / (pieces_per_thread * std::max<std::size_t>(threads, 1)));
    const std::size_t piece = std::max<std::size_t>(1, rows / lanes) * lanes;
    const std::size_t size = scratch_size(plan_.n_tasks, plan_.n_modalities, lanes);
    const std::size_t workers = std::clamp<std::size_t>(threads, 1, (n + piece - 1) / piece + 1);
    if (workers == 1) {
        const Scratch scratch(size);
        work(kernels, 0, n, scratch.data());
    } else {
        const auto scratch = make_scratch(size * workers);
        parallel_for(n, piece, workers, [&](std::size_t worker, std::size_t first, std::size_t last) {
            work(kernels, first, last, scratch.get() + worker * size);
        });
    }
}

void Engine::score(const double* raw, std::size_t n, std::size_t threads, const Scores& out) const {
    each(n, threads, [&](const Kernels& kernels, std::size_t first, std::size_t last, double* scratch) {
        if (n == 1)
            few_->score_one(folded_, raw, 0, out, scratch);
        else
            kernels.score(plan_, raw, first, last, out, scratch);
        suspect_fractions(raw, first, last, out);
    });
}

// A model whose supported percentages in one group (two tasks or more) are all at most 1 wants a closer look.
void Engine::suspect_fractions(const double* raw, std::size_t first, std::size_t last, const Scores& out) const {
    for (std::size_t i = first; i < last; ++i)
        for (const Percentages& of : percentages_) {
            const std::size_t at = i * plan_.n_groups + of.group;
            // the mean rules almost all out
            if (out.supported[at] < 2 || out.means[2 * at] > of.limit) continue;
            const double* row = raw + i * plan_.n_tasks;
            bool some = false, large = false;
            for (const std::int32_t column : of.columns) {
                const double value = row[column];
                some |= value > 0.0;
                large = value > 1.0 && std::isfinite(value);
                if (large) break;
            }
            if (some && !large) out.suspect[i] = 1;
        }
}

bool Engine::overall(const double* raw, std::size_t n, std::size_t threads, double* out) const {
    const std::size_t doubles = 3 * plan_.n_modalities + 2 * plan_.n_groups, counts = 2 * plan_.n_groups;
    const auto rest = std::make_unique_for_overwrite<double[]>(n * (doubles + counts + 2));
    Scores to{};
    to.overall = out;
    to.modality = rest.get();
    to.means = to.modality + n * 3 * plan_.n_modalities;
    to.supported = reinterpret_cast<std::int32_t*>(to.means + n * 2 * plan_.n_groups);
    to.wins = to.supported + n * plan_.n_groups;
    to.level = reinterpret_cast<std::int8_t*>(to.wins + n * plan_.n_groups);
    to.suspect = reinterpret_cast<std::uint8_t*>(to.level + n);
    score(raw, n, threads, to);
    return std::all_of(to.suspect, to.suspect + n, [](auto suspect) { return suspect == 0; });
}

void Engine::map(const double* raw, std::size_t n, std::size_t threads, double* points) const {
    each(n, threads, [&](const Kernels& kernels, std::size_t first, std::size_t last, double* scratch) {
        kernels.map(plan_, raw, first, last, points, scratch);
    });
}

void Engine::reduce(const double* raw, const double* points, std::size_t n, std::size_t threads,
                    const Scores& out) const {
    each(n, threads, [&](const Kernels& kernels, std::size_t first, std::size_t last, double* scratch) {
        kernels.reduce(plan_, raw, points, first, last, out, scratch);
    });
}

void aggregate(std::size_t n_modalities, const double* means, std::size_t n, const Scores& out) {
    const Kernels& kernels = choose_kernels();
    const auto scratch = make_scratch(scratch_size(0, n_modalities, kernels.lanes));
    kernels.levels(n_modalities, means, 0, n, out, scratch.get());
}

}  // namespace glevel
