#pragma once

#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// The orders of a data set [orders x items], by shopper and time: 1 for each distinct item that one
// shopper bought without a pause of more than `window_minutes`. Of an order the latest 100 items
// are kept; one of a single item says nothing of what goes together, and is left out.
CsrMatrix OrdersOf(const Dataset& dataset, double window_minutes);

}  // namespace vitrine
