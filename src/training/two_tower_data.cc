#include "training/two_tower_data.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <variant>

#include "absl/strings/str_format.h"
#include "training/held_out_likes.h"
#include "training/pair_weights.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {

namespace {

void AddWords(const std::string& text, bool with_pairs, std::vector<std::string>& features) {
  std::string before;
  for (const std::string& word : Tokenize(text)) {
    features.push_back("word: " + word);
    if (with_pairs && !before.empty()) {
      features.push_back(absl::StrFormat("words: %s %s", before, word));
    }
    before = word;
  }
}

struct Liked {
  std::uint32_t item = 0;
  Micros last_us = 0;
};

// Liked items of some interactions: those whose weights sum to more than zero, ascending.
std::vector<Liked> LikedOf(std::span<const Interaction> interactions) {
  std::vector<Interaction> by_item(interactions.begin(), interactions.end());
  std::stable_sort(by_item.begin(), by_item.end(),
                   [](const auto& a, const auto& b) { return a.item < b.item; });
  std::vector<Liked> liked;
  for (std::size_t i = 0; i < by_item.size();) {
    const ItemIndex item = by_item[i].item;
    double sum = 0;
    for (; i < by_item.size() && by_item[i].item == item; ++i) {
      sum += static_cast<double>(by_item[i].weight);
    }
    if (sum > 0) liked.push_back({static_cast<std::uint32_t>(item), by_item[i - 1].time_us});
  }
  return liked;
}

// Asks for `items`, ascending, and shows the rest.
CutHistory AskForItems(std::span<const std::uint32_t> items, std::span<const Interaction> history) {
  CutHistory cut;
  for (const Interaction& each : history) {
    const bool is_asked =
        std::binary_search(items.begin(), items.end(), static_cast<std::uint32_t>(each.item));
    (is_asked ? cut.asked : cut.shown).push_back(each);
  }
  return cut;
}

}  // namespace

std::vector<std::string> DescribeForTower(const Item& item, bool use_ids) {
  std::vector<std::string> features;
  AddWords(item.title, true, features);
  AddWords(item.description, false, features);
  for (const std::string& path : item.categories) {
    for (const std::string& prefix : CategoryPrefixes(path)) {
      features.push_back("category: " + prefix);
    }
  }
  if (!item.brand.empty()) features.push_back("brand: " + item.brand);
  for (const std::string& tag : item.tags) features.push_back("tag: " + tag);
  for (const auto& [name, value] : item.attributes) {
    const auto* text = std::get_if<std::string>(&value);
    features.push_back(absl::StrFormat(
        "%s: %s", name, text != nullptr ? *text : absl::StrFormat("%g", std::get<double>(value))));
  }
  if (item.price.has_value() && item.price->micros > 0) {
    const double price = static_cast<double>(item.price->micros) / 1e6;
    features.push_back(absl::StrFormat("price: %.0f", std::round(2 * std::log2(price))));
  }
  for (std::size_t length = 2; use_ids && length < item.id.size() && length <= 8; ++length) {
    features.push_back("id: " + item.id.substr(0, length));
  }
  return features;
}

OwnedBags HashedFeatures(const Dataset& dataset, std::size_t buckets, bool use_ids,
                         std::span<const std::uint8_t> wanted) {
  OwnedBags bags;
  std::vector<std::uint32_t> found;
  for (std::size_t row = 0; row < dataset.num_items(); ++row) {
    found.clear();
    const Item* item = row < dataset.items.size() ? dataset.items[row].get() : nullptr;
    if (item != nullptr) {
      for (const std::string& feature : DescribeForTower(*item, use_ids)) {
        const std::uint32_t bucket = BucketOf(Checksum(feature), buckets);
        if (wanted.empty() || wanted[bucket] != 0) found.push_back(bucket);
      }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    const float weight = 1 / std::sqrt(static_cast<float>(std::max<std::size_t>(found.size(), 1)));
    for (const std::uint32_t bucket : found) bags.Add(bucket, weight);
    bags.EndBag();
  }
  return bags;
}

std::vector<std::uint8_t> CommonBuckets(const OwnedBags& features, const ItemBitmap& items,
                                        std::size_t buckets, std::size_t min_items) {
  std::vector<std::size_t> counts(buckets, 0);
  for (const ItemIndex item : items.Items()) {
    for (const std::uint32_t bucket : features.Ids(Row(item))) ++counts[bucket];
  }
  std::vector<std::uint8_t> common(buckets);
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    common[bucket] = counts[bucket] >= min_items ? 1 : 0;
  }
  return common;
}

TowerExamples::TowerExamples(const Dataset& dataset, const TowerHistoryOptions& touches,
                             const TowerExampleOptions& options)
    : dataset_(dataset),
      touches_(touches),
      target_half_life_days_(options.target_half_life_days),
      history_dropout_(options.history_dropout),
      learned_(dataset.num_items()),
      counts_(dataset.num_items(), 0) {
  const HeldOutLikes likes = HoldOutLast(dataset, LikedPairWeights(dataset, touches.touch),
                                         {.share = options.held_out_share, .seed = options.seed});
  for (const std::uint32_t item : likes.weights.column) {
    learned_.Insert(ItemIndex{item});
    counts_[item] += 1;
  }
  for (std::uint32_t user = 0; user < dataset.num_users(); ++user) {
    const std::size_t next = held_out_.size();
    const bool is_held_out = next < likes.users.size() && likes.users[next] == user;
    if (!is_held_out && likes.weights.Columns(user).size() < 2) continue;
    Source source{.user = user};
    if (is_held_out) {
      source.held_out = static_cast<std::uint32_t>(next);
      held_out_.push_back({.example = static_cast<std::uint32_t>(users_.size()),
                           .history = AskForItems(likes.Targets(next), dataset.History(user))});
    }
    users_.push_back(source);
  }
  if (options.profile_buckets > 0) ReadProfiles(options.profile_buckets, options.min_shoppers);
}

