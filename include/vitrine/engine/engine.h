#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/published.h"
#include "vitrine/engine/controls.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/engine/placement.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/scorers/purchase_model.h"

namespace vitrine {

enum class ExplanationLevel { kNone, kReasons, kContributions };

// How a list came about, for whoever wonders.
struct Trace {
  struct Stage {
    std::string name{};     // "query", "retrieve:ials", ...: docs/life_of_a_request.md
    std::size_t count = 0;  // What was left, or found.
    double micros = 0;
  };
  struct Drop {
    std::string reason{};
    std::size_t count = 0;
  };
  std::vector<Stage> stages{};  // In the order of the request's way.
  std::vector<Drop> drops{};
};

// A list for a shopper. Nothing is required: an empty request is answered with what is popular.
struct RecommendRequest {
  std::string user_id{};
  std::string visitor_id{};
  std::string placement{};  // Of placement.h, or any other name of where the list is shown.
  std::vector<std::string> context_item_ids{};  // Unknown ids are ignored.
  std::vector<std::string> cart_item_ids{};     // Never shown.
  std::vector<std::string> exclude_item_ids{};
  std::vector<std::string> categories{};  // Paths; shown items lie in one of them. Empty: all.
  std::string filter{};                   // What holds for shown items: item_filter.h. Empty: all.
  std::size_t page_size = 0;              // 0: the placement's.
  std::optional<SeenPolicy> seen{};       // Empty: the placement's.
  ExplanationLevel explanation = ExplanationLevel::kReasons;
  std::uint64_t min_sequence = 0;  // Answer from this state of the store, or a later one.
  ListControls controls{};
  // RecommendReply::next_page_token of the page before; empty: the first page. All but the token,
  // page_size, explanation, min_sequence, is_late, time_left, is_gone, wants_trace and stages must
  // be as in that request.
  std::string page_token{};
  // Asked between the stages: once true, the reply is what is ready, never less than a page of what
  // is popular (but for a strict list), and `fallbacks` says "deadline". Reasons that would have to
  // be looked for are left out then; contributions never are. Empty: takes the time it takes.
  std::function<bool()> is_late{};
  // With is_late: how long it still is until that is true, by a clock that nobody sets. Then a
  // model that usually takes longer is left out alone, and the cheaper ones are asked; `fallbacks`
  // says "model-late:<name>" of each that is. Empty: they are asked in their order until is_late is
  // true.
  std::function<std::chrono::nanoseconds()> time_left{};
  // Asked there too: once true, nobody waits for the reply, and the call ends with CANCELLED.
  // Empty: somebody does.
  std::function<bool()> is_gone{};
  bool wants_trace = false;
  // Emptied first; where each stage is written as it ends, be there a reply or an error in the end:
  // a trace without drops, which costs some looks at the clock. Null: nowhere. That of a row
  // below one that fails stays as it was.
  std::vector<Trace::Stage>* stages = nullptr;
};

inline constexpr std::size_t kMaxRows = 20;  // Of one page.

struct SimilarRequest {
  std::string item_id{};
  std::string user_id{};  // To leave out what they own; may be empty.
  std::string visitor_id{};
  std::vector<std::string> exclude_item_ids{};
  std::string filter{};  // As in RecommendRequest.
  std::size_t page_size = 20;
  ExplanationLevel explanation = ExplanationLevel::kReasons;
  std::uint64_t min_sequence = 0;
  std::function<bool()> is_late{};  // As in RecommendRequest, all three.
  std::function<std::chrono::nanoseconds()> time_left{};
  std::function<bool()> is_gone{};
  bool wants_trace = false;                     // Of its stages; drops are not counted.
  std::vector<Trace::Stage>* stages = nullptr;  // As in RecommendRequest.
};

struct RankRequest {
  std::string user_id{};
  std::string visitor_id{};
  std::vector<std::string> item_ids{};  // All are returned; up to 1,000, distinct.
  std::vector<std::string> context_item_ids{};
  std::vector<std::string> cart_item_ids{};
  ExplanationLevel explanation = ExplanationLevel::kNone;
  std::uint64_t min_sequence = 0;
  // As in RecommendRequest, all three. What no model has scored in time follows by popularity.
  std::function<bool()> is_late{};
  std::function<std::chrono::nanoseconds()> time_left{};
  std::function<bool()> is_gone{};
  bool wants_trace = false;  // As in SimilarRequest.
  std::vector<Trace::Stage>* stages = nullptr;
};

// Why an item is shown, printable by a shop.
struct Reason {
  enum class Kind {
    kBecauseYouBought,  // item_id names what
    kBecauseYouViewed,  // item_id names what
    kSimilarTo,         // item_id: the context item
    kPopular,
    kPopularInCategory,  // text: the category
    kMatchesYourTaste,   // text: the feature, such as a brand
    kNewArrival,
    kBackfill,        // The models had no more; filled up from what is popular.
    kPromoted,        // A pin; always the first.
    kTrending,        // More in demand of late than it was.
    kBoughtTogether,  // item_id: what it is bought together with
  };
  Kind kind{};
  std::string item_id{};
  std::string text{};
  bool operator==(const Reason&) const = default;
};

// A part of a score, in the units of the blended score, or of a ranker's log-odds.
struct ScorePart {
  std::string model{};
  std::string item_id{};  // Of the history or context, where it came from one.
  // Neither item nor feature: all that the model adds, which cannot be explained further. "base":
  // what it gives whoever asks. "residual": what the explanation of a ranker leaves over.
  std::string feature{};
  float value = 0;
};

struct RecommendedItem {
  std::string item_id{};
  // Unitless; comparable within one list. Diversity and pins change the order and leave it alone; a
  // pin that the ranking did not find has 0.
  float score = 0;
  std::vector<Reason> reasons{};  // Strongest first, at most 3.
  // kContributions only. They sum to the score; of an item that a ranker's networks put in its
  // place, those of "boost" do to what is above the probability, and all others to its log-odds.
  std::vector<ScorePart> contributions{};
  std::shared_ptr<const Item> item{};  // As described; null when the catalogue has it not.
  bool is_backfill = false;
  bool is_known = true;  // RankItems: false for an id that nothing is known of.
  // Exploration only: how likely it was, given what stands before it, that it came to its place. 1
  // for what was not drawn.
  double propensity = 0;
};

struct RecommendReply {
  std::vector<RecommendedItem> items{};
  std::string model_version{};           // Empty when no model is trained yet.
  std::vector<std::string> fallbacks{};  // Such as "no-model", "cold-shopper", "backfill".
  std::uint64_t sequence = 0;            // The store's state that the answer reflects.
  // Recommend only: of a page that is full, or that the time cut short. Empty: the list ends here,
  // or the page is empty for want of time, and can be asked for again.
  std::string next_page_token{};
  std::string placement{};  // Recommend only: which one answered.
  // Recommend only: for the events that come of the list (feature_store/attribution.h).
  std::string attribution_token{};
  std::optional<Trace> trace{};  // Where it was asked for.
  Micros took_us = 0;            // RecommendRows only: the making of this row.
};

// Why an item is, or is not, in the answer to a request.
struct ExplainItemRequest {
  RecommendRequest request{};  // Without a page token.
  std::string item_id{};
};

// What became of an item: the first that holds.
enum class ItemOutcome {
  kUnknown,       // Neither the catalogue nor any event has the id.
  kShown,         // At place `rank` of the list.
  kNotServable,   // Nobody can have it now.
  kFiltered,      // By the categories or a clause of the filter.
  kExcluded,      // By the page, the cart, a list or a policy.
  kVariantShown,  // `other_item_id`, of the same product, is on the page.
  kNotRetrieved,  // No model has anything to say of it.
  kLimited,       // Its brand or category has its share of the list already.
  kRankedLower,   // At place `rank` of the ranking.
};

struct ExplainItemReply {
  ItemOutcome outcome{};
  std::string detail{};  // For people.
  std::string other_item_id{};
  std::size_t rank = 0;  // From 1; 0: none.
  float score = 0;
  float score_gap = 0;  // To the last item that the ranking put on the list.
  std::vector<Reason> reasons{};
  std::vector<ScorePart> contributions{};
  std::string model_version{};
  std::uint64_t sequence = 0;
};

inline constexpr std::size_t kMaxPurchaseReasons = 100;

// Whether a shopper will buy.
struct PurchaseRequest {
  std::string user_id{};
  std::string visitor_id{};  // At least one of the two.
  std::size_t num_reasons = 5;
  std::uint64_t min_sequence = 0;
};

// A part of a forecast's log-odds.
struct PurchaseReason {
  enum class Kind {
    kFeature,  // `feature`: of the shopper, as of now.
    kEvent,    // `type`, `time_us`, `item_id`: an event of the visit.
    kPause,    // `time_us`: nothing happened since then.
  };
  Kind kind{};
  Feature feature{};
  EventType type{};
  Micros time_us = 0;
  std::string item_id{};  // The first of the event; empty: it is about none.
  double log_odds = 0;
};

// base + other + the sum over the reasons is the log-odds of `probability`, within 1e-4 of their
// size.
struct PurchaseForecast {
  double probability = 0;
  double base_log_odds = 0;  // Of a shopper who is average in all features, before any event.
  std::vector<PurchaseReason> reasons{};  // The strongest, either way, first.
  double other_log_odds = 0;              // Of all that is no reason.
};

// What a model does not say any better than the shop's base rate is empty.
struct PurchaseReply {
  std::optional<PurchaseForecast> session{};  // Of the visit under way, or of one that begins now.
  std::optional<PurchaseForecast> shopper{};  // Within the horizon.
  double horizon_days = 0;
  std::optional<std::array<double, kNumNextEvents>> next{};  // By NextEvent.
  std::size_t num_session_events = 0;                        // Of the visit under way; 0: none is.
  std::string model_version{};
  std::uint64_t sequence = 0;
};

class Placements;  // placements.h

// Answers requests from a store and the published models; the facade that a C++ program embeds.
// Thread-safe. The reply to a request that starts after an event was acknowledged reflects it.
class Engine {
 public:
  struct Options {
    BlendOptions blend{};
    double new_arrival_days = 14;
  };

