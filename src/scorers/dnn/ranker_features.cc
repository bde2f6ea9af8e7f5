#include "vitrine/scorers/dnn/ranker_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

namespace vitrine {

namespace {

constexpr double kWeek = 7;
constexpr double kMonth = 30;
constexpr double kUsualViews = 20;  // For a cart or a purchase, where little is known of an item.
constexpr Eigen::Index kOfTheBlend = 2;  // Columns; of each scorer as many.

double DaysBetween(Micros from, Micros to) {
  return static_cast<double>(std::max<Micros>(to - from, 0)) / static_cast<double>(kMicrosPerDay);
}

Micros LatestOf(const Dataset& dataset) {
  Micros latest = 0;
  for (const Interaction& each : dataset.interactions) latest = std::max(latest, each.time_us);
  return latest;
}

// The moment that facts of `dataset` are as of.
Micros NowOf(const Dataset& dataset) {
  const Micros latest = LatestOf(dataset);
  return dataset.now_us > 0 ? std::min(dataset.now_us, latest) : latest;
}

// Of an item: who touched it, and when.
struct Touches {
  double shoppers = 0;
  double in_a_week = 0;  // Shoppers by the age of their last touch.
  double in_a_month = 0;
  Micros first = std::numeric_limits<Micros>::max();
  Micros last = 0;
};

std::vector<Touches> CountTouches(const Dataset& dataset, Micros now_us) {
  std::vector<Touches> touches(dataset.num_items());
  std::vector<Micros> last(dataset.num_items(), -1);  // Of one shopper; -1: not touched.
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const auto history = dataset.History(user);
    for (const Interaction& each : history) {
      if (each.weight <= 0) continue;
      Touches& item = touches[Row(each.item)];
      item.first = std::min(item.first, each.time_us);
      item.last = std::max(item.last, each.time_us);
      last[Row(each.item)] = std::max(last[Row(each.item)], each.time_us);
    }
    for (const Interaction& each : history) {
      Micros& time = last[Row(each.item)];
      if (time < 0) continue;
      const double age = DaysBetween(time, now_us);
      Touches& item = touches[Row(each.item)];
      item.shoppers += 1;
      item.in_a_week += std::exp2(-age / kWeek);
      item.in_a_month += std::exp2(-age / kMonth);
      time = -1;
    }
  }
  return touches;
}

// Writes a score by the best one and 1 / log2(1 + rank). Equals share the rank of the first of
// them, so that no order of candidates matters.
void FillScores(const Matrix& scores, Eigen::Index row, Eigen::Index column, Matrix& features) {
  std::vector<Eigen::Index> order;
  float best = kUnscored;
  float worst = std::numeric_limits<float>::max();
  for (Eigen::Index i = 0; i < scores.cols(); ++i) {
    const float score = scores(row, i);
    if (!std::isfinite(score)) continue;
    order.push_back(i);
    best = std::max(best, score);
    worst = std::min(worst, score);
  }
  if (order.empty()) return;
  const float scale = std::max(best > 0 ? best : -worst, 1e-6F);
  std::sort(order.begin(), order.end(),
            [&](Eigen::Index a, Eigen::Index b) { return scores(row, a) > scores(row, b); });
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const bool is_equal = rank > 0 && scores(row, order[rank]) == scores(row, order[rank - 1]);
    features(order[rank], column) = scores(row, order[rank]) / scale;
    features(order[rank], column + 1) =
        is_equal ? features(order[rank - 1], column + 1)
                 : static_cast<float>(1 / std::log2(2.0 + static_cast<double>(rank)));
  }
}

void FillBlend(std::span<const float> blended, Matrix& features) {
  features.col(kLogBlendFeature) = LogsOfBlend(blended);
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    features(i, kLogBlendFeature + 1) =
        static_cast<float>(1 / std::log2(2.0 + static_cast<double>(i)));
  }
}

