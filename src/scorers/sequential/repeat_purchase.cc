#include "vitrine/scorers/sequential/repeat_purchase.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/saved_rows.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

namespace {

// By LogDays; a pause of less than nothing, or without times, is none.
struct Intervals {
  double sum = 0;
  double count = 0;
};

Intervals IntervalsOf(std::span<const Purchase> purchases) {
  Intervals intervals;
  for (std::size_t i = 1; i < purchases.size(); ++i) {
    if (purchases[i].time_us <= purchases[i - 1].time_us) continue;
    intervals.sum += LogDays(purchases[i].time_us - purchases[i - 1].time_us);
    intervals.count += 1;
  }
  return intervals;
}

// Personal scores of one query.
class Buyer {
 public:
  Buyer(const RepeatPurchaseTable& table, const PurchaseHabits& habits, Micros now_us)
      : table_(table), habits_(habits), now_us_(now_us) {
    const auto decay = static_cast<double>(table.weights.visit_decay);
    weight_sums_.push_back(0);
    for (std::uint32_t visit = 0; visit < habits.num_visits; ++visit) {
      visit_weights_.push_back(visit == 0 ? 1 : visit_weights_.back() * decay);
      weight_sums_.push_back(weight_sums_.back() + visit_weights_.back());
    }
    double sum = 0;
    double count = 0;
    habits.ForEachItem([&](std::span<const Purchase> purchases) {
      const Intervals own = IntervalsOf(purchases);
      sum += own.sum - own.count * Usual(purchases.front().item);
      count += own.count;
    });
    pace_ = sum / (count + static_cast<double>(table.weights.prior_intervals));
  }

  float ScoreOf(std::span<const Purchase> purchases) const {
    const auto prior = static_cast<double>(table_.weights.prior_visits);
    const auto rate = static_cast<double>(table_.repeat_rate[Row(purchases.front().item)]);
    double num_bought = 0;
    for (const Purchase& purchase : purchases) num_bought += visit_weights_[Back(purchase)];
    const double num_visits = weight_sums_[Back(purchases.front()) + 1];
    return static_cast<float>((num_bought + prior * rate) / (num_visits + prior) *
                              RhythmOf(purchases));
  }

 private:
  double Usual(ItemIndex item) const { return static_cast<double>(table_.interval[Row(item)]); }
  std::size_t Back(const Purchase& purchase) const {
    return habits_.num_visits - 1 - purchase.visit;
  }

  double RhythmOf(std::span<const Purchase> purchases) const {
    const Purchase& last = purchases.back();
    if (last.time_us == 0) return 1;
    const RepeatWeights& weights = table_.weights;
    const auto prior = static_cast<double>(weights.prior_intervals);
    const Intervals own = IntervalsOf(purchases);
    const double due = (own.sum + prior * (Usual(last.item) + pace_)) / (own.count + prior);
    const double z =
        (LogDays(now_us_ - last.time_us) - due) / static_cast<double>(weights.rhythm_spread);
    const auto rhythm = static_cast<double>(weights.rhythm);
    return 1 - rhythm + rhythm * std::exp(-z * z / 2);
  }

