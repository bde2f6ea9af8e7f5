#include "vitrine/scorers/sequential/sales_trends.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

// What is left of 1 after so many days.
double Left(std::uint32_t num_days, float half_life_days) {
  return std::exp2(-static_cast<double>(num_days) / static_cast<double>(half_life_days));
}

// The faded sum of a row just after each of its entries, of every row.
std::vector<float> Levels(const CsrMatrix& rows, float half_life_days) {
  std::vector<double> left;  // By the number of days.
  left.reserve(rows.num_cols);
  for (std::uint32_t days = 0; days < rows.num_cols; ++days) {
    left.push_back(Left(days, half_life_days));
  }
  std::vector<float> levels(rows.value.size());
  std::size_t entry = 0;
  for (std::size_t row = 0; row < rows.num_rows; ++row) {
    const auto days = rows.Columns(row);
    const auto values = rows.Values(row);
    double level = 0;
    for (std::size_t i = 0; i < days.size(); ++i) {
      if (i > 0) level *= left[days[i] - days[i - 1]];
      level += static_cast<double>(values[i]);
      levels[entry++] = static_cast<float>(level);
    }
  }
  return levels;
}

// The same of every day.
std::vector<float> DailyLevels(const std::vector<float>& values, float half_life_days) {
  std::vector<float> levels;
  const double left = Left(1, half_life_days);
  double level = 0;
  for (const float value : values) {
    level = level * left + static_cast<double>(value);
    levels.push_back(static_cast<float>(level));
  }
  return levels;
}

// Times within it can be subtracted from each other.
constexpr Micros kFarthest = Micros{1} << 61;

bool IsCount(float value) { return std::isfinite(value) && value >= 0; }
bool IsPositive(float value) { return std::isfinite(value) && value > 0; }

bool IsSound(const DailySales& sales) {
  return sales.by_item.num_cols == sales.visits.size() && sales.last_us >= sales.first_us &&
         sales.first_us >= -kFarthest && sales.last_us <= kFarthest &&
         std::all_of(sales.visits.begin(), sales.visits.end(), IsCount) &&
         std::all_of(sales.by_item.value.begin(), sales.by_item.value.end(), IsCount);
}

bool IsSound(const TrendWeights& weights) {
  return IsPositive(weights.usual_half_life_days) && IsPositive(weights.recent_half_life_days) &&
         IsPositive(weights.prior_sales) && weights.power >= 0 && weights.power <= 2;
}

}  // namespace

absl::StatusOr<SalesTrends> SalesTrends::Create(DailySales sales, const TrendWeights& weights) {
  if (!IsSound(sales)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "sales want as many days of items as of visits, counts >= 0 and an end after the "
        "beginning, got %d and %d days",
        sales.by_item.num_cols, sales.visits.size()));
  }
  if (!IsSound(weights)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "trends want half-lives > 0, prior_sales > 0 and a power from 0 to 2, got %g, %g, %g, %g",
        weights.usual_half_life_days, weights.recent_half_life_days, weights.prior_sales,
        weights.power));
  }
  return SalesTrends(std::move(sales), weights);
}

SalesTrends::SalesTrends(DailySales sales, const TrendWeights& weights)
    : sales_(std::move(sales)),
      weights_(weights),
      usual_(Levels(sales_.by_item, weights.usual_half_life_days)),
      recent_(Levels(sales_.by_item, weights.recent_half_life_days)),
      usual_visits_(DailyLevels(sales_.visits, weights.usual_half_life_days)),
      recent_visits_(DailyLevels(sales_.visits, weights.recent_half_life_days)) {}

std::uint32_t SalesTrends::DaysBefore(Micros now_us) const {
  const auto num_days = static_cast<std::uint32_t>(sales_.visits.size());
  if (now_us == 0 || now_us >= sales_.last_us) return num_days;
  if (now_us <= sales_.first_us) return 0;
  const Micros days = (now_us - sales_.first_us) / kMicrosPerDay;
  return static_cast<std::uint32_t>(std::min<Micros>(days, num_days));
}

Demand SalesTrends::Of(ItemIndex item, std::uint32_t days) const {
  const auto sold_on = sales_.by_item.Columns(Row(item));
  const auto after = std::lower_bound(sold_on.begin(), sold_on.end(), days);
  // All visits may have faded away over a long silence.
  if (after == sold_on.begin() || !(usual_visits_[days - 1] > 0)) return {};
  const std::size_t entry =
      sales_.by_item.row_begin[Row(item)] + static_cast<std::size_t>(after - sold_on.begin()) - 1;
  const std::uint32_t num_silent = days - 1 - *(after - 1);
  const double usual = static_cast<double>(usual_[entry]) *
                       Left(num_silent, weights_.usual_half_life_days) /
                       static_cast<double>(usual_visits_[days - 1]);
  const double recent =
      static_cast<double>(recent_[entry]) * Left(num_silent, weights_.recent_half_life_days);
  const double expected = usual * static_cast<double>(recent_visits_[days - 1]);
  const auto prior = static_cast<double>(weights_.prior_sales);
  const double trend =
      std::pow((recent + prior) / (expected + prior), static_cast<double>(weights_.power));
  return {.usual = static_cast<float>(usual), .trend = static_cast<float>(trend)};
}

}  // namespace vitrine
