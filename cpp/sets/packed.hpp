// Counts in few bits: a summary's counts are rows of zeros but for a stretch, and most counts in it are small.
//
// Of each row its stretch is kept, in blocks of 32 counts: a byte that says how many bits the largest has, then so many
// bits of each, the lowest first, and up to 7 bits of padding. The bytes are a function of the counts alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glevel {

constexpr std::size_t packed_block = 32;

// Rows of `width` counts, and of each the stretch [first, last) that is not all zeros.
template <class Count>
struct Rows {
    Count* counts;
    std::size_t n, width;
    const std::int64_t *first, *last;
};

// first, last (n,): where the stretch of each row begins and ends; 0 and 0 where all is zeros.
void find_stretches(const std::uint32_t* counts, std::size_t n, std::size_t width, std::int64_t* first,
                    std::int64_t* last);

std::vector<std::uint8_t> pack(const Rows<const std::uint32_t>& rows);

// Adds what pack() gave of rows with these stretches. False, with a part of it added, where it is not of these.
bool add_packed(const Rows<std::uint32_t>& to, const std::uint8_t* packed, std::size_t size);

// Adds `counts`, rows of the same width, in the stretches alone.
void add_rows(const Rows<std::uint32_t>& to, const std::uint32_t* counts);

}  // namespace glevel