  const RepeatPurchaseTable& table_;
  const PurchaseHabits& habits_;
  Micros now_us_;
  double pace_ = 0;                    // In LogDays.
  std::vector<double> visit_weights_;  // [visits] By how many back.
  std::vector<double> weight_sums_;    // [visits + 1] Of the latest so many visits.
};

// What a typical item has; `usual` where there is none.
float Mean(const std::vector<float>& values, float usual) {
  if (values.empty()) return usual;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return static_cast<float>(sum / static_cast<double>(values.size()));
}

bool IsSound(const RepeatWeights& weights) {
  const auto is_positive = [](float value) { return std::isfinite(value) && value > 0; };
  return is_positive(weights.visit_decay) && weights.visit_decay <= 1 &&
         is_positive(weights.prior_visits) && weights.rhythm >= 0 && weights.rhythm <= 1 &&
         is_positive(weights.rhythm_spread) && is_positive(weights.prior_intervals) &&
         std::isfinite(weights.popularity_weight) && weights.popularity_weight >= 0;
}

absl::Status CheckTable(const RepeatPurchaseTable& table) {
  const std::size_t num_items = table.trends.num_items();
  if (table.repeat_rate.size() != num_items || table.interval.size() != num_items) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "repeat_purchase wants a rate, an interval and sales for each item, got %d, %d, %d",
        table.repeat_rate.size(), table.interval.size(), num_items));
  }
  const auto all = [](const std::vector<float>& values, auto is_sound) {
    return std::all_of(values.begin(), values.end(), is_sound);
  };
  if (!all(table.repeat_rate, [](float rate) { return rate > 0 && rate < 1; }) ||
      !all(table.interval, [](float interval) { return std::isfinite(interval); })) {
    return absl::InvalidArgumentError(
        "repeat_purchase wants rates between 0 and 1 and finite intervals");
  }
  const float gap_hours = table.rules.visit_gap_hours;
  if (!IsSound(table.weights) || !std::isfinite(gap_hours) || gap_hours < 0) {
    return absl::InvalidArgumentError("repeat_purchase got a weight that is out of its range");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RepeatPurchase>> RepeatPurchase::Create(
    RepeatPurchaseTable table) {
  VITRINE_RETURN_IF_ERROR(CheckTable(table));
  return std::shared_ptr<const RepeatPurchase>(new RepeatPurchase(std::move(table)));
}

// All that is to say to one query.
class RepeatPurchase::Answer {
 public:
  Answer(const RepeatPurchase& scorer, const Query& query)
      : table_(scorer.table_), days_(table_.trends.DaysBefore(query.now_us)) {
    const PurchaseHabits habits = HabitsOf(query.history, table_.rules, scorer.num_items());
    const Buyer buyer(table_, habits, query.now_us);
    habits.ForEachItem([&](std::span<const Purchase> purchases) {
      personal_.push_back({purchases.front().item, buyer.ScoreOf(purchases)});
    });
  }

  struct Parts {
    float personal = 0;
    float base = 0;
    bool is_known = false;
  };

  Parts Of(ItemIndex item) const {
    if (Row(item) >= table_.repeat_rate.size()) return {};
    const auto own = Find(item);
    const bool is_own = own != personal_.end();
    if (!is_own && !table_.trends.IsSold(item)) return {};
    const Demand demand = table_.trends.Of(item, days_);
    return {.personal = is_own ? own->score * demand.trend : 0,
            .base = table_.weights.popularity_weight * demand.usual * demand.trend,
            .is_known = true};
  }

  float ScoreOf(ItemIndex item) const {
    const Parts parts = Of(item);
    return parts.is_known ? parts.personal + parts.base : kUnscored;
  }

  // What the shopper bought, by index ascending.
  const std::vector<ScoredItem>& personal() const { return personal_; }
  bool IsPersonal(ItemIndex item) const { return Find(item) != personal_.end(); }

  // Whether it is asked after the last of the sales, as it is in a shop.
  bool IsUpToDate() const { return days_ == table_.trends.sales().visits.size(); }

 private:
  std::vector<ScoredItem>::const_iterator Find(ItemIndex item) const {
    const auto found =
        std::lower_bound(personal_.begin(), personal_.end(), item,
                         [](const ScoredItem& a, ItemIndex wanted) { return a.item < wanted; });
    return found != personal_.end() && found->item == item ? found : personal_.end();
  }

  const RepeatPurchaseTable& table_;
  std::uint32_t days_;
  std::vector<ScoredItem> personal_{};
};

RepeatPurchase::RepeatPurchase(RepeatPurchaseTable table) : table_(std::move(table)) {
  const Answer answer(*this, {});
  std::vector<ScoredItem> sold;
  for (std::uint32_t row = 0; row < num_items(); ++row) {
    const float score = answer.ScoreOf(ItemIndex{row});
    if (score != kUnscored) sold.push_back({ItemIndex{row}, score});
  }
  std::sort(sold.begin(), sold.end(), RanksBefore);
  for (const ScoredItem& each : sold) by_popularity_.push_back(each.item);
}

void RepeatPurchase::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                           Eigen::Ref<Matrix> scores) const {
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const Answer answer(*this, queries[q]);
    for (std::size_t i = 0; i < items.size(); ++i) {
      scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = answer.ScoreOf(items[i]);
    }
  }
}

