#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/draft.h"
#include "feature_store/put_codec.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

const char* NameOf(FeatureEntity entity) {
  return entity == FeatureEntity::kUser ? "users" : "items";
}

// Heaviest first, equal ones by name, as every reader may rely on.
FeatureValue InOrder(FeatureValue value) {
  if (auto* weights = std::get_if<WeightedNames>(&value)) {
    std::sort(weights->begin(), weights->end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
  }
  return value;
}

}  // namespace

absl::StatusOr<WriteResult> Draft::Decide(const PutFeatures& mutation) {
  NewSpecs own;
  VITRINE_RETURN_IF_ERROR(CheckDefinitions(mutation, own));
  for (const PutFeatures::Value& value : mutation.values) {
    VITRINE_RETURN_IF_ERROR(CheckValue(value, own));
  }
  // Nothing can be refused from here on.
  for (const FeatureSpec& definition : mutation.definitions) Define(definition);
  WriteResult result;
  for (const PutFeatures::Value& value : mutation.values) Put(value, result);
  return result;
}

absl::Status Draft::CheckDefinitions(const PutFeatures& mutation, NewSpecs& own) const {
  std::size_t num_features = put_specs().specs.size();
  for (const FeatureSpec& definition : mutation.definitions) {
    const auto [entry, is_first] = own.emplace(definition.name, &definition);
    const FeatureSpec* known = put_specs().Find(definition.name);
    if (is_first && known == nullptr) ++num_features;
    if (known == nullptr) known = entry->second;
    if (known->entity != definition.entity || known->type != definition.type) {
      return RefusedBecause(
          kReasonFeatureType,
          absl::StrFormat("the feature %s is there with another type or for %s: these two are for "
                          "good; define one of another name",
                          definition.name, NameOf(known->entity)));
    }
  }
  if (num_features <= kMaxPutFeatures) return absl::OkStatus();
  return RefusedBecause(kReasonFeatureCount,
                        absl::StrFormat("%d features would be defined, a store takes %d",
                                        num_features, kMaxPutFeatures));
}

absl::Status Draft::CheckValue(const PutFeatures::Value& value, const NewSpecs& own) const {
  if (value.entity == FeatureEntity::kUser && IsErased(ShopperKind::kUser, value.id)) {
    return ErasedError();
  }
  const auto found = own.find(value.name);
  const FeatureSpec* spec = found != own.end() ? found->second : put_specs().Find(value.name);
  if (spec == nullptr || spec->entity != value.entity) {
    return RefusedBecause(kReasonFeatureUnknown,
                          absl::StrFormat("no feature of %s that values can be put for is called "
                                          "%s: define it first, or in the same call",
                                          NameOf(value.entity), value.name));
  }
  const bool has_value = !std::holds_alternative<std::monostate>(value.value);
  if (!has_value || (spec->type == value.type && IsHeldAs(spec->type, value.value))) {
    return absl::OkStatus();
  }
  return RefusedBecause(
      kReasonFeatureType,
      absl::StrFormat("a value of the feature %s is of another type than the feature", value.name));
}

const PutFeatureSpecs& Draft::put_specs() const {
  // What the views have stays: only commits replace it.
  return put_specs_ != nullptr ? *put_specs_ : *base_.views.put_values().specs();
}

void Draft::Define(const FeatureSpec& definition) {
  FeatureSpec spec = definition;
  spec.window = kPutWindow;
  spec.missing = InOrder(std::move(spec.missing));
  const PutFeatureSpecs& known = put_specs();
  const auto found = known.index_of.find(spec.name);
  const bool is_new = found == known.index_of.end();
  const PutFeatureIndex index =
      is_new ? PutFeatureIndex{static_cast<std::uint32_t>(known.specs.size())} : found->second;
  const std::string bytes = EncodePutFeature(spec);
  if (!is_new && EncodePutFeature(*known.Find(spec.name)) == bytes) return;
  auto next = std::make_shared<PutFeatureSpecs>(known);
  next->Set(index, spec);
  put_specs_ = std::move(next);
  has_changed_ = true;
  batch_.Put(Table::kMeta, PutFeatureRow(index), bytes);
  // A binary that does not know these rows must not open the store: its erasures would leave them.
  batch_.Put(Table::kMeta, std::string(kFormatRow), EncodeStoreFormat(kPutFormat));
  changes_.puts.definitions.emplace_back(index, std::move(spec));
}

void Draft::Put(const PutFeatures::Value& value, WriteResult& result) {
  const bool is_user = value.entity == FeatureEntity::kUser;
  const bool is_taken_back = std::holds_alternative<std::monostate>(value.value);
  if (is_taken_back && !(is_user ? FindShopper(ShopperKind::kUser, value.id).has_value()
                                 : FindItem(value.id).has_value())) {
    ++result.num_unknown;
    return;
  }
  const std::size_t row =
      is_user ? Row(FindOrAddShopper(ShopperKind::kUser, value.id)) : Row(FindOrAddItem(value.id));
  const PutKey key{.entity = value.entity,
                   .row = static_cast<std::uint32_t>(row),
                   .feature = put_specs().index_of.at(value.name)};
  const auto known = GetPut(key);
  const bool is_known = known.has_value() && known->StatusAt(now_) != FeatureStatus::kMissing;
  std::optional<PutValue> next;
  if (is_taken_back) {
    ++(is_known ? result.num_removed : result.num_unknown);
  } else {
    next = PutValue{.value = InOrder(value.value),
                    .time_us = value.time_us != 0 ? value.time_us : now_,
                    .ttl_us = value.ttl_us};
    if (is_known && known->time_us > next->time_us) {
      ++result.num_outdated;
      return;
    }
    ++result.num_changed;
  }
  if (next == known) return;
  std::string row_key = PutValueRow(key);
  has_changed_ = true;
  if (next.has_value()) {
    batch_.Put(Table::kMeta, row_key, EncodePutValue(*next));
  } else {
    batch_.Delete(Table::kMeta, row_key);
  }
  changes_.puts.values.emplace_back(key, next);
  puts_[std::move(row_key)] = std::move(next);
}

std::optional<PutValue> Draft::GetPut(const PutKey& key) const {
  const auto found = puts_.find(PutValueRow(key));
  return found != puts_.end() ? found->second : base_.views.put_values().Get(key);
}

}  // namespace vitrine
