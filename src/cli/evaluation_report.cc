#include "cli/evaluation_report.h"

#include <sys/resource.h>

#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kBytesPerKilobyte = 1024;  // Linux counts ru_maxrss in these.

Json ToJson(const ComparisonRow& row, std::uint64_t peak_rss_bytes) {
  Json json = {{"scorer", row.name},
               {"settings", row.settings},
               {"users", row.evaluation.num_users},
               {"cases", row.evaluation.num_cases}};
  for (const auto& [k, metrics] : row.evaluation.at) {
    const auto key = [k = k](const char* name) { return absl::StrFormat("%s@%d", name, k); };
    json[key("recall")] = metrics.recall;
    json[key("recall_min")] = metrics.recall_min;
    json[key("ndcg")] = metrics.ndcg;
    json[key("hit")] = metrics.hit;
    json[key("mrr")] = metrics.mrr;
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
  std::map<std::size_t, double> baseline;
  for (const ComparisonRow& row : rows) {
    if (row.name != "most_popular") continue;
    for (const auto& [k, metrics] : row.evaluation.at) baseline[k] = metrics.ndcg;
  }
  std::string text =
      absl::StrFormat("%-14s %4s %8s %10s %8s %8s %8s %8s %9s %9s\n", "scorer", "k", "recall",
                      "recall_min", "ndcg", "hit", "mrr", "ndcg is", "train s", "answer s");
  for (const ComparisonRow& row : rows) {
    for (const auto& [k, metrics] : row.evaluation.at) {
      text += absl::StrFormat("%-14s %4d %8.4f %10.4f %8.4f %8.4f %8.4f %8s %9.2f %9.2f\n",
                              row.name, k, metrics.recall, metrics.recall_min, metrics.ndcg,
                              metrics.hit, metrics.mrr, Lift(metrics.ndcg, baseline, k),
                              row.train_seconds, row.evaluation.seconds);
    }
  }
  return text;
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
