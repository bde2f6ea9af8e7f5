#include "server/convert_query.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "server/status.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/item_filter.h"
#include "vitrine/server/convert.h"
#include "vitrine/server/convert_controls.h"

namespace vitrine {
namespace {

constexpr std::size_t kDefaultPageSize = 20;
constexpr std::size_t kMaxPlacementBytes = 256;
constexpr CountLimits kContextItems = {.minimum = 0, .maximum = 100};
constexpr CountLimits kExcludedItems = {.minimum = 0, .maximum = 1'000};
constexpr CountLimits kCategories = {.minimum = 0, .maximum = 20};
constexpr CountLimits kRows = {.minimum = 1, .maximum = kMaxRows};
constexpr CountLimits kRankedItems = {.minimum = 1, .maximum = 1'000};

using Ids = google::protobuf::RepeatedPtrField<std::string>;

// Reads the fields that requests share, and collects what is wrong with all of them.
class Reader {
 public:
  // `prefix`: the field that the message read is in, with its dot.
  explicit Reader(std::string prefix = "") : prefix_(std::move(prefix)) {}

  void Require(const std::string& field, const std::string& value) {
    if (value.empty()) Fail(field, "is empty; must name an item");
  }

  // The limit of ids: a token carries it.
  std::string Placement(const std::string& name) {
    if (name.size() > kMaxPlacementBytes) {
      Fail("placement", absl::StrFormat("has %d bytes; at most %d are allowed", name.size(),
                                        kMaxPlacementBytes));
    }
    return name;
  }

  std::vector<std::string> List(const std::string& field, const Ids& values, CountLimits limits) {
    CheckCount(prefix_ + field, values.size(), limits, violations_);
    return {values.begin(), values.end()};
  }

  std::vector<std::string> DistinctList(const std::string& field, const Ids& values,
                                        CountLimits limits) {
    const int count = std::min(values.size(), static_cast<int>(limits.maximum));
    absl::flat_hash_set<std::string_view> seen(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      if (!seen.insert(values[i]).second) {
        Fail(absl::StrFormat("%s[%d]", field, i),
             absl::StrFormat("\"%s\" is in the list already", values[i]));
      }
    }
    return List(field, values, limits);
  }

  // `standard`: what 0 stands for.
  std::size_t Page(std::int32_t page_size, std::size_t standard) {
    if (page_size == 0) return standard;
    if (page_size < 0 || static_cast<std::size_t>(page_size) > kMaxListPage) {
      Fail("page_size", absl::StrFormat("is %d; must be 1 to %d, or 0 for the usual number",
                                        page_size, kMaxListPage));
      return standard;
    }
    return static_cast<std::size_t>(page_size);
  }

  ExplanationLevel Explanation(v1::ExplanationLevel level, ExplanationLevel standard) {
    switch (level) {
      case v1::EXPLANATION_LEVEL_UNSPECIFIED:
        return standard;
      case v1::EXPLANATION_LEVEL_NONE:
        return ExplanationLevel::kNone;
      case v1::EXPLANATION_LEVEL_REASONS:
        return ExplanationLevel::kReasons;
      case v1::EXPLANATION_LEVEL_CONTRIBUTIONS:
        return ExplanationLevel::kContributions;
      default:
        Fail("explanation_level", absl::StrFormat("%d is none of its values", level));
        return standard;
    }
  }

  std::optional<SeenPolicy> Seen(v1::SeenItemsPolicy policy) {
    return ReadSeenPolicy(policy, prefix_, violations_);
  }

  ListControls Controls(const v1::RecommendItemsRequest& message) {
    return ReadControls(message, prefix_, violations_);
  }

  // What the caller reads of the answer, checked here since the engine never hears of it.
  void View(v1::ItemView view) {
    if (!v1::ItemView_IsValid(view)) {
      Fail("view", absl::StrFormat("%d is none of its values", view));
    }
  }

  // Read here for what is wrong with it alone; the engine remembers what it compiled.
  std::string Filter(const std::string& filter) {
    if (filter.empty()) return filter;
    const auto parsed = ParseFilter(filter);
    if (!parsed.ok()) Fail("filter", std::string(parsed.status().message()));
    return filter;
  }

  std::uint64_t Token(const std::string& token) {
    const auto sequence = ParseConsistencyToken(token);
    if (!sequence) Fail("min_consistency_token", kBadToken);
    return sequence.value_or(0);
  }

  template <typename Request>
  absl::StatusOr<Request> Finish(Request request) {
    if (!violations_.empty()) return BadRequestStatus(violations_);
    return request;
  }

  // What is wrong with one part of a request, for Finish of the whole.
  void AddTo(std::vector<FieldViolation>& violations) const {
    violations.insert(violations.end(), violations_.begin(), violations_.end());
  }

 private:
  void Fail(const std::string& field, const std::string& description) {
    violations_.push_back({.field = prefix_ + field, .description = description});
  }

  const std::string prefix_;
  std::vector<FieldViolation> violations_;
};

// In place, since a message that is moved into another one's memory is copied.
void Set(const Reason& reason, v1::Reason& message) {
  // The engine's kinds start at 0, where the wire's has UNSPECIFIED.
  message.set_kind(static_cast<v1::Reason::Kind>(static_cast<int>(reason.kind) + 1));
  message.set_item_id(reason.item_id);
  message.set_text(reason.text);
}

void Set(const ScorePart& part, v1::Contribution& message) {
  message.set_scorer(part.model);
  message.set_item_id(part.item_id);
  message.set_feature(part.feature);
  message.set_value(part.value);
}

static_assert(static_cast<int>(Reason::Kind::kBecauseYouBought) + 1 ==
              v1::Reason::KIND_BECAUSE_YOU_BOUGHT);
static_assert(static_cast<int>(Reason::Kind::kSimilarTo) + 1 == v1::Reason::KIND_SIMILAR_TO);
static_assert(static_cast<int>(Reason::Kind::kPromoted) + 1 == v1::Reason::KIND_PROMOTED);

void Set(const RecommendedItem& item, v1::ItemView view, v1::RecommendedItem& message) {
  message.set_item_id(item.item_id);
  message.set_score(std::isfinite(item.score) ? item.score : 0);  // JSON has no infinity.
  message.set_known(item.is_known);
  message.set_backfill(item.is_backfill);
  message.set_propensity(item.propensity);
  for (const Reason& reason : item.reasons) Set(reason, *message.add_reasons());
  for (const ScorePart& part : item.contributions) Set(part, *message.add_contributions());
  if (view == v1::ITEM_VIEW_FULL && item.item != nullptr) {
    *message.mutable_item() = ToProto(*item.item);
  }
}

void Set(const Trace& trace, v1::Trace& message) {
  for (const Trace::Stage& stage : trace.stages) {
    v1::Trace::Stage& added = *message.add_stages();
    added.set_name(stage.name);
    added.set_count(static_cast<std::int64_t>(stage.count));
    added.set_micros(stage.micros);
  }
  for (const Trace::Drop& drop : trace.drops) {
    v1::Trace::Drop& added = *message.add_drops();
    added.set_reason(drop.reason);
    added.set_count(static_cast<std::int64_t>(drop.count));
  }
}

static_assert(static_cast<int>(ItemOutcome::kUnknown) + 1 ==
              v1::ExplainRecommendationResponse::OUTCOME_UNKNOWN);
static_assert(static_cast<int>(ItemOutcome::kExcluded) + 1 ==
              v1::ExplainRecommendationResponse::OUTCOME_EXCLUDED);
static_assert(static_cast<int>(ItemOutcome::kRankedLower) + 1 ==
              v1::ExplainRecommendationResponse::OUTCOME_RANKED_LOWER);

RecommendRequest Read(const v1::RecommendItemsRequest& message, Reader& read) {
  read.View(message.view());
  return RecommendRequest{
      .user_id = message.user_id(),
      .visitor_id = message.visitor_id(),
      .placement = read.Placement(message.placement()),
      .context_item_ids = read.List("context_item_ids", message.context_item_ids(), kContextItems),
      .cart_item_ids = read.List("cart_item_ids", message.cart_item_ids(), kContextItems),
      .exclude_item_ids = read.List("exclude_item_ids", message.exclude_item_ids(), kExcludedItems),
      .categories = read.List("categories", message.categories(), kCategories),
      .filter = read.Filter(message.filter()),
      .page_size = read.Page(message.page_size(), 0),
      .seen = read.Seen(message.seen_items_policy()),
      .explanation = read.Explanation(message.explanation_level(), ExplanationLevel::kReasons),
      .min_sequence = read.Token(message.min_consistency_token()),
      .controls = read.Controls(message),
      .page_token = message.page_token(),
      .wants_trace = message.include_trace()};
}

}  // namespace

absl::StatusOr<RecommendRequest> FromProto(const v1::RecommendItemsRequest& message) {
  Reader read;
  RecommendRequest request = Read(message, read);
  return read.Finish(std::move(request));
}

absl::StatusOr<std::vector<RecommendRequest>> FromProto(
    const v1::BatchRecommendItemsRequest& message) {
  std::vector<FieldViolation> violations;
  CheckCount("rows", message.rows_size(), kRows, violations);
  if (!violations.empty()) return BadRequestStatus(violations);
  std::vector<RecommendRequest> rows;
  for (int i = 0; i < message.rows_size(); ++i) {
    Reader read(absl::StrFormat("rows[%d].", i));
    rows.push_back(Read(message.rows(i), read));
    read.AddTo(violations);
  }
  if (!violations.empty()) return BadRequestStatus(violations);
  return rows;
}

absl::StatusOr<SimilarRequest> FromProto(const v1::SimilarItemsRequest& message) {
  Reader read;
  read.Require("item_id", message.item_id());
  read.View(message.view());
  return read.Finish(SimilarRequest{
      .item_id = message.item_id(),
      .user_id = message.user_id(),
      .visitor_id = message.visitor_id(),
      .exclude_item_ids = read.List("exclude_item_ids", message.exclude_item_ids(), kExcludedItems),
      .filter = read.Filter(message.filter()),
      .page_size = read.Page(message.page_size(), kDefaultPageSize),
      .explanation = read.Explanation(message.explanation_level(), ExplanationLevel::kReasons),
      .min_sequence = read.Token(message.min_consistency_token())});
}

absl::StatusOr<RankRequest> FromProto(const v1::RankItemsRequest& message) {
  Reader read;
  read.View(message.view());
  return read.Finish(RankRequest{
      .user_id = message.user_id(),
      .visitor_id = message.visitor_id(),
      .item_ids = read.DistinctList("item_ids", message.item_ids(), kRankedItems),
      .context_item_ids = read.List("context_item_ids", message.context_item_ids(), kContextItems),
      .cart_item_ids = read.List("cart_item_ids", message.cart_item_ids(), kContextItems),
      .explanation = read.Explanation(message.explanation_level(), ExplanationLevel::kNone),
      .min_sequence = read.Token(message.min_consistency_token())});
}

absl::StatusOr<ExplainItemRequest> FromProto(const v1::ExplainRecommendationRequest& message) {
  Reader read("request.");
  ExplainItemRequest asked{.request = Read(message.request(), read), .item_id = message.item_id()};
  Reader own;
  own.Require("item_id", message.item_id());
  std::vector<FieldViolation> violations;
  own.AddTo(violations);
  read.AddTo(violations);
  if (!violations.empty()) return BadRequestStatus(violations);
  return asked;
}

template <typename Response>
void SetReply(const RecommendReply& reply, v1::ItemView view, Response& response) {
  response.mutable_items()->Reserve(static_cast<int>(reply.items.size()));
  for (const RecommendedItem& item : reply.items) Set(item, view, *response.add_items());
  response.set_model_version(reply.model_version);
  for (const std::string& fallback : reply.fallbacks) response.add_fallbacks(fallback);
  response.set_consistency_token(ConsistencyToken(reply.sequence));
  if constexpr (std::is_same_v<Response, v1::RecommendItemsResponse>) {
    response.set_next_page_token(reply.next_page_token);
    response.set_placement(reply.placement);
    response.set_attribution_token(reply.attribution_token);
    if (reply.trace.has_value()) Set(*reply.trace, *response.mutable_trace());
  }
}

void SetReply(const std::vector<RecommendReply>& replies,
              const v1::BatchRecommendItemsRequest& request,
              v1::BatchRecommendItemsResponse& response) {
  for (std::size_t i = 0; i < replies.size(); ++i) {
    SetReply(replies[i], request.rows(static_cast<int>(i)).view(), *response.add_rows());
  }
}

void SetReply(const ExplainItemReply& reply, v1::ExplainRecommendationResponse& response) {
  // As of reasons: the wire's kinds start with UNSPECIFIED.
  response.set_outcome(
      static_cast<v1::ExplainRecommendationResponse::Outcome>(static_cast<int>(reply.outcome) + 1));
  response.set_detail(reply.detail);
  response.set_other_item_id(reply.other_item_id);
  response.set_rank(static_cast<int>(reply.rank));
  response.set_score(reply.score);
  response.set_score_gap(reply.score_gap);
  for (const Reason& reason : reply.reasons) Set(reason, *response.add_reasons());
  for (const ScorePart& part : reply.contributions) Set(part, *response.add_contributions());
  response.set_model_version(reply.model_version);
  response.set_consistency_token(ConsistencyToken(reply.sequence));
}

template void SetReply(const RecommendReply&, v1::ItemView, v1::RecommendItemsResponse&);
template void SetReply(const RecommendReply&, v1::ItemView, v1::SimilarItemsResponse&);
template void SetReply(const RecommendReply&, v1::ItemView, v1::RankItemsResponse&);

}  // namespace vitrine
