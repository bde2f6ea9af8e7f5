#pragma once

#include "insight/timelines.h"
#include "vitrine/insight/insight.h"

namespace vitrine {

// Of each order what its visit was before it, from the order before on: the types of the events in
// their order, those in a row that are alike made one. The order's own further events are no steps.
OrderPaths MakeOrderPaths(const Timelines& timelines, Micros session_gap_us,
                          const InsightOptions& options);

}  // namespace vitrine
