#include "vitrine/scorers/sequential/recent_items.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace vitrine {

namespace {

// Collects items step by step, latest first.
class RecentCollector {
 public:
  RecentCollector(const Query& query, const RecencyWeights& weights, std::size_t num_items)
      : weights_(weights), num_items_(num_items), now_us_(query.now_us) {}

  bool is_full() const { return step_ >= weights_.max_steps; }

  // All of one step, at the present time.
  void AddPage(std::span<const ItemIndex> items) {
    for (const ItemIndex item : items) {
      if (IsNew(item)) Add(item, now_us_, Contribution::Source::kContext);
    }
    EndStep();
  }

  void AddHistory(std::span<const Interaction> history) {
    for (std::size_t i = 0; i < history.size() && !is_full(); ++i) {
      const Interaction& each = history[i];
      if (IsNew(each.item)) {
        if (each.weight > 0) {
          Add(each.item, each.time_us, Contribution::Source::kHistory);
        } else if (each.weight < 0) {  // A neutral rating says nothing.
          disliked_.push_back(each.item);
        }
      }
      const bool is_same_moment =
          i + 1 < history.size() && each.time_us != 0 && history[i + 1].time_us == each.time_us;
      if (!is_same_moment) EndStep();
    }
  }

  std::vector<TouchedItem> Take() { return std::move(items_); }

 private:
  bool IsNew(ItemIndex item) const {
    const auto is_item = [item](const TouchedItem& each) { return each.item == item; };
    return Row(item) < num_items_ && std::none_of(items_.begin(), items_.end(), is_item) &&
           std::find(disliked_.begin(), disliked_.end(), item) == disliked_.end();
  }

  void Add(ItemIndex item, Micros time_us, Contribution::Source source) {
    double weight = std::pow(static_cast<double>(weights_.step_decay), step_);
    if (weights_.half_life_days > 0) {
      const auto age_us = static_cast<double>(std::max<Micros>(now_us_ - time_us, 0));
      weight *= std::exp2(-age_us / (static_cast<double>(weights_.half_life_days) *
                                     static_cast<double>(kMicrosPerDay)));
    }
    items_.push_back({item, static_cast<float>(weight), source});
    is_step_open_ = true;
  }

  // A step that added nothing is none.
  void EndStep() {
    step_ += is_step_open_ ? 1 : 0;
    is_step_open_ = false;
  }

  RecencyWeights weights_;
  std::size_t num_items_;
  Micros now_us_;
  std::uint32_t step_ = 0;
  bool is_step_open_ = false;
  std::vector<TouchedItem> items_;
  std::vector<ItemIndex> disliked_;
};

}  // namespace

bool IsSound(const RecencyWeights& weights) {
  return weights.max_steps >= 1 && weights.step_decay > 0 && weights.step_decay <= 1 &&
         std::isfinite(weights.half_life_days) && weights.half_life_days >= 0;
}

std::vector<TouchedItem> RecentItems(const Query& query, const RecencyWeights& weights,
                                     std::size_t num_items) {
  RecentCollector collector(query, weights, num_items);
  collector.AddPage(query.context_items);
  if (!collector.is_full()) collector.AddPage(query.cart_items);
  collector.AddHistory(query.history);
  return collector.Take();
}

}  // namespace vitrine
