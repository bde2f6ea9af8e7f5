#include "cli/features/features_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kBins = 16;
constexpr std::size_t kFrequentTexts = 16;
constexpr std::size_t kShownTexts = 3;
constexpr std::size_t kShownColumns = 60;
constexpr std::size_t kShownChanges = 12;
constexpr std::size_t kShownLearned = 6;
constexpr std::size_t kNameWidth = 24;
constexpr std::array kBlocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

// Whether two columns hold the same bits; a missing number is as any other missing one.
bool AreSame(const Column& left, const Column& right) {
  if (left.kind() != right.kind() || left.size() != right.size()) return false;
  const auto* numbers = std::get_if<Numbers>(&left.cells);
  if (numbers == nullptr) return left.cells == right.cells;
  const auto& others = std::get<Numbers>(right.cells);
  for (std::size_t row = 0; row < numbers->size(); ++row) {
    const bool is_missing = std::isnan((*numbers)[row]);
    if (is_missing != std::isnan(others[row])) return false;
    if (!is_missing && (*numbers)[row] != others[row]) return false;
  }
  return true;
}

// The kept start of a text of at most `width` bytes that is no half character; "…" marks a cut.
std::string Cut(const std::string& text, std::size_t width) {
  if (text.size() <= width) return text;
  std::size_t end = width - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

// Left-aligned in `width` columns; characters count, not bytes.
std::string Padded(const std::string& text, std::size_t width) {
  const auto is_first = [](unsigned char c) { return (c & 0xC0U) != 0x80U; };
  const auto shown = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_first));
  return shown >= width ? text : text + std::string(width - shown, ' ');
}

// Counts in eighths of the largest; what is not nothing shows.
std::string Drawn(const std::vector<std::size_t>& counts) {
  std::size_t most = 1;
  for (const std::size_t count : counts) most = std::max(most, count);
  std::string text;
  for (const std::size_t count : counts) {
    const std::size_t eighths = (count * 8 + most / 2) / most;
    text += kBlocks[count == 0 ? 0 : std::max<std::size_t>(eighths, 1)];
  }
  return text;
}

std::string Histogram(const ColumnSummary& summary) {
  if (summary.kind == ColumnKind::kNumbers) return Drawn(summary.histogram);
  std::vector<std::size_t> counts;
  for (const auto& [text, count] : summary.most_frequent) counts.push_back(count);
  return Drawn(counts);
}

// "495478 (91%)" of the rows.
std::string Share(std::size_t count, std::size_t num_rows) {
  if (count == 0) return "0";
  const double percent = 100 * static_cast<double>(count) / static_cast<double>(num_rows);
  return absl::StrFormat("%d (%s%%)", count,
                         percent < 0.1 ? std::string("<0.1") : absl::StrFormat("%.3g", percent));
}

std::string Frequent(const ColumnSummary& summary) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kShownTexts, summary.most_frequent.size()); ++i) {
    const auto& [value, count] = summary.most_frequent[i];
    text += absl::StrFormat("%s%s %d", i == 0 ? "" : ", ", Cut(value, kNameWidth), count);
  }
  const std::size_t num_present = summary.num_rows - summary.num_missing;
  if (summary.num_like_numbers > 0 && summary.num_like_numbers < num_present) {
    text += absl::StrFormat("; mixed: %d of %d are numbers", summary.num_like_numbers, num_present);
  }
  return text;
}

std::string NumbersLine(const ColumnSummary& summary) {
  std::string line =
      absl::StrFormat("%s%-15s %9d", Padded(Cut(summary.name, kNameWidth), kNameWidth + 1),
                      Share(summary.num_missing, summary.num_rows), summary.num_distinct);
  if (!summary.quantiles.empty()) {
    line += absl::StrFormat(" %11.5g", summary.mean);
    for (const double quantile : summary.quantiles) line += absl::StrFormat(" %10.5g", quantile);
    line += "  " + Drawn(summary.histogram);
  }
  if (summary.num_infinite > 0) line += absl::StrFormat("  %d were infinite", summary.num_infinite);
  return line + "\n";
}

std::string TextsLine(const ColumnSummary& summary) {
  return absl::StrFormat("%s%-15s %9d  %s  %s\n",
                         Padded(Cut(summary.name, kNameWidth), kNameWidth + 1),
                         Share(summary.num_missing, summary.num_rows), summary.num_distinct,
                         Padded(Histogram(summary), kFrequentTexts), Frequent(summary));
}

std::string CountArrow(const char* what, std::size_t before, std::size_t after) {
  if (before == after) return absl::StrFormat("%s %d", what, after);
  return absl::StrFormat("%s %d -> %d", what, before, after);
}

std::string NumberArrow(const char* what, double before, double after) {
  if (before == after) return absl::StrFormat("%s %.5g", what, after);
  return absl::StrFormat("%s %.5g -> %.5g", what, before, after);
}

