#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/insight/journeys.h"

namespace vitrine {

struct Insight;

// a + b, or the end of the range where that would leave it: a price has no upper bound.
std::int64_t AddMoney(std::int64_t a, std::int64_t b);

// "1,234,567"
std::string CountWords(std::uint64_t count);

// "1,234.50 EUR", "1,234.50" without a currency. The cents are rounded, halves away from zero.
std::string MoneyWords(double micros, std::string_view currency);

// "12 %", "3.4 %": one digit behind the point below ten.
std::string ShareWords(double share);

// "search > view > cart", "(straight to the order)", "... > view" where it is cut.
std::string PathWords(const OrderPath& path);

// The value below which `share` of the values lies, interpolated between two of them as numpy does;
// 0 of none.
double QuantileOf(std::vector<double> values, double share);

// What the report does not say; empty where it says everything.
std::string WithheldWords(const Insight& insight);

// Why it has no segments. REQUIRES: it has none
std::string NoSegmentsWords(const Insight& insight);

}  // namespace vitrine
