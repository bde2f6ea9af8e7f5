#include <algorithm>
#include <optional>
#include <string>

#include "feature_store/behaviour/user_feature_parts.h"

namespace vitrine {
namespace {

constexpr char kRecentWords[] = "latest 32 words";
constexpr char kInterest[] = "half-life 30 days";
constexpr char kAffinity[] = "history, half-life 30 days";
constexpr FeatureKind kEvents = {FeatureType::kInteger, "events", kAllTime};
constexpr FeatureKind kShare = {FeatureType::kNumber, "1", kAllTime};

FeatureValue Rate(std::int64_t part, std::int64_t whole) {
  return Ratio(static_cast<double>(part), static_cast<double>(whole));
}

FeatureValue Heaviest(const WeightedNames& names) {
  if (names.empty()) return {};
  return names.front().first;
}

FeatureValue Weights(const WeightedNames& names) {
  if (names.empty()) return {};
  return names;
}

double Decayed(const UserFacts& facts, const DecayedSum& sum) {
  return sum.At(static_cast<double>(facts.now) / (kInterestHalfLifeDays * kMicrosPerDay));
}

std::vector<UserFeature> CountFeatures() {
  constexpr FeatureKind kInterestKind = {FeatureType::kNumber, "events", kInterest};
  return {
      Make("views", kEvents, "Detail page views.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kDetailPageView); }),
      Make("home_views", kEvents, "Home page views.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kHomePageView); }),
      Make("category_views", kEvents, "Category page views.",
           [](const UserFacts& f) -> FeatureValue {
             return Count(f, EventType::kCategoryPageView);
           }),
      Make("searches", kEvents, "Searches.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kSearch); }),
      Make("carts", kEvents, "Times that something was put into the cart.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kAddToCart); }),
      Make("cart_removals", kEvents, "Times that something was taken out of the cart.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kRemoveFromCart); }),
      Make("cart_views", kEvents, "Views of the cart.",
           [](const UserFacts& f) -> FeatureValue {
             return Count(f, EventType::kShoppingCartPageView);
           }),
      Make("purchases", kEvents, "Purchase events; an order may have several.",
           [](const UserFacts& f) -> FeatureValue {
             return Count(f, EventType::kPurchaseComplete);
           }),
      Make("returns", kEvents, "Returns.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kReturnComplete); }),
      Make("not_interested", kEvents, "Times that items were turned down.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kNotInterested); }),
      Make("ratings", kEvents, "Ratings given.",
           [](const UserFacts& f) -> FeatureValue { return Count(f, EventType::kRate); }),
      Make("average_rating", {FeatureType::kNumber, "stars", kAllTime},
           "Mean of the ratings given.",
           [](const UserFacts& f) {
             return Ratio(static_cast<double>(f.activity.rating_sum) / 1e6,
                          static_cast<double>(Count(f, EventType::kRate)));
           }),
      Make("items_shown", {FeatureType::kInteger, "items", kAllTime},
           "Items in the lists that the shopper was shown.",
           [](const UserFacts& f) -> FeatureValue {
             return static_cast<std::int64_t>(f.activity.items_shown);
           }),
      Make("clicks", kEvents, "Clicks on recommendations.",
           [](const UserFacts& f) -> FeatureValue {
             return Count(f, EventType::kRecommendationClick);
           }),
      Make("pieces_bought", {FeatureType::kInteger, "pieces", kAllTime}, "Pieces bought.",
           [](const UserFacts& f) -> FeatureValue {
             return static_cast<std::int64_t>(f.activity.pieces_bought);
           }),
      Make("recent_views", kInterestKind, "Detail page views, each halved every 30 days.",
           [](const UserFacts& f) -> FeatureValue { return Decayed(f, f.activity.recent_views); }),
      Make("recent_carts", kInterestKind, "Additions to the cart, each halved every 30 days.",
           [](const UserFacts& f) -> FeatureValue { return Decayed(f, f.activity.recent_carts); }),
      Make("recent_purchases", kInterestKind, "Purchase events, each halved every 30 days.",
           [](const UserFacts& f) -> FeatureValue {
             return Decayed(f, f.activity.recent_purchases);
           }),
  };
}

std::vector<UserFeature> RateFeatures() {
  return {
      Make("click_through_rate", kShare, "Clicks on recommendations per item shown.",
           [](const UserFacts& f) {
             return Rate(Count(f, EventType::kRecommendationClick),
                         static_cast<std::int64_t>(f.activity.items_shown));
           }),
      Make("view_to_cart_rate", kShare, "Additions to the cart per detail page view.",
           [](const UserFacts& f) {
             return Rate(Count(f, EventType::kAddToCart), Count(f, EventType::kDetailPageView));
           }),
      Make("cart_to_order_rate", {FeatureType::kNumber, "1", kAllTime, kOrderPart},
           "Orders per addition to the cart.",
           [](const UserFacts& f) {
             return Rate(f.orders.num_orders, Count(f, EventType::kAddToCart));
           }),
      Make("view_to_order_rate", {FeatureType::kNumber, "1", kAllTime, kOrderPart},
           "Orders per detail page view.",
           [](const UserFacts& f) {
             return Rate(f.orders.num_orders, Count(f, EventType::kDetailPageView));
           }),
      Make("return_rate", kShare, "Pieces returned per piece bought.",
           [](const UserFacts& f) {
             return Rate(static_cast<std::int64_t>(f.activity.pieces_returned),
                         static_cast<std::int64_t>(f.activity.pieces_bought));
           }),
  };
}

std::vector<UserFeature> TasteFeatures() {
  constexpr FeatureKind kWeighted = {FeatureType::kWeights, "1", kAffinity, kAffinityPart};
  constexpr FeatureKind kBands = {FeatureType::kWeights, "1", kAffinity,
                                  kAffinityPart | kPricePart};
  constexpr FeatureKind kFavouriteBand = {FeatureType::kText, "", kAffinity,
                                          kAffinityPart | kPricePart};
  constexpr FeatureKind kFavourite = {FeatureType::kText, "", kAffinity, kAffinityPart};
  return {
      Make("top_search_words", {FeatureType::kWeights, "words", kRecentWords, kWordPart},
           "The words searched for most often, with their counts; at most 5.",
           [](const UserFacts& f) { return Weights(f.words); }),
      Make("top_categories", kWeighted,
           "Shares of the shopper's positive weight by first category; the top 5.",
           [](const UserFacts& f) { return Weights(f.affinities.categories); }),
      Make("top_brands", kWeighted, "Shares of the shopper's positive weight by brand; the top 5.",
           [](const UserFacts& f) { return Weights(f.affinities.brands); }),
      Make("top_price_bands", kBands,
           "Shares of the shopper's positive weight by price band of today's price; the top 5.",
           [](const UserFacts& f) { return Weights(f.affinities.price_bands); }),
      Make("favourite_category", kFavourite, "The first of top_categories.",
           [](const UserFacts& f) { return Heaviest(f.affinities.categories); }),
      Make("favourite_brand", kFavourite, "The first of top_brands.",
           [](const UserFacts& f) { return Heaviest(f.affinities.brands); }),
      Make("favourite_price_band", kFavouriteBand, "The first of top_price_bands.",
           [](const UserFacts& f) { return Heaviest(f.affinities.price_bands); }),
  };
}

}  // namespace

std::vector<UserFeature> ConductFeatures() {
  std::vector<UserFeature> features = CountFeatures();
  for (const auto& part : {RateFeatures(), TasteFeatures()}) {
    features.insert(features.end(), part.begin(), part.end());
  }
  return features;
}

}  // namespace vitrine
