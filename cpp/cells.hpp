// The cells of a worksheet, from the bytes of its XML.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace glevel {

enum class Content : std::uint8_t { number, text, escaped_text, shared_text, boolean };

// A cell with a value. Rows and columns count from 0; the value is what stands from `begin` to `end`.
struct Cell {
    std::uint32_t row, column, begin, end;
    Content content;
};

// Whether the sheet is written as all common programs write one, and holds nothing but plain values: then `cells` are
// those that have one, in their order. A formula, an error, a date, a style that `odd_styles` marks (a byte a style), a
// cell without its position, a comment, a text of several runs, and whatever else was not foreseen, is not plain.
bool plain_cells(std::string_view xml, std::string_view odd_styles, std::vector<Cell>& cells);

}  // namespace glevel
