// Scores on resamples of the tasks. A resample lies in a lane.
#include <algorithm>
#include <vector>

#include "sets/random.hpp"
#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

constexpr std::size_t models_abreast = 8;  // whose sums, too, stay in the nearest cache

inline void add_drawn(const Resampling::Entry* pair, const Resampling::Entry* end, const double* counts, double* sums) {
    Vec total[vectors];
    for (std::size_t i = 0; i < vectors; ++i) total[i] = load<Vec>(sums + i * lanes);
    for (; pair != end; ++pair) {
        const double* row = counts + pair->unit * tile;
        const Vec value = splat(pair->value);
        for (std::size_t i = 0; i < vectors; ++i) total[i] = multiply_add(value, load<Vec>(row + i * lanes), total[i]);
    }
    for (std::size_t i = 0; i < vectors; ++i) store(sums + i * lanes, total[i]);
}

}  // namespace

void resample(const Resampling& r, std::uint64_t seed, std::uint64_t start, std::size_t first, std::size_t last,
              double* out) {
    const std::size_t n_language = 2 * r.n_modalities, n_here = last - first;
    std::vector<double> counts(r.n_units * tile, 0.0), per_point(r.n_groups * tile, 0.0);
    for (std::size_t i = 0; i < n_here; ++i) {
        const Draws draws(seed, start + first + i);
        for (std::size_t g = 0; g < r.n_groups; ++g) {
            const std::size_t begin = r.units[g], n = r.units[g + 1] - begin;
            double drawn = 0.0;
            for (std::size_t j = begin; j < begin + n; ++j) {
                const std::size_t unit = begin + static_cast<std::size_t>(draws.below(j, n));
                counts[unit * tile + i] += 1.0;
                drawn += r.full[unit];
            }
            per_point[g * tile + i] = drawn > 0.0 ? 100.0 / drawn : 0.0;
        }
    }
    const MeanOfModalities mean_of_modalities(r.n_modalities);
    // Per model and group: lost sums, won sums.
    std::vector<double> sums(models_abreast * r.n_groups * 2 * tile);
    for (std::size_t from = 0; from < r.n_models; from += models_abreast) {
        const std::size_t n = std::min(models_abreast, r.n_models - from);
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t b = 0; b < r.blocks.size(); ++b)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t won = 0; won < 2; ++won) {
                    const std::size_t* at = &r.begin[((from + i) * r.blocks.size() + b) * 2 + won];
                    if (at[0] < at[1])
                        add_drawn(&r.entries[at[0]], r.entries.data() + at[1], counts.data(),
                                  &sums[((i * r.n_groups + r.blocks[b].group) * 2 + won) * tile]);
                }
        for (std::size_t i = 0; i < n; ++i) {
            const double* own = &sums[i * r.n_groups * 2 * tile];
            for (std::size_t at = 0; at < n_here; at += lanes) {
                const auto mean = [&](std::size_t g, bool all) {
                    const Vec won = load<Vec>(own + (2 * g + 1) * tile + at);
                    const Vec sum = all ? won + load<Vec>(own + 2 * g * tile + at) : won;
                    return min(sum * load<Vec>(&per_point[g * tile + at]), splat(100.0));
                };
                Vec total2{}, total3{}, total4{};
                for (std::size_t m = 0; m < r.n_modalities; ++m) {
                    const Vec s_c = mean(2 * m, false), s_g = mean(2 * m + 1, false), s3 = (s_c + s_g) / 2.0;
                    total2 += (mean(2 * m, true) + mean(2 * m + 1, true)) / 2.0;
                    total3 += s3;
                    total4 += level4(1.0 / s_c, 1.0 / s_g, s3);
                }
                const Vec s4 = mean_of_modalities(total4);
                store_rows(mean_of_modalities(total2), mean_of_modalities(total3), s4,
                           s4 * (mean(n_language, false) / 100.0), std::min(n_here - at, lanes),
                           out + ((first + at) * r.n_models + from + i) * 4, r.n_models * 4);
            }
        }
    }
}

}  // namespace glevel::GLEVEL_ISA
