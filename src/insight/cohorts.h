#pragma once

#include "insight/calendar.h"
#include "insight/timelines.h"
#include "vitrine/insight/journeys.h"

namespace vitrine {

// Shoppers by the calendar month of their first order (or event), and in how many of the months
// since they ordered (or did anything). Empty when nobody ordered.
CohortTable MakeCohorts(const Timelines& timelines, const Calendar& calendar, CohortBasis basis);

}  // namespace vitrine
