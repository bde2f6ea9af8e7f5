#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/evaluation/comparison.h"

namespace vitrine::cli {

// The most memory that this process has held so far, in bytes.
std::uint64_t PeakResidentBytes();

// One row as one JSON object: scorer, settings, users, for each cut-off k recall@k, recall_min@k,
// ndcg@k, hit@k and mrr@k, train_seconds, evaluate_seconds, peak_rss_bytes.
std::string RowJson(const ComparisonRow& row, std::uint64_t peak_rss_bytes);

// What a store was measured on and its rows, as one JSON object.
std::string StoreJson(const StoreComparison& comparison, std::uint64_t peak_rss_bytes);

// For people: a line for each row and cut-off, with how the row's ndcg compares with that of
// most_popular, where it is among the rows.
std::string RowTable(const std::vector<ComparisonRow>& rows);

// Says what a store was measured on, above the table.
std::string StoreTable(const StoreComparison& comparison);

}  // namespace vitrine::cli
