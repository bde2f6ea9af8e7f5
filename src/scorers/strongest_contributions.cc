#include <cassert>
#include <cmath>

#include "vitrine/scorers/scorer.h"

namespace vitrine {

bool IsStronger(const Contribution& a, const Contribution& b) {
  const float size_a = std::abs(a.value);
  const float size_b = std::abs(b.value);
  if (size_a != size_b) return size_a > size_b;
  return a.item != b.item ? a.item < b.item : a.feature < b.feature;
}

StrongestContributions::StrongestContributions(std::span<const Contribution> strongest, double sum,
                                               double size)
    : sum_(sum), size_(size) {
  assert(strongest.size() <= kMost);
  for (const Contribution& each : strongest) Insert(each);
}

void StrongestContributions::Insert(const Contribution& contribution) {
  if (count_ < kMost) {
    strongest_[count_++] = contribution;
  } else if (IsStronger(contribution, strongest_[weakest_])) {
    strongest_[weakest_] = contribution;
  } else {
    return;
  }
  if (count_ < kMost) return;
  weakest_ = 0;
  for (std::size_t i = 1; i < kMost; ++i) {
    if (IsStronger(strongest_[weakest_], strongest_[i])) weakest_ = i;
  }
  least_ = std::abs(strongest_[weakest_].value);
}

std::vector<StrongestContributions> Explainer::ExplainStrongest(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<StrongestContributions> explained(items.size());
  const std::vector<std::vector<Contribution>> all = ExplainAll(query, items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const Contribution& each : all[i]) explained[i].Add(each);
  }
  return explained;
}

}  // namespace vitrine
