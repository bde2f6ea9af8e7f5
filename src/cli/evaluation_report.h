#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/evaluation/comparison.h"

namespace vitrine::cli {

// The most memory that this process has held so far, in bytes.
std::uint64_t PeakResidentBytes();

// One row as one JSON object; docs/cli.md has the keys.
std::string RowJson(const ComparisonRow& row, std::uint64_t peak_rss_bytes);

// The same for a row that is held against `other`, which is then part of it.
std::string PairJson(const ComparisonRow& row, const ComparisonRow& other,
                     std::uint64_t peak_rss_bytes);

// What a store was measured on and its rows, as one JSON object.
std::string StoreJson(const StoreComparison& comparison, std::uint64_t peak_rss_bytes);

// For people: a line for each row and cut-off, with how the row's ndcg compares with that of
// most_popular, where it is among the rows; then, where they were summarised, what the lists show
// together, the rows by length of history, and the differences.
std::string RowTable(const std::vector<ComparisonRow>& rows);

// Says what a store was measured on, above the table.
std::string StoreTable(const StoreComparison& comparison);

}  // namespace vitrine::cli
