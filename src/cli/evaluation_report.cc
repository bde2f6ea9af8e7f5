#include "cli/evaluation_report.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kBytesPerKilobyte = 1024;  // Linux counts ru_maxrss in these.

std::string At(std::string_view metric, std::size_t k) {
  return absl::StrFormat("%s@%d", metric, k);
}

// "2-4", "0" or "100+".
std::string LengthsOf(const HistoryGroup& group) {
  if (group.least == group.most) return absl::StrFormat("%d", group.least);
  if (group.most == std::numeric_limits<std::size_t>::max()) {
    return absl::StrFormat("%d+", group.least);
  }
  return absl::StrFormat("%d-%d", group.least, group.most);
}

void AddMeans(const std::map<std::size_t, RankingMetrics>& at, Json& json) {
  for (const auto& [k, metrics] : at) {
    for (const RankingMetricField& field : kRankingMetricFields) {
      json[At(field.name, k)] = metrics.*field.value;
    }
  }
}

void AddSummary(const Summary& summary, Json& json) {
  for (const auto& [k, exposure] : summary.exposure) {
    json[At("coverage", k)] = exposure.coverage;
    json[At("novelty", k)] = exposure.novelty;
    json[At("gini", k)] = exposure.gini;
    json[At("long_tail", k)] = exposure.long_tail;
  }
  for (const auto& [name, interval] : summary.intervals) {
    json["intervals"][name] = {interval.low, interval.high};
  }
  for (const HistoryGroup& group : summary.by_history) {
    Json row = {{"history", LengthsOf(group)}, {"cases", group.num_cases}};
    AddMeans(group.at, row);
    json["by_history"].push_back(row);
  }
}

Json ToJson(const std::map<std::string, Difference>& differences) {
  Json json;
  for (const auto& [name, difference] : differences) {
    json[name] = {{"difference", difference.value},
                  {"low", difference.interval.low},
                  {"high", difference.interval.high},
                  {"p_value", difference.p_value}};
  }
  return json;
}

