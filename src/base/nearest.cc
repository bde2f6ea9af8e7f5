#include "vitrine/base/nearest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> NearestNames(std::string_view word, std::span<const std::string> names,
                                      std::size_t count) {
  const std::size_t most = std::max<std::size_t>(2, word.size() / 3);
  std::vector<std::pair<std::size_t, const std::string*>> near;
  for (const std::string& name : names) {
    // So many edits at least; `word` may be of any length.
    if (word.size() > name.size() + most || name.size() > word.size() + most) continue;
    const std::size_t edits = EditDistance(word, name);
    if (edits <= most) near.emplace_back(edits, &name);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> nearest;
  for (std::size_t i = 0; i < std::min(near.size(), count); ++i) nearest.push_back(*near[i].second);
  return nearest;
}

std::string Nearest(std::string_view word, std::span<const std::string> names) {
  const std::vector<std::string> nearest = NearestNames(word, names, 1);
  return nearest.empty() ? "" : nearest[0];
}

std::string Allowed(std::string_view word, std::span<const std::string> names) {
  std::string text;
  const std::string nearest = Nearest(word, names);
  if (!nearest.empty()) text = absl::StrFormat("did you mean %s? ", nearest);
  text += "Allowed: ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  return text;
}

}  // namespace vitrine
