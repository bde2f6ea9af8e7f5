#pragma once

#include <cstdint>
#include <string>

#include "vitrine/evaluation/purchases.h"

namespace vitrine::cli {

// One JSON object; docs/cli.md has the keys.
std::string PurchasesJson(const PurchaseMeasures& measures, std::uint64_t peak_rss_bytes);

// For people: a line for each fold, their means, and all rows together.
std::string PurchasesTable(const PurchaseMeasures& measures);

// "row,fold,probability" a line, both counted from 1.
std::string PredictionRows(const PurchaseMeasures& measures);

}  // namespace vitrine::cli
