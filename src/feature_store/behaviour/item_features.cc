#include "feature_store/behaviour/item_features.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "feature_store/behaviour/active_days.h"

namespace vitrine {
namespace {

constexpr char kAll[] = "all";
constexpr char kNow[] = "now";
using Source = ItemFeature::Source;
constexpr int kTrendDays = 28;

struct ItemFeatureKind {
  FeatureType type{};
  const char* unit = "";
  const char* window = kAll;
  Source source = Source::kEvents;
};
constexpr ItemFeatureKind kEvents = {FeatureType::kInteger, "events"};
constexpr ItemFeatureKind kShare = {FeatureType::kNumber, "1"};

ItemFeature MakeItemFeature(const char* name, const ItemFeatureKind& kind, const char* description,
                            FeatureValue (*value)(const ItemFacts& facts)) {
  const bool is_count = kind.type == FeatureType::kInteger && kind.source == Source::kEvents;
  return {.spec = {.name = name,
                   .entity = FeatureEntity::kItem,
                   .type = kind.type,
                   .unit = kind.unit,
                   .window = kind.window,
                   .missing = is_count ? FeatureValue(std::int64_t{0}) : FeatureValue(),
                   .owner = "vitrine",
                   .description = description},
          .source = kind.source,
          .value = value};
}

std::int64_t Count(const ItemFacts& facts, EventType type) {
  return facts.activity.num_events[static_cast<std::size_t>(type)];
}

FeatureValue Rate(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return {};
  return static_cast<double>(part) / static_cast<double>(whole);
}

FeatureValue Rate(const ItemFacts& facts, EventType part, EventType whole) {
  return Rate(static_cast<std::uint64_t>(Count(facts, part)),
              static_cast<std::uint64_t>(Count(facts, whole)));
}

std::int64_t Within(const DailyCounts& counts, Micros now, int days) {
  std::int64_t total = 0;
  for (std::int64_t day = DayOf(now) - days + 1; day <= DayOf(now); ++day) total += counts.On(day);
  return total;
}

// The slope of the least-squares line through the daily counts, by the mean of these: how much of
// a day's usual count is gained a day. Nothing without any.
FeatureValue Trend(const DailyCounts& counts, Micros now) {
  const double mean_x = (kTrendDays - 1) / 2.0;
  double total = 0;
  double covariance = 0;
  double variance = 0;
  for (int x = 0; x < kTrendDays; ++x) {
    const double count = counts.On(DayOf(now) - kTrendDays + 1 + x);
    total += count;
    covariance += (x - mean_x) * count;
    variance += (x - mean_x) * (x - mean_x);
  }
  if (total == 0) return {};
  return covariance / variance / (total / kTrendDays);
}

FeatureValue Weights(WeightedNames names) {
  if (names.empty()) return {};
  return names;
}

std::vector<ItemFeature> CountFeatures() {
  return {
      MakeItemFeature("item_first_seen", {FeatureType::kTime, "microseconds since 1970"},
                      "When the item's first event happened.",
                      [](const ItemFacts& f) -> FeatureValue { return f.activity.first_us; }),
      MakeItemFeature("item_last_seen", {FeatureType::kTime, "microseconds since 1970"},
                      "When the item's last event happened.",
                      [](const ItemFacts& f) -> FeatureValue { return f.activity.last_us; }),
      MakeItemFeature(
          "item_views", kEvents, "Detail page views.",
          [](const ItemFacts& f) -> FeatureValue { return Count(f, EventType::kDetailPageView); }),
      MakeItemFeature(
          "item_carts", kEvents, "Additions to a cart.",
          [](const ItemFacts& f) -> FeatureValue { return Count(f, EventType::kAddToCart); }),
      MakeItemFeature("item_purchases", kEvents, "Purchase events with the item.",
                      [](const ItemFacts& f) -> FeatureValue {
                        return Count(f, EventType::kPurchaseComplete);
                      }),
      MakeItemFeature("item_pieces_sold", {FeatureType::kInteger, "pieces"}, "Pieces sold.",
                      [](const ItemFacts& f) -> FeatureValue {
                        return static_cast<std::int64_t>(f.activity.pieces_bought);
                      }),
      MakeItemFeature(
          "item_impressions", kEvents, "Times that the item was in a list shown.",
          [](const ItemFacts& f) -> FeatureValue { return Count(f, EventType::kImpression); }),
      MakeItemFeature("item_clicks", kEvents, "Clicks on the item as a recommendation.",
                      [](const ItemFacts& f) -> FeatureValue {
                        return Count(f, EventType::kRecommendationClick);
                      }),
      MakeItemFeature(
          "item_not_interested", kEvents, "Times that the item was turned down.",
          [](const ItemFacts& f) -> FeatureValue { return Count(f, EventType::kNotInterested); }),
      MakeItemFeature(
          "item_ratings", kEvents, "Ratings.",
          [](const ItemFacts& f) -> FeatureValue { return Count(f, EventType::kRate); }),
      MakeItemFeature(
          "item_average_rating", {FeatureType::kNumber, "stars"}, "Mean of the ratings.",
          [](const ItemFacts& f) -> FeatureValue {
            const std::int64_t count = Count(f, EventType::kRate);
            if (count == 0) return {};
            return static_cast<double>(f.activity.rating_sum) / 1e6 / static_cast<double>(count);
          }),
      MakeItemFeature("item_click_through_rate", kShare, "Clicks per impression.",
                      [](const ItemFacts& f) {
                        return Rate(f, EventType::kRecommendationClick, EventType::kImpression);
                      }),
      MakeItemFeature("item_view_to_cart_rate", kShare, "Additions to a cart per detail page view.",
                      [](const ItemFacts& f) {
                        return Rate(f, EventType::kAddToCart, EventType::kDetailPageView);
                      }),
      MakeItemFeature("item_conversion_rate", kShare, "Purchase events per detail page view.",
                      [](const ItemFacts& f) {
                        return Rate(f, EventType::kPurchaseComplete, EventType::kDetailPageView);
                      }),
      MakeItemFeature("item_return_rate", kShare, "Pieces returned per piece sold.",
                      [](const ItemFacts& f) {
                        return Rate(f.activity.pieces_returned, f.activity.pieces_bought);
                      }),
  };
}

std::vector<ItemFeature> TrendFeatures() {
  return {
      MakeItemFeature(
          "item_views_7d", {FeatureType::kInteger, "events", "7 days"},
          "Detail page views on the 7 days (UTC) that end today.",
          [](const ItemFacts& f) -> FeatureValue { return Within(f.activity.views, f.now, 7); }),
      MakeItemFeature(
          "item_views_28d", {FeatureType::kInteger, "events", "28 days"},
          "Detail page views on the 28 days (UTC) that end today.",
          [](const ItemFacts& f) -> FeatureValue { return Within(f.activity.views, f.now, 28); }),
      MakeItemFeature("item_purchases_7d", {FeatureType::kInteger, "events", "7 days"},
                      "Purchase events on the 7 days (UTC) that end today.",
                      [](const ItemFacts& f) -> FeatureValue {
                        return Within(f.activity.purchases, f.now, 7);
                      }),
      MakeItemFeature("item_purchases_28d", {FeatureType::kInteger, "events", "28 days"},
                      "Purchase events on the 28 days (UTC) that end today.",
                      [](const ItemFacts& f) -> FeatureValue {
                        return Within(f.activity.purchases, f.now, 28);
                      }),
      MakeItemFeature(
          "item_view_trend", {FeatureType::kNumber, "1 per day", "28 days"},
          "Slope of the least-squares line through the views of each day, by their mean.",
          [](const ItemFacts& f) { return Trend(f.activity.views, f.now); }),
      MakeItemFeature(
          "item_purchase_trend", {FeatureType::kNumber, "1 per day", "28 days"},
          "Slope of the least-squares line through the purchases of each day, by their mean.",
          [](const ItemFacts& f) { return Trend(f.activity.purchases, f.now); }),
      MakeItemFeature(
          "item_co_viewed", {FeatureType::kWeights, "shoppers", "latest 50 views"},
          "The items that most of the latest viewers viewed too, within their histories; top 5, of "
          "min_group shoppers or more.",
          [](const ItemFacts& f) {
            return Weights(
                f.sources.companions(f.activity.viewers.entries(), EventType::kDetailPageView));
          }),
      MakeItemFeature(
          "item_co_bought", {FeatureType::kWeights, "shoppers", "latest 50 purchases"},
          "The items that most of the latest buyers bought too, within their histories; top 5, of "
          "min_group shoppers or more.",
          [](const ItemFacts& f) {
            return Weights(
                f.sources.companions(f.activity.buyers.entries(), EventType::kPurchaseComplete));
          }),
  };
}

std::vector<ItemFeature> CatalogueFeatures() {
  return {
      MakeItemFeature("item_price",
                      {FeatureType::kNumber, "currency units", kNow, Source::kVolatileCatalogue},
                      "The price.",
                      [](const ItemFacts& f) -> FeatureValue {
                        if (!f.sources.item->price.has_value()) return {};
                        return static_cast<double>(f.sources.item->price->micros) / 1e6;
                      }),
      MakeItemFeature("item_price_to_category",
                      {FeatureType::kNumber, "1", kNow, Source::kVolatileCatalogue},
                      "The price by the median price of the items of the same first category.",
                      [](const ItemFacts& f) -> FeatureValue {
                        const auto& price = f.sources.item->price;
                        const auto& median = f.sources.median_price;
                        if (!price.has_value() || median.value_or(0) <= 0) return {};
                        return static_cast<double>(price->micros) / static_cast<double>(*median);
                      }),
      MakeItemFeature("item_stock",
                      {FeatureType::kInteger, "pieces", kNow, Source::kVolatileCatalogue},
                      "Pieces in stock, where counted.",
                      [](const ItemFacts& f) -> FeatureValue {
                        if (!f.sources.item->stock.has_value()) return {};
                        return *f.sources.item->stock;
                      }),
      MakeItemFeature("item_category", {FeatureType::kText, "", kNow, Source::kStableCatalogue},
                      "The path of the first category.",
                      [](const ItemFacts& f) -> FeatureValue {
                        if (f.sources.item->categories.empty()) return {};
                        return f.sources.item->categories.front();
                      }),
      MakeItemFeature("item_brand", {FeatureType::kText, "", kNow, Source::kStableCatalogue},
                      "The brand.",
                      [](const ItemFacts& f) -> FeatureValue {
                        if (f.sources.item->brand.empty()) return {};
                        return f.sources.item->brand;
                      }),
  };
}

// Of both worlds: known from either.
FeatureValue AgeDays(const ItemFacts& facts) {
  const auto& item = facts.sources.item;
  Micros since = item != nullptr ? item->publish_time_us : 0;
  if (since == 0 && facts.activity.has_events()) since = facts.activity.first_us;
  if (since == 0) return {};
  return static_cast<double>(std::max<Micros>(0, facts.now - since)) / kMicrosPerDay;
}

std::vector<ItemFeature> MakeItemFeatures() {
  std::vector<ItemFeature> features = CountFeatures();
  for (const auto& part : {TrendFeatures(), CatalogueFeatures()}) {
    features.insert(features.end(), part.begin(), part.end());
  }
  features.push_back(
      MakeItemFeature("item_age_days", {FeatureType::kNumber, "days", kNow, Source::kBoth},
                      "Days since it was published; where the shop does not say, since its "
                      "first event.",
                      AgeDays));
  return features;
}

const ItemFeature* Find(std::string_view name) {
  static const auto* const by_name = [] {
    auto* made = new std::unordered_map<std::string_view, const ItemFeature*>();
    for (const ItemFeature& feature : ItemFeatures()) made->emplace(feature.spec.name, &feature);
    return made;
  }();
  const auto found = by_name->find(name);
  return found != by_name->end() ? found->second : nullptr;
}

bool IsUsable(Source source, const ItemFacts& facts) {
  switch (source) {
    case Source::kEvents:
      return facts.activity.has_events();
    case Source::kStableCatalogue:
      return facts.sources.item != nullptr;
    case Source::kVolatileCatalogue:
      return facts.sources.item != nullptr && facts.sources.catalogue == CatalogueUse::kPresent;
    case Source::kBoth:
      return true;
  }
  return false;
}

Feature ReadOne(const ItemFeature& feature, const ItemFacts& facts) {
  Feature read{.name = feature.spec.name, .value = feature.spec.missing};
  if (!IsUsable(feature.source, facts)) return read;
  FeatureValue value = feature.value(facts);
  if (std::holds_alternative<std::monostate>(value)) return read;
  read.value = std::move(value);
  read.status = FeatureStatus::kPresent;
  read.time_us = feature.source == Source::kEvents ? facts.activity.last_us : facts.now;
  return read;
}

}  // namespace

std::span<const ItemFeature> ItemFeatures() {
  static const auto* const features = new std::vector<ItemFeature>(MakeItemFeatures());
  return *features;
}

std::vector<Feature> ReadFeatures(const ItemSources& sources, std::span<const std::string> names,
                                  Micros now) {
  const ItemFacts facts{.sources = sources, .activity = sources.activity, .now = now};
  std::vector<Feature> read;
  if (names.empty()) {
    for (const ItemFeature& feature : ItemFeatures()) read.push_back(ReadOne(feature, facts));
  }
  for (const std::string& name : names) {
    const ItemFeature* feature = Find(name);
    read.push_back(feature != nullptr ? ReadOne(*feature, facts) : Feature{.name = name});
  }
  return read;
}

}  // namespace vitrine
