#include "feature_store/popularity.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace vitrine {

void Popularity::Add(ItemIndex item, Micros time_us, float weight) {
  if (weight == 0) return;
  if (Row(item) >= sums_.size()) sums_.resize(Row(item) + 1);
  sums_[Row(item)].Add(static_cast<double>(time_us) / half_life_us_, weight);
}

std::vector<float> Popularity::Values(std::size_t num_items,
                                      const std::vector<bool>& is_hidden) const {
  const std::size_t num_sums = std::min(num_items, sums_.size());
  const auto counts = [&](std::size_t row) {
    return sums_[row].mantissa > 0 && (row >= is_hidden.size() || !is_hidden[row]);
  };
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  for (std::size_t row = 0; row < num_sums; ++row) {
    if (counts(row)) largest = std::max(largest, sums_[row].exponent);
  }
  std::vector<float> values(num_items);
  for (std::size_t row = 0; row < num_sums; ++row) {
    const DecayedSum& sum = sums_[row];
    if (counts(row)) {
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

void Demand::Write(ByteWriter& writer) const {
  lasting.Write(writer);
  recent.Write(writer);
}

void Demand::Read(ByteReader& reader) {
  lasting.Read(reader);
  recent.Read(reader);
}

std::vector<float> Trends(std::span<const float> recent, std::span<const float> lasting) {
  std::vector<float> trends(lasting.size(), 1);
  const double all_recent = std::accumulate(recent.begin(), recent.end(), 0.0);
  const double all_lasting = std::accumulate(lasting.begin(), lasting.end(), 0.0);
  if (!(all_recent > 0 && all_lasting > 0)) return trends;
  const double prior = 1 / static_cast<double>(std::count_if(lasting.begin(), lasting.end(),
                                                             [](float sum) { return sum > 0; }));
  for (std::size_t i = 0; i < trends.size(); ++i) {
    const double share_of_recent = static_cast<double>(recent[i]) / all_recent;
    const double share_of_lasting = static_cast<double>(lasting[i]) / all_lasting;
    trends[i] = static_cast<float>((share_of_recent + prior) / (share_of_lasting + prior));
  }
  return trends;
}

}  // namespace vitrine
