#include "scorers/sequential/saved_recency.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/strings/str_format.h"

namespace vitrine {

absl::Status CheckRecency(const RecencyWeights& weights, std::string_view what) {
  if (IsSound(weights)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s wants max_steps >= 1, step_decay in (0, 1] and half_life_days >= 0, got %d, %g and %g",
      what, weights.max_steps, weights.step_decay, weights.half_life_days));
}

void Write(const RecencyWeights& weights, ByteWriter& writer) {
  writer.Unsigned(weights.max_steps);
  writer.Float(weights.step_decay);
  writer.Float(weights.half_life_days);
}

RecencyWeights ReadRecency(ByteReader& reader) {
  RecencyWeights weights;
  weights.max_steps = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(reader.Unsigned(), std::numeric_limits<std::uint32_t>::max()));
  weights.step_decay = reader.Float();
  weights.half_life_days = reader.Float();
  return weights;
}

}  // namespace vitrine
