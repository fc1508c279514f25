#include "sets/pairs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "pool.hpp"
#include "scratch.hpp"

namespace glevel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t block = 16;  // models or tasks transposed together
constexpr std::size_t slack = 8;   // vectors may reach past the last row

}  // namespace

Pairs::Pairs(const Plan& p, const Kernels& kernels, const double* raw, std::size_t n, std::size_t threads)
    : plan(p),
      n_models(n),
      padded((n + 15) / 8 * 8),
      value(new double[n * p.n_tasks + slack]),
      steps(new std::int64_t[n * p.n_tasks + slack]),
      level2(n),
      won(n * p.n_groups),
      divisor(p.percent_steps),
      tiny(n),
      group_(p.n_tasks),
      column_(p.n_tasks),
      supports_(n * p.n_groups) {
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        if (!(divisor[g] > 0.0)) divisor[g] = 1.0;
        for (std::size_t c = plan.percent[g]; c < plan.percent[g + 1]; ++c) group_[c] = g;
        for (std::size_t c = plan.general[g]; c < plan.general[g + 1]; ++c) group_[c] = g;
    }
    for (std::size_t c = 0; c < plan.n_tasks; ++c) column_[static_cast<std::size_t>(plan.order[c])] = c;
    std::fill_n(value.get() + n * plan.n_tasks, slack, 0.0);
    std::fill_n(steps.get() + n * plan.n_tasks, slack, 0);
    const std::size_t size =
        (scratch_size(plan.n_tasks, plan.n_modalities, kernels.lanes) + block * plan.n_tasks + 7) / 8 * 8;
    const std::size_t workers = std::max<std::size_t>(threads, 1);
    const auto scratch = make_scratch(size * workers);
    parallel_for(n, block, workers, [&](std::size_t worker, std::size_t first, std::size_t last) {
        fill(raw, kernels, first, last, scratch.get() + worker * size);
    });
    if (std::all_of(tiny.begin(), tiny.end(), [](const auto& columns) { return columns.empty(); })) tiny.clear();
}

void Pairs::fill(const double* raw, const Kernels& kernels, std::size_t first, std::size_t last, double* scratch) {
    const std::size_t n = plan.n_tasks;
    double* mapped = scratch + scratch_size(n, plan.n_modalities, kernels.lanes);
    std::vector<std::int64_t> all(plan.n_groups);
    std::vector<char> has_terms(plan.n_groups);
    for (std::size_t model = first; model < last; ++model) {
        const std::size_t in_block = (model - first) % block;
        if (in_block == 0) kernels.map(plan, raw + model * n, 0, std::min(block, last - model), mapped, scratch);
        const double* points = mapped + in_block * n;
        double* values = value.get() + model * n;
        std::int64_t* terms = steps.get() + model * n;
        std::fill(all.begin(), all.end(), 0);
        std::fill(has_terms.begin(), has_terms.end(), 0);
        const auto take = [&](std::size_t g, std::size_t begin, std::size_t end) {
            const double rounder = plan.rounder[g];
            const auto rounder_bits = std::bit_cast<std::int64_t>(rounder);
            std::int64_t sum = 0, sum_won = 0, smallest = 1, any = 0, supported = 0;
            for (std::size_t c = begin; c < end; ++c) {
                const auto task = static_cast<std::size_t>(plan.order[c]);
                const double y = points[task], z = raw[model * n + task] * plan.scale[c];
                values[c] = y == y ? plan.sign[c] * z : y;
                const bool adds = y > 0.0 && (c < plan.n_percent || plan.weight[c] > 0.0);
                const std::int64_t term = std::bit_cast<std::int64_t>(y * plan.weight[c] + rounder) - rounder_bits;
                terms[c] = adds ? term : 0;
                sum += terms[c];
                sum_won += values[c] >= plan.sota[c] ? terms[c] : 0;
                any |= adds;
                supported |= y == y;
                smallest = std::min(smallest, adds ? term : 1);
            }
            all[g] += sum;
            won[model * plan.n_groups + g] += sum_won;
            supports_[model * plan.n_groups + g] |= static_cast<char>(supported);
            has_terms[g] = static_cast<char>(has_terms[g] | any);
            for (std::size_t c = begin; smallest < 1 && c < end; ++c)
                if (points[plan.order[c]] > 0.0 && (c < plan.n_percent || plan.weight[c] > 0.0) && terms[c] < 1)
                    tiny[model].push_back(static_cast<std::int32_t>(c));
        };
        for (std::size_t g = 0; g < plan.n_groups; ++g) {
            take(g, plan.percent[g], plan.percent[g + 1]);
            take(g, plan.general[g], plan.general[g + 1]);
        }
        const auto mean = [&](std::size_t g) {
            if (!has_terms[g]) return 0.0;
            return std::min(static_cast<double>(std::max<std::int64_t>(all[g], 1)) / divisor[g], 100.0);
        };
        double total = 0.0;
        for (std::size_t m = 0; m < plan.n_modalities; ++m) total += (mean(2 * m) + mean(2 * m + 1)) / 2.0;
        level2[model] = total / (plan.n_modalities > 0 ? static_cast<double>(plan.n_modalities) : 1.0);
    }
}

const PairColumns& Pairs::columns(std::size_t threads) const {
    std::call_once(columns_once_, [&] {
        const std::size_t n = plan.n_tasks;
        columns_.value.reset(new double[n * padded]);
        columns_.steps.reset(new std::int64_t[n * padded]);
        parallel_for(padded, block, threads, [&](std::size_t, std::size_t first, std::size_t last) {
            for (std::size_t from = first; from < last; from += block) {
                const std::size_t to = std::min(from + block, last);
                for (std::size_t c = 0; c < n; ++c)
                    for (std::size_t m = from; m < to; ++m) {
                        const bool real = m < n_models;
                        columns_.value[c * padded + m] =
                            real ? value[m * n + c] : std::numeric_limits<double>::quiet_NaN();
                        columns_.steps[c * padded + m] = real ? steps[m * n + c] : 0;
                    }
            }
        });
    });
    return columns_;
}

double Pairs::threshold(std::size_t column, double raw_sota, bool strict) const {
    const double s = plan.sign[column] * (raw_sota * plan.scale[column]);
    if (!(s == s)) return infinity;  // no specialist: nobody wins
    return strict ? std::nextafter(s, infinity) : s;
}

double Pairs::own_threshold(std::size_t column) const {
    const double s = plan.sota[column];
    return s == s ? s : infinity;
}

void Pairs::sort_columns(std::size_t threads) const {
    const PairColumns& all = columns(threads);
    std::call_once(sorted_once_, [&] {
        sorted_.resize(plan.n_tasks);
        parallel_for(plan.n_tasks, 8, threads, [&](std::size_t, std::size_t first, std::size_t last) {
            for (std::size_t c = first; c < last; ++c) {
                const double* values = all.value.get() + c * padded;
                std::copy_if(values, values + n_models, std::back_inserter(sorted_[c]),
                             [](double v) { return v == v; });
                std::sort(sorted_[c].begin(), sorted_[c].end());
            }
        });
    });
}

std::int64_t Pairs::below(std::size_t column, double threshold) const {
    // Without branches that depend on the data: the searches of many sets overlap.
    const auto& values = sorted_[column];
    const double* from = values.data();
    for (std::size_t length = values.size(); length > 0;) {
        const std::size_t half = (length + 1) / 2;
        from = from[half - 1] < threshold ? from + half : from;
        length -= half;
    }
    return from - values.data();
}

}  // namespace glevel
