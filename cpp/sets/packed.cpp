#include "sets/packed.hpp"

#include <algorithm>
#include <bit>

namespace glevel {
namespace {

using Bytes = std::vector<std::uint8_t>;

void pack_block(const std::uint32_t* counts, std::size_t n, Bytes& to) {
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < n; ++i) any |= counts[i];
    const int bits = std::bit_width(any);
    std::size_t at = to.size();
    to.resize(at + 1 + (n * static_cast<std::size_t>(bits) + 7) / 8);
    to[at++] = static_cast<std::uint8_t>(bits);
    std::uint64_t waiting = 0;
    int held = 0;
    for (std::size_t i = 0; i < n; ++i) {
        waiting |= std::uint64_t{counts[i]} << held;
        for (held += bits; held >= 8; held -= 8, waiting >>= 8) to[at++] = static_cast<std::uint8_t>(waiting);
    }
    if (held > 0) to[at] = static_cast<std::uint8_t>(waiting);
}

// Where the next block begins; null where this one is not whole.
const std::uint8_t* add_block(std::uint32_t* counts, std::size_t n, const std::uint8_t* from, const std::uint8_t* end) {
    if (from == end || *from > 32) return nullptr;
    const int bits = *from++;
    const std::size_t size = (n * static_cast<std::size_t>(bits) + 7) / 8;
    if (static_cast<std::size_t>(end - from) < size) return nullptr;
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    std::uint64_t waiting = 0;
    int held = 0;
    for (std::size_t i = 0; bits > 0 && i < n; ++i) {
        for (; held < bits; held += 8) waiting |= std::uint64_t{*from++} << held;
        counts[i] += static_cast<std::uint32_t>(waiting & mask);
        waiting >>= bits;
        held -= bits;
    }
    return from;
}

}  // namespace

void find_stretches(const std::uint32_t* counts, std::size_t n, std::size_t width, std::int64_t* first,
                    std::int64_t* last) {
    const auto some = [](std::uint32_t count) { return count != 0; };
    for (std::size_t row = 0; row < n; ++row, counts += width) {
        const std::uint32_t *begin = std::find_if(counts, counts + width, some), *end = counts + width;
        while (end > begin && end[-1] == 0) --end;
        first[row] = begin == end ? 0 : begin - counts;
        last[row] = begin == end ? 0 : end - counts;
    }
}

Bytes pack(const Rows<const std::uint32_t>& rows) {
    Bytes packed;
    for (std::size_t row = 0; row < rows.n; ++row) {
        const std::uint32_t* counts = rows.counts + row * rows.width;
        const auto last = static_cast<std::size_t>(rows.last[row]);
        for (auto at = static_cast<std::size_t>(rows.first[row]); at < last; at += packed_block)
            pack_block(counts + at, std::min(packed_block, last - at), packed);
    }
    return packed;
}

bool add_packed(const Rows<std::uint32_t>& to, const std::uint8_t* packed, std::size_t size) {
    const std::uint8_t* const end = packed + size;
    for (std::size_t row = 0; row < to.n; ++row) {
        std::uint32_t* counts = to.counts + row * to.width;
        const auto last = static_cast<std::size_t>(to.last[row]);
        for (auto at = static_cast<std::size_t>(to.first[row]); at < last; at += packed_block) {
            packed = add_block(counts + at, std::min(packed_block, last - at), packed, end);
            if (packed == nullptr) return false;
        }
    }
    return packed == end;
}

void add_rows(const Rows<std::uint32_t>& to, const std::uint32_t* counts) {
    for (std::size_t row = 0; row < to.n; ++row)
        for (auto at = static_cast<std::size_t>(to.first[row]); at < static_cast<std::size_t>(to.last[row]); ++at)
            to.counts[row * to.width + at] += counts[row * to.width + at];
}

}  // namespace glevel
