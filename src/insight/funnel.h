#pragma once

#include <string>

#include "insight/shopper_table.h"
#include "insight/timelines.h"
#include "vitrine/insight/insight.h"

namespace vitrine {

// Counts every visit up to the end of the timelines: under the day on which it began, under the
// categories of the items that it touched (a step counts there when one of its items is of the
// category), and under its shopper's segment.
Funnel MakeFunnel(const Timelines& timelines, const ItemFacts& items, const SummaryRules& rules,
                  const Segmentation& segmentation, const InsightOptions& options);

}  // namespace vitrine
