#include "insight/fairness_tally.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "insight/words.h"

namespace vitrine {
namespace {

constexpr std::size_t kPriceBands = 5;
constexpr std::uint32_t kItemsAtATime = 4096;
constexpr std::size_t kLast = std::numeric_limits<std::size_t>::max();  // Of those without a value.
constexpr std::size_t kOthers = kLast - 1;  // Of those beyond the most exposed, or the bands.
constexpr std::int64_t kMicrosPerUnit = 1'000'000;

struct AgeBand {
  double days = 0;  // Up to so many.
  const char* name = "";
};
constexpr std::array<AgeBand, 5> kAgeBands = {{{7, "up to 7 days"},
                                               {30, "7 to 30 days"},
                                               {90, "30 to 90 days"},
                                               {365, "90 to 365 days"},
                                               {1e9, "older"}}};

std::size_t AgeBandOf(const Item* item, Micros now_us) {
  if (item == nullptr || item->publish_time_us == 0) return kLast;
  const double days =
      static_cast<double>(now_us - item->publish_time_us) / static_cast<double>(kMicrosPerDay);
  std::size_t band = 0;
  while (days > kAgeBands.at(band).days) ++band;
  return band;
}

template <typename Visit>
void VisitAll(const Catalogue& catalogue, const Visit& visit) {
  std::uint32_t first = 0;
  while (catalogue.Visit(ItemIndex{first}, kItemsAtATime, visit)) first += kItemsAtATime;
}

// The currency of most items.
std::string MainCurrency(const Catalogue& catalogue) {
  std::map<std::string, std::size_t> counts;
  VisitAll(catalogue, [&](ItemIndex, const Item& item) {
    if (item.price.has_value()) ++counts[item.price->currency];
  });
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

// What splits the prices into kPriceBands of as many items each, where they differ enough.
std::vector<std::int64_t> PriceBounds(const Catalogue& catalogue, const std::string& currency) {
  std::vector<std::int64_t> prices;
  VisitAll(catalogue, [&](ItemIndex, const Item& item) {
    if (item.price.has_value() && item.price->currency == currency) {
      prices.push_back(item.price->micros);
    }
  });
  std::sort(prices.begin(), prices.end());
  std::vector<std::int64_t> bounds;
  for (std::size_t band = 1; band < kPriceBands && !prices.empty(); ++band) {
    const std::int64_t bound = prices[band * prices.size() / kPriceBands];
    if (bound > prices.front() && (bounds.empty() || bound > bounds.back())) {
      bounds.push_back(bound);
    }
  }
  return bounds;
}

// "9.99", "0.0315": exact, since a bound rounded to cents may be another price.
// REQUIRES: micros >= 0.
std::string Decimal(std::int64_t micros) {
  std::string text = absl::StrFormat("%d.%06d", micros / kMicrosPerUnit, micros % kMicrosPerUnit);
  const std::size_t cents_end = text.size() - 4;  // Of six places two stay, even zeros.
  text.resize(std::max(cents_end, text.find_last_not_of('0') + 1));
  return text;
}

// As a filter has texts (docs/filters.md).
std::string FilterText(const std::string& text) {
  return "\"" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}) + "\"";
}

void AddTo(FairnessGroup& sum, const FairnessGroup& more) {
  sum.num_items += more.num_items;
  sum.exposure += more.exposure;
  sum.num_shown += more.num_shown;
  sum.num_clicks += more.num_clicks;
  sum.num_purchases += more.num_purchases;
}

}  // namespace

FairnessTally::FairnessTally(const Catalogue& catalogue, const FairnessOptions& options)
    : catalogue_(catalogue),
      options_(options),
      currency_(MainCurrency(catalogue)),
      price_bounds_(PriceBounds(catalogue, currency_)) {}

std::size_t FairnessTally::BrandOf(const Item* item) {
  if (item == nullptr || item->brand.empty()) return kLast;
  return brands_.try_emplace(item->brand, brands_.size()).first->second;
}

