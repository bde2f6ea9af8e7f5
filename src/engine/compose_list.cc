#include "engine/compose_list.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/diverse_choice.h"
#include "engine/exploration.h"
#include "engine/exposure.h"
#include "engine/label_limits.h"

namespace vitrine {
namespace {

// Further candidates are taken this many at a time where the limits allow none of the first.
constexpr std::size_t kMoreCandidates = 100;

// The list as far as it has come.
class ListInTheMaking {
 public:
  // `exposed` must outlive this.
  ListInTheMaking(const PageRules& rules, const Catalogue& catalogue, ExposedItems& exposed)
      : rules_(rules),
        catalogue_(catalogue),
        limits_(rules.controls, catalogue),
        pins_(PinsToCome(rules)),
        exposed_(exposed),
        quota_(rules.controls.exposure.share, rules.exposed, pins_) {
    for (const ItemIndex item : rules.elsewhere) products_.insert(ProductOf(item));
    for (const ItemIndex item : rules.shown) {
      Claim(item);
      quota_.Count(item);
    }
    for (const auto& [position, item] : pins_) Claim(item);
    exposed_.Restart();
  }

  bool is_full() const { return page_.size() == rules_.page_size; }
  std::size_t next_position() const { return rules_.shown.size() + page_.size() + 1; }

