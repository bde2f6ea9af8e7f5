#include "insight/scaled_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace vitrine {
namespace {

struct ShopperFeature {
  const char* name;
  double (*value)(const ShopperSummary& row, Micros as_of_us);
};

double DaysSinceSeen(const ShopperSummary& row, Micros as_of_us) {
  return static_cast<double>(as_of_us - row.last_seen_us) / static_cast<double>(kMicrosPerDay);
}

constexpr double kMicrosPerUnit = 1'000'000;

constexpr std::array<ShopperFeature, 6> kFeatures = {{
    {"days since seen", DaysSinceSeen},
    {"orders", [](const ShopperSummary& row, Micros) { return static_cast<double>(row.orders); }},
    {"value", [](const ShopperSummary& row,
                 Micros) { return static_cast<double>(row.value_micros) / kMicrosPerUnit; }},
    {"views", [](const ShopperSummary& row, Micros) { return static_cast<double>(row.views); }},
    {"carts", [](const ShopperSummary& row, Micros) { return static_cast<double>(row.carts); }},
    {"active days",
     [](const ShopperSummary& row, Micros) { return static_cast<double>(row.active_days); }},
}};

// Deviations below this are rounding: log1p of the largest count is below 50.
constexpr double kSameForAll = 1e-9;

double Value(std::size_t column, const ShopperSummary& row, Micros as_of_us) {
  return std::log1p(std::max(0.0, kFeatures[column].value(row, as_of_us)));
}

}  // namespace

ScaledFeatures::ScaledFeatures(const std::vector<ShopperSummary>& rows, Micros as_of_us) {
  const auto count = static_cast<double>(rows.size());
  for (std::size_t column = 0; column < kFeatures.size(); ++column) {
    double sum = 0;
    for (const ShopperSummary& row : rows) sum += Value(column, row, as_of_us);
    const double mean = sum / count;
    double squares = 0;
    for (const ShopperSummary& row : rows) {
      const double difference = Value(column, row, as_of_us) - mean;
      squares += difference * difference;
    }
    const double deviation = std::sqrt(squares / count);
    if (deviation < kSameForAll) continue;
    columns_.push_back(column);
    names_.emplace_back(kFeatures[column].name);
    means_.push_back(mean);
    deviations_.push_back(deviation);
  }
}

PointMatrix ScaledFeatures::Of(const std::vector<ShopperSummary>& rows, Micros as_of_us) const {
  PointMatrix points(static_cast<Eigen::Index>(rows.size()),
                     static_cast<Eigen::Index>(columns_.size()));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      points(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(i)) =
          (Value(columns_[i], rows[row], as_of_us) - means_[i]) / deviations_[i];
    }
  }
  return points;
}

}  // namespace vitrine
