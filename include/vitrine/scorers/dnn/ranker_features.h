#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/scorers/ranker.h"

namespace vitrine {

// What is known of an item beside what scorers say, each a column of a matrix [items x these].
inline constexpr std::array<std::string_view, 6> kItemFactNames = {
    "shoppers",          // ln(1 + shoppers who touched it)
    "trend of a week",   // ln((1 + recent) / (5 + all)): each by the age of the last touch,
    "trend of a month",  // half after 7 and 30 days.
    "days known",        // ln(1 + days since it was first touched)
    "days untouched",    // ln(1 + days since it was last touched)
    "price",             // ln(1 + price), 0 where there is none
};
inline constexpr std::size_t kNumItemFacts = kItemFactNames.size();
inline constexpr Eigen::Index kPriceFact = 5;

// What is known of an item and the shopper together.
inline constexpr std::array<std::string_view, 3> kPairFactNames = {
    "price by liked",  // "price" less its mean over what the shopper liked; 0 where there is none
    "own touches",     // ln(1 + times that the shopper liked it)
    "own recency",     // Halved with each 30 days since; 0 where the shopper never did.
};
inline constexpr std::size_t kNumPairFacts = kPairFactNames.size();

// What is known of a shopper.
inline constexpr std::array<std::string_view, 4> kShopperFactNames = {
    "items liked",            // ln(1 + distinct items of the history)
    "repeats",                // ln(interactions per distinct item)
    "days away",              // ln(1 + days since the latest interaction)
    "shoppers of the liked",  // Mean over the history of the items' "shoppers".
};
inline constexpr std::size_t kNumShopperFacts = kShopperFactNames.size();

// Behaviour features (docs/features.md), as far as they can be told from what a data set has of an
// item and a query of the shopper. "Of late": each event is halved with every 30 days since.
inline constexpr std::array<std::string_view, 4> kBehaviourFactNames = {
    "carts by views",        // ln((1 + carts) / (1 + detail page views / 20)) of late
    "purchases by views",    // The same of purchases.
    "affinity to category",  // What top_categories and top_brands have of the item's, none left
                             // out,
    "affinity to brand",     // from 0 to 1.
};
inline constexpr std::size_t kNumBehaviourFacts = kBehaviourFactNames.size();
inline constexpr Eigen::Index kNumItemRates = 2;  // The first of them, that are of the item alone.

// What behaviour features need of items. Items beyond the end are as those that nobody touched.
struct ItemBehaviour {
  Matrix rates{};                           // [num_items x kNumItemRates] 0: as little is known.
  std::vector<std::uint32_t> categories{};  // [num_items] The first one's number, from 1 on,
  std::vector<std::uint32_t> brands{};      // and the brand's. 0: it has none.
};

// The facts of every item of `dataset`, as of its now_us or its latest interaction, if that is
// earlier [num_items x kNumItemFacts]; and of an item that nobody touched [1 x the same].
Matrix ItemFacts(const Dataset& dataset);
Matrix UnknownItemFacts();
ItemBehaviour MeasureBehaviour(const Dataset& dataset);

// The column that holds ln(blended / best), at least kLeastLogBlend: in it the order of the blend.
inline constexpr Eigen::Index kLogBlendFeature = 0;
inline constexpr float kLeastLogBlend = -6;

// That column alone, of the blended scores, the best first [items].
Eigen::VectorXf LogsOfBlend(std::span<const float> blended);

// The features of candidates [items x features]: of the blend ln(score / best) and 1 / log2(1 +
// rank); of each of `scorers` its score by its best one and 1 / log2(1 + its rank), both 0 where it
// has nothing to say; the facts of the items, less their mean over the candidates, so that they
// mean the same when the whole shop has grown; of item and shopper; of the shopper; and last the
// behaviour features, those of items less their mean too.
Matrix RankerFeatures(const RankerCandidates& candidates, std::span<const std::string> scorers,
                      const Matrix& item_facts, const Matrix& unknown_facts,
                      const ItemBehaviour& behaviour);

// Their names, as people read them: "score of ials", "rank in ials", "trend of a week".
std::vector<std::string> RankerFeatureNames(std::span<const std::string> scorers);

// The one of `scorers` whose score or rank the feature is; empty: it is of none.
std::string_view ScorerOfFeature(std::span<const std::string> scorers, std::size_t feature);

}  // namespace vitrine
