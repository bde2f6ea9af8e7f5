#include "training/co_occurrence.h"

#include <cstddef>

namespace vitrine {

void CoOccurrence::Compute(std::uint32_t item) {
  for (const std::uint32_t other : items_) products_[other] = 0;
  items_.clear();
  const auto users = by_item_.Columns(item);
  const auto user_weights = by_item_.Values(item);
  for (std::size_t u = 0; u < users.size(); ++u) {
    const auto others = by_user_.Columns(users[u]);
    const auto weights = by_user_.Values(users[u]);
    for (std::size_t i = 0; i < others.size(); ++i) {
      float& product = products_[others[i]];
      if (product == 0) items_.push_back(others[i]);
      product += user_weights[u] * weights[i];
    }
  }
}

}  // namespace vitrine
