#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// Splits UTF-8 text into search terms: NFKC, case-folded; runs of letters and digits of spaced
// scripts are words, runs of Chinese, Japanese and Korean characters become overlapping pairs (a
// lone character stands for itself). Bytes that are not UTF-8 separate terms. Order is kept.
std::vector<std::string> Tokenize(std::string_view text);

// The path and its ancestors: "Home > Kitchen > Mugs" gives "Home", "Home > Kitchen" and itself,
// with blanks around ">" made one.
std::vector<std::string> CategoryPrefixes(std::string_view path);

}  // namespace vitrine