void TowerExamples::ReadProfiles(std::size_t buckets, std::size_t min_shoppers) {
  OwnedBags all;
  std::vector<std::size_t> counts(buckets, 0);
  for (Source& source : users_) {
    const std::shared_ptr<const ProfileAttributes> profile = dataset_.ProfileOf(source.user);
    if (profile == nullptr) continue;
    source.profile = static_cast<std::uint32_t>(all.size());
    for (const std::uint32_t bucket : ProfileBuckets(*profile, buckets)) {
      all.Add(bucket);
      ++counts[bucket];
    }
    all.EndBag();
  }
  common_.assign(buckets, 0);
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    if (counts[bucket] >= min_shoppers) common_[bucket] = 1;
  }
  for (std::size_t bag = 0; bag < all.size(); ++bag) {
    for (const std::uint32_t bucket : all.Ids(bag)) {
      if (common_[bucket] != 0) profiles_.Add(bucket);
    }
    profiles_.EndBag();
  }
  if (profiles_.ids.empty()) common_.clear();
}

std::span<const std::uint32_t> TowerExamples::ProfileOf(const Source& source) const {
  if (source.profile == kNone) return {};
  return profiles_.Ids(source.profile);
}

std::span<const Interaction> TowerExamples::LeftOf(const Source& source) const {
  if (source.held_out == kNone) return dataset_.History(source.user);
  return held_out_[source.held_out].history.shown;
}

float TowerExamples::WeightOf(Micros time_us) const {
  if (target_half_life_days_ == 0) return 1;
  const auto age_us = static_cast<double>(std::max<Micros>(dataset_.now_us - time_us, 0));
  return static_cast<float>(
      std::exp2(-age_us / (target_half_life_days_ * static_cast<double>(kMicrosPerDay))));
}

TowerExample TowerExamples::Cut(std::span<const Interaction> shown,
                                std::span<const Interaction> asked) const {
  const std::vector<Interaction> newest_first(shown.rbegin(), shown.rend());
  TowerExample example{.touches = TowerTouches({.history = newest_first}, touches_, learned_)};
  if (!example.touches.empty()) AddTargets(asked, example);
  return example;
}

void TowerExamples::AddTargets(std::span<const Interaction> asked, TowerExample& example) const {
  for (const Liked& liked : LikedOf(asked)) {
    const ItemIndex item{liked.item};
    const bool is_shown = std::binary_search(
        example.touches.begin(), example.touches.end(), TowerTouch{.item = item},
        [](const TowerTouch& a, const TowerTouch& b) { return a.item < b.item; });
    // Who likes it now may dislike it later: then it is no target of anybody's.
    if (is_shown || !learned_.Contains(item)) continue;
    example.targets.push_back(liked.item);
    example.weights.push_back(WeightOf(liked.last_us));
  }
}

TowerExample TowerExamples::AskRandom(std::span<const Interaction> history, Random& random) const {
  std::vector<std::uint32_t> liked;
  for (const Liked& each : LikedOf(history)) liked.push_back(each.item);
  random.Shuffle(liked);
  // A share of a tenth to a half.
  const double share = 0.1 + 0.4 * random.Uniform();
  const auto count =
      std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(liked.size())));
  liked.resize(std::min(count, liked.size()));
  std::sort(liked.begin(), liked.end());
  const CutHistory cut = AskForItems(liked, history);
  return Cut(cut.shown, cut.asked);
}

TowerExample TowerExamples::AskOfHistory(std::span<const Interaction> history, TowerSplit split,
                                         Random& random) const {
  const bool is_by_time =
      split == TowerSplit::kTime || (split == TowerSplit::kBoth && random.Below(2) == 0);
  const std::vector<std::size_t> moments =
      is_by_time ? Moments(history) : std::vector<std::size_t>();
  if (moments.empty()) return AskRandom(history, random);
  const std::size_t at = moments[random.Below(moments.size())];
  TowerExample cut = Cut(history.first(at), history.subspan(at));
  return cut.targets.empty() ? AskRandom(history, random) : cut;
}

TowerExample TowerExamples::Ask(std::size_t example, TowerSplit split, Random& random) const {
  const Source& source = users_[example];
  const std::span<const Interaction> history = LeftOf(source);
  const std::span<const std::uint32_t> profile = ProfileOf(source);
  TowerExample asked;
  // Who has no profile draws no number for it, and is asked what it was before there were any.
  if (!profile.empty() && random.Uniform() < history_dropout_) {
    AddTargets(history, asked);
  } else {
    asked = AskOfHistory(history, split, random);
  }
  asked.profile = profile;
  return asked;
}

TowerExample TowerExamples::HeldOut(std::size_t index) const {
  const HeldOutSource& source = held_out_[index];
  TowerExample asked = Cut(source.history.shown, source.history.asked);
  asked.profile = ProfileOf(users_[source.example]);
  return asked;
}

}  // namespace vitrine
