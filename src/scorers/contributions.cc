#include "scorers/contributions.h"

#include <algorithm>
#include <cmath>

namespace vitrine {

std::vector<Contribution> InOrder(std::vector<Contribution> contributions) {
  std::erase_if(contributions, [](const Contribution& part) { return part.value == 0; });
  std::sort(contributions.begin(), contributions.end(),
            [](const Contribution& a, const Contribution& b) {
              const float size_a = std::abs(a.value);
              const float size_b = std::abs(b.value);
              if (size_a != size_b) return size_a > size_b;
              return a.item != b.item ? a.item < b.item : a.feature < b.feature;
            });
  return contributions;
}

}  // namespace vitrine