Json ToJson(const ComparisonRow& row, std::uint64_t peak_rss_bytes) {
  Json json = {{"scorer", row.name},
               {"settings", row.settings},
               {"as_paper", row.is_as_paper},
               {"users", row.evaluation.num_users},
               {"cases", row.evaluation.num_cases}};
  AddMeans(row.evaluation.at, json);
  for (const auto& [k, by_case] : row.evaluation.similarity) {
    json[At("intra_list_similarity", k)] = row.evaluation.MeanSimilarity(k);
  }
  if (!row.evaluation.auc.empty()) json["auc"] = row.evaluation.MeanAuc();
  AddSummary(row.summary, json);
  if (!row.against.empty()) {
    json["against"] = {{"scorer", row.against}, {"differences", ToJson(row.differences)}};
  }
  json["train_seconds"] = row.train_seconds;
  json["evaluate_seconds"] = row.evaluation.seconds;
  json["peak_rss_bytes"] = peak_rss_bytes;
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "x 2.14" of the baseline; empty without one.
std::string Lift(double value, const std::map<std::size_t, double>& baseline, std::size_t k) {
  const auto found = baseline.find(k);
  if (found == baseline.end() || found->second <= 0) return {};
  return absl::StrFormat("x %.2f", value / found->second);
}

// "0.1052-0.1128"; empty where it was not computed.
std::string IntervalOf(const Summary& summary, const std::string& metric) {
  const auto found = summary.intervals.find(metric);
  if (found == summary.intervals.end()) return {};
  return absl::StrFormat("%.4f-%.4f", found->second.low, found->second.high);
}

std::string MeansTable(const std::vector<ComparisonRow>& rows) {
  std::map<std::size_t, double> baseline;
  for (const ComparisonRow& row : rows) {
    if (row.name != "most_popular") continue;
    for (const auto& [k, metrics] : row.evaluation.at) baseline[k] = metrics.ndcg;
  }
  std::string text = absl::StrFormat("%-18s %4s", "scorer", "k");
  for (const RankingMetricField& field : kRankingMetricFields) {
    text += absl::StrFormat(" %10s", field.name);
  }
  text += absl::StrFormat(" %14s %8s %8s %8s\n", "ndcg, 95 %", "ndcg is", "train s", "answer s");
  for (const ComparisonRow& row : rows) {
    for (const auto& [k, metrics] : row.evaluation.at) {
      text += absl::StrFormat("%-18s %4d", row.name, k);
      for (const RankingMetricField& field : kRankingMetricFields) {
        text += absl::StrFormat(" %10.4f", metrics.*field.value);
      }
      text += absl::StrFormat(" %14s %8s %8.2f %8.2f\n", IntervalOf(row.summary, At("ndcg", k)),
                              Lift(metrics.ndcg, baseline, k), row.train_seconds,
                              row.evaluation.seconds);
    }
  }
  return text;
}

std::string ExposureTable(const std::vector<ComparisonRow>& rows) {
  std::string text;
  for (const ComparisonRow& row : rows) {
    for (const auto& [k, exposure] : row.summary.exposure) {
      text += absl::StrFormat(
          "%-18s %4d %10.4f %10.4f %10.4f %10.4f %10s%s\n", row.name, k, exposure.coverage,
          exposure.novelty, exposure.gini, exposure.long_tail,
          row.evaluation.auc.empty() ? "" : absl::StrFormat("%.4f", row.evaluation.MeanAuc()),
          row.evaluation.similarity.empty()
              ? ""
              : absl::StrFormat(" %10.4f", row.evaluation.MeanSimilarity(k)));
    }
  }
  if (text.empty()) return text;
  const bool is_measured = std::any_of(rows.begin(), rows.end(), [](const ComparisonRow& row) {
    return !row.evaluation.similarity.empty();
  });
  return absl::StrFormat("\n%-18s %4s %10s %10s %10s %10s %10s%s\n", "scorer", "k", "coverage",
                         "novelty", "gini", "long tail", "auc", is_measured ? "      alike" : "") +
         text;
}

std::string HistoryTable(const std::vector<ComparisonRow>& rows) {
  std::string text;
  for (const ComparisonRow& row : rows) {
    for (const HistoryGroup& group : row.summary.by_history) {
      for (const auto& [k, metrics] : group.at) {
        text += absl::StrFormat("%-18s %4d %10s %10d %10.4f %10.4f %10.4f\n", row.name, k,
                                LengthsOf(group), group.num_cases, metrics.recall, metrics.ndcg,
                                metrics.hit);
      }
    }
  }
  if (text.empty()) return text;
  return absl::StrFormat("\n%-18s %4s %10s %10s %10s %10s %10s\n", "scorer", "k", "history",
                         "cases", "recall", "ndcg", "hit") +
         text;
}

std::string DifferencesText(const std::vector<ComparisonRow>& rows) {
  std::string text;
  for (const ComparisonRow& row : rows) {
    for (const auto& [k, unused] : row.evaluation.at) {
      const auto found = row.differences.find(At("ndcg", k));
      if (found == row.differences.end()) continue;
      const Difference& difference = found->second;
      text += absl::StrFormat("%s less %s, ndcg@%d: %+.4f (95 %%: %+.4f to %+.4f), p = %.4f\n",
                              row.name, row.against, k, difference.value, difference.interval.low,
                              difference.interval.high, difference.p_value);
    }
  }
  return text.empty() ? text : "\n" + text;
}

std::string Day(Micros time_us) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

}  // namespace

std::uint64_t PeakResidentBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kBytesPerKilobyte;
}

std::string RowJson(const ComparisonRow& row, std::uint64_t peak_rss_bytes) {
  return Dump(ToJson(row, peak_rss_bytes));
}

std::string PairJson(const ComparisonRow& row, const ComparisonRow& other,
                     std::uint64_t peak_rss_bytes) {
  Json json = ToJson(row, peak_rss_bytes);
  json["against"]["row"] = ToJson(other, peak_rss_bytes);
  return Dump(json);
}

std::string StoreJson(const StoreComparison& comparison, std::uint64_t peak_rss_bytes) {
  Json rows = Json::array();
  for (const ComparisonRow& row : comparison.rows) rows.push_back(ToJson(row, peak_rss_bytes));
  return Dump({{"cut", Day(comparison.cut_us)},
               {"train_users", comparison.num_train_users},
               {"train_interactions", comparison.num_train_interactions},
               {"test_interactions", comparison.num_test_interactions},
               {"rows", rows}});
}

std::string RowTable(const std::vector<ComparisonRow>& rows) {
  return MeansTable(rows) + ExposureTable(rows) + HistoryTable(rows) + DifferencesText(rows);
}

std::string StoreTable(const StoreComparison& comparison) {
  return absl::StrFormat(
             "trained on %d interactions of %d shoppers before %s UTC, measured on the %d "
             "after\n\n",
             comparison.num_train_interactions, comparison.num_train_users, Day(comparison.cut_us),
             comparison.num_test_interactions) +
         RowTable(comparison.rows) +
         (comparison.rows.empty() ? ""
                                  : absl::StrFormat("\nover %d shoppers with anything to find\n",
                                                    comparison.rows.front().evaluation.num_users));
}

}  // namespace vitrine::cli
