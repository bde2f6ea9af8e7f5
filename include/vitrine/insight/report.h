#pragma once

#include <cstddef>
#include <string>

#include "vitrine/insight/insight.h"

namespace vitrine {

// The report as plain text of at most `width` columns (at least 60), each line ended: overview,
// funnel, segments, RFM grid, paths, cohorts. Names that are longer are cut with an ellipsis.
std::string TextReport(const Insight& insight, std::size_t width);

// One shopper in the same form.
std::string ProfileReport(const Insight& insight, const UserProfile& profile, std::size_t width);

// The whole report as one HTML page with charts in SVG: no script, no network, light and dark.
// Every text that comes from the shop is escaped.
std::string HtmlReport(const Insight& insight);

}  // namespace vitrine
