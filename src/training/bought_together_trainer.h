#pragma once

#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

struct OrderOptions {
  // Otherwise whatever a shopper liked at one time is an order: for data that do not say what was
  // bought.
  bool is_of_purchases = true;
  double window_minutes = 30;  // A longer pause begins a new order.
};

// The orders of a data set [orders x items], by shopper and time: 1 for each distinct item. Of an
// order the latest 100 items are kept; one of a single item says nothing of what goes together, and
// is left out.
CsrMatrix OrdersOf(const Dataset& dataset, const OrderOptions& options);

}  // namespace vitrine