// Minimum, median and maximum before and after, and both histograms.
std::string ValuesArrow(const ColumnSummary& before, const ColumnSummary& after) {
  if (before.kind != after.kind) {
    return absl::StrFormat("%s -> %s", Name(before.kind), Name(after.kind));
  }
  if (before.kind == ColumnKind::kTexts || before.quantiles.empty() || after.quantiles.empty()) {
    return absl::StrFormat("%s -> %s", Histogram(before), Histogram(after));
  }
  const std::size_t middle = kSummaryQuantiles.size() / 2;
  return absl::StrFormat("%s, %s, %s, %s, %s -> %s",
                         NumberArrow("min", before.quantiles.front(), after.quantiles.front()),
                         NumberArrow("median", before.quantiles[middle], after.quantiles[middle]),
                         NumberArrow("max", before.quantiles.back(), after.quantiles.back()),
                         NumberArrow("mean", before.mean, after.mean), Histogram(before),
                         Histogram(after));
}

// "new: missing 0, distinct 2, ..." of a column that a step made.
std::string OneSide(const char* what, const ColumnSummary& summary) {
  std::string text = absl::StrFormat("%s: missing %d, distinct %d", what, summary.num_missing,
                                     summary.num_distinct);
  if (!summary.quantiles.empty()) {
    text += absl::StrFormat(", min %.5g, max %.5g, mean %.5g, %s", summary.quantiles.front(),
                            summary.quantiles.back(), summary.mean, Histogram(summary));
  }
  return text;
}

std::string ChangeText(const ColumnChange& change) {
  if (!change.before.has_value()) return OneSide("new", *change.after);
  if (!change.after.has_value()) return OneSide("gone", *change.before);
  const ColumnSummary& before = *change.before;
  const ColumnSummary& after = *change.after;
  std::string text = absl::StrFormat(
      "%s, %s, %s", CountArrow("missing", before.num_missing, after.num_missing),
      CountArrow("distinct", before.num_distinct, after.num_distinct), ValuesArrow(before, after));
  if (after.num_infinite > before.num_infinite) {
    text += absl::StrFormat(", %d became infinite and count as missing",
                            after.num_infinite - before.num_infinite);
  }
  return text;
}

Json SummaryJson(const ColumnSummary& summary) {
  Json json = {{"name", summary.name},
               {"kind", std::string(Name(summary.kind))},
               {"rows", summary.num_rows},
               {"missing", summary.num_missing},
               {"infinite", summary.num_infinite},
               {"distinct", summary.num_distinct}};
  if (summary.kind == ColumnKind::kTexts) {
    json["like_numbers"] = summary.num_like_numbers;
    json["most_frequent"] = summary.most_frequent;
  } else if (!summary.quantiles.empty()) {
    json["mean"] = summary.mean;
    json["deviation"] = summary.deviation;
    for (std::size_t i = 0; i < kSummaryQuantiles.size(); ++i) {
      json["quantiles"][absl::StrFormat("%g", kSummaryQuantiles[i])] = summary.quantiles[i];
    }
    json["histogram"] = summary.histogram;
  }
  return json;
}

Json StepJson(const StepReport& report) {
  Json json = {{"step", report.number},           {"kind", report.kind},
               {"learned", report.learned},       {"rows_before", report.rows_before},
               {"rows_after", report.rows_after}, {"columns", Json::array()}};
  for (const ColumnChange& change : report.changes) {
    Json each = Json::object();
    if (change.before.has_value()) each["before"] = SummaryJson(*change.before);
    if (change.after.has_value()) each["after"] = SummaryJson(*change.after);
    json["columns"].push_back(std::move(each));
  }
  return json;
}

}  // namespace

StepReport ReportStep(const StepTrace& trace) {
  StepReport report{.number = trace.number,
                    .kind = std::string(trace.kind),
                    .learned = trace.learned,
                    .rows_before = trace.before.num_rows(),
                    .rows_after = trace.after.num_rows()};
  const auto summarize = [](const Column& column) {
    return Summarize(column, kBins, kFrequentTexts);
  };
  for (const Column& before : trace.before.columns()) {
    const Column* after = trace.after.Find(before.name);
    if (after == nullptr) {
      report.changes.push_back({summarize(before), std::nullopt});
    } else if (before.size() == after->size() && !AreSame(before, *after)) {
      report.changes.push_back({summarize(before), summarize(*after)});
    }
  }
  for (const Column& after : trace.after.columns()) {
    if (trace.before.Find(after.name) == nullptr) {
      report.changes.push_back({std::nullopt, summarize(after)});
    }
  }
  return report;
}

