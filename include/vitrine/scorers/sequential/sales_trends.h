#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// Who bought what on which day. Part of a model.
struct DailySales {
  Micros first_us = 0;          // When day 0 begins.
  Micros last_us = 0;           // When the last visit was.
  CsrMatrix by_item{};          // [num_items x days] Visits in which the item was bought.
  std::vector<float> visits{};  // [days] All visits.
};

// How sales are read. Part of a model.
struct TrendWeights {
  float usual_half_life_days = 91;  // > 0
  float recent_half_life_days = 7;  // > 0
  float prior_sales = 20;           // So many sales as usual are added to the recent ones. > 0
  float power = 1;                  // 0: no trends. In [0, 2]
};

// What one item is to all shoppers at one time.
struct Demand {
  float usual = 0;  // Share of visits in which it was bought, over the usual half-life.
  float trend = 1;  // Above 1 when it lately sold better than that.
};

// How well each item sells, and whether that grows or fades, at any time of the sales it is made
// of.
//
//   usual = L / V_L,  trend = ((R + prior_sales) / (usual * V_R + prior_sales))^power
//
// L and R are sums over the sales of the item on earlier days of 2^(-days since / half life), with
// the usual and the recent half-life, V the same over all visits: the ratio of a count to what was
// expected, drawn towards 1 as by a gamma prior. Immutable, thread-safe. Memory: 16 bytes for an
// item and a day.
class SalesTrends {
 public:
  // Of no items.
  SalesTrends() = default;

  // Errors: INVALID_ARGUMENT sizes that do not match, values or weights out of range.
  static absl::StatusOr<SalesTrends> Create(DailySales sales, const TrendWeights& weights);

  // How many days of sales had ended at `now_us`. From the last visit on it is all of them, and so
  // it is where no time is known (0).
  std::uint32_t DaysBefore(Micros now_us) const;

  // Of an item at a time before which there were `days` days of sales. REQUIRES: a row of by_item
  Demand Of(ItemIndex item, std::uint32_t days) const;

  // Whether it was ever sold.
  bool IsSold(ItemIndex item) const { return !sales_.by_item.Columns(Row(item)).empty(); }

  const DailySales& sales() const { return sales_; }
  const TrendWeights& weights() const { return weights_; }
  std::size_t num_items() const { return sales_.by_item.num_rows; }

 private:
  SalesTrends(DailySales sales, const TrendWeights& weights);

  DailySales sales_;
  TrendWeights weights_;
  std::vector<float> usual_;         // L just after each entry of by_item.
  std::vector<float> recent_;        // R
  std::vector<float> usual_visits_;  // [days] V_L at the end of the day.
  std::vector<float> recent_visits_;
};

}  // namespace vitrine
