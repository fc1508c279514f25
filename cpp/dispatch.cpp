// Which instruction set the kernels run on, chosen anew by each call: an engine keeps what it was made with.
#include <cstdlib>
#include <string>

#include "kernels.hpp"
#include "sets/sets.hpp"

namespace glevel {

namespace baseline {
extern const Kernels kernels;
extern const SetKernels set_kernels;
}  // namespace baseline
#ifdef GLEVEL_HAS_AVX2
namespace avx2 {
extern const Kernels kernels;
extern const SetKernels set_kernels;
}  // namespace avx2
#endif
#ifdef GLEVEL_HAS_AVX512
namespace avx512 {
extern const Kernels kernels;
extern const SetKernels set_kernels;
}  // namespace avx512
#endif

std::vector<const Kernels*> available_kernels() {
    std::vector<const Kernels*> found;
#ifdef GLEVEL_HAS_AVX512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found.push_back(&avx512::kernels);
#endif
#ifdef GLEVEL_HAS_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&avx2::kernels);
#endif
    found.push_back(&baseline::kernels);
    return found;
}

const Kernels& choose_kernels(const std::string& isa) {
    const auto kernels = available_kernels();
    const char* variable = "GLEVEL_FAST_ISA";
    const char* forced = std::getenv(variable);
    const std::string wanted = isa.empty() && forced ? forced : isa;
    if (wanted.empty()) return *kernels.front();
    std::string names;
    for (const Kernels* k : kernels) {
        if (wanted == k->name) return *k;
        names += std::string(names.empty() ? "" : ", ") + k->name;
    }
    throw InputError((isa.empty() ? std::string(variable) + ": " : "") + "instruction set '" + wanted +
                     "' is not available here; available: " + names);
}

const Kernels& kernels_for_few(const Kernels& kernels) {
    if (kernels.lanes > 4)
        for (const Kernels* narrower : available_kernels())
            if (narrower->lanes == 4) return *narrower;
    return kernels;
}

const SetKernels& set_kernels(const Kernels& kernels) {
#ifdef GLEVEL_HAS_AVX512
    if (&kernels == &avx512::kernels) return avx512::set_kernels;
#endif
#ifdef GLEVEL_HAS_AVX2
    if (&kernels == &avx2::kernels) return avx2::set_kernels;
#endif
    static_cast<void>(kernels);
    return baseline::set_kernels;
}

}  // namespace glevel
