// Constants of the tanh mapping; mapping.hpp says how they are used, benchmarks/derive_mapping.py derives them.
#pragma once

namespace glevel::mapping {

// w = 2/x is carried times `unit`, so that neither a huge nor a denormal raw value over- or underflows it.
inline constexpr double unit = 0x1p-64;

// From this w downwards the mapping goes through exp; above, through the series of coth.
inline constexpr double w_switch = 0x1.5555555555555p+0;  // 4/3
inline constexpr double y_switch = 0x1.fc1e816519a5fp+5;  // 100 tanh(1 / w_switch), rounded to nearest

inline constexpr double log2_e = 0x1.71547652b82fep+0;
inline constexpr double ln2_high = 0x1.62e42fee00000p-1;  // k * ln2_high is exact for |k| < 2^20
inline constexpr double ln2_low = 0x1.a39ef35793c76p-33;

// (e^r - 1 - r) / r^2 on [0, ln 2], relative error 1.4e-16; every coefficient is positive.
inline constexpr double exp_series[] = {
    0x1.ffffffffffffep-2,  0x1.5555555555ac0p-3,  0x1.5555555514f4bp-5,  0x1.11111123987e6p-7,  0x1.6c16bc0388916p-10,
    0x1.a01ae948520f9p-13, 0x1.a0027b5c9823ep-16, 0x1.7356c8afad485p-19, 0x1.19cf349ff3476p-22, 0x1.1ffe29678cc61p-25,
};

// (coth(x/2) - 2/x) / x in powers of x^2, for x in [0, 3/2], error 4e-18.
inline constexpr double coth_series[] = {
    0x1.5555555555555p-3,   -0x1.6c16c16c16987p-9,  0x1.1566abbfd4c6ap-14,
    -0x1.bbd778ee4af79p-20, 0x1.66a8df01c52acp-25,  -0x1.227d2ed5b1efcp-30,
    0x1.d6401c967abc0p-36,  -0x1.74f3ff214d559p-41, 0x1.e0c156d34b384p-47,
};

}  // namespace glevel::mapping
