// Levels 2 to 5 from group means (docs/spec.md section 4, paper section 3.2). A lane is a model.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

// S4 of a modality, 2 S_C S_G / (S_C + S_G), from 1 / S_C and 1 / S_G: in a form whose every rounding is monotone and
// that is 0 where either is 0. In real numbers it never exceeds S3; min() holds it to that.
inline Vec level4(Vec inverse_c, Vec inverse_g, Vec s3) { return min(2.0 / (inverse_c + inverse_g), s3); }

// means: per group (mean, masked mean), in points. overall: S2, S3, S4, S5. modality: per modality S2, S3, S4.
inline void levels(const Vec* means, std::size_t n_modalities, Vec* overall, Vec* modality) {
    Vec total2{}, total3{}, total4{};
    for (std::size_t m = 0; m < n_modalities; ++m) {
        const Vec c = means[4 * m], s_c = means[4 * m + 1];
        const Vec g = means[4 * m + 2], s_g = means[4 * m + 3];
        const Vec s2 = (c + g) / 2.0;
        const Vec s3 = (s_c + s_g) / 2.0;
        const Vec s4 = level4(1.0 / s_c, 1.0 / s_g, s3);
        total2 += modality[3 * m] = s2;
        total3 += modality[3 * m + 1] = s3;
        total4 += modality[3 * m + 2] = s4;
    }
    const double n = n_modalities > 0 ? static_cast<double>(n_modalities) : 1.0;
    overall[0] = total2 / n;
    overall[1] = total3 / n;
    overall[2] = total4 / n;
    const Vec masked_language = means[4 * n_modalities + 1];
    overall[3] = overall[2] * (masked_language / 100.0);
}

// The highest k in 5, 4, 3, 2 with S_k > 0; 0 where there is none.
inline std::int8_t highest_level(const double* overall) {
    for (int k = 5; k >= 2; --k)
        if (overall[k - 2] > 0.0) return static_cast<std::int8_t>(k);
    return 0;
}

}  // namespace glevel::GLEVEL_ISA
