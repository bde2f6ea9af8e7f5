#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine::simulate {

// Where a product or a taste lies in the made-up shop: what goes well together is close.
inline constexpr std::size_t kNumDimensions = 8;
using Vector = std::array<double, kNumDimensions>;

double Dot(const Vector& a, const Vector& b);
void AddScaled(Vector& sum, double factor, const Vector& vector);
Vector Normalised(const Vector& vector);
Vector RandomDirection(Random& random);  // Of length 1, every direction as likely.

// Draws an index with a chance in proportion to its weight, in constant time (Walker's alias
// method, in Vose's form, 1991). Immutable, thread-safe.
class WeightedChoice {
 public:
  // REQUIRES: weights are finite and not negative, one is positive.
  explicit WeightedChoice(const std::vector<double>& weights);
  std::size_t Draw(Random& random) const;

 private:
  std::vector<double> threshold_;   // Chance to stay in the column drawn.
  std::vector<std::size_t> other_;  // Where to go otherwise.
};

// The same once, for weights used only once: an index drawn by one pass over them.
// REQUIRES: as above
std::size_t DrawWeighted(const std::vector<double>& weights, Random& random);

}  // namespace vitrine::simulate
