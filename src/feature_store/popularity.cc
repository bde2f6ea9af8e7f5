#include "feature_store/popularity.h"

#include <algorithm>
#include <limits>

namespace vitrine {

void Popularity::Add(ItemIndex item, Micros time_us, float weight) {
  if (weight == 0) return;
  if (Row(item) >= sums_.size()) sums_.resize(Row(item) + 1);
  sums_[Row(item)].Add(static_cast<double>(time_us) / half_life_us_, weight);
}

std::vector<float> Popularity::Values(std::size_t num_items) const {
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  for (const DecayedSum& sum : sums_) {
    if (sum.mantissa > 0) largest = std::max(largest, sum.exponent);
  }
  std::vector<float> values(num_items);
  for (std::size_t row = 0; row < std::min(num_items, sums_.size()); ++row) {
    const DecayedSum& sum = sums_[row];
    if (sum.mantissa > 0) {
      values[row] = static_cast<float>(Scaled(sum.mantissa, sum.exponent - largest));
    }
  }
  return values;
}

void Popularity::Write(ByteWriter& writer) const {
  writer.Unsigned(sums_.size());
  for (const DecayedSum& sum : sums_) sum.Write(writer);
}

void Popularity::Read(ByteReader& reader) {
  sums_.assign(reader.Count(9), DecayedSum());
  for (DecayedSum& sum : sums_) sum.Read(reader);
}

}  // namespace vitrine