std::size_t FairnessTally::PriceBandOf(const Item* item) const {
  if (item == nullptr || !item->price.has_value()) return kLast;
  if (item->price->currency != currency_) return kOthers;
  return static_cast<std::size_t>(
      std::upper_bound(price_bounds_.begin(), price_bounds_.end(), item->price->micros) -
      price_bounds_.begin());
}

std::string FairnessTally::PriceBandName(std::size_t band) const {
  if (band == kLast) return "no price";
  if (band == kOthers) return "other currencies";
  if (price_bounds_.empty()) return "all";
  if (band == 0) return "below " + Decimal(price_bounds_.front());
  if (band == price_bounds_.size()) return Decimal(price_bounds_.back()) + " and more";
  return Decimal(price_bounds_[band - 1]) + " to " + Decimal(price_bounds_[band]);
}

// A filter compares prices as numbers, whatever their currency: 20 JPY is below 20 EUR to it.
std::string FairnessTally::PriceBandFilter(std::size_t band) const {
  const std::string is_of_bands = "currency = " + FilterText(currency_);
  if (band == kOthers) return "price:* AND NOT " + is_of_bands;
  if (band == kLast || price_bounds_.empty()) return "";
  std::string filter = is_of_bands;
  if (band > 0) filter += " AND price >= " + Decimal(price_bounds_[band - 1]);
  if (band < price_bounds_.size()) filter += " AND price < " + Decimal(price_bounds_[band]);
  return filter;
}

void FairnessTally::Count(const ListOutcome& outcome, Group& group) const {
  FairnessGroup& figures = group.figures;
  switch (outcome.kind) {
    case ListOutcome::Kind::kShown:
      ++figures.num_shown;
      figures.exposure += 1 / std::log2(1.0 + static_cast<double>(outcome.position));
      NoteBehind(outcome.shopper, options_.min_group, group.shown);
      break;
    case ListOutcome::Kind::kClicked:
      ++figures.num_clicks;
      NoteBehind(outcome.shopper, options_.min_group, group.clicked);
      break;
    case ListOutcome::Kind::kBought:
      ++figures.num_purchases;
      NoteBehind(outcome.shopper, options_.min_group, group.bought);
      break;
  }
}

void FairnessTally::Merge(Group& from, Group& into) {
  AddTo(into.figures, from.figures);
  into.shown.merge(from.shown);
  into.clicked.merge(from.clicked);
  into.bought.merge(from.bought);
}

void FairnessTally::Add(const ListOutcome& outcome) {
  if (!options_.placement.empty() && outcome.placement != options_.placement) return;
  if (outcome.kind == ListOutcome::Kind::kShown) {
    ++num_shown_;
    NoteBehind(outcome.shopper, options_.min_group, shown_);
  }
  const std::shared_ptr<const Item> item = catalogue_.Get(outcome.item);
  Count(outcome, by_brand_[BrandOf(item.get())]);
  Count(outcome, by_price_[PriceBandOf(item.get())]);
  Count(outcome, by_age_[AgeBandOf(item.get(), outcome.time_us)]);
}

void FairnessTally::CountItems(Micros now_us) {
  VisitAll(catalogue_, [&](ItemIndex, const Item& item) {
    ++by_brand_[BrandOf(&item)].figures.num_items;
    ++by_price_[PriceBandOf(&item)].figures.num_items;
    ++by_age_[AgeBandOf(&item, now_us)].figures.num_items;
  });
}

FairnessTally::Groups FairnessTally::MostExposed(Groups brands) const {
  std::vector<std::pair<std::size_t, Group>> order;
  for (auto& [brand, group] : brands) order.emplace_back(brand, std::move(group));
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second.figures.exposure > b.second.figures.exposure;
  });
  Groups most;
  Group others;
  others.figures.name = "other brands";
  for (auto& [brand, group] : order) {
    if (brand == kLast || most.size() < options_.max_brands) {
      const std::size_t rank = brand == kLast ? kLast : most.size();
      most.emplace(rank, std::move(group));
    } else {
      Merge(group, others);
    }
  }
  if (others.figures.num_items + others.figures.num_shown > 0) {
    most.emplace(kOthers, std::move(others));
  }
  return most;
}

