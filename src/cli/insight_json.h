#pragma once

#include <string>

#include "vitrine/insight/insight.h"

namespace vitrine::cli {

// The report as one line of JSON: the sections of `vitrine insight` with every number unrounded;
// money in the currency's millionths, times in microseconds since 1970.
std::string InsightJson(const Insight& insight);

}  // namespace vitrine::cli
