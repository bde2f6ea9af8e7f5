#include "engine/compose_list.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "engine/diverse_choice.h"
#include "engine/label_limits.h"

namespace vitrine {
namespace {

// Further candidates are taken this many at a time where the limits allow none of the first.
constexpr std::size_t kMoreCandidates = 100;

// The list as far as it has come.
class ListInTheMaking {
 public:
  ListInTheMaking(const PageRules& rules, const Catalogue& catalogue)
      : rules_(rules), catalogue_(catalogue), limits_(rules.controls, catalogue) {
    for (const ItemIndex item : rules.elsewhere) products_.insert(catalogue.Primary(item));
    for (const ItemIndex item : rules.shown) Claim(item);
    const absl::flat_hash_set<ItemIndex> shown(rules.shown.begin(), rules.shown.end());
    for (const auto& [position, item] : rules.pins) {
      if (shown.contains(item)) continue;
      Claim(item);
      pins_.emplace_back(position, item);
    }
  }

  bool is_full() const { return page_.size() == rules_.page_size; }
  std::size_t next_position() const { return rules_.shown.size() + page_.size() + 1; }

  // Whether it may come next: nothing of its product is on the list or has its place there, and the
  // limits allow it.
  bool Allows(ItemIndex item) {
    const bool is_new = !products_.contains(catalogue_.Primary(item));
    if (is_new && limits_.Allow(item)) return true;
    if (PassedOver* const passed = rules_.passed_over; passed != nullptr) {
      (is_new ? passed->limited : passed->variants).insert(item);
    }
    return false;
  }

  // What the ranking says of pins.
  void Note(std::span<const BlendedItem> ranked) {
    for (const BlendedItem& each : ranked) {
      for (const auto& [position, item] : pins_) {
        if (each.item == item) ranked_pins_.insert_or_assign(item, each);
      }
    }
  }

  // Those whose position has come.
  void PlaceDuePins() {
    while (!is_full() && next_pin_ < pins_.size() && pins_[next_pin_].first <= next_position()) {
      PlaceNextPin();
    }
  }
  void PlaceAllPins() {
    while (!is_full() && next_pin_ < pins_.size()) PlaceNextPin();
  }

  void Place(BlendedItem item) {
    Claim(item.item);
    page_.push_back(std::move(item));
  }

  std::vector<BlendedItem> Take() { return std::move(page_); }

 private:
  // From here on it counts, whether it stands on the list already or has its place to come.
  void Claim(ItemIndex item) {
    products_.insert(catalogue_.Primary(item));
    limits_.Count(item);
  }

  void PlaceNextPin() {
    const ItemIndex item = pins_[next_pin_++].second;
    const auto found = ranked_pins_.find(item);
    page_.push_back(found == ranked_pins_.end() ? BlendedItem{.item = item} : found->second);
  }

  const PageRules& rules_;
  const Catalogue& catalogue_;
  LabelLimits limits_;
  absl::flat_hash_set<ItemIndex> products_;
  std::vector<std::pair<std::size_t, ItemIndex>> pins_;  // Not shown yet, by position.
  std::size_t next_pin_ = 0;
  std::map<ItemIndex, BlendedItem> ranked_pins_;
  std::vector<BlendedItem> page_;
};

// What a source had to give.
enum class Outcome {
  kFull,       // The page is.
  kExhausted,  // It has no more, and the page is not full.
  kTooFew,     // Asked for more items, it may have more.
};

Outcome FillInOrder(std::span<BlendedItem> ranked, bool is_all, ListInTheMaking& list) {
  for (BlendedItem& each : ranked) {
    list.PlaceDuePins();
    if (list.is_full()) return Outcome::kFull;
    if (list.Allows(each.item)) list.Place(std::move(each));
  }
  list.PlaceDuePins();
  if (list.is_full()) return Outcome::kFull;
  return is_all ? Outcome::kExhausted : Outcome::kTooFew;
}

// Chooses from a ranking of products, one item of each.
class DiverseFilling {
 public:
  DiverseFilling(const PageRules& rules, std::span<BlendedItem> products, bool is_all,
                 ItemSimilarity& similarity)
      : products_(products), is_all_(is_all), choice_(rules.controls.diversity, similarity) {
    std::vector<float> scores;
    for (const BlendedItem& each : products) {
      items_.push_back(each.item);
      scores.push_back(each.score);
    }
    relevance_ = Relevance(scores);
    is_open_.assign(items_.size(), true);
    // Always in this order, so that the next page goes on with the same numbers.
    absl::flat_hash_set<ItemIndex> pins;
    for (const auto& [position, item] : rules.pins) {
      pins.insert(item);
      choice_.Place(item);
    }
    for (const ItemIndex item : rules.shown) {
      if (!pins.contains(item)) choice_.Place(item);
    }
  }

  Outcome Fill(ListInTheMaking& list) {
    for (list.PlaceDuePins(); !list.is_full(); list.PlaceDuePins()) {
      const std::optional<std::size_t> best = Best(list);
      if (!best.has_value()) return is_all_ ? Outcome::kExhausted : Outcome::kTooFew;
      choice_.Place(items_[*best]);
      is_open_[*best] = false;
      list.Place(std::move(products_[*best]));
    }
    return Outcome::kFull;
  }

