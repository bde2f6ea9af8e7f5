#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vitrine/feature_store/transform/column_summary.h"
#include "vitrine/feature_store/transform/pipeline.h"

namespace vitrine::cli {

// What one step did to one column; a column that came or went has only one side.
struct ColumnChange {
  std::optional<ColumnSummary> before{};
  std::optional<ColumnSummary> after{};
};

// What one step did to a table.
struct StepReport {
  std::size_t number = 0;
  std::string kind{};
  std::vector<std::string> learned{};
  std::size_t rows_before = 0;
  std::size_t rows_after = 0;
  std::vector<ColumnChange> changes{};  // Of columns that changed beyond losing rows.
};

StepReport ReportStep(const StepTrace& trace);
std::vector<ColumnSummary> SummarizeAll(const FeatureTable& table);

// For people: what a table holds, a line a column, with a histogram drawn in eighths; and what a
// step did, a line for each column that it changed. Long lists are cut, and say so.
std::string TableText(const std::string& title, const FeatureTable& table);
std::string StepText(const StepReport& report);

// "price (12), rating (3)": columns with missing values and how many; empty: none has.
std::string MissingText(const FeatureTable& table);

// What a pipeline wants, and what each of its steps learned: for people, and one JSON object for
// scripts.
std::string PipelineText(const std::string& title, const TransformPipeline& pipeline);
std::string PipelineJson(const TransformPipeline& pipeline);

// One JSON object for scripts: rows, columns, steps.
std::string FeaturesJson(const FeatureTable& table, const std::vector<StepReport>& steps);

}  // namespace vitrine::cli
