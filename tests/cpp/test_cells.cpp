// The cells of changed worksheets, in buffers of their exact size, so that a sanitizer sees a step beyond them.
//
//   test_cells [cases [seed]]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cells.hpp"

namespace {

constexpr std::string_view whole =
    "<x><sheetData><row r=\"1\"><c r=\"A1\" s=\"1\" t=\"n\"><v>1.5</v></c><c r=\"B1\" t=\"inlineStr\"><is>"
    "<t xml:space=\"preserve\">a&amp;b</t></is></c><c r=\"C1\" t=\"s\"><v>3</v></c></row><row/><row r=\"9\"> "
    "<c r=\"XFD9\" t=\"str\"><v>u</v></c><c r=\"A9\"/></row></sheetData></x>";
constexpr std::string_view characters = "<>/\"&_x19 AZ";

std::string changed(std::mt19937& random) {
    std::string xml(whole);
    for (std::size_t n = random() % 4; n > 0 && !xml.empty(); --n) {
        const std::size_t at = random() % xml.size();
        switch (random() % 4) {
            case 0:
                xml[at] = characters[random() % characters.size()];
                break;
            case 1:
                xml.resize(at);
                break;
            case 2:
                xml.erase(at, random() % 9);
                break;
            default:
                xml.insert(at, whole.substr(random() % whole.size(), random() % 20));
        }
    }
    return xml;
}

}  // namespace

int main(int argc, char** argv) {
    const long cases = argc > 1 ? std::atol(argv[1]) : 200'000;
    std::mt19937 random(argc > 2 ? static_cast<unsigned>(std::atol(argv[2])) : 1U);
    const std::string_view styles("\0\0", 2);
    long plain = 0;
    for (long i = 0; i < cases; ++i) {
        const std::string xml = changed(random);
        const auto exact = std::make_unique<char[]>(xml.size());
        std::memcpy(exact.get(), xml.data(), xml.size());
        std::vector<glevel::Cell> cells;
        const bool is_plain = glevel::plain_cells({exact.get(), xml.size()}, styles, cells);
        plain += is_plain;
        for (const glevel::Cell& cell : cells) {
            if (cell.begin >= cell.end || cell.end > xml.size() || cell.row >= 1 << 20 || cell.column >= 1 << 14) {
                std::fprintf(stderr, "FAILED: a cell that is not there: %s\n", xml.c_str());
                return 1;
            }
        }
        if (is_plain && xml == whole && cells.size() != 4) {
            std::fprintf(stderr, "FAILED: %zu cells of 4\n", cells.size());
            return 1;
        }
    }
    if (plain < cases / 10 || plain == cases) {
        std::fprintf(stderr, "FAILED: %ld of %ld are plain\n", plain, cases);
        return 1;
    }
    std::printf("%ld changed worksheets, %ld of them plain\n", cases, plain);
}
