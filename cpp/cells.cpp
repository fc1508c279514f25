#include "cells.hpp"

#include <limits>

namespace glevel {
namespace {

constexpr std::uint32_t most_rows = 1 << 20, most_columns = 1 << 14;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_of_number(char c) { return is_digit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'; }

class Scanner {
   public:
    Scanner(std::string_view xml, std::size_t at, std::string_view odd_styles, std::vector<Cell>& cells)
        : xml(xml), odd_styles(odd_styles), cells(cells), at(at) {}

    // From behind the tag that begins the cells up to the one that ends them.
    bool rows() {
        while (true) {
            skip_space();
            if (take("</sheetData>")) return true;
            if (!take("<row") || !(peek() == '>' || peek() == '/' || is_space(peek()))) return false;
            const std::size_t end = xml.find('>', at);
            if (end == xml.npos) return false;
            const bool empty = xml[end - 1] == '/';
            at = end + 1;
            if (!empty && !row()) return false;
        }
    }

   private:
    std::string_view xml, odd_styles;
    std::vector<Cell>& cells;
    std::size_t at;

    char peek() const { return at < xml.size() ? xml[at] : '\0'; }

    bool take(std::string_view word) {
        if (xml.compare(at, word.size(), word) != 0) return false;
        at += word.size();
        return true;
    }

    void skip_space() {
        while (is_space(peek())) ++at;
    }

    // Digits, at least one, up to a quote, which is taken too.
    bool number(std::uint32_t most, std::uint32_t& value) {
        const std::size_t begin = at;
        for (value = 0; is_digit(peek()); ++at) {
            value = 10 * value + static_cast<std::uint32_t>(xml[at] - '0');
            if (value > most) return false;
        }
        return at > begin && take("\"");
    }

    bool row() {
        while (true) {
            skip_space();
            if (take("</row>")) return true;
            if (!cell()) return false;
        }
    }

    bool cell() {
        if (!take("<c r=\"")) return false;
        std::uint32_t column = 0, row = 0, style = 0;
        for (; peek() >= 'A' && peek() <= 'Z'; ++at) {
            column = 26 * column + static_cast<std::uint32_t>(xml[at] - 'A') + 1;
            if (column > most_columns) return false;
        }
        if (!number(most_rows, row) || row == 0 || column == 0) return false;
        if (take(" s=\"") && (!number(most_rows, style) || style >= odd_styles.size() || odd_styles[style] != 0)) {
            return false;
        }
        const Cell place{row - 1, column - 1, 0, 0, Content::number};
        if (!take(" t=\"")) return value(place);
        if (take("n\"")) return value(place);
        if (take("s\"")) return value(place, Content::shared_text);
        if (take("inlineStr\"")) return inline_text(place);
        if (take("b\"")) return value(place, Content::boolean);
        return take("str\"") && value(place, Content::text);
    }

    // The rest of a tag that has no more attributes; whether that is all of the cell goes to `empty`.
    bool end_of_tag(bool& empty) {
        take(" ");
        empty = take("/>") || take("></c>");
        return empty || take(">");
    }

    bool value(Cell cell, Content content = Content::number) {
        cell.content = content;
        bool empty = false;
        return end_of_tag(empty) && (empty || (take("<v>") && keep(cell) && take("</v></c>")));
    }

    bool inline_text(Cell cell) {
        cell.content = Content::text;
        bool empty = false;
        if (!end_of_tag(empty) || empty) return empty;
        return take("<is><t") && (take(">") || take(" xml:space=\"preserve\">")) && keep(cell) && take("</t></is></c>");
    }

    // What stands up to the next tag is the cell's value, if it is plain for its kind.
    bool keep(Cell cell) {
        const std::size_t begin = at;
        if (cell.content == Content::text) {
            for (; at < xml.size() && xml[at] != '<'; ++at) {
                const auto c = static_cast<unsigned char>(xml[at]);
                if (c == '&') cell.content = Content::escaped_text;
                // a program may write what XML has no place for as _x000D_
                if ((c < ' ' && c != '\t' && c != '\n') || (c == '_' && xml.compare(at, 2, "_x") == 0)) return false;
            }
        } else {
            while (is_of_number(peek())) ++at;
            if (at == begin) return false;
        }
        if (at > std::numeric_limits<std::uint32_t>::max()) return false;
        cell.begin = static_cast<std::uint32_t>(begin);
        cell.end = static_cast<std::uint32_t>(at);
        if (at > begin) cells.push_back(cell);
        return true;
    }
};

}  // namespace

bool plain_cells(std::string_view xml, std::string_view odd_styles, std::vector<Cell>& cells) {
    constexpr std::string_view tag = "<sheetData";
    const std::size_t found = xml.find(tag);
    if (found == xml.npos) return false;
    // a comment might hold the tag; behind the first bytes, which may declare what follows, nothing needs one
    if (const std::string_view head = xml.substr(0, found);
        head.find("<!") != head.npos || head.find("<?", 4) != head.npos)
        return false;
    const std::size_t behind = found + tag.size();
    if (xml.compare(behind, 2, "/>") == 0) return true;
    if (xml.compare(behind, 1, ">") != 0) return false;
    return Scanner(xml, behind + 1, odd_styles, cells).rows();
}

}  // namespace glevel
