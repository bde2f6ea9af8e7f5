#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "feature_store/behaviour/behaviour.h"
#include "feature_store/behaviour/event_details.h"
#include "feature_store/shoppers.h"
#include "feature_store/store_views.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/behaviour/as_of.h"

namespace vitrine {

// Answers questions about the past: events are added in the order in which they became known, and
// each question is answered from views of its own that hold what was known at its time. These are
// read by the same code as the live ones. Not thread-safe.
class BehaviourReplay {
 public:
  // `live` gives the ids, the merges, the catalogue and the settings. It and what the others view
  // must outlive this.
  BehaviourReplay(const StoreViews& live, std::span<const FeatureQuestion> questions,
                  const AsOfOptions& options);

  // An event that is known since `known_us`. Where questions are about shoppers alone, events of
  // others are passed over, as are those of shoppers who were erased meanwhile.
  //
  // REQUIRES: `known_us` is not before that of the call before.
  void Add(Micros known_us, std::uint64_t offset, const LogHead& head, const EventDetails& details);

  // Whether an event of these shoppers changes any answer: need not be added otherwise.
  bool Matters(const LogHead& head) const;

  // One row per question, in their order.
  std::vector<FeatureRow> Finish();

 private:
  void AnswerBefore(Micros known_us);
  void Answer(std::size_t number);
  void MergeUntil(Micros time_us);
  bool Meet(UserIndex shopper);  // Gives it its row, unmerged; false: erased.

  const StoreViews& live_;
  const std::span<const FeatureQuestion> questions_;
  const AsOfOptions& options_;

  std::vector<std::size_t> order_;  // Of the questions, by time.
  std::size_t next_question_ = 0;
  std::vector<std::pair<UserIndex, ShopperRow>> merges_;  // By time.
  std::size_t next_merge_ = 0;
  bool wants_items_ = false;
  std::unordered_set<std::uint32_t> owners_;  // Of the questions, as live: who they are now.

  Shoppers shoppers_;
  Behaviour behaviour_;
  std::vector<FeatureRow> rows_;
};

}  // namespace vitrine
