#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/feature_store/parse_cell.h"

namespace vitrine::cli {

// "2.55" is 2550000: exact, at most six digits behind the point. No exponent, no separators.
std::optional<std::int64_t> ParseMicros(std::string_view text);

// "17850.0" is "17850": a whole number as a float column prints it. Other text stays as it is.
std::string WithoutFraction(std::string_view text);

// The names that ParseEventType knows.
std::vector<std::string> EventTypeNames();

}  // namespace vitrine::cli
