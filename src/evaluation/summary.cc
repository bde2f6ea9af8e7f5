#include "vitrine/evaluation/summary.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "evaluation/long_tail.h"

namespace vitrine {
namespace {

// Where groups of history lengths begin.
constexpr std::array<std::size_t, 8> kGroupBegins = {0, 1, 2, 5, 10, 20, 50, 100};

// The metrics of each case as columns, and their names.
struct Columns {
  std::vector<std::string> names{};
  std::vector<std::vector<double>> by_case{};  // [columns][cases]
};

Columns ColumnsOf(const Evaluation& evaluation) {
  Columns columns;
  for (const auto& [k, by_case] : evaluation.by_case) {
    for (const RankingMetricField& field : kRankingMetricFields) {
      columns.names.push_back(absl::StrFormat("%s@%d", field.name, k));
      std::vector<double>& values = columns.by_case.emplace_back();
      for (const RankingMetrics& each : by_case) values.push_back(each.*field.value);
    }
  }
  if (evaluation.auc.empty()) return columns;
  columns.names.emplace_back("auc");
  columns.by_case.push_back(evaluation.auc);
  return columns;
}

GroupSums SumByGroup(const Split& split, const Columns& columns) {
  GroupSums sums{.num_columns = columns.names.size()};
  sums.cases.resize(split.num_groups());
  sums.sums.resize(sums.cases.size() * sums.num_columns);
  for (std::size_t i = 0; i < split.cases.size(); ++i) {
    const std::size_t group = split.cases[i].group;
    ++sums.cases[group];
    for (std::size_t column = 0; column < sums.num_columns; ++column) {
      sums.sums[group * sums.num_columns + column] += columns.by_case[column][i];
    }
  }
  return sums;
}

ExposureMetrics ExposureAt(const Split& split, const Evaluation& evaluation,
                           const std::vector<std::uint64_t>& num_owners, std::size_t k) {
  std::vector<std::uint64_t> shown(split.train.num_items());
  for (const std::vector<ItemIndex>& list : evaluation.lists) {
    for (std::size_t i = 0; i < std::min(k, list.size()); ++i) ++shown[Row(list[i])];
  }
  std::vector<std::uint64_t> shown_candidates;
  std::vector<std::uint64_t> owners_of_candidates;
  for (std::uint32_t row = 0; row < shown.size(); ++row) {
    if (!split.candidates.Contains(ItemIndex{row})) continue;
    shown_candidates.push_back(shown[row]);
    owners_of_candidates.push_back(num_owners[row]);
  }
  return MeasureExposure(shown_candidates, owners_of_candidates, split.train.num_users());
}

std::vector<HistoryGroup> GroupByHistory(const Split& split, const Evaluation& evaluation) {
  std::vector<HistoryGroup> groups;
  for (std::size_t g = 0; g < kGroupBegins.size(); ++g) {
    HistoryGroup group{.least = kGroupBegins[g]};
    if (g + 1 < kGroupBegins.size()) group.most = kGroupBegins[g + 1] - 1;
    for (std::size_t i = 0; i < split.cases.size(); ++i) {
      const std::size_t length = split.History(split.cases[i]).size();
      if (length < group.least || length > group.most) continue;
      ++group.num_cases;
      for (const auto& [k, by_case] : evaluation.by_case) group.at[k] += by_case[i];
    }
    if (group.num_cases == 0) continue;
    for (auto& [k, mean] : group.at) mean = mean / static_cast<double>(group.num_cases);
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

Summary Summarise(const Split& split, const Evaluation& evaluation,
                  const ResamplingOptions& options, ThreadPool& pool) {
  Summary summary;
  const Columns columns = ColumnsOf(evaluation);
  const std::vector<Interval> intervals = BootstrapMeans(SumByGroup(split, columns), options, pool);
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    summary.intervals[columns.names[i]] = intervals[i];
  }
  const std::vector<std::uint64_t> num_owners = NumOwners(split.train);
  for (const auto& [k, unused] : evaluation.at) {
    summary.exposure[k] = ExposureAt(split, evaluation, num_owners, k);
  }
  summary.by_history = GroupByHistory(split, evaluation);
  return summary;
}

std::map<std::string, Difference> ComparePaired(const Split& split, const Evaluation& a,
                                                const Evaluation& b,
                                                const ResamplingOptions& options,
                                                ThreadPool& pool) {
  Columns columns = ColumnsOf(a);
  const Columns subtracted = ColumnsOf(b);
  for (std::size_t column = 0; column < columns.by_case.size(); ++column) {
    for (std::size_t i = 0; i < split.cases.size(); ++i) {
      columns.by_case[column][i] -= subtracted.by_case[column][i];
    }
  }
  const GroupSums sums = SumByGroup(split, columns);
  const std::vector<Interval> intervals = BootstrapMeans(sums, options, pool);
  const std::vector<double> p_values = SignFlipPValues(sums, options, pool);
  std::map<std::string, Difference> differences;
  for (std::size_t column = 0; column < columns.names.size(); ++column) {
    double total = 0;
    for (const double value : columns.by_case[column]) total += value;
    const double mean = total / static_cast<double>(std::max<std::size_t>(split.cases.size(), 1));
    differences[columns.names[column]] = {mean, intervals[column], p_values[column]};
  }
  return differences;
}

}  // namespace vitrine
