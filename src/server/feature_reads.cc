#include "server/feature_reads.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/convert_feature.h"
#include "server/status.h"
#include "server/wire.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr CountLimits kNames = {.minimum = 0, .maximum = 1'000};
constexpr CountLimits kBatch = {.minimum = 1, .maximum = 1'000};
constexpr std::size_t kMaxBatchFeatures = 50'000;  // Of all entries of one answer: about 3 MB.
constexpr std::size_t kDefaultPageSize = 100;
constexpr std::size_t kMaxPageSize = 1'000;
constexpr std::size_t kNumNearest = 3;

// Which features a request asks for, of what they are. Keeps the registry that it was checked by.
class Question {
 public:
  template <typename Request>
  static absl::StatusOr<Question> Make(const FeatureStore& store, FeatureEntity entity,
                                       const Request& request,
                                       std::vector<FieldViolation> violations);

  std::span<const std::string> names() const { return names_; }

  template <typename Messages>
  void Set(const std::vector<Feature>& features, Messages& messages) const {
    messages.Reserve(static_cast<int>(features.size()));
    for (std::size_t i = 0; i < features.size(); ++i) {
      SetFeature(features[i], types_[i], *messages.Add());
    }
  }

 private:
  std::vector<std::string> names_;
  std::vector<FeatureType> types_;  // [names]
};

absl::Status CheckReached(const FeatureStore& store, std::uint64_t min_sequence) {
  const std::uint64_t sequence = store.sequence();
  if (sequence >= min_sequence) return absl::OkStatus();
  return WithReason(
      absl::FailedPreconditionError(absl::StrFormat(
          "min_consistency_token names state %d, the store is at %d: the token is another store's",
          min_sequence, sequence)),
      "STATE_NOT_REACHED");
}

// `violations`: what the caller has found wrong already.
template <typename Request>
absl::StatusOr<Question> Question::Make(const FeatureStore& store, FeatureEntity entity,
                                        const Request& request,
                                        std::vector<FieldViolation> violations) {
  const auto registry = store.feature_registry();
  Question question;
  CheckCount("feature_names", request.feature_names_size(), kNames, violations);
  const auto token = ParseConsistencyToken(request.min_consistency_token());
  if (!token) violations.push_back({.field = "min_consistency_token", .description = kBadToken});
  if (request.feature_names().empty()) {
    question.names_ = registry->NamesOf(entity);
  } else {
    question.names_.assign(request.feature_names().begin(), request.feature_names().end());
  }
  for (std::size_t i = 0; i < std::min(question.names_.size(), kNames.maximum); ++i) {
    const std::string& name = question.names_[i];
    const FeatureSpec* spec = registry->Find(name);
    if (spec == nullptr || spec->entity != entity) {
      violations.push_back({.field = absl::StrFormat("feature_names[%d]", i),
                            .description = NoSuchFeature(*registry, entity, name)});
      continue;
    }
    question.types_.push_back(spec->type);
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  VITRINE_RETURN_IF_ERROR(CheckReached(store, *token));
  return question;
}

absl::Status CheckSize(const std::string& field, std::size_t count, std::size_t num_names) {
  if (count * num_names <= kMaxBatchFeatures) return absl::OkStatus();
  return BadField(field, absl::StrFormat("has %d entries, times %d features; must be %d values at "
                                         "most: ask for fewer at once",
                                         count, num_names, kMaxBatchFeatures));
}

void CheckShopper(const std::string& prefix, const std::string& user_id,
                  const std::string& visitor_id, std::vector<FieldViolation>& violations) {
  if (!user_id.empty() || !visitor_id.empty()) return;
  violations.push_back({.field = prefix + "user_id",
                        .description = "neither user_id nor visitor_id is set; give one or both"});
}

}  // namespace

std::string NoSuchFeature(const FeatureRegistry& registry, FeatureEntity entity,
                          const std::string& name) {
  const char* const kind = entity == FeatureEntity::kUser ? "users" : "items";
  const std::vector<std::string> nearest =
      NearestNames(name, registry.NamesOf(entity), kNumNearest);
  if (nearest.empty()) {
    return absl::StrFormat("\"%s\" is no feature of %s; ListFeatures names them all", name, kind);
  }
  return absl::StrFormat("\"%s\" is no feature of %s; the nearest are %s", name, kind,
                         absl::StrJoin(nearest, ", "));
}

absl::Status ListFeatures(const FeatureStore& store, const v1::ListFeaturesRequest& request,
                          v1::ListFeaturesResponse& response) {
  std::vector<FieldViolation> violations;
  const auto first = ParsePageToken(request.page_token());
  if (!first) violations.push_back({.field = "page_token", .description = kBadToken});
  const auto size = static_cast<std::size_t>(request.page_size());  // Huge when negative.
  if (size > kMaxPageSize) {
    violations.push_back(
        {.field = "page_size",
         .description = absl::StrFormat("is %d; must be 1 to %d, or 0 for %d", request.page_size(),
                                        kMaxPageSize, kDefaultPageSize)});
  }
  if (!v1::FeatureEntity_IsValid(request.entity())) {
    violations.push_back(
        {.field = "entity",
         .description = absl::StrFormat("%d is none of its values", request.entity())});
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  const auto registry = store.feature_registry();
  const std::vector<FeatureSpec>& specs = registry->specs();
  const auto page_size = static_cast<int>(size == 0 ? kDefaultPageSize : size);
  // Places in the registry, which only grows at its end, so that a token stays valid.
  for (std::size_t row = *first; row < specs.size(); ++row) {
    const bool is_wanted =
        request.entity() == v1::FEATURE_ENTITY_UNSPECIFIED ||
        static_cast<int>(request.entity()) == static_cast<int>(specs[row].entity);
    if (!is_wanted) continue;
    if (response.features_size() == page_size) {
      response.set_next_page_token(PageToken(row));
      break;
    }
    *response.add_features() = ToProto(specs[row]);
  }
  return absl::OkStatus();
}

absl::Status GetUserFeatures(const FeatureStore& store, Micros now,
                             const v1::GetUserFeaturesRequest& request,
                             v1::GetUserFeaturesResponse& response) {
  std::vector<FieldViolation> violations;
  CheckShopper("", request.user_id(), request.visitor_id(), violations);
  VITRINE_ASSIGN_OR_RETURN(const Question question, Question::Make(store, FeatureEntity::kUser,
                                                                   request, std::move(violations)));
  question.Set(
      store.ReadUserFeatures(request.user_id(), request.visitor_id(), question.names(), now),
      *response.mutable_features());
  return absl::OkStatus();
}

absl::Status GetItemFeatures(const FeatureStore& store, Micros now,
                             const v1::GetItemFeaturesRequest& request,
                             v1::GetItemFeaturesResponse& response) {
  std::vector<FieldViolation> violations;
  if (request.item_id().empty()) {
    violations.push_back({.field = "item_id", .description = "is empty; must name an item"});
  }
  VITRINE_ASSIGN_OR_RETURN(const Question question, Question::Make(store, FeatureEntity::kItem,
                                                                   request, std::move(violations)));
  question.Set(store.ReadItemFeatures(request.item_id(), question.names(), now),
               *response.mutable_features());
  return absl::OkStatus();
}

absl::Status BatchGetUserFeatures(const FeatureStore& store, Micros now,
                                  const v1::BatchGetUserFeaturesRequest& request,
                                  v1::BatchGetUserFeaturesResponse& response) {
  std::vector<FieldViolation> violations;
  CheckCount("shoppers", request.shoppers_size(), kBatch, violations);
  for (int i = 0; i < request.shoppers_size() && violations.size() < kBatch.maximum; ++i) {
    const auto& shopper = request.shoppers(i);
    CheckShopper(absl::StrFormat("shoppers[%d].", i), shopper.user_id(), shopper.visitor_id(),
                 violations);
  }
  VITRINE_ASSIGN_OR_RETURN(const Question question, Question::Make(store, FeatureEntity::kUser,
                                                                   request, std::move(violations)));
  VITRINE_RETURN_IF_ERROR(CheckSize("shoppers", static_cast<std::size_t>(request.shoppers_size()),
                                    question.names().size()));
  for (const auto& shopper : request.shoppers()) {
    auto& entry = *response.add_entries();
    entry.set_user_id(shopper.user_id());
    entry.set_visitor_id(shopper.visitor_id());
    question.Set(
        store.ReadUserFeatures(shopper.user_id(), shopper.visitor_id(), question.names(), now),
        *entry.mutable_features());
  }
  return absl::OkStatus();
}

absl::Status BatchGetItemFeatures(const FeatureStore& store, Micros now,
                                  const v1::BatchGetItemFeaturesRequest& request,
                                  v1::BatchGetItemFeaturesResponse& response) {
  std::vector<FieldViolation> violations;
  CheckCount("item_ids", request.item_ids_size(), kBatch, violations);
  for (int i = 0; i < request.item_ids_size() && violations.size() < kBatch.maximum; ++i) {
    if (!request.item_ids(i).empty()) continue;
    violations.push_back({.field = absl::StrFormat("item_ids[%d]", i), .description = "is empty"});
  }
  VITRINE_ASSIGN_OR_RETURN(const Question question, Question::Make(store, FeatureEntity::kItem,
                                                                   request, std::move(violations)));
  VITRINE_RETURN_IF_ERROR(CheckSize("item_ids", static_cast<std::size_t>(request.item_ids_size()),
                                    question.names().size()));
  for (const std::string& id : request.item_ids()) {
    auto& entry = *response.add_entries();
    entry.set_item_id(id);
    question.Set(store.ReadItemFeatures(id, question.names(), now), *entry.mutable_features());
  }
  return absl::OkStatus();
}

}  // namespace vitrine
