#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vitrine {

// The entry of `names` with the fewest edits to `word`; empty when none is near enough to have been
// meant.
std::string Nearest(std::string_view word, std::span<const std::string> names);

// What to tell someone who wrote `word` where one of `names` was wanted: "did you mean x? Allowed:
// x, y, z".
std::string Allowed(std::string_view word, std::span<const std::string> names);

}  // namespace vitrine
