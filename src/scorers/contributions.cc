#include "scorers/contributions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace vitrine {

std::vector<Contribution> InOrder(std::vector<Contribution> contributions) {
  // Sorts places, not contributions: those carry texts, and moving them is what would cost.
  std::vector<std::pair<float, std::uint32_t>> places;
  places.reserve(contributions.size());
  for (std::size_t i = 0; i < contributions.size(); ++i) {
    const float size = std::abs(contributions[i].value);
    if (size != 0) places.emplace_back(size, static_cast<std::uint32_t>(i));
  }
  std::sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first > b.first;
    const Contribution& first = contributions[a.second];
    const Contribution& second = contributions[b.second];
    return first.item != second.item ? first.item < second.item : first.feature < second.feature;
  });

  std::vector<Contribution> ordered;
  ordered.reserve(places.size());
  for (const auto& [size, place] : places) ordered.push_back(std::move(contributions[place]));
  return ordered;
}

}  // namespace vitrine