 private:
  // The best of as many as there are to choose of; of more where none of these is open.
  std::optional<std::size_t> Best(ListInTheMaking& list) {
    std::size_t count = NumDiversityCandidates(list.next_position());
    while (count <= items_.size() || is_all_) {
      ExtendTo(std::min(count, items_.size()), list);
      const auto end = std::lower_bound(candidates_.begin(), candidates_.end(), count);
      const std::optional<std::size_t> best =
          choice_.Best(static_cast<std::size_t>(end - candidates_.begin()),
                       [&](std::size_t candidate) { return IsOpen(candidates_[candidate], list); });
      if (best.has_value()) return candidates_[*best];
      // On to the round that has the next open one.
      while (first_open_ < items_.size() && !IsOpen(first_open_, list)) ++first_open_;
      if (count >= items_.size() || first_open_ == items_.size()) return std::nullopt;
      do count += kMoreCandidates;
      while (count <= first_open_);
    }
    return std::nullopt;
  }

  // What is closed stays closed: products come to the list, and limits are reached, for good.
  bool IsOpen(std::size_t i, ListInTheMaking& list) {
    if (is_open_[i] && !list.Allows(items_[i])) is_open_[i] = false;
    return is_open_[i];
  }

  // Takes what is open of the first `count` products as candidates.
  void ExtendTo(std::size_t count, ListInTheMaking& list) {
    std::vector<ItemIndex> items;
    std::vector<double> relevance;
    for (; num_seen_ < count; ++num_seen_) {
      if (!IsOpen(num_seen_, list)) continue;
      candidates_.push_back(num_seen_);
      items.push_back(items_[num_seen_]);
      relevance.push_back(relevance_[num_seen_]);
    }
    choice_.Extend(items, relevance);
  }

  std::span<BlendedItem> products_;
  const bool is_all_;
  DiverseChoice choice_;
  std::vector<ItemIndex> items_;
  std::vector<double> relevance_;
  std::vector<bool> is_open_;   // By product.
  std::size_t first_open_ = 0;  // None before is.
  std::size_t num_seen_ = 0;    // The first so many were taken as candidates where they were open.
  std::vector<std::size_t> candidates_;  // By candidate of choice_: its product. Ascending.
};

// The first item of each product, without those that are shown beside the list and without
// variants of pins: what there is to choose of, the same on every page.
std::vector<BlendedItem> FirstOfEachProduct(const PageRules& rules, const Catalogue& catalogue,
                                            std::span<BlendedItem> ranked) {
  absl::flat_hash_set<ItemIndex> products;
  for (const ItemIndex item : rules.elsewhere) products.insert(catalogue.Primary(item));
  for (const auto& [position, item] : rules.pins) products.insert(catalogue.Primary(item));
  std::vector<BlendedItem> first;
  for (BlendedItem& each : ranked) {
    if (products.insert(catalogue.Primary(each.item)).second) {
      first.push_back(std::move(each));
    } else if (rules.passed_over != nullptr) {
      rules.passed_over->variants.insert(each.item);
    }
  }
  return first;
}

Outcome FillFromRanking(const PageRules& rules, const Catalogue& catalogue,
                        std::vector<BlendedItem> ranked, bool is_all, ItemSimilarity& similarity,
                        ListInTheMaking& list) {
  list.Note(ranked);
  if (rules.controls.diversity.method == Diversity::Method::kNone) {
    return FillInOrder(ranked, is_all, list);
  }
  std::vector<BlendedItem> products = FirstOfEachProduct(rules, catalogue, ranked);
  return DiverseFilling(rules, products, is_all, similarity).Fill(list);
}

}  // namespace

std::vector<BlendedItem> ComposePage(const PageRules& rules, const Catalogue& catalogue,
                                     ItemSimilarity& similarity, const PageSources& sources) {
  const std::size_t length = rules.shown.size() + rules.page_size;
  std::optional<ListInTheMaking> list;
  Outcome outcome = Outcome::kTooFew;
  std::size_t num_ranked = 0;
  // A ranking of more items need not begin with that of fewer: the page is made anew of each.
  for (std::size_t k = 2 * NumDiversityCandidates(length); outcome == Outcome::kTooFew; k *= 4) {
    std::vector<BlendedItem> ranked = sources.rank(k);
    if (ranked.size() < num_ranked) {
      outcome = Outcome::kExhausted;
      break;
    }
    num_ranked = ranked.size();
    list.emplace(rules, catalogue);
    const bool is_all = ranked.size() < k;
    outcome = FillFromRanking(rules, catalogue, std::move(ranked), is_all, similarity, *list);
  }
  if (outcome == Outcome::kExhausted && !rules.controls.is_strict) {
    outcome = Outcome::kTooFew;
    for (std::size_t k = 2 * length; outcome == Outcome::kTooFew; k *= 4) {
      std::vector<BlendedItem> popular = sources.backfill(k);
      const bool is_all = popular.size() < k;
      outcome = FillInOrder(popular, is_all, *list);
    }
  }
  list->PlaceAllPins();
  return list->Take();
}

}  // namespace vitrine
