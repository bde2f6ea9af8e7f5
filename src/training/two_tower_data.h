#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/scorers/dnn/two_tower.h"

namespace vitrine {

// Bags that own what they hold.
struct OwnedBags {
  std::vector<std::size_t> begin = {0};
  std::vector<std::uint32_t> ids{};
  std::vector<float> weights{};

  std::size_t size() const { return begin.size() - 1; }
  std::span<const std::uint32_t> Ids(std::size_t bag) const {
    return std::span(ids).subspan(begin[bag], begin[bag + 1] - begin[bag]);
  }
  nn::Bags view() const { return {begin, ids, weights}; }
  void Add(std::uint32_t id, float weight = 1) {
    ids.push_back(id);
    weights.push_back(weight);
  }
  void EndBag() { begin.push_back(ids.size()); }
};

// What an item is, feature by feature: "word: mug", "words: red mug" of its title, the words of its
// description, "category: Home > Kitchen" and its ancestors, "brand: Acme", "tag: new", attributes
// with their values, "price: 6" by half powers of two, and where `use_ids`, the beginnings of its
// id
// ("id: 225"), since shops number what belongs together in a row.
std::vector<std::string> DescribeForTower(const Item& item, bool use_ids);

// The hashed features of every item of `dataset` in `buckets`, ascending and distinct, each with
// weight 1 / sqrt(features of the item). Where `wanted` is not empty, only buckets that it says
// count.
OwnedBags HashedFeatures(const Dataset& dataset, std::size_t buckets, bool use_ids,
                         std::span<const std::uint8_t> wanted);

// 1 for buckets that at least `min_items` of the items have. [buckets]
std::vector<std::uint8_t> CommonBuckets(const OwnedBags& features, const ItemBitmap& items,
                                        std::size_t buckets, std::size_t min_items);

// How a history is cut into what is shown and what is asked for.
enum class TowerSplit { kTime, kRandom, kBoth };

// A history in two.
struct CutHistory {
  std::vector<Interaction> shown{};
  std::vector<Interaction> asked{};
};

// One question: what is shown of a shopper and what is right, distinct and not shown.
struct TowerExample {
  std::vector<TowerTouch> touches{};
  std::span<const std::uint32_t> profile{};  // Its buckets; valid while the examples are.
  std::vector<std::uint32_t> targets{};      // Rows of items, ascending.
  std::vector<float> weights{};              // [targets] What each counts.
};

struct TowerExampleOptions {
  double held_out_share = 0.1;
  double target_half_life_days = 0;  // A target this much older counts half; 0: all count alike.
  std::size_t profile_buckets = 0;   // Places for hashed features of profiles; 0: none is read.
  std::size_t min_shoppers = 5;      // Buckets of fewer shoppers with a question are left out.
  double history_dropout = 0.1;      // Questions about who has a profile that show it alone.
  std::uint64_t seed = 1;
};

// Shoppers with two liked items or more, and how to ask about them.
class TowerExamples {
 public:
  // What HoldOutLast keeps of `held_out_share` of the shoppers is asked for by HeldOut alone, and
  // counts nowhere else.
  TowerExamples(const Dataset& dataset, const TowerHistoryOptions& touches,
                const TowerExampleOptions& options);

  std::size_t size() const { return users_.size(); }
  std::size_t num_held_out() const { return held_out_.size(); }

  // Of what is left to learn from: items that someone likes, and how many like each. [num_items]
  const ItemBitmap& learned() const { return learned_; }
  std::span<const double> counts() const { return counts_; }

  // 1 for buckets of profiles that enough shoppers have. [profile_buckets], empty where none is.
  std::span<const std::uint8_t> common_profile_buckets() const { return common_; }

  // No targets where the cut leaves nothing to ask. Where the profile alone is shown, all that the
  // shopper likes is asked for.
  TowerExample Ask(std::size_t example, TowerSplit split, Random& random) const;
  TowerExample HeldOut(std::size_t index) const;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Source {
    std::uint32_t user = 0;
    std::uint32_t profile = kNone;   // Its bag.
    std::uint32_t held_out = kNone;  // Its place in held_out_.
  };
  struct HeldOutSource {
    std::uint32_t example = 0;
    CutHistory history{};  // Training may look at what is shown.
  };
  void ReadProfiles(std::size_t buckets, std::size_t min_shoppers);
  std::span<const std::uint32_t> ProfileOf(const Source& source) const;
  std::span<const Interaction> LeftOf(const Source& source) const;
  TowerExample Cut(std::span<const Interaction> shown, std::span<const Interaction> asked) const;
  void AddTargets(std::span<const Interaction> asked, TowerExample& example) const;
  TowerExample AskRandom(std::span<const Interaction> history, Random& random) const;
  TowerExample AskOfHistory(std::span<const Interaction> history, TowerSplit split,
                            Random& random) const;
  float WeightOf(Micros time_us) const;

  const Dataset& dataset_;
  TowerHistoryOptions touches_;
  double target_half_life_days_;
  double history_dropout_;
  ItemBitmap learned_;
  std::vector<double> counts_;
  std::vector<Source> users_;
  std::vector<HeldOutSource> held_out_;
  OwnedBags profiles_;  // Of common buckets, a bag for each that has any feature.
  std::vector<std::uint8_t> common_;
};

}  // namespace vitrine
