#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "vitrine/evaluation/purchases.h"

namespace vitrine::cli {

// One JSON object; docs/cli.md has the keys.
std::string PurchasesJson(const PurchaseMeasures& measures, std::uint64_t peak_rss_bytes);

// For people: a line for each fold, their means, and all rows together.
std::string PurchasesTable(const PurchaseMeasures& measures);

// The ROC and the precision-recall curve of all rows: as lines "threshold,false_positive_rate,
// recall,precision" where `path` ends in .csv, else as one picture (SVG). Errors: those of
// FileSystem.
absl::Status WriteCurves(const PurchaseMeasures& measures, const std::string& path);

// "row,fold,probability" a line, both counted from 1.
std::string PredictionRows(const PurchaseMeasures& measures);

}  // namespace vitrine::cli
