#include "vitrine/feature_store/attribution.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/sealed_token.h"

namespace vitrine {
namespace {

absl::Status ForeignAttribution() {
  return absl::InvalidArgumentError(
      "attribution_token is none that this store gave, or was damaged on its way: hand on the "
      "attribution_token of the answer as it came");
}

}  // namespace

std::optional<std::size_t> Attribution::PositionOf(ItemIndex item) const {
  const auto found = std::find(items.begin(), items.end(), item);
  if (found == items.end()) return std::nullopt;
  return first_position + static_cast<std::size_t>(found - items.begin());
}

std::string SealAttribution(const FeatureStore& store, const Attribution& attribution) {
  assert(attribution.propensities.empty() ||
         attribution.propensities.size() == attribution.items.size());
  ByteWriter writer;
  writer.Unsigned(static_cast<std::uint64_t>(TokenForm::kAttribution));
  writer.String(attribution.placement);
  writer.String(attribution.model_version);
  writer.Signed(attribution.time_us);
  writer.Unsigned(attribution.first_position);
  writer.Unsigned(attribution.items.size());
  for (const ItemIndex item : attribution.items) writer.Unsigned(Row(item));
  writer.Array(attribution.propensities);
  return SealToken(store, writer.Take());
}

absl::StatusOr<Attribution> ReadAttribution(const FeatureStore& store, std::string_view token) {
  const std::optional<std::string> bytes = OpenToken(store, TokenForm::kAttribution, token);
  if (!bytes.has_value()) return ForeignAttribution();
  ByteReader reader(*bytes);
  reader.Unsigned();  // The form.
  Attribution attribution{.placement = reader.String(), .model_version = reader.String()};
  attribution.time_us = reader.Signed();
  attribution.first_position = reader.Unsigned();
  attribution.items.resize(reader.Count());
  const std::size_t num_indices = store.catalogue().num_indices();
  for (ItemIndex& item : attribution.items) {
    const std::uint64_t row = reader.Unsigned();
    if (row >= num_indices) return ForeignAttribution();  // Later than a backup brought back.
    item = ItemIndex{static_cast<std::uint32_t>(row)};
  }
  attribution.propensities = reader.Array<float>();
  const std::size_t num_drawn = attribution.propensities.size();
  if (!reader.Finish("attribution_token").ok() ||
      (num_drawn > 0 && num_drawn != attribution.items.size())) {
    return ForeignAttribution();
  }
  return attribution;
}

}  // namespace vitrine
