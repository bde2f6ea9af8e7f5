#include "feature_store/behaviour/replay.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "feature_store/behaviour/feature_reader.h"

namespace vitrine {

BehaviourReplay::BehaviourReplay(const StoreViews& live, std::span<const FeatureQuestion> questions,
                                 const AsOfOptions& options)
    : live_(live),
      questions_(questions),
      options_(options),
      order_(questions.size()),
      merges_(live.shoppers().MergedRows()),
      shoppers_(live.shoppers().history_limit()),
      rows_(questions.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return questions[a].time_us < questions[b].time_us;
  });
  std::stable_sort(merges_.begin(), merges_.end(), [](const auto& a, const auto& b) {
    return a.second.merged_at_us < b.second.merged_at_us;
  });
  for (const FeatureQuestion& question : questions) {
    wants_items_ = wants_items_ || !question.item_id.empty();
    const Shoppers::Parts parts = live.shoppers().FindParts(question.user_id, question.visitor_id);
    for (const auto& part : {parts.user, parts.visitor}) {
      if (part.has_value()) owners_.insert(static_cast<std::uint32_t>(Row(*part)));
    }
  }
}

bool BehaviourReplay::Matters(const LogHead& head) const {
  const auto owner = live_.shoppers().Resolve(head.shopper());
  if (!owner.has_value()) return false;
  return wants_items_ || owners_.contains(static_cast<std::uint32_t>(Row(*owner)));
}

void BehaviourReplay::Add(Micros known_us, std::uint64_t offset, const LogHead& head,
                          const EventDetails& details) {
  AnswerBefore(known_us);
  if (head.visitor.has_value() && !live_.shoppers().Row(*head.visitor).has_value()) return;
  if (!Meet(head.shopper())) return;
  const UserIndex owner = *shoppers_.Resolve(head.shopper());
  shoppers_.AddEvent(owner, ToEntries(head, offset, live_.weights()), {});
  behaviour_.AddToShopper(owner, offset, head, details);
  if (wants_items_) behaviour_.AddToItems(offset, head);
}

bool BehaviourReplay::Meet(UserIndex shopper) {
  if (shoppers_.Row(shopper).has_value()) return true;
  auto row = live_.shoppers().Row(shopper);
  if (!row.has_value()) return false;
  row->merged_into.reset();
  shoppers_.SetRow(shopper, *row);
  return true;
}

void BehaviourReplay::AnswerBefore(Micros known_us) {
  for (; next_question_ < order_.size(); ++next_question_) {
    const std::size_t number = order_[next_question_];
    if (questions_[number].time_us >= known_us) return;
    Answer(number);
  }
}

void BehaviourReplay::Answer(std::size_t number) {
  const FeatureQuestion& question = questions_[number];
  const bool follows_arrivals = options_.known_since == KnownSince::kArrival;
  MergeUntil(follows_arrivals ? question.time_us : std::numeric_limits<Micros>::max());
  const FeatureReader reader{.shoppers = shoppers_,
                             .behaviour = behaviour_,
                             .facets = live_.facets(),
                             .catalogue = live_.catalogue(),
                             .weights = live_.weights(),
                             .catalogue_use = options_.catalogue,
                             .min_group = live_.min_group()};
  rows_[number].user = reader.ReadUser(shoppers_.FindParts(question.user_id, question.visitor_id),
                                       options_.user_features, question.time_us);
  if (options_.has_sessions) {
    rows_[number].session = reader.ReadSession(
        shoppers_.FindParts(question.user_id, question.visitor_id), question.time_us);
  }
  if (question.item_id.empty()) return;
  rows_[number].item = reader.ReadItem(question.item_id, options_.item_features, question.time_us);
}

void BehaviourReplay::MergeUntil(Micros time_us) {
  for (; next_merge_ < merges_.size(); ++next_merge_) {
    const auto& [from, row] = merges_[next_merge_];
    if (row.merged_at_us > time_us) return;
    const UserIndex into = *row.merged_into;
    if (!Meet(from) || !Meet(into)) continue;
    shoppers_.SetRow(from, row);
    shoppers_.Merge(from, into);
    behaviour_.Merge(from, into);
  }
}

std::vector<FeatureRow> BehaviourReplay::Finish() {
  AnswerBefore(std::numeric_limits<Micros>::max());
  return std::move(rows_);
}

}  // namespace vitrine