  // All must outlive the engine. `placements`: null for the built-in ones.
  Engine(const FeatureStore& store, const Published<ModelSet>& models, Counters& counters,
         const Clock& clock, Options options, const Placements* placements = nullptr);
  ~Engine();

  // Makes what the first request on `models` would have to make, and asks them a few questions,
  // those that placements name too, so that no shopper waits for it. Before they are published.
  void WarmUp(const std::shared_ptr<const ModelSet>& models) const;

  // Errors of all three: INVALID_ARGUMENT page_size is 0 or above 200, too many ids, a filter that
  // cannot be read, controls out of range, or a page token that is damaged or of another request;
  // FAILED_PRECONDITION the store has not reached min_sequence (another store's token); CANCELLED
  // is_gone said so.
  absl::StatusOr<RecommendReply> Recommend(const RecommendRequest& request) const;
  // Rows of one page, the first first: what a row shows, and variants of it, are in none below. As
  // Recommend otherwise, by one set of models. Errors: those too, "rows[i]: ..."; INVALID_ARGUMENT
  // no rows, or more than kMaxRows.
  absl::StatusOr<std::vector<RecommendReply>> RecommendRows(
      std::span<const RecommendRequest> rows) const;
  // An item that nothing is known of is no error: the answer is what is popular, and `fallbacks`
  // says "unknown-item".
  absl::StatusOr<RecommendReply> Similar(const SimilarRequest& request) const;
  absl::StatusOr<RecommendReply> Rank(const RankRequest& request) const;

  // Makes the list as Recommend would, though with all the time that a ranker wants, and says what
  // became of one item. Costs a Recommend, and the ranking of all that may be shown, or of the best
  // 1,000 where these are more than whole_catalogue_items. Errors: as Recommend; INVALID_ARGUMENT
  // no item, or a page token.
  absl::StatusOr<ExplainItemReply> ExplainItem(const ExplainItemRequest& request) const;

  // Whether the shopper buys, and what they do next. A shopper that nothing is known of is no
  // error. Errors: INVALID_ARGUMENT no shopper, or more than 100 reasons; FAILED_PRECONDITION as
  // above; NOT_FOUND the model set that is live has no purchase predictor.
  absl::StatusOr<PurchaseReply> PredictPurchase(const PurchaseRequest& request) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vitrine
