// Scores of a block of models on many subsets of the tasks.
#include <bit>

#include "sets/kept.hpp"
#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

constexpr std::size_t abreast = 2;  // vectors whose sums are in registers
constexpr std::size_t per_block = Kept::block / lanes;
static_assert(Kept::block % (abreast * lanes) == 0);

// Means over all and over won tasks of a group; equal weights need no product.
template <bool equal>
void means(const KeptSet& set, const KeptSet::Group& group, const double* all, const double* won, Vec* to,
           std::size_t stride) {
    const Vec rounder = splat(group.rounder);
    Mask sum[abreast]{}, sum_won[abreast]{}, any[abreast]{}, any_won[abreast]{};
    for (std::size_t k = group.begin; k < group.end; ++k) {
        const auto at = static_cast<std::size_t>(set.task[k]) * Kept::block;
        for (std::size_t i = 0; i < abreast; ++i) {
            Vec y = load<Vec>(all + at + i * lanes), y_won = load<Vec>(won + at + i * lanes);
            any[i] |= bits(y);
            any_won[i] |= bits(y_won);
            if constexpr (!equal) y = y * set.weight[k], y_won = y_won * set.weight[k];
            sum[i] = reinterpret_cast<Mask>(reinterpret_cast<Sum>(sum[i]) + reinterpret_cast<Sum>(y + rounder));
            sum_won[i] =
                reinterpret_cast<Mask>(reinterpret_cast<Sum>(sum_won[i]) + reinterpret_cast<Sum>(y_won + rounder));
        }
    }
    const std::uint64_t offset = std::bit_cast<std::uint64_t>(group.rounder) * (group.end - group.begin);
    const auto mean = [&](Mask terms, Mask some) {
        const Mask steps = reinterpret_cast<Mask>(reinterpret_cast<Sum>(terms) - offset);
        const Vec total = max(to_double(steps), some != 0 ? splat(1.0) : Vec{});
        return max(min(splat(100.0), total / group.percent_steps), Vec{});
    };
    for (std::size_t i = 0; i < abreast; ++i) {
        to[i * stride] = mean(sum[i], any[i]);
        to[i * stride + 1] = mean(sum_won[i], any_won[i]);
    }
}

}  // namespace

void kept(const Kept& of, const std::vector<KeptSet>& sets, std::size_t block, double* out) {
    const std::size_t n_means = 2 * of.n_groups;
    std::vector<Vec> buffer(abreast * n_means + 3 * of.n_modalities);
    Vec* modality = buffer.data() + abreast * n_means;
    for (std::size_t v = 0; v < per_block; v += abreast) {
        const double *all = of.all(block) + v * lanes, *won = of.won(block) + v * lanes;
        for (std::size_t s = 0; s < sets.size(); ++s) {
            const KeptSet& set = sets[s];
            for (std::size_t g = 0; g < set.groups.size(); ++g) {
                const auto* weight = set.weight.data();
                const bool equal = std::all_of(weight + set.groups[g].begin, weight + set.groups[g].end,
                                               [](double w) { return w == 1.0; });
                (equal ? means<true> : means<false>)(set, set.groups[g], all, won, buffer.data() + 2 * g, n_means);
            }
            for (std::size_t i = 0; i < abreast; ++i) {
                const std::size_t first = block * Kept::block + (v + i) * lanes;
                if (first >= of.n_models) break;
                Vec overall[4];
                levels(buffer.data() + i * n_means, set.groups.size() / 2, overall, modality);
                store_rows(overall[0], overall[1], overall[2], overall[3], of.n_models - first,
                           out + (s * of.n_models + first) * 4, 4);
            }
        }
    }
}

}  // namespace glevel::GLEVEL_ISA