  // Whether it may come next: nothing of its product is on the list or has its place there, and the
  // limits allow it.
  bool Allows(ItemIndex item) {
    const bool is_new = !products_.contains(ProductOf(item));
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

  // The pins whose position has come, and what the quota asks for. Returns the latter.
  std::vector<ItemIndex> PlaceDue() {
    std::vector<ItemIndex> placed;
    for (PlaceDuePins(); !is_full() && quota_.IsDue(next_position()); PlaceDuePins()) {
      std::optional<BlendedItem> next =
          exposed_.Next([this](ItemIndex item) { return Allows(item); });
      if (!next.has_value()) break;
      placed.push_back(next->item);
      Place(*std::move(next));
    }
    return placed;
  }
  void PlaceAllPins() {
    while (!is_full() && next_pin_ < pins_.size()) PlaceNextPin();
  }

  // `propensity`: of an item that was drawn.
  void Place(BlendedItem item, double propensity = 1) {
    Claim(item.item);
    quota_.Count(item.item);
    page_.push_back(std::move(item));
    propensities_.push_back(propensity);
  }

  ComposedPage Take() {
    if (rules_.controls.exploration.temperature == 0) propensities_.clear();
    return {std::move(page_), std::move(propensities_)};
  }

 private:
  using Pins = std::vector<std::pair<std::size_t, ItemIndex>>;  // By position.

  // A diverse list asks of every candidate at every position: the catalogue, which locks, is asked
  // once of each.
  ItemIndex ProductOf(ItemIndex item) {
    const auto [place, is_new] = product_of_.try_emplace(item);
    if (is_new) place->second = catalogue_.Primary(item);
    return place->second;
  }

  static Pins PinsToCome(const PageRules& rules) {
    const absl::flat_hash_set<ItemIndex> shown(rules.shown.begin(), rules.shown.end());
    Pins pins;
    for (const auto& pin : rules.pins) {
      if (!shown.contains(pin.second)) pins.push_back(pin);
    }
    return pins;
  }

  void PlaceDuePins() {
    while (!is_full() && next_pin_ < pins_.size() && pins_[next_pin_].first <= next_position()) {
      PlaceNextPin();
    }
  }

  // From here on it counts, whether it stands on the list already or has its place to come.
  void Claim(ItemIndex item) {
    products_.insert(ProductOf(item));
    limits_.Count(item);
  }

  void PlaceNextPin() {
    const ItemIndex item = pins_[next_pin_++].second;
    quota_.Count(item);
    const auto found = ranked_pins_.find(item);
    page_.push_back(found == ranked_pins_.end() ? BlendedItem{.item = item} : found->second);
    propensities_.push_back(1);
  }

  const PageRules& rules_;
  const Catalogue& catalogue_;
  LabelLimits limits_;
  absl::flat_hash_map<ItemIndex, ItemIndex> product_of_;  // By item.
  absl::flat_hash_set<ItemIndex> products_;
  const Pins pins_;
  ExposedItems& exposed_;
  ExposureQuota quota_;
  std::size_t next_pin_ = 0;
  std::map<ItemIndex, BlendedItem> ranked_pins_;
  std::vector<BlendedItem> page_;
  std::vector<double> propensities_;  // Beside page_.
};

// What a source had to give.
enum class Outcome {
  kFull,       // The page is.
  kExhausted,  // It has no more, and the page is not full.
  kTooFew,     // Asked for more items, it may have more.
};

Outcome FillInOrder(std::span<BlendedItem> ranked, bool is_all, ListInTheMaking& list) {
  for (BlendedItem& each : ranked) {
    list.PlaceDue();
    if (list.is_full()) return Outcome::kFull;
    if (list.Allows(each.item)) list.Place(std::move(each));
  }
  list.PlaceDue();
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
    while (true) {
      for (const ItemIndex item : list.PlaceDue()) choice_.Place(item);
      if (list.is_full()) return Outcome::kFull;
      const std::optional<std::size_t> best = Best(list);
      if (!best.has_value()) return is_all_ ? Outcome::kExhausted : Outcome::kTooFew;
      choice_.Place(items_[*best]);
      is_open_[*best] = false;
      list.Place(std::move(products_[*best]));
    }
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

// Of the first products that the diversity would choose of too, those that are open; of more where
// none of these is. Empty: none is left, or a longer ranking is wanted.
std::vector<std::size_t> OpenCandidates(std::span<const BlendedItem> products, bool is_all,
                                        ListInTheMaking& list) {
  std::vector<std::size_t> open;
  std::size_t count = NumDiversityCandidates(list.next_position());
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (count > products.size() && !is_all) return {};
    const ItemIndex item = products[i].item;
    if (list.Allows(item)) open.push_back(i);
    if (i + 1 < count) continue;
    if (!open.empty()) break;
    count += kMoreCandidates;
  }
  return open;
}

// Draws from a ranking of products, one item of each.
Outcome FillByChance(const Exploration& how, std::span<BlendedItem> products, bool is_all,
                     ListInTheMaking& list) {
  // The same at every place and on every page. 1: all that is best is worth nothing.
  const double best = products.empty() ? 0 : std::abs(products.front().score);
  const double scale = best > 0 && std::isfinite(best) ? best : 1;
  for (list.PlaceDue(); !list.is_full(); list.PlaceDue()) {
    const std::vector<std::size_t> open = OpenCandidates(products, is_all, list);
    if (open.empty()) return is_all ? Outcome::kExhausted : Outcome::kTooFew;
    std::vector<float> scores;
    scores.reserve(open.size());
    for (const std::size_t i : open) scores.push_back(products[i].score);
    const Draw draw = DrawOne(how, list.next_position(), scale, scores);
    list.Place(std::move(products[open[draw.candidate]]), draw.propensity);
  }
  return Outcome::kFull;
}

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
  const bool is_drawn = rules.controls.exploration.temperature > 0;
  if (!is_drawn && rules.controls.diversity.method == Diversity::Method::kNone) {
    return FillInOrder(ranked, is_all, list);
  }
  std::vector<BlendedItem> products = FirstOfEachProduct(rules, catalogue, ranked);
  if (is_drawn) return FillByChance(rules.controls.exploration, products, is_all, list);
  return DiverseFilling(rules, products, is_all, similarity).Fill(list);
}

}  // namespace

ComposedPage ComposePage(const PageRules& rules, const Catalogue& catalogue,
                         ItemSimilarity& similarity, const PageSources& sources) {
  const std::size_t length = rules.shown.size() + rules.page_size;
  std::vector<ExposedItems::Source> of_group = {sources.rank_exposed};
  if (!rules.controls.is_strict) of_group.push_back(sources.backfill_exposed);
  ExposedItems exposed(std::move(of_group));
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
    list.emplace(rules, catalogue, exposed);
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
  if (!rules.has_more) list->PlaceAllPins();
  return list->Take();
}

}  // namespace vitrine
