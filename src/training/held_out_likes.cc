#include "training/held_out_likes.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "vitrine/base/random.h"

namespace vitrine {

namespace {

constexpr std::size_t kCutoff = 20;  // Of the ndcg.
// Of a shopper that is held out, the share of interactions that training may look at.
constexpr double kShownShare = 0.8;
constexpr std::size_t kLeastLiked = 3;
constexpr std::size_t kFewestUsers = 20;
constexpr std::uint64_t kStream = std::uint64_t{1} << 48U;  // Of random numbers, nobody else's.
constexpr float kMasked = -std::numeric_limits<float>::infinity();

// Shoppers whose scores are asked for together: so many, and so many scores.
constexpr std::size_t kUsersAtOnce = 256;
constexpr std::size_t kScoresAtOnce = std::size_t{1} << 22U;

// Each of those who can be held out by the same odds, so that early shoppers count no more.
std::vector<std::uint32_t> Choose(const CsrMatrix& weights, const HoldOutOptions& options,
                                  Random& random) {
  std::vector<std::uint32_t> able;
  for (std::uint32_t user = 0; user < weights.num_rows; ++user) {
    if (weights.Columns(user).size() >= kLeastLiked) able.push_back(user);
  }
  const auto num_able = static_cast<double>(std::max<std::size_t>(able.size(), 1));
  const double share = std::min(options.share, static_cast<double>(options.most) / num_able);
  std::vector<std::uint32_t> chosen;
  for (const std::uint32_t user : able) {
    if (random.Uniform() < share && chosen.size() < options.most) chosen.push_back(user);
  }
  return chosen;
}

// Of `liked`, ascending, what came last; ascending.
std::vector<std::uint32_t> LastLiked(std::span<const Interaction> history,
                                     std::span<const std::uint32_t> liked, Random& random) {
  std::vector<std::uint32_t> last;
  if (Moments(history).empty()) {
    last.assign(liked.begin(), liked.end());
    random.Shuffle(last);
    const auto shown = static_cast<std::size_t>(kShownShare * static_cast<double>(last.size()));
    last.resize(last.size() - shown);
    std::sort(last.begin(), last.end());
    return last;
  }
  std::vector<std::uint32_t> before;
  for (const Interaction& each : history.first(LastPartOf(history))) {
    before.push_back(static_cast<std::uint32_t>(each.item));
  }
  std::sort(before.begin(), before.end());
  std::set_difference(liked.begin(), liked.end(), before.begin(), before.end(),
                      std::back_inserter(last));
  return last;
}

// How many like each item.
std::vector<std::size_t> CountLikes(const CsrMatrix& weights) {
  std::vector<std::size_t> counts(weights.num_cols, 0);
  for (const std::uint32_t item : weights.column) ++counts[item];
  return counts;
}

// Fills in who is held out, and what of whom.
void ChooseTargets(const Dataset& dataset, const CsrMatrix& weights, const HoldOutOptions& options,
                   HeldOutLikes& held_out) {
  Random random(options.seed, kStream);
  std::vector<std::size_t> likes = CountLikes(weights);
  for (const std::uint32_t user : Choose(weights, options, random)) {
    const auto liked = weights.Columns(user);
    std::vector<std::uint32_t> last = LastLiked(dataset.History(user), liked, random);
    std::erase_if(last, [&likes](std::uint32_t item) { return likes[item] < 2; });
    if (last.empty() || last.size() == liked.size()) continue;
    for (const std::uint32_t item : last) --likes[item];
    held_out.users.push_back(user);
    held_out.targets.insert(held_out.targets.end(), last.begin(), last.end());
    held_out.begin.push_back(held_out.targets.size());
  }
}

// `weights` without the targets.
CsrMatrix WhatIsLeft(const CsrMatrix& weights, const HeldOutLikes& held_out) {
  CsrMatrix left{.num_rows = weights.num_rows, .num_cols = weights.num_cols};
  std::size_t next = 0;  // Of the users that are held out.
  for (std::size_t user = 0; user < weights.num_rows; ++user) {
    std::span<const std::uint32_t> targets;
    if (next < held_out.users.size() && held_out.users[next] == user) {
      targets = held_out.Targets(next++);
    }
    for (std::size_t i = 0; i < weights.Columns(user).size(); ++i) {
      const std::uint32_t item = weights.Columns(user)[i];
      if (std::binary_search(targets.begin(), targets.end(), item)) continue;
      left.column.push_back(item);
      left.value.push_back(weights.Values(user)[i]);
    }
    left.row_begin.push_back(left.column.size());
  }
  return left;
}

}  // namespace

std::vector<std::size_t> Moments(std::span<const Interaction> history) {
  std::vector<std::size_t> moments;
  for (std::size_t i = 1; i < history.size(); ++i) {
    if (history[i].time_us != history[i - 1].time_us) moments.push_back(i);
  }
  return moments;
}

std::size_t LastPartOf(std::span<const Interaction> history) {
  const auto wanted = static_cast<std::size_t>(kShownShare * static_cast<double>(history.size()));
  const std::vector<std::size_t> moments = Moments(history);
  if (moments.empty()) return wanted;
  const auto after = std::upper_bound(moments.begin(), moments.end(), wanted);
  return after == moments.begin() ? *after : *std::prev(after);
}

HeldOutLikes HoldOutLast(const Dataset& dataset, CsrMatrix weights, const HoldOutOptions& options) {
  HeldOutLikes held_out;
  ChooseTargets(dataset, weights, options, held_out);
  if (held_out.users.size() < kFewestUsers) {
    held_out = {};
    held_out.weights = std::move(weights);
    return held_out;
  }
  held_out.weights = WhatIsLeft(weights, held_out);
  const std::vector<std::size_t> likes = CountLikes(held_out.weights);
  for (std::uint32_t item = 0; item < likes.size(); ++item) {
    if (likes[item] == 0) held_out.unliked.push_back(item);
  }
  return held_out;
}

double NdcgOf(std::span<const float> scores, std::span<const std::uint32_t> targets) {
  const Eigen::Map<const Eigen::ArrayXf> all(scores.data(),
                                             static_cast<Eigen::Index>(scores.size()));
  double gain = 0;
  double ideal = 0;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const auto rank = static_cast<std::size_t>((all >= scores[targets[t]]).count());
    if (rank <= kCutoff) gain += 1 / std::log2(1.0 + static_cast<double>(rank));
    if (t < kCutoff) ideal += 1 / std::log2(2.0 + static_cast<double>(t));
  }
  return gain / ideal;
}

double ValidationLoss(const HeldOutLikes& held_out, const ScoreAllItems& score, ThreadPool& pool) {
  const CsrMatrix& weights = held_out.weights;
  const std::size_t num_users = held_out.users.size();
  const std::size_t at_once =
      std::clamp<std::size_t>(kScoresAtOnce / weights.num_cols, 1, kUsersAtOnce);
  std::vector<double> ndcgs(num_users);
  Matrix scores;
  for (std::size_t first = 0; first < num_users; first += at_once) {
    const std::size_t count = std::min(at_once, num_users - first);
    score(std::span(held_out.users).subspan(first, count), scores);
    pool.ParallelFor(count, [&, first](std::size_t i) {
      const std::span<float> own(scores.row(static_cast<Eigen::Index>(i)).data(), weights.num_cols);
      for (const std::uint32_t item : weights.Columns(held_out.users[first + i])) {
        own[item] = kMasked;
      }
      for (const std::uint32_t item : held_out.unliked) own[item] = kMasked;
      ndcgs[first + i] = NdcgOf(own, held_out.Targets(first + i));
    });
  }
  return -std::accumulate(ndcgs.begin(), ndcgs.end(), 0.0) / static_cast<double>(num_users);
}

}  // namespace vitrine
