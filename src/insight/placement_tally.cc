#include "insight/placement_tally.h"

#include <algorithm>
#include <set>
#include <utility>

#include "insight/words.h"
#include "vitrine/feature_store/behaviour/visits_and_orders.h"
#include "vitrine/feature_store/shopper_key.h"

namespace vitrine {
namespace {

constexpr Micros kLatenessUs = 7 * kMicrosPerDay;  // How late an event may come to the log.
constexpr std::size_t kFewClicks = 4096;           // Not worth looking for old ones.

// What was paid for each line: quantity x unit price; where no line has a price the order's
// revenue, shared by pieces so that the shares sum to it.
std::vector<Money> PaidByLine(const Event& purchase) {
  std::vector<Money> paid;
  std::int64_t num_pieces = 0;
  bool has_prices = false;
  for (const EventItem& line : purchase.items) {
    num_pieces += line.quantity;
    has_prices = has_prices || line.unit_price.has_value();
    paid.push_back(line.unit_price.value_or(Money()));
    paid.back().micros = std::max<std::int64_t>(0, AmountOf(line));
  }
  if (has_prices || !purchase.revenue.has_value() || num_pieces == 0) return paid;
  const auto share_of = [&](std::int64_t pieces) {
    const auto whole = static_cast<__int128>(purchase.revenue->micros);
    return static_cast<std::int64_t>(whole * pieces / num_pieces);
  };
  std::int64_t num_before = 0;
  for (std::size_t i = 0; i < paid.size(); ++i) {
    const std::int64_t num_with = num_before + purchase.items[i].quantity;
    paid[i] = {.micros = share_of(num_with) - share_of(num_before),
               .currency = purchase.revenue->currency};
    num_before = num_with;
  }
  return paid;
}

void AddTo(PlacementFigures& sum, const PlacementFigures& more) {
  sum.num_impressions += more.num_impressions;
  sum.num_explored_impressions += more.num_explored_impressions;
  sum.num_shown_items += more.num_shown_items;
  sum.num_clicks += more.num_clicks;
  sum.num_carts += more.num_carts;
  sum.num_purchases += more.num_purchases;
  sum.click_position_sum += more.click_position_sum;
  for (const auto& [currency, micros] : more.revenue) {
    std::int64_t& revenue = sum.revenue[currency];
    revenue = AddMoney(revenue, micros);
  }
}

}  // namespace

PlacementTally::PlacementTally(const FeatureStore& store, const PlacementReportOptions& options)
    : store_(store),
      window_us_(
          static_cast<Micros>(options.attribution_days * static_cast<double>(kMicrosPerDay))),
      min_group_(options.min_group),
      on_outcome_(options.on_outcome) {}

void PlacementTally::Add(const Event& event) {
  ++made_.num_events;
  latest_us_ = std::max(latest_us_, event.time_us);
  const std::optional<OfList> list = ListOf(event);
  switch (event.type) {
    case EventType::kImpression:
      if (list.has_value()) AddImpression(event, *list);
      break;
    case EventType::kRecommendationClick:
    case EventType::kDetailPageView:
      if (list.has_value()) AddClick(event, *list);
      break;
    case EventType::kAddToCart:
    case EventType::kPurchaseComplete:
      AddOutcome(event, list);
      break;
    default:
      break;
  }
}

std::optional<PlacementTally::OfList> PlacementTally::ListOf(const Event& event) {
  if (event.attribution_token.empty()) return std::nullopt;
  absl::StatusOr<Attribution> read = ReadAttribution(store_, event.attribution_token);
  if (!read.ok()) {
    ++made_.num_foreign_tokens;
    return std::nullopt;
  }
  const auto [place, is_new] = rows_.try_emplace({read->placement, read->model_version},
                                                 static_cast<Row>(made_.figures.size()));
  if (is_new) {
    made_.figures.push_back({.placement = read->placement, .model_version = read->model_version});
    shoppers_.emplace_back();
  }
  return OfList{.attribution = *std::move(read), .row = place->second};
}

void PlacementTally::AddImpression(const Event& event, const OfList& list) {
  const std::uint64_t shopper = min_group_ > 1 ? ShopperKey(store_, event) : 0;
  CountOne(list.row, kImpressions, shopper);
  if (!list.attribution.propensities.empty()) CountOne(list.row, kExplored, shopper);
  std::set<ItemIndex> counted;
  for (const EventItem& line : event.items) {
    const auto item = store_.catalogue().Find(line.item_id);
    if (!item.has_value()) continue;
    const std::optional<std::size_t> position = list.attribution.PositionOf(*item);
    if (!position.has_value() || !counted.insert(*item).second) continue;
    CountOne(list.row, kShownItems, shopper);
    Tell(ListOutcome::Kind::kShown, event, *item, {list.row, *position});
  }
}

void PlacementTally::AddClick(const Event& event, const OfList& list) {
  PlacementFigures& figures = made_.figures[list.row];
  const std::uint64_t shopper = ShopperKey(store_, event);
  std::set<ItemIndex> counted;
  for (const EventItem& line : event.items) {
    const auto item = store_.catalogue().Find(line.item_id);
    if (!item.has_value()) continue;
    const std::optional<std::size_t> position = list.attribution.PositionOf(*item);
    if (!position.has_value() || !counted.insert(*item).second) continue;
    CountOne(list.row, kClicks, shopper);
    figures.click_position_sum += *position;
    Tell(ListOutcome::Kind::kClicked, event, *item, {list.row, *position});
    if (window_us_ > 0) {
      clicks_.insert_or_assign({shopper, *item, event.time_us}, list.row);
    }
  }
  ForgetOldClicks();
}

void PlacementTally::AddOutcome(const Event& event, const std::optional<OfList>& list) {
  if (!list.has_value() && clicks_.empty()) return;
  const bool is_purchase = event.type == EventType::kPurchaseComplete;
  const std::vector<Money> paid = is_purchase ? PaidByLine(event) : std::vector<Money>();
  const std::uint64_t shopper = ShopperKey(store_, event);
  std::set<ItemIndex> counted;
  for (std::size_t i = 0; i < event.items.size(); ++i) {
    const auto item = store_.catalogue().Find(event.items[i].item_id);
    if (!item.has_value()) continue;
    const std::optional<Row> row = CauseOf(list, shopper, *item, event.time_us);
    if (!row.has_value()) continue;
    if (counted.insert(*item).second) {
      CountOne(*row, is_purchase ? kPurchases : kCarts, shopper);
      if (is_purchase) Tell(ListOutcome::Kind::kBought, event, *item, {*row, 0});
    }
    if (is_purchase && !paid[i].currency.empty()) {
      std::int64_t& sum = made_.figures[*row].revenue[paid[i].currency];
      sum = AddMoney(sum, paid[i].micros);
      NoteBehind(shopper, min_group_, shoppers_[*row].revenue[paid[i].currency]);
    }
  }
}

std::optional<PlacementTally::Row> PlacementTally::CauseOf(const std::optional<OfList>& list,
                                                           std::uint64_t shopper, ItemIndex item,
                                                           Micros time_us) const {
  if (list.has_value() && list->attribution.PositionOf(item).has_value()) return list->row;
  auto next = clicks_.upper_bound({shopper, item, time_us});
  if (next == clicks_.begin()) return std::nullopt;
  const auto& [click, row] = *--next;
  const bool is_cause =
      click.shopper == shopper && click.item == item && time_us - click.time_us <= window_us_;
  return is_cause ? std::optional(row) : std::nullopt;
}

// Each time that as many have come as there were left.
void PlacementTally::ForgetOldClicks() {
  if (clicks_.size() < std::max(kFewClicks, 2 * num_kept_)) return;
  const Micros oldest_us = latest_us_ - window_us_ - kLatenessUs;
  absl::erase_if(clicks_, [&](const auto& click) { return click.first.time_us < oldest_us; });
  num_kept_ = clicks_.size();
}

void PlacementTally::Tell(ListOutcome::Kind kind, const Event& event, ItemIndex item,
                          const std::pair<Row, std::size_t>& place) const {
  if (!on_outcome_) return;
  on_outcome_({.kind = kind,
               .item = item,
               .position = place.second,
               .shopper = ShopperKey(store_, event),
               .time_us = event.time_us,
               .placement = made_.figures[place.first].placement});
}

void PlacementTally::CountOne(Row row, Count count, std::uint64_t shopper) {
  ++(made_.figures[row].*kCounts.at(count));
  NoteBehind(shopper, min_group_, shoppers_[row].counts.at(count));
}

// The rows of few shoppers become one, with those of none: somebody's event has brought their
// names.
void PlacementTally::MergeSmallGroups() {
  std::vector<Behind> behind(shoppers_.size());
  std::vector<CountedPart> parts;
  std::vector<bool> is_small;
  for (Row row = 0; row < behind.size(); ++row) {
    for (const Behind& each : shoppers_[row].counts) behind[row].insert(each.begin(), each.end());
    parts.push_back({.count = made_.figures[row].num_shown_items, .behind = &behind[row]});
    is_small.push_back(behind[row].empty());
  }
  is_small = TooFew(parts, min_group_, std::move(is_small));
  if (std::find(is_small.begin(), is_small.end(), true) == is_small.end()) return;
  std::vector<PlacementFigures> figures;
  std::vector<RowShoppers> shoppers;
  PlacementFigures together{.placement = kSmallGroups};
  RowShoppers behind_together;
  for (Row row = 0; row < behind.size(); ++row) {
    if (is_small[row]) {
      AddTo(together, made_.figures[row]);
      for (std::size_t i = 0; i < kCounts.size(); ++i) {
        behind_together.counts.at(i).merge(shoppers_[row].counts.at(i));
      }
      for (auto& [currency, paid] : shoppers_[row].revenue) {
        behind_together.revenue[currency].merge(paid);
      }
    } else {
      figures.push_back(std::move(made_.figures[row]));
      shoppers.push_back(std::move(shoppers_[row]));
    }
  }
  figures.push_back(std::move(together));
  shoppers.push_back(std::move(behind_together));
  made_.figures = std::move(figures);
  shoppers_ = std::move(shoppers);
}

// What few of a row's shoppers did. No sum over the rows is told, which would give it away.
void PlacementTally::WithholdFew() {
  const auto is_few = [this](const Behind& behind) { return behind.size() < min_group_; };
  for (Row row = 0; row < shoppers_.size(); ++row) {
    PlacementFigures& figures = made_.figures[row];
    for (std::size_t i = 0; i < kCounts.size(); ++i) {
      if (is_few(shoppers_[row].counts.at(i))) figures.*kCounts.at(i) = 0;
    }
    if (figures.num_clicks == 0) figures.click_position_sum = 0;
    std::erase_if(figures.revenue,
                  [&](const auto& paid) { return is_few(shoppers_[row].revenue.at(paid.first)); });
  }
}

PlacementReport PlacementTally::Finish() {
  if (min_group_ > 1) {
    MergeSmallGroups();
    WithholdFew();
  }
  std::sort(made_.figures.begin(), made_.figures.end(),
            [](const PlacementFigures& a, const PlacementFigures& b) {
              if (a.num_shown_items != b.num_shown_items) {
                return a.num_shown_items > b.num_shown_items;
              }
              return std::pair(a.placement, a.model_version) <
                     std::pair(b.placement, b.model_version);
            });
  return std::move(made_);
}

}  // namespace vitrine
