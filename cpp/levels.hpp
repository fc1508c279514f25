// Levels 2 to 5 of one model from its group means (SPEC.md section 4, paper section 3.2).
#pragma once

#include <cstddef>
#include <cstdint>

namespace glevel::GLEVEL_ISA {

// means: per group (mean, masked mean), in points. overall: S2, S3, S4, S5. modality: per modality S2, S3, S4.
inline std::int8_t levels(const double* means, std::size_t n_modalities, double* overall, double* modality) {
    double total2 = 0.0, total3 = 0.0, total4 = 0.0;
    for (std::size_t m = 0; m < n_modalities; ++m) {
        const double c = means[4 * m], s_c = means[4 * m + 1];
        const double g = means[4 * m + 2], s_g = means[4 * m + 3];
        const double s2 = (c + g) / 2.0;
        const double s3 = (s_c + s_g) / 2.0;
        // 2 S_C S_G / (S_C + S_G), in a form whose every rounding is monotone and that is 0 where either is 0.
        const double harmonic = 2.0 / (1.0 / s_c + 1.0 / s_g);
        const double s4 = harmonic < s3 ? harmonic : s3;
        total2 += modality[3 * m] = s2;
        total3 += modality[3 * m + 1] = s3;
        total4 += modality[3 * m + 2] = s4;
    }
    const double n = n_modalities > 0 ? static_cast<double>(n_modalities) : 1.0;
    overall[0] = total2 / n;
    overall[1] = total3 / n;
    overall[2] = total4 / n;
    const double masked_language = means[4 * n_modalities + 1];
    overall[3] = overall[2] * (masked_language / 100.0);
    for (int k = 5; k >= 2; --k)
        if (overall[k - 2] > 0.0) return static_cast<std::int8_t>(k);
    return 0;
}

}  // namespace glevel::GLEVEL_ISA
