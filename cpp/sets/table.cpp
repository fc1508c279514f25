// The table of one instruction set. CMake compiles this file and the kernels in it once for each.
#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {

extern const SetKernels set_kernels;
const SetKernels set_kernels = {tile, ablate, thresholds, unchanged, change, resample, count_above, kept};

}  // namespace glevel::GLEVEL_ISA
