#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// The entries of `names` with the fewest edits (Levenshtein) to `word`, at most `count`, the
// nearest first and equal ones in their order; none that is too far to have been meant: more than
// two edits, and more than a third of the word.
std::vector<std::string> NearestNames(std::string_view word, std::span<const std::string> names,
                                      std::size_t count);

// The first of them; empty when there is none.
std::string Nearest(std::string_view word, std::span<const std::string> names);

// What to tell someone who wrote `word` where one of `names` was wanted: "did you mean x? Allowed:
// x, y, z".
std::string Allowed(std::string_view word, std::span<const std::string> names);

}  // namespace vitrine
