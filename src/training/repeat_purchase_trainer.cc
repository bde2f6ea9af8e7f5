#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/sequential/repeat_purchase.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {
      {"events", "auto"},          {"visit_gap_hours", "6"},       {"visit_decay", "0.97"},
      {"prior_visits", "10"},      {"item_prior_visits", "100"},   {"rhythm", "0.3"},
      {"prior_intervals", "3"},    {"popularity_weight", "0.1"},   {"trend_power", "1"},
      {"trend_prior_sales", "20"}, {"recent_half_life_days", "7"}, {"usual_half_life_days", "91"},
      {"min_shoppers", "1"}};
}

// An item's own rate is drawn towards that of all items as if this many visits had shown it; its
// interval by this many intervals.
constexpr double kUsualPriorVisits = 20;
constexpr double kItemPriorIntervals = 10;
constexpr double kLeastSpread = 0.25;

// What the shoppers did with an item, or with all.
struct Repeats {
  double num_again = 0;     // Later visits of a buyer in which it was bought again.
  double num_visits = 0;    // Later visits of a buyer.
  double interval_sum = 0;  // LogDays between purchases.
  double interval_squares = 0;
  double num_intervals = 0;

  Repeats& operator+=(const Repeats& other) {
    num_again += other.num_again;
    num_visits += other.num_visits;
    interval_sum += other.interval_sum;
    interval_squares += other.interval_squares;
    num_intervals += other.num_intervals;
    return *this;
  }
};

Repeats RepeatsOf(std::span<const Purchase> purchases, std::uint32_t num_visits) {
  Repeats repeats;
  repeats.num_again = static_cast<double>(purchases.size() - 1);
  repeats.num_visits = num_visits - 1 - purchases.front().visit;
  for (std::size_t i = 1; i < purchases.size(); ++i) {
    const Micros span_us = purchases[i].time_us - purchases[i - 1].time_us;
    if (span_us <= 0) continue;  // Without times.
    const double interval = LogDays(span_us);
    repeats.interval_sum += interval;
    repeats.interval_squares += interval * interval;
    repeats.num_intervals += 1;
  }
  return repeats;
}

// Sales by day, counted from 1970, until all of them are known.
class SalesLog {
 public:
  explicit SalesLog(std::size_t num_items) : by_item_(num_items), num_buyers_(num_items) {}

  void Add(const PurchaseHabits& habits) {
    std::vector<Micros> ended_us(habits.num_visits, std::numeric_limits<Micros>::min());
    for (const Purchase& purchase : habits.purchases) {
      by_item_[Row(purchase.item)].push_back(DayOf(purchase.time_us));
      ended_us[purchase.visit] = std::max(ended_us[purchase.visit], purchase.time_us);
    }
    for (const Micros time_us : ended_us) {
      // A visit of which everything was given back has none.
      if (time_us == std::numeric_limits<Micros>::min()) continue;
      visits_.push_back(DayOf(time_us));
      last_us_ = std::max(last_us_, time_us);
    }
    habits.ForEachItem([this](std::span<const Purchase> purchases) {
      ++num_buyers_[Row(purchases.front().item)];
    });
  }

  // What fewer than `min_shoppers` bought counts as not sold.
  DailySales Take(std::size_t min_shoppers) {
    DailySales sales;
    sales.by_item.num_rows = by_item_.size();
    if (!visits_.empty()) {
      const std::int64_t last = *std::max_element(visits_.begin(), visits_.end());
      const std::int64_t first =
          std::max(*std::min_element(visits_.begin(), visits_.end()), last - kMaxDays + 1);
      sales.first_us = first * kMicrosPerDay;
      sales.last_us = last_us_;
      sales.visits.resize(static_cast<std::size_t>(last - first + 1), 0);
      for (const std::int64_t day : visits_) {
        if (day >= first) ++sales.visits[static_cast<std::size_t>(day - first)];
      }
    }
    sales.by_item.num_cols = sales.visits.size();
    for (std::size_t row = 0; row < by_item_.size(); ++row) {
      std::vector<std::int64_t>& days = by_item_[row];
      if (num_buyers_[row] < min_shoppers) days.clear();
      std::sort(days.begin(), days.end());
      AppendRow(days, sales);
    }
    return sales;
  }

 private:
  static constexpr std::int64_t kMaxDays = 3650;  // What is older has faded anyhow.

  static std::int64_t DayOf(Micros time_us) {
    return (time_us - (time_us % kMicrosPerDay + kMicrosPerDay) % kMicrosPerDay) / kMicrosPerDay;
  }

  static void AppendRow(const std::vector<std::int64_t>& days, DailySales& sales) {
    CsrMatrix& matrix = sales.by_item;
    const std::int64_t first = sales.first_us / kMicrosPerDay;
    for (const std::int64_t day : days) {
      if (day < first) continue;
      const auto column = static_cast<std::uint32_t>(day - first);
      if (matrix.column.size() > matrix.row_begin.back() && matrix.column.back() == column) {
        ++matrix.value.back();
      } else {
        matrix.column.push_back(column);
        matrix.value.push_back(1);
      }
    }
    matrix.row_begin.push_back(matrix.column.size());
  }