// What a shopper liked.
class Liked {
 public:
  Liked(const Query& query, const Matrix& item_facts) {
    for (const Interaction& each : query.history) {
      if (each.weight <= 0) continue;
      const double days = DaysBetween(each.time_us, query.now_us);
      touches_.push_back({each.item, days});
      least_days_ = std::min(least_days_, days);
    }
    std::sort(touches_.begin(), touches_.end(), [](const Touch& a, const Touch& b) {
      return a.item != b.item ? a.item < b.item : a.days < b.days;
    });
    double prices = 0;
    double num_priced = 0;
    for (std::size_t i = 0; i < touches_.size(); ++i) {
      if (i > 0 && touches_[i].item == touches_[i - 1].item) continue;
      num_items_ += 1;
      const auto row = static_cast<Eigen::Index>(Row(touches_[i].item));
      if (row >= item_facts.rows()) continue;
      popularity_ += static_cast<double>(item_facts(row, 0));
      if (item_facts(row, kPriceFact) <= 0) continue;
      prices += static_cast<double>(item_facts(row, kPriceFact));
      num_priced += 1;
    }
    if (num_priced > 0) price_ = prices / num_priced;
  }

  std::array<float, kNumShopperFacts> Facts() const {
    if (touches_.empty()) return {};
    return {static_cast<float>(std::log1p(num_items_)),
            static_cast<float>(std::log(static_cast<double>(touches_.size()) / num_items_)),
            static_cast<float>(std::log1p(least_days_)),
            static_cast<float>(popularity_ / num_items_)};
  }

  // `price`: the item's fact.
  std::array<float, kNumPairFacts> FactsOf(ItemIndex item, float price) const {
    std::array<float, kNumPairFacts> facts{};
    if (price > 0 && price_ > 0) facts[0] = price - static_cast<float>(price_);
    const auto first = std::lower_bound(touches_.begin(), touches_.end(), item,
                                        [](const Touch& a, ItemIndex b) { return a.item < b; });
    double count = 0;
    for (auto at = first; at != touches_.end() && at->item == item; ++at) count += 1;
    if (count == 0) return facts;
    facts[1] = static_cast<float>(std::log1p(count));
    facts[2] = static_cast<float>(std::exp2(-first->days / kMonth));
    return facts;
  }

 private:
  struct Touch {
    ItemIndex item{};
    double days = 0;  // Ago.
  };
  std::vector<Touch> touches_;  // By item, the latest first.
  double num_items_ = 0;
  double least_days_ = std::numeric_limits<double>::max();
  double popularity_ = 0;  // Sum over the items.
  double price_ = 0;       // Mean of those that have one; 0: none has.
};

// The column of what is counted of an item: detail page views, carts, purchases.
std::optional<Eigen::Index> CountedAs(EventType type) {
  if (type == EventType::kDetailPageView) return 0;
  if (type == EventType::kAddToCart) return 1;
  if (type == EventType::kPurchaseComplete) return 2;
  return std::nullopt;
}

