#pragma once

#include <cstdint>
#include <memory>

#include "evaluation/item_scorer.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/random.h"
#include "vitrine/models/model.h"

namespace vitrine::testing {

// Scores without meaning that depend on everything they may depend on: the history and its order,
// the profile, the time and the item. Every seventh item is unknown to it.
class HashingScorer final : public ItemScorer {
 public:
  using ItemScorer::ItemScorer;

  std::string_view name() const override { return "hashing"; }

 private:
  float ScoreOne(const Query& query, ItemIndex item) const override {
    if (Row(item) >= num_items() || Row(item) % 7 == 6) return kUnscored;
    std::uint64_t seed = Row(item) + static_cast<std::uint64_t>(query.now_us);
    for (const Interaction& each : query.history) seed = seed * 1'000'003 + Row(each.item);
    if (query.profile != nullptr) {
      for (const auto& [name, value] : *query.profile) seed = seed * 1'000'003 + Checksum(name);
    }
    return 0.1F + static_cast<float>(Random(seed).Below(50));  // Few values: ties matter.
  }
};

inline Model HashingModel(std::size_t num_items) {
  return {
      .name = "hashing", .kind = "hashing", .scorer = std::make_shared<HashingScorer>(num_items)};
}

}  // namespace vitrine::testing