  std::vector<std::vector<std::int64_t>> by_item_;
  std::vector<std::size_t> num_buyers_;  // By item.
  std::vector<std::int64_t> visits_{};
  Micros last_us_ = std::numeric_limits<Micros>::min();
};

void FillRates(const std::vector<Repeats>& by_item, double item_prior_visits,
               RepeatPurchaseTable& table) {
  Repeats all;
  for (const Repeats& each : by_item) all += each;
  constexpr auto kUsualRate = static_cast<double>(RepeatPurchaseTable::kUsualRate);
  constexpr auto kUsualInterval = static_cast<double>(RepeatPurchaseTable::kUsualInterval);
  const double rate =
      (all.num_again + kUsualPriorVisits * kUsualRate) / (all.num_visits + kUsualPriorVisits);
  const double interval = (all.interval_sum + kUsualInterval) / (all.num_intervals + 1);
  if (all.num_intervals > 1) {
    const double mean = all.interval_sum / all.num_intervals;
    const double variance = all.interval_squares / all.num_intervals - mean * mean;
    table.weights.rhythm_spread =
        static_cast<float>(std::max(kLeastSpread, std::sqrt(std::max(variance, 0.0))));
  }
  for (const Repeats& own : by_item) {
    table.repeat_rate.push_back(static_cast<float>((own.num_again + item_prior_visits * rate) /
                                                   (own.num_visits + item_prior_visits)));
    table.interval.push_back(
        static_cast<float>((own.interval_sum + kItemPriorIntervals * interval) /
                           (own.num_intervals + kItemPriorIntervals)));
  }
}

bool HasPurchases(const Dataset& dataset) {
  return std::any_of(dataset.interactions.begin(), dataset.interactions.end(),
                     [](const Interaction& each) {
                       return each.type == EventType::kPurchaseComplete && each.weight > 0;
                     });
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("repeat_purchase", Defaults(), settings);
  RepeatPurchaseTable table;
  const std::string events = reader.Choice("events", {"auto", "all", "purchases"});
  table.rules.is_purchases_only =
      events == "purchases" || (events == "auto" && HasPurchases(dataset));
  const auto number = [&reader](const std::string& name, double min, double max) {
    return static_cast<float>(reader.Number(name, min, max));
  };
  table.rules.visit_gap_hours = number("visit_gap_hours", 0, 24 * 365);
  table.weights.visit_decay = number("visit_decay", 0.01, 1);
  table.weights.prior_visits = number("prior_visits", 0.01, 1e6);
  table.weights.rhythm = number("rhythm", 0, 1);
  table.weights.prior_intervals = number("prior_intervals", 0.01, 1e6);
  table.weights.popularity_weight = number("popularity_weight", 0, 1e6);
  const double item_prior_visits = reader.Number("item_prior_visits", 0.01, 1e6);
  const std::size_t min_shoppers = reader.Count("min_shoppers", 1, 1'000'000);
  TrendWeights trend;
  trend.power = number("trend_power", 0, 2);
  trend.prior_sales = number("trend_prior_sales", 0.01, 1e6);
  trend.recent_half_life_days = number("recent_half_life_days", 0.1, 36'500);
  trend.usual_half_life_days = number("usual_half_life_days", 0.1, 36'500);
  VITRINE_RETURN_IF_ERROR(reader.status());

  std::vector<Repeats> repeats(dataset.num_items());
  SalesLog sales(dataset.num_items());
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    if (user % 1024 == 0) {
      if (IsCancelled(context)) return Cancelled("repeat_purchase");
      ReportProgress(context, static_cast<double>(user) / static_cast<double>(dataset.num_users()));
    }
    const auto history = dataset.History(user);
    const std::vector<Interaction> latest_first(history.rbegin(), history.rend());
    const PurchaseHabits habits = HabitsOf(latest_first, table.rules, dataset.num_items());
    sales.Add(habits);
    habits.ForEachItem([&](std::span<const Purchase> purchases) {
      repeats[Row(purchases.front().item)] += RepeatsOf(purchases, habits.num_visits);
    });
  }
  FillRates(repeats, item_prior_visits, table);
  VITRINE_ASSIGN_OR_RETURN(table.trends, SalesTrends::Create(sales.Take(min_shoppers), trend));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, RepeatPurchase::Create(std::move(table)));
  ReportProgress(context, 1);
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer RepeatPurchaseTrainer() {
  return {
      .name = "repeat_purchase",
      .description = "what this shopper will buy again, by own habit and rhythm",
      .defaults = Defaults(),
      .ranges = {Between("visit_decay", 0.8, 1), BetweenLog("prior_visits", 1, 50),
                 BetweenLog("item_prior_visits", 5, 500), Between("rhythm", 0, 1),
                 BetweenLog("popularity_weight", 0.01, 1), Between("trend_power", 0, 1.5),
                 BetweenLog("trend_prior_sales", 1, 50), BetweenLog("recent_half_life_days", 2, 60),
                 BetweenLog("usual_half_life_days", 30, 365)},
      .train = &Train};
}

}  // namespace vitrine