// Names as numbers from 1 on, in the order in which they come; 0 is the empty one.
class NameNumbers {
 public:
  std::uint32_t Of(const std::string& name) {
    if (name.empty()) return 0;
    const auto next = static_cast<std::uint32_t>(numbers_.size() + 1);
    return numbers_.emplace(name, next).first->second;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

std::uint32_t NumberOf(std::span<const std::uint32_t> numbers, ItemIndex item) {
  return Row(item) < numbers.size() ? numbers[Row(item)] : 0;
}

// The shares that numbers of items have of a shopper's weight, as the feature store has them: an
// event counts its weight, halved with every 30 days, and numbers that sum to less than 0 nothing.
class Affinities {
 public:
  // `weights` [history] So halved.
  Affinities(std::span<const Interaction> history, std::span<const double> weights,
             std::span<const std::uint32_t> numbers) {
    std::vector<std::pair<std::uint32_t, double>> each;
    for (std::size_t i = 0; i < history.size(); ++i) {
      const std::uint32_t number = NumberOf(numbers, history[i].item);
      if (number != 0) each.emplace_back(number, weights[i]);
    }
    std::stable_sort(each.begin(), each.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < each.size();) {
      const std::uint32_t number = each[i].first;
      double sum = 0;
      for (; i < each.size() && each[i].first == number; ++i) sum += each[i].second;
      if (sum <= 0) continue;
      sums_.emplace_back(number, sum);
      total_ += sum;
    }
  }

  // 0 of number 0, which none has.
  float Of(std::uint32_t number) const {
    const auto found = std::lower_bound(sums_.begin(), sums_.end(), number,
                                        [](const auto& a, auto b) { return a.first < b; });
    if (found == sums_.end() || found->first != number) return 0;
    return static_cast<float>(found->second / total_);
  }

 private:
  std::vector<std::pair<std::uint32_t, double>> sums_;  // By number.
  double total_ = 0;
};

std::vector<double> RecentWeights(const Query& query) {
  std::vector<double> weights;
  weights.reserve(query.history.size());
  for (const Interaction& each : query.history) {
    const double age = DaysBetween(each.time_us, query.now_us);
    weights.push_back(static_cast<double>(each.weight) * std::exp2(-age / kMonth));
  }
  return weights;
}

void FillBehaviour(const RankerCandidates& candidates, const ItemBehaviour& behaviour,
                   Eigen::Index column, Matrix& features) {
  const std::span<const Interaction> history = candidates.query.history;
  const std::vector<double> weights = RecentWeights(candidates.query);
  const Affinities to_categories(history, weights, behaviour.categories);
  const Affinities to_brands(history, weights, behaviour.brands);
  auto rates = features.middleCols(column, kNumItemRates);
  for (std::size_t i = 0; i < candidates.items.size(); ++i) {
    const ItemIndex item = candidates.items[i];
    const auto at = static_cast<Eigen::Index>(i);
    const auto row = static_cast<Eigen::Index>(Row(item));
    if (row < behaviour.rates.rows()) rates.row(at) = behaviour.rates.row(row);
    features(at, column + kNumItemRates) = to_categories.Of(NumberOf(behaviour.categories, item));
    features(at, column + kNumItemRates + 1) = to_brands.Of(NumberOf(behaviour.brands, item));
  }
  const Eigen::RowVectorXf means = rates.colwise().mean();
  rates.rowwise() -= means;
}

std::size_t NumFeatures(std::size_t num_scorers) {
  return static_cast<std::size_t>(kOfTheBlend) * (1 + num_scorers) + kNumItemFacts + kNumPairFacts +
         kNumShopperFacts + kNumBehaviourFacts;
}

}  // namespace

Matrix ItemFacts(const Dataset& dataset) {
  const Micros now_us = NowOf(dataset);
  const std::vector<Touches> touches = CountTouches(dataset, now_us);
  Matrix facts = UnknownItemFacts().replicate(static_cast<Eigen::Index>(dataset.num_items()), 1);
  for (std::size_t item = 0; item < touches.size(); ++item) {
    const Touches& of = touches[item];
    auto row = facts.row(static_cast<Eigen::Index>(item));
    if (of.shoppers > 0) {
      row[0] = static_cast<float>(std::log1p(of.shoppers));
      row[1] = static_cast<float>(std::log((1 + of.in_a_week) / (5 + of.shoppers)));
      row[2] = static_cast<float>(std::log((1 + of.in_a_month) / (5 + of.shoppers)));
      row[3] = static_cast<float>(std::log1p(DaysBetween(of.first, now_us)));
      row[4] = static_cast<float>(std::log1p(DaysBetween(of.last, now_us)));
    }
    const Item* described = item < dataset.items.size() ? dataset.items[item].get() : nullptr;
    if (described == nullptr || !described->price.has_value()) continue;
    const double price = static_cast<double>(described->price->micros) / 1e6;
    row[5] = static_cast<float>(std::log1p(std::max(price, 0.0)));
  }
  return facts;
}

Matrix UnknownItemFacts() {
  Matrix facts = Matrix::Zero(1, static_cast<Eigen::Index>(kNumItemFacts));
  facts(0, 1) = facts(0, 2) = static_cast<float>(std::log(1.0 / 5));
  return facts;
}

ItemBehaviour MeasureBehaviour(const Dataset& dataset) {
  const Micros now_us = NowOf(dataset);
  // double: sums of many events, of which old ones are little.
  Eigen::ArrayX3d counts = Eigen::ArrayX3d::Zero(static_cast<Eigen::Index>(dataset.num_items()), 3);
  for (const Interaction& each : dataset.interactions) {
    const std::optional<Eigen::Index> counted = CountedAs(each.type);
    if (!counted.has_value()) continue;
    counts(static_cast<Eigen::Index>(Row(each.item)), *counted) +=
        std::exp2(-DaysBetween(each.time_us, now_us) / kMonth);
  }
  const Eigen::ArrayXd usual = 1 + counts.col(0) / kUsualViews;
  ItemBehaviour behaviour;
  behaviour.rates.resize(counts.rows(), kNumItemRates);
  for (Eigen::Index rate = 0; rate < kNumItemRates; ++rate) {
    behaviour.rates.col(rate) = ((1 + counts.col(1 + rate)) / usual).log().cast<float>();
  }
  NameNumbers categories;
  NameNumbers brands;
  for (std::size_t item = 0; item < dataset.num_items(); ++item) {
    const Item* described = item < dataset.items.size() ? dataset.items[item].get() : nullptr;
    const bool has_category = described != nullptr && !described->categories.empty();
    behaviour.categories.push_back(categories.Of(has_category ? described->categories[0] : ""));
    behaviour.brands.push_back(brands.Of(described != nullptr ? described->brand : ""));
  }
  return behaviour;
}

Eigen::VectorXf LogsOfBlend(std::span<const float> blended) {
  const float best = blended.empty() ? 0 : blended.front();
  Eigen::VectorXf logs(static_cast<Eigen::Index>(blended.size()));
  for (std::size_t i = 0; i < blended.size(); ++i) {
    const float share = best > 0 && std::isfinite(best) ? blended[i] / best : 0;
    logs[static_cast<Eigen::Index>(i)] =
        share > 0 ? std::max(std::log(share), kLeastLogBlend) : kLeastLogBlend;
  }
  return logs;
}

Matrix RankerFeatures(const RankerCandidates& candidates, std::span<const std::string> scorers,
                      const Matrix& item_facts, const Matrix& unknown_facts,
                      const ItemBehaviour& behaviour) {
  const auto num_items = static_cast<Eigen::Index>(candidates.items.size());
  Matrix features = Matrix::Zero(num_items, static_cast<Eigen::Index>(NumFeatures(scorers.size())));
  if (num_items == 0) return features;
  FillBlend(candidates.blended, features);
  Eigen::Index column = kOfTheBlend;
  for (const std::string& scorer : scorers) {
    const auto row = std::find(candidates.scorers.begin(), candidates.scorers.end(), scorer);
    if (row != candidates.scorers.end()) {
      FillScores(candidates.scores, row - candidates.scorers.begin(), column, features);
    }
    column += kOfTheBlend;
  }
  const Liked liked(candidates.query, item_facts);
  const std::array<float, kNumShopperFacts> of_shopper = liked.Facts();
  auto of_items = features.middleCols(column, static_cast<Eigen::Index>(kNumItemFacts));
  for (Eigen::Index i = 0; i < num_items; ++i) {
    const ItemIndex item = candidates.items[static_cast<std::size_t>(i)];
    const auto row = static_cast<Eigen::Index>(Row(item));
    if (row < item_facts.rows()) {
      of_items.row(i) = item_facts.row(row);
    } else {
      of_items.row(i) = unknown_facts.row(0);
    }
    const std::array<float, kNumPairFacts> of_pair = liked.FactsOf(item, of_items(i, kPriceFact));
    Eigen::Index at = column + static_cast<Eigen::Index>(kNumItemFacts);
    for (const float fact : of_pair) features(i, at++) = fact;
    for (const float fact : of_shopper) features(i, at++) = fact;
  }
  const Eigen::RowVectorXf means = of_items.colwise().mean();
  of_items.rowwise() -= means;
  FillBehaviour(candidates, behaviour, features.cols() - kNumBehaviourFacts, features);
  return features;
}

std::vector<std::string> RankerFeatureNames(std::span<const std::string> scorers) {
  std::vector<std::string> names = {"score of blend", "rank in blend"};
  for (const std::string& scorer : scorers) {
    names.push_back("score of " + scorer);
    names.push_back("rank in " + scorer);
  }
  names.insert(names.end(), kItemFactNames.begin(), kItemFactNames.end());
  names.insert(names.end(), kPairFactNames.begin(), kPairFactNames.end());
  names.insert(names.end(), kShopperFactNames.begin(), kShopperFactNames.end());
  names.insert(names.end(), kBehaviourFactNames.begin(), kBehaviourFactNames.end());
  return names;
}

std::string_view ScorerOfFeature(std::span<const std::string> scorers, std::size_t feature) {
  constexpr auto kEach = static_cast<std::size_t>(kOfTheBlend);
  const bool is_of_one = feature >= kEach && feature < kEach * (1 + scorers.size());
  return is_of_one ? std::string_view(scorers[feature / kEach - 1]) : std::string_view();
}

}  // namespace vitrine
