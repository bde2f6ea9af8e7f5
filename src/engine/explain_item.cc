// Engine::ExplainItem: what became of one item.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/check_request.h"
#include "engine/engine_state.h"
#include "engine/label_limits.h"
#include "engine/promote.h"
#include "engine/rerank.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/item_filter.h"

namespace vitrine {

namespace {

// How deep the ranking of a catalogue is looked at that is too large to be scored as a whole.
constexpr std::size_t kDepth = 1000;

// Why nobody can have the item now.
std::string WhyNotServable(const Item* item, Micros now_us) {
  if (item == nullptr) {
    return "known from events alone: the catalogue does not describe it, or it was deleted or "
           "retired";
  }
  if (item->publish_time_us > now_us) return "its publish_time is still to come";
  if (item->availability == Availability::kOutOfStock) return "availability is OUT_OF_STOCK";
  return "stock is 0";
}

// What of the categories and filters keeps the item out; empty: nothing does.
std::string WhyFiltered(const Section& section, const ShopperQuery& query, ItemIndex index,
                        const Item& item) {
  const auto lies_in = [&item](const std::string& path) {
    return Matches(FilterExpression{InCategory(path)}, item);
  };
  if (!query.categories.empty() &&
      std::none_of(query.categories.begin(), query.categories.end(), lies_in)) {
    return absl::StrFormat("categories: it lies in none of \"%s\"",
                           absl::StrJoin(query.categories, "\", \""));
  }
  for (const std::string& text : section.filters) {
    const auto filter = ParseFilter(text);
    if (!filter.ok()) continue;  // The plan could not have been made.
    const FilterExpression* const clause = FirstThatFails(*filter, item);
    if (clause != nullptr) return "filter: " + Describe(*clause);
  }
  const Placement& placement = section.placement;
  if (placement.is_of_bought && !IsAmong(query.owned, index)) {
    return "the placement shows only what the shopper bought";
  }
  const auto age = static_cast<Micros>(placement.max_age_days * kMicrosPerDay);
  if (age > 0 && item.publish_time_us <= query.now_us - age) {
    return absl::StrFormat("the placement shows only what was published in the last %g days",
                           placement.max_age_days);
  }
  return "";
}

// What excluded the item. REQUIRES: something did.
std::string WhyExcluded(const RecommendRequest& request, const ShopperQuery& query,
                        const std::string& item_id, ItemIndex item) {
  if (IsAmong(query.context, item)) return "context_item_ids: the page is about it";
  if (IsAmong(query.on_page, item)) return "cart_item_ids: it is in the cart";
  const auto& excluded = request.exclude_item_ids;
  if (std::find(excluded.begin(), excluded.end(), item_id) != excluded.end()) {
    return "exclude_item_ids names it";
  }
  const auto is_refused = [item](const Interaction& interaction) {
    return interaction.item == item && interaction.type == EventType::kNotInterested;
  };
  const std::span<const Interaction> past = query.Past();
  if (std::any_of(past.begin(), past.end(), is_refused)) {
    return "the shopper is not interested in it";
  }
  return IsAmong(query.owned, item) ? "seen_items_policy: the shopper bought it"
                                    : "seen_items_policy: the shopper has seen it";
}

// The item that the page shows of the same product; nothing where it shows none.
std::optional<ItemIndex> VariantOf(ItemIndex item, const Plan& plan,
                                   std::span<const BlendedItem> list, const Catalogue& catalogue) {
  const auto is_same = [&](ItemIndex other) {
    return catalogue.Primary(other) == catalogue.Primary(item);
  };
  for (const BlendedItem& each : list) {
    if (is_same(each.item)) return each.item;
  }
  for (const std::vector<ItemIndex>* beside : {&plan.elsewhere, &plan.promoted}) {
    const auto found = std::find_if(beside->begin(), beside->end(), is_same);
    if (found != beside->end() && *found != item) return *found;
  }
  return std::nullopt;
}

// Which limit keeps the item from the list, pins counted as they are there; empty: none.
std::string ReachedLimit(const ListControls& controls, ItemIndex item, const Plan& plan,
                         std::span<const BlendedItem> list, const Catalogue& catalogue) {
  LabelLimits limits(controls, catalogue);
  for (const BlendedItem& each : list) {
    if (!IsAmong(plan.promoted, each.item)) limits.Count(each.item);
  }
  for (const ItemIndex each : plan.promoted) limits.Count(each);
  return std::string(limits.WhatForbids(item));
}

// The last item that the ranking put on the list; null where it put none there.
const BlendedItem* LastRanked(std::span<const BlendedItem> list,
                              std::span<const ItemIndex> promoted) {
  const auto is_ranked = [&](const BlendedItem& each) {
    return !IsBackfill(each) && !IsAmong(promoted, each.item);
  };
  const auto last = std::find_if(list.rbegin(), list.rend(), is_ranked);
  return last == list.rend() ? nullptr : &*last;
}

// Why an item that the ranking has is not on the list. `gap`: what it lacks to the last ranked one
// that is; null `last`: there is none.
std::string WhyLower(const ListControls& controls, const BlendedItem* last, float gap) {
  if (last == nullptr) return "the list has no place for ranked items";
  if (controls.exploration.temperature > 0) return "exploration: others were drawn";
  if (gap > 0) return "others have a higher score";
  if (gap < 0 && controls.exposure.group != Exposure::Group::kNone) {
    return "exposure: the list owes places to items of the group";
  }
  if (controls.diversity.method != Diversity::Method::kNone) {
    return "diversity: others make the list more varied";
  }
  return gap == 0 ? "others with the same score come first"
                  : "it was no candidate: of a large catalogue each model gives its best alone";
}

// Where the item stands in the ranking of all that may be shown.
void PlaceInRanking(std::span<const BlendedItem> ranking, ItemIndex item,
                    const ListControls& controls, const Plan& plan,
                    std::span<const BlendedItem> list, const Catalogue& catalogue,
                    ExplainItemReply& reply) {
  const auto found = std::find_if(ranking.begin(), ranking.end(),
                                  [item](const BlendedItem& each) { return each.item == item; });
  const BlendedItem* const last = LastRanked(list, plan.promoted);
  if (found != ranking.end()) {
    reply.rank = static_cast<std::size_t>(found - ranking.begin()) + 1;
    reply.score = found->score;
    if (last != nullptr) reply.score_gap = last->score - found->score;
  }
  reply.outcome = ItemOutcome::kRankedLower;
  if (IsAmong(plan.promoted, item)) {
    reply.detail = "pinned to a position behind this page";
    return;
  }
  if (found == ranking.end()) {
    reply.outcome = ItemOutcome::kNotRetrieved;
    reply.detail = "no model has anything to say of it here, or it is far from the best";
    return;
  }
  const bool has_room = list.size() < plan.page_size || NumBackfilled(list, plan.promoted) > 0;
  const std::string limit = ReachedLimit(controls, item, plan, list, catalogue);
  if (!limit.empty() && (has_room || reply.score_gap <= 0)) {
    reply.outcome = ItemOutcome::kLimited;
    reply.detail = limit + ": the list has as many as it may have";
    return;
  }
  reply.detail = WhyLower(controls, last, reply.score_gap);
}

absl::Status Check(const ExplainItemRequest& asked) {
  VITRINE_RETURN_IF_ERROR(CheckRequest(asked.request));
  if (asked.item_id.empty()) {
    return absl::InvalidArgumentError("item_id is empty: name the item that is asked about");
  }
  if (asked.request.page_token.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "page_token is given, but only a first page is explained: leave it empty, and ask for a "
      "longer page where need be");
}

}  // namespace

void Engine::State::ExplainAbsence(const RecommendRequest& request, const Section& section,
                                   const Plan& plan, std::span<const BlendedItem> list,
                                   ItemIndex item, ExplainItemReply& reply) const {
  const ShopperQuery& query = plan.query;
  const std::shared_ptr<const Item> described = catalogue().Get(item);
  if (described == nullptr || !IsServable(*described, query.now_us)) {
    reply.outcome = ItemOutcome::kNotServable;
    reply.detail = WhyNotServable(described.get(), query.now_us);
    return;
  }
  reply.detail = WhyFiltered(section, query, item, *described);
  if (!reply.detail.empty()) {
    reply.outcome = ItemOutcome::kFiltered;
    return;
  }
  if (std::binary_search(query.excluded.begin(), query.excluded.end(), item)) {
    reply.outcome = ItemOutcome::kExcluded;
    reply.detail = WhyExcluded(request, query, catalogue().Id(item), item);
    return;
  }
  const std::size_t depth = RanksAll(plan) ? catalogue().num_indices() : kDepth;
  const std::vector<BlendedItem> ranking = BestOf(plan, depth).items;
  PlaceInRanking(ranking, item, section.controls, plan, list, catalogue(), reply);
  if (reply.rank > 0) Tell(plan, ranking[reply.rank - 1], reply);
  if (const auto variant = VariantOf(item, plan, list, catalogue()); variant.has_value()) {
    reply.outcome = ItemOutcome::kVariantShown;
    reply.other_item_id = catalogue().Id(*variant);
    reply.detail = "the page has another item of the same product";
  }
}

absl::StatusOr<ExplainItemReply> Engine::ExplainItem(const ExplainItemRequest& asked) const {
  VITRINE_RETURN_IF_ERROR(Check(asked));
  RecommendRequest request = asked.request;
  request.explanation = ExplanationLevel::kContributions;
  const auto pipelines = state_->CurrentPipelines();
  const std::optional<ItemIndex> item = state_->catalogue().Find(asked.item_id);
  ExplainItemReply reply{.model_version = pipelines->models->version};
  std::size_t num_before = 0;  // Of the sections before.
  const auto take = [&](const Section& section, const Plan& plan,
                        std::span<const BlendedItem> list) {
    reply.sequence = plan.query.sequence;
    if (!item.has_value()) return;
    const auto on_list = std::find_if(list.begin(), list.end(),
                                      [&](const BlendedItem& each) { return each.item == *item; });
    if (on_list == list.end()) {
      if (section.is_first) {
        state_->ExplainAbsence(request, section, plan, list, *item, reply);
      }
    } else {
      reply.outcome = ItemOutcome::kShown;
      reply.rank = num_before + static_cast<std::size_t>(on_list - list.begin()) + 1;
      reply.score = std::isfinite(on_list->score) ? on_list->score : 0;
      reply.score_gap = 0;
      const bool is_backfill = NumBackfilled({&*on_list, 1}, plan.promoted) > 0;
      reply.detail = is_backfill ? "no model speaks for it: filled up from what is popular" : "";
      state_->Tell(plan, *on_list, reply);
    }
    num_before += list.size();
  };
  // One order for list and ranking, however long it takes; but not for nobody.
  request.is_late = nullptr;
  request.time_left = nullptr;
  Lateness lateness(request.is_late, request.time_left, request.is_gone);
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  VITRINE_RETURN_IF_ERROR(state_->MakeSections(
      request, *pipelines, {.deadline = RankDeadline::kNone, .lateness = &lateness}, take));
  if (!item.has_value()) reply.detail = "neither the catalogue nor any event has this id";
  return reply;
}

}  // namespace vitrine