std::vector<std::vector<ScoredItem>> RepeatPurchase::Retrieve(std::span<const Query> queries,
                                                              const ItemBitmap* allowed,
                                                              std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  for (const Query& query : queries) {
    const Answer answer(*this, query);
    TopK best(k);
    for (const ScoredItem& own : answer.personal()) {
      if (MayShow(query, allowed, own.item)) best.Offer(own.item, answer.ScoreOf(own.item));
    }
    // All others score in the order of their popularity, so the first k that may be shown suffice,
    // unless it is the popularity of another time.
    std::size_t num_offered = 0;
    for (const ItemIndex item : by_popularity_) {
      if (num_offered == k && answer.IsUpToDate()) break;
      if (answer.IsPersonal(item) || !MayShow(query, allowed, item)) continue;
      best.Offer(item, answer.ScoreOf(item));
      ++num_offered;
    }
    result.push_back(best.Take());
  }
  return result;
}

std::vector<Contribution> RepeatPurchase::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> RepeatPurchase::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  const Answer answer(*this, query);
  std::vector<std::vector<Contribution>> explained(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Answer::Parts parts = answer.Of(items[i]);
    if (!parts.is_known) continue;
    if (parts.personal != 0) {
      explained[i].push_back({.source = Contribution::Source::kHistory,
                              .item = items[i],
                              .feature = {},
                              .value = parts.personal});
    }
    explained[i].push_back(
        {.source = Contribution::Source::kBase, .item = {}, .feature = {}, .value = parts.base});
  }
  return explained;
}

void Save(const RepeatPurchase& scorer, ByteWriter& writer) {
  const RepeatPurchaseTable& table = scorer.table();
  writer.Unsigned(table.rules.is_purchases_only ? 1 : 0);
  writer.Float(table.rules.visit_gap_hours);
  writer.Float(table.weights.visit_decay);
  writer.Float(table.weights.prior_visits);
  writer.Float(table.weights.rhythm);
  writer.Float(table.weights.rhythm_spread);
  writer.Float(table.weights.prior_intervals);
  writer.Float(table.weights.popularity_weight);
  const TrendWeights& trend = table.trends.weights();
  writer.Float(trend.usual_half_life_days);
  writer.Float(trend.recent_half_life_days);
  writer.Float(trend.prior_sales);
  writer.Float(trend.power);
  writer.Array(table.repeat_rate);
  writer.Array(table.interval);
  const DailySales& sales = table.trends.sales();
  writer.Signed(sales.first_us);
  writer.Signed(sales.last_us);
  writer.Array(sales.visits);
  Write(sales.by_item, writer);
}

absl::StatusOr<std::shared_ptr<const RepeatPurchase>> LoadRepeatPurchase(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  RepeatPurchaseTable table;
  table.rules.is_purchases_only = reader.Unsigned() != 0;
  table.rules.visit_gap_hours = reader.Float();
  table.weights.visit_decay = reader.Float();
  table.weights.prior_visits = reader.Float();
  table.weights.rhythm = reader.Float();
  table.weights.rhythm_spread = reader.Float();
  table.weights.prior_intervals = reader.Float();
  table.weights.popularity_weight = reader.Float();
  TrendWeights trend;
  trend.usual_half_life_days = reader.Float();
  trend.recent_half_life_days = reader.Float();
  trend.prior_sales = reader.Float();
  trend.power = reader.Float();
  const auto repeat_rate = reader.Array<float>();
  const auto interval = reader.Array<float>();
  DailySales sales;
  sales.first_us = reader.Signed();
  sales.last_us = reader.Signed();
  sales.visits = reader.Array<float>();
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix by_item, ReadCsr(reader, "repeat_purchase"));
  for (const std::size_t count : {repeat_rate.size(), interval.size(), by_item.num_rows}) {
    VITRINE_RETURN_IF_ERROR(CheckRows(count, mapping, "repeat_purchase"));
  }
  sales.by_item = RemapRows(std::move(by_item), mapping);
  // Rows that no saved one becomes are items the model has never seen.
  table.repeat_rate.assign(num_items, Mean(repeat_rate, RepeatPurchaseTable::kUsualRate));
  table.interval.assign(num_items, Mean(interval, RepeatPurchaseTable::kUsualInterval));
  for (std::size_t row = 0; row < repeat_rate.size(); ++row) {
    if (row_to_index[row] == RowMapping::kDropped) continue;
    table.repeat_rate[Row(row_to_index[row])] = repeat_rate[row];
    table.interval[Row(row_to_index[row])] = interval[row];
  }
  auto trends = SalesTrends::Create(std::move(sales), trend);
  if (!trends.ok()) return absl::DataLossError(std::string(trends.status().message()));
  table.trends = *std::move(trends);
  auto scorer = RepeatPurchase::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