std::vector<ColumnSummary> SummarizeAll(const FeatureTable& table) {
  std::vector<ColumnSummary> summaries;
  for (const Column& column : table.columns()) {
    summaries.push_back(Summarize(column, kBins, kFrequentTexts));
  }
  return summaries;
}

std::string TableText(const std::string& title, const FeatureTable& table) {
  std::string text =
      absl::StrFormat("%s: %d rows, %d columns\n", title, table.num_rows(), table.columns().size());
  std::string numbers;
  std::string texts;
  std::size_t num_shown = 0;
  for (const Column& column : table.columns()) {
    if (++num_shown > kShownColumns) break;
    const ColumnSummary summary = Summarize(column, kBins, kFrequentTexts);
    if (summary.kind == ColumnKind::kNumbers) {
      numbers += NumbersLine(summary);
    } else {
      texts += TextsLine(summary);
    }
  }
  if (!numbers.empty()) {
    text += absl::StrFormat("\n%s%-15s %9s %11s %10s %10s %10s %10s %10s %10s %10s\n",
                            Padded("numbers", kNameWidth + 1), "missing", "distinct", "mean", "min",
                            "1%", "25%", "median", "75%", "99%", "max") +
            numbers;
  }
  if (!texts.empty()) {
    text += absl::StrFormat("\n%s%-15s %9s  %s\n", Padded("texts", kNameWidth + 1), "missing",
                            "distinct", "most frequent") +
            texts;
  }
  if (num_shown > kShownColumns) {
    text += absl::StrFormat("... and %d more columns\n", table.columns().size() - kShownColumns);
  }
  return text;
}

std::string StepText(const StepReport& report) {
  std::string text = absl::StrFormat("step %d: %s\n", report.number, report.kind);
  if (report.rows_before != report.rows_after) {
    text += absl::StrFormat("  rows %d -> %d\n", report.rows_before, report.rows_after);
  }
  for (std::size_t i = 0; i < std::min(kShownLearned, report.learned.size()); ++i) {
    text += "  " + report.learned[i] + "\n";
  }
  if (report.learned.size() > kShownLearned) {
    text += absl::StrFormat("  ... and %d more\n", report.learned.size() - kShownLearned);
  }
  for (std::size_t i = 0; i < std::min(kShownChanges, report.changes.size()); ++i) {
    const ColumnChange& change = report.changes[i];
    const std::string& name = change.after.has_value() ? change.after->name : change.before->name;
    text += "    " + Padded(Cut(name, kNameWidth), kNameWidth + 1) + ChangeText(change) + "\n";
  }
  if (report.changes.size() > kShownChanges) {
    text += absl::StrFormat("    ... and %d more columns\n", report.changes.size() - kShownChanges);
  }
  return text;
}

std::string MissingText(const FeatureTable& table) {
  std::string text;
  for (const Column& column : table.columns()) {
    std::size_t count = 0;
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (!CellText(column, row).has_value()) ++count;
    }
    if (count == 0) continue;
    text += absl::StrFormat("%s%s (%d)", text.empty() ? "" : ", ", column.name, count);
  }
  return text;
}

std::string PipelineText(const std::string& title, const TransformPipeline& pipeline) {
  const PipelineInput& input = pipeline.input();
  std::string text = absl::StrFormat("%s: %d steps on %d columns\n", title, pipeline.steps().size(),
                                     input.columns.size());
  for (const InputColumn& column : input.columns) {
    text += absl::StrFormat("  %s: %s%s\n", column.name, Name(column.kind),
                            column.name == input.target ? ", the target" : "");
  }
  std::size_t number = 0;
  for (const FittedStep& step : pipeline.steps()) {
    text += absl::StrFormat("step %d: %s\n", ++number, KindOf(step));
    for (const std::string& line : Describe(step)) text += "  " + line + "\n";
  }
  return text;
}

std::string PipelineJson(const TransformPipeline& pipeline) {
  const PipelineInput& input = pipeline.input();
  Json json = {{"target", input.target.empty() ? Json() : Json(input.target)},
               {"missing", input.missing},
               {"columns", Json::array()},
               {"steps", Json::array()}};
  for (const InputColumn& column : input.columns) {
    json["columns"].push_back({{"name", column.name}, {"kind", std::string(Name(column.kind))}});
  }
  for (const FittedStep& step : pipeline.steps()) {
    json["steps"].push_back({{"step", json["steps"].size() + 1},
                             {"kind", std::string(KindOf(step))},
                             {"learned", Describe(step)}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string FeaturesJson(const FeatureTable& table, const std::vector<StepReport>& steps) {
  Json json = {{"rows", table.num_rows()}, {"steps", Json::array()}, {"columns", Json::array()}};
  for (const StepReport& step : steps) json["steps"].push_back(StepJson(step));
  for (const ColumnSummary& summary : SummarizeAll(table)) {
    json["columns"].push_back(SummaryJson(summary));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vitrine::cli
