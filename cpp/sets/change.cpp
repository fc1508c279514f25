// Scores under specialist sets that change a few tasks each: the benchmark's own, and anew only those of models that
// gain or lose a win.
#include <algorithm>
#include <bit>
#include <vector>

#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

// Scores of a vector of models from their parts: S3 and S4 of each modality, then S_L / 100.
class Parts {
   public:
    explicit Parts(const Pairs& pairs)
        : n_language_(2 * pairs.plan.n_modalities), divisor_(divisors(pairs)), mean_(pairs.plan.n_modalities) {}

    std::size_t size() const { return n_language_ + 1; }

    void modality(Vec* v, std::size_t m, Mask won_c, Mask won_g) const {
        const Vec s_c = mean_points(won_c, divisor_[2 * m]), s_g = mean_points(won_g, divisor_[2 * m + 1]);
        v[2 * m] = (s_c + s_g) / 2.0;
        v[2 * m + 1] = level4(1.0 / s_c, 1.0 / s_g, v[2 * m]);
    }

    void language(Vec* v, Mask won) const { v[n_language_] = mean_points(won, divisor_[n_language_]) / 100.0; }

    // S3 to S5 of these models; out is (n_models, 4), with their S2 in it.
    void scores(const Vec* v, const std::size_t* models, double* out) const {
        Vec total3{}, total4{};
        for (std::size_t k = 0; k < n_language_; k += 2) total3 += v[k], total4 += v[k + 1];
        const Vec s3 = mean_(total3), s4 = mean_(total4), s5 = s4 * v[n_language_];
        for (std::size_t i = 0; i < lanes; ++i) {
            double* row = out + models[i] * 4;
            row[1] = s3[i], row[2] = s4[i], row[3] = s5[i];
        }
    }

   private:
    std::size_t n_language_;
    std::vector<Divisor> divisor_;
    MeanOfModalities mean_;
};

}  // namespace

Unchanged unchanged(const Pairs& pairs) {
    const Parts parts(pairs);
    const std::size_t size = parts.size(), n_groups = pairs.plan.n_groups;
    Unchanged base{std::vector<double>(pairs.n_models * 4), std::vector<double>(pairs.n_models * size)};
    for (std::size_t model = 0; model < pairs.n_models; ++model) base.scores[model * 4] = pairs.level2[model];
    std::vector<Vec> v(size);
    for (std::size_t at = 0; at < pairs.n_models; at += lanes) {
        std::size_t models[lanes];
        for (std::size_t i = 0; i < lanes; ++i) models[i] = std::min(at + i, pairs.n_models - 1);
        const auto won = [&](std::size_t g) {
            return gather<Mask>([&](std::size_t i) { return pairs.won[models[i] * n_groups + g]; });
        };
        for (std::size_t m = 0; m < pairs.plan.n_modalities; ++m)
            parts.modality(v.data(), m, won(2 * m), won(2 * m + 1));
        parts.language(v.data(), won(n_groups - 1));
        parts.scores(v.data(), models, base.scores.data());
        for (std::size_t k = 0; k < size; ++k)
            for (std::size_t i = 0; i < lanes; ++i) base.parts[models[i] * size + k] = v[k][i];
    }
    return base;
}

void change(const Pairs& pairs, const PairColumns& columns, const Unchanged& base, const Changes& changes,
            std::size_t first, std::size_t last, double* out) {
    const Parts parts(pairs);
    const std::size_t padded = pairs.padded, size = parts.size(), n_groups = pairs.plan.n_groups;
    const Output output((changes.begin.size() - 1) * pairs.n_models * 4);
    std::vector<double> scores = base.scores;
    std::vector<Vec> v(size);
    std::vector<std::size_t> touched;                 // groups of a set's columns, in order
    std::vector<std::int64_t> difference;             // (touched, padded): of the sums won; 0 between two sets
    std::vector<std::size_t> found(padded);           // models that gain or lose one task's win
    std::vector<std::size_t> models(padded + lanes);  // that gain or lose any win of a set
    std::vector<std::uint8_t> is_among(padded);
    for (std::size_t set = first; set < last; ++set) {
        touched.clear();
        std::size_t n = 0;
        for (std::size_t k = changes.begin[set]; k < changes.begin[set + 1]; ++k) {
            const std::size_t column = changes.column[k], group = pairs.group(column);
            if (touched.empty() || touched.back() != group) {
                touched.push_back(group);
                difference.resize(std::max(difference.size(), touched.size() * padded));
            }
            std::int64_t* sums = &difference[(touched.size() - 1) * padded];
            const double before = changes.before[k], after = changes.after[k];
            const double* value = columns.value.get() + column * padded;
            const std::int64_t* steps = columns.steps.get() + column * padded;
            const std::size_t next = std::min(k + 1, changes.column.size() - 1);
            const double* later = columns.value.get() + changes.column[next] * padded;
            std::size_t n_found = 0;
            for (std::size_t at = 0; at < padded; at += lanes) {
                __builtin_prefetch(later + at);
                const Vec own = load<Vec>(value + at);
                for (unsigned flipped = lane_bits((own >= before) ^ (own >= after)); flipped != 0;
                     flipped &= flipped - 1) {
                    found[n_found] = at + static_cast<std::size_t>(std::countr_zero(flipped));
                    __builtin_prefetch(&steps[found[n_found++]]);
                }
            }
            for (std::size_t i = 0; i < n_found; ++i) {
                const std::size_t model = found[i];
                sums[model] += after < before ? steps[model] : -steps[model];
                models[n] = model;
                n += 1u - is_among[model];
                is_among[model] = 1;
            }
        }
        std::fill_n(models.begin() + static_cast<std::ptrdiff_t>(n), lanes, n > 0 ? models[n - 1] : 0);
        for (std::size_t at = 0; at < n; at += lanes) {
            const std::size_t* some = models.data() + at;
            const auto won = [&](std::size_t g, const std::int64_t* sums) {
                return gather<Mask>([&](std::size_t i) {
                    return pairs.won[some[i] * n_groups + g] + (sums != nullptr ? sums[some[i]] : 0);
                });
            };
            for (std::size_t k = 0; k < size; ++k)
                v[k] = gather<Vec>([&](std::size_t i) { return base.parts[some[i] * size + k]; });
            for (std::size_t k = 0; k < touched.size(); ++k) {
                const std::size_t g = touched[k];
                const std::int64_t* sums = &difference[k * padded];
                if (g + 1 == n_groups) {
                    parts.language(v.data(), won(g, sums));
                } else if (g % 2 == 1) {
                    parts.modality(v.data(), g / 2, won(g - 1, nullptr), won(g, sums));
                } else {
                    const bool both = k + 1 < touched.size() && touched[k + 1] == g + 1;
                    parts.modality(v.data(), g / 2, won(g, sums), won(g + 1, both ? sums + padded : nullptr));
                    k += both;
                }
            }
            parts.scores(v.data(), some, scores.data());
            for (std::size_t k = 0; k < touched.size(); ++k)
                for (std::size_t i = 0; i < lanes; ++i) difference[k * padded + some[i]] = 0;
        }
        output.copy(scores.data(), scores.size(), out + set * scores.size());
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t model = models[i];
            std::copy_n(&base.scores[model * 4], 4, &scores[model * 4]);
            is_among[model] = 0;
        }
    }
    output.finish();
}

}  // namespace glevel::GLEVEL_ISA
