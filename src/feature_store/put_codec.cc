#include "feature_store/put_codec.h"

#include "absl/strings/str_format.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kVersion = 1;  // Of both kinds of value.
constexpr std::string_view kFeatureWord = "put_feature/";
constexpr std::string_view kUserWord = "put_user/";
constexpr std::string_view kItemWord = "put_item/";
constexpr std::size_t kNumberBytes = 4;

std::string_view WordOf(FeatureEntity entity) {
  return entity == FeatureEntity::kUser ? kUserWord : kItemWord;
}

RowRange RowsBehind(std::string prefix) {
  // Behind the prefix come at most two numbers: this is above the highest.
  return {.from = prefix, .to = prefix + std::string(2 * kNumberBytes + 1, '\xFF')};
}

absl::Status CheckVersion(ByteReader& reader, std::string_view what) {
  const std::uint64_t version = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  if (version == kVersion) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged or of a newer version: %d, this binary knows %d", what, version, kVersion));
}

struct WriteValue {
  ByteWriter& writer;
  void operator()(std::monostate) const {}
  void operator()(std::int64_t value) const { writer.Signed(value); }
  void operator()(double value) const { writer.Double(value); }
  void operator()(const std::string& value) const { writer.String(value); }
  void operator()(const WeightedNames& value) const {
    writer.Unsigned(value.size());
    for (const auto& [name, weight] : value) {
      writer.String(name);
      writer.Double(weight);
    }
  }
};

void Write(ByteWriter& writer, const FeatureValue& value) {
  writer.Unsigned(value.index());
  std::visit(WriteValue{writer}, value);
}

FeatureValue ReadValue(ByteReader& reader) {
  switch (reader.Unsigned()) {
    case 1:
      return reader.Signed();
    case 2:
      return reader.Double();
    case 3:
      return reader.String();
    case 4: {
      WeightedNames names(reader.Count(9));
      for (auto& [name, weight] : names) {
        name = reader.String();
        weight = reader.Double();
      }
      return names;
    }
    default:
      return std::monostate();
  }
}

}  // namespace

RowRange PutFeatureRows() { return RowsBehind(std::string(kFeatureWord)); }

RowRange PutValueRows(FeatureEntity entity) { return RowsBehind(std::string(WordOf(entity))); }

RowRange PutValueRows(FeatureEntity entity, std::uint32_t row) {
  return RowsBehind(std::string(WordOf(entity)) + IndexKey(row));
}

std::string PutFeatureRow(PutFeatureIndex index) {
  return std::string(kFeatureWord) + IndexKey(static_cast<std::uint32_t>(index));
}

std::string PutValueRow(const PutKey& key) {
  return std::string(WordOf(key.entity)) + IndexKey(key.row) +
         IndexKey(static_cast<std::uint32_t>(key.feature));
}

std::optional<PutFeatureIndex> ParsePutFeatureRow(std::string_view key) {
  if (key.size() != kFeatureWord.size() + kNumberBytes) return std::nullopt;
  return PutFeatureIndex{ParseIndexKey(key.substr(kFeatureWord.size()))};
}

std::optional<PutKey> ParsePutValueRow(FeatureEntity entity, std::string_view key) {
  const std::size_t word = WordOf(entity).size();
  if (key.size() != word + 2 * kNumberBytes) return std::nullopt;
  return PutKey{.entity = entity,
                .row = ParseIndexKey(key.substr(word, kNumberBytes)),
                .feature = PutFeatureIndex{ParseIndexKey(key.substr(word + kNumberBytes))}};
}

std::string EncodePutFeature(const FeatureSpec& spec) {
  ByteWriter writer;
  writer.Unsigned(kVersion);
  writer.String(spec.name);
  writer.Unsigned(static_cast<std::uint64_t>(spec.entity));
  writer.Unsigned(static_cast<std::uint64_t>(spec.type));
  writer.String(spec.unit);
  Write(writer, spec.missing);
  writer.String(spec.owner);
  writer.String(spec.description);
  return writer.Take();
}

absl::StatusOr<FeatureSpec> DecodePutFeature(std::string_view bytes) {
  ByteReader reader(bytes);
  VITRINE_RETURN_IF_ERROR(CheckVersion(reader, "a feature"));
  FeatureSpec spec{.name = reader.String()};
  spec.entity = static_cast<FeatureEntity>(reader.Unsigned());
  spec.type = static_cast<FeatureType>(reader.Unsigned());
  spec.unit = reader.String();
  spec.window = kPutWindow;
  spec.missing = ReadValue(reader);
  spec.owner = reader.String();
  spec.description = reader.String();
  VITRINE_RETURN_IF_ERROR(reader.Finish("a feature"));
  if (spec.entity < FeatureEntity::kUser || spec.entity > FeatureEntity::kItem ||
      spec.type < FeatureType::kInteger || spec.type > FeatureType::kWeights ||
      !IsHeldAs(spec.type, spec.missing)) {
    return absl::DataLossError(absl::StrFormat("the feature %s is damaged", spec.name));
  }
  return spec;
}

std::string EncodePutValue(const PutValue& value) {
  ByteWriter writer;
  writer.Unsigned(kVersion);
  Write(writer, value.value);
  writer.Signed(value.time_us);
  writer.Signed(value.ttl_us);
  return writer.Take();
}

absl::StatusOr<PutValue> DecodePutValue(std::string_view bytes) {
  ByteReader reader(bytes);
  VITRINE_RETURN_IF_ERROR(CheckVersion(reader, "a feature's value"));
  PutValue value{.value = ReadValue(reader)};
  value.time_us = reader.Signed();
  value.ttl_us = reader.Signed();
  VITRINE_RETURN_IF_ERROR(reader.Finish("a feature's value"));
  return value;
}

}  // namespace vitrine
