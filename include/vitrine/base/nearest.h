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

}  // namespace vitrine
