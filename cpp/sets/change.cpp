// Scores under specialist sets that change a few tasks each: the benchmark's own, and what each set changes of them.
#include <cstring>
#include <vector>

#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

// S3 and S4 of each modality, S_L / 100, then S3 to S5, of a vector of models.
class Totals {
   public:
    explicit Totals(const Pairs& pairs)
        : n_language_(2 * pairs.plan.n_modalities), divisor_(divisors(pairs)), mean_(pairs.plan.n_modalities) {}

    std::size_t size() const { return n_language_ + 4; }

    void modality(Vec* v, std::size_t m, Mask won_c, Mask won_g) const {
        const Vec s_c = mean_points(won_c, divisor_[2 * m]), s_g = mean_points(won_g, divisor_[2 * m + 1]);
        v[2 * m] = (s_c + s_g) / 2.0;
        v[2 * m + 1] = level4(1.0 / s_c, 1.0 / s_g, v[2 * m]);
    }

    void language(Vec* v, Mask won) const { v[n_language_] = mean_points(won, divisor_[n_language_]) / 100.0; }

    void overall(Vec* v) const {
        Vec total3{}, total4{};
        for (std::size_t k = 0; k < n_language_; k += 2) total3 += v[k], total4 += v[k + 1];
        v[n_language_ + 1] = mean_(total3);
        v[n_language_ + 2] = mean_(total4);
        v[n_language_ + 3] = v[n_language_ + 2] * v[n_language_];
    }

   private:
    std::size_t n_language_;
    std::vector<Divisor> divisor_;
    MeanOfModalities mean_;
};

}  // namespace

std::vector<double> totals(const Pairs& pairs, const PairColumns& columns) {
    const Totals all(pairs);
    std::vector<double> base(all.size() * pairs.padded);
    std::vector<Vec> v(all.size());
    for (std::size_t at = 0; at < pairs.padded; at += lanes) {
        const auto won = [&](std::size_t g) { return load<Mask>(columns.won.get() + g * pairs.padded + at); };
        for (std::size_t m = 0; m < pairs.plan.n_modalities; ++m) all.modality(v.data(), m, won(2 * m), won(2 * m + 1));
        all.language(v.data(), won(2 * pairs.plan.n_modalities));
        all.overall(v.data());
        std::memcpy(&base[at * all.size()], v.data(), all.size() * sizeof(Vec));
    }
    return base;
}

void change(const Pairs& pairs, const PairColumns& columns, const double* base, const Changes& changes,
            std::size_t first, std::size_t last, double* out) {
    const Totals all(pairs);
    const std::size_t padded = pairs.padded, n_language = 2 * pairs.plan.n_modalities;
    std::vector<Vec> v(all.size());
    std::vector<Mask> difference(pairs.plan.n_groups);
    std::vector<std::size_t> touched;
    for (std::size_t set = first; set < last; ++set) {
        const std::size_t begin = changes.begin[set], end = changes.begin[set + 1];
        touched.clear();
        for (std::size_t k = begin; k < end; ++k) {
            const std::size_t g = pairs.group(changes.column[k]);
            if (touched.empty() || touched.back() != g) touched.push_back(g);
        }
        for (std::size_t at = 0; at < pairs.n_models; at += lanes) {
            Mask flipped{};
            for (std::size_t k = begin, g = pairs.plan.n_groups; k < end; ++k) {
                const std::size_t column = changes.column[k];
                if (g != pairs.group(column)) difference[g = pairs.group(column)] = Mask{};
                const Vec value = load<Vec>(columns.value.get() + column * padded + at);
                const Mask steps = load<Mask>(columns.steps.get() + column * padded + at);
                const Mask before = value >= changes.before[k], after = value >= changes.after[k];
                flipped |= before ^ after;
                difference[g] += (steps & after) - (steps & before);
            }
            std::memcpy(v.data(), base + at * all.size(), all.size() * sizeof(Vec));
            if (lane_bits(flipped) != 0) {
                for (std::size_t k = 0; k < touched.size(); ++k) {
                    const std::size_t g = touched[k], m = g / 2;
                    const auto won = [&](std::size_t of) { return load<Mask>(columns.won.get() + of * padded + at); };
                    if (g == n_language) {
                        all.language(v.data(), won(g) + difference[g]);
                        continue;
                    }
                    const bool both = k + 1 < touched.size() && touched[k + 1] / 2 == m;
                    Mask won_c = won(2 * m), won_g = won(2 * m + 1);
                    if (g == 2 * m) won_c += difference[g];
                    if (g == 2 * m + 1 || both) won_g += difference[2 * m + 1];
                    k += both;
                    all.modality(v.data(), m, won_c, won_g);
                }
                all.overall(v.data());
            }
            store_rows(load<Vec>(columns.level2.get() + at), v[n_language + 1], v[n_language + 2], v[n_language + 3],
                       std::min(lanes, pairs.n_models - at), out + (set * pairs.n_models + at) * 4, 4);
        }
    }
}

}  // namespace glevel::GLEVEL_ISA
