#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "feature_store/put_values.h"

namespace vitrine {

// The rows of Table::kMeta that hold what the shop put, byte for byte as docs/formats/store.md has
// them. Keys are numbers behind a word; personal data are in values alone.

// The range of rows of all definitions, of all values of one kind, of one user or item.
struct RowRange {
  std::string from{};
  std::string to{};  // Exclusive.
};
RowRange PutFeatureRows();
RowRange PutValueRows(FeatureEntity entity);
RowRange PutValueRows(FeatureEntity entity, std::uint32_t row);

std::string PutFeatureRow(PutFeatureIndex index);
std::string PutValueRow(const PutKey& key);

// The key of a row in the range; nothing when it has another form.
std::optional<PutFeatureIndex> ParsePutFeatureRow(std::string_view key);
std::optional<PutKey> ParsePutValueRow(FeatureEntity entity, std::string_view key);

// Decoding does not trust the bytes: DATA_LOSS when they make no sense.
std::string EncodePutFeature(const FeatureSpec& spec);
absl::StatusOr<FeatureSpec> DecodePutFeature(std::string_view bytes);
std::string EncodePutValue(const PutValue& value);
absl::StatusOr<PutValue> DecodePutValue(std::string_view bytes);

}  // namespace vitrine