// Those that few have seen become one. What nobody saw may have been clicked: WithholdFew.
void FairnessTally::MergeSmall(Groups& groups) const {
  std::vector<std::size_t> ranks;
  std::vector<CountedPart> parts;
  for (const auto& [rank, group] : groups) {
    ranks.push_back(rank);
    parts.push_back({.count = group.figures.num_shown, .behind = &group.shown});
  }
  const std::vector<bool> is_small = TooFew(parts, options_.min_group);
  if (std::find(is_small.begin(), is_small.end(), true) == is_small.end()) return;
  Group together;
  together.figures.name = kSmallGroups;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (!is_small[i]) continue;
    Merge(groups[ranks[i]], together);
    groups.erase(ranks[i]);
  }
  groups[kOthers - 1] = std::move(together);
}

// What few did with the items of a group. The sums over the groups are those of the other tables.
void FairnessTally::WithholdFew(Groups& groups) const {
  const auto are_few = [&](std::uint64_t FairnessGroup::*count, Behind Group::*behind) {
    std::vector<CountedPart> parts;
    for (const auto& [rank, group] : groups) {
      parts.push_back({.count = group.figures.*count, .behind = &(group.*behind)});
    }
    return TooFew(parts, options_.min_group);
  };
  const std::vector<bool> few_shown = are_few(&FairnessGroup::num_shown, &Group::shown);
  const std::vector<bool> few_clicked = are_few(&FairnessGroup::num_clicks, &Group::clicked);
  const std::vector<bool> few_bought = are_few(&FairnessGroup::num_purchases, &Group::bought);
  std::size_t place = 0;
  for (auto& [rank, group] : groups) {
    if (few_shown[place]) group.figures.num_shown = 0;
    if (few_shown[place]) group.figures.exposure = 0;
    if (few_clicked[place]) group.figures.num_clicks = 0;
    if (few_bought[place]) group.figures.num_purchases = 0;
    ++place;
  }
}

std::uint64_t FairnessTally::MeritOf(const FairnessGroup& group) const {
  return options_.merit == Merit::kClicks ? group.num_clicks : group.num_purchases;
}

FairnessTable FairnessTally::TableOf(const std::string& by, Groups groups) const {
  if (options_.min_group > 1) {
    MergeSmall(groups);
    WithholdFew(groups);
  }
  FairnessTable table{.by = by};
  double exposure = 0;
  double merit = 0;
  for (auto& [rank, group] : groups) {
    exposure += group.figures.exposure;
    merit += static_cast<double>(MeritOf(group.figures));
    table.groups.push_back(std::move(group.figures));
  }
  for (FairnessGroup& group : table.groups) {
    if (exposure > 0) group.exposure_share = group.exposure / exposure;
    if (merit > 0) group.merit_share = static_cast<double>(MeritOf(group)) / merit;
    if (group.merit_share > 0) group.ratio = group.exposure_share / group.merit_share;
    if (merit > 0) table.distance += std::abs(group.exposure_share - group.merit_share) / 2;
  }
  return table;
}

FairnessReport FairnessTally::Finish(Micros now_us) {
  CountItems(now_us);
  for (const auto& [name, brand] : brands_) {
    by_brand_[brand].figures.name = name;
    by_brand_[brand].figures.filter = "brand = " + FilterText(name);
  }
  for (auto& [band, group] : by_price_) {
    group.figures.name = PriceBandName(band);
    group.figures.filter = PriceBandFilter(band);
  }
  for (auto& [band, group] : by_age_) {
    group.figures.name = band == kLast ? "no publish time" : kAgeBands.at(band).name;
  }
  if (by_brand_.contains(kLast)) by_brand_[kLast].figures.name = "no brand";
  // Those who saw one placement are a group; all together are the shop.
  if (!options_.placement.empty() && shown_.size() < options_.min_group) num_shown_ = 0;
  FairnessReport report{.merit = options_.merit, .currency = currency_, .num_shown = num_shown_};
  report.tables.push_back(TableOf("brand", MostExposed(std::move(by_brand_))));
  report.tables.push_back(TableOf("price", std::move(by_price_)));
  report.tables.push_back(TableOf("age", std::move(by_age_)));
  return report;
}

}  // namespace vitrine
