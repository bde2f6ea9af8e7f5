#include "cli/cold_items_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

// Of two scorers of one name, which is which.
std::string LabelOf(const ColdComparison& comparison, std::size_t scorer) {
  const std::string& name = comparison.scorers[scorer].name;
  return scorer == 0 ? name : "against " + name;
}

std::string MetricsAt(const std::map<std::string, double>& means,
                      const std::vector<std::size_t>& cutoffs) {
  std::string text;
  for (const std::size_t k : cutoffs) {
    for (const char* metric : {"recall", "ndcg"}) {
      text += absl::StrFormat(" %12.4f", means.at(absl::StrFormat("%s@%d", metric, k)));
    }
  }
  return text + "\n";
}

// The settings that differ between the two scorers, since a page of equal ones hides them.
std::string SettingsLine(const ColdComparison& comparison, std::size_t scorer) {
  std::string text = LabelOf(comparison, scorer) + ":";
  const Settings& own = comparison.scorers[scorer].settings;
  const Settings& other = comparison.scorers[comparison.scorers.size() - 1 - scorer].settings;
  for (const auto& [name, value] : own) {
    const auto found = other.find(name);
    const bool differs = found == other.end() || found->second != value;
    if (differs || comparison.scorers.size() == 1) {
      text += absl::StrFormat(" %s=%s", name, value);
    }
  }
  return text + "\n";
}

}  // namespace

std::string ColdItemsTable(const ColdComparison& comparison,
                           const std::vector<std::size_t>& cutoffs) {
  std::string text;
  for (std::size_t s = 0; s < comparison.scorers.size(); ++s) text += SettingsLine(comparison, s);
  text += absl::StrFormat("%-5s %10s %8s  %-22s", "seed", "cold items", "users", "scorer");
  for (const std::size_t k : cutoffs) {
    for (const char* metric : {"recall", "ndcg"}) {
      text += absl::StrFormat(" %12s", absl::StrFormat("%s@%d", metric, k));
    }
  }
  text += "\n";
  std::size_t num_cases = 0;
  for (const ColdSeed& seed : comparison.seeds) {
    num_cases += seed.num_cases;
    for (std::size_t s = 0; s < seed.means.size(); ++s) {
      text += absl::StrFormat("%-5d %10d %8d  %-22s", seed.seed, seed.num_cold, seed.num_cases,
                              LabelOf(comparison, s));
      text += MetricsAt(seed.means[s], cutoffs);
    }
  }
  for (std::size_t s = 0; s < comparison.means.size(); ++s) {
    text += absl::StrFormat("%-5s %10s %8d  %-22s", "all", "", num_cases, LabelOf(comparison, s));
    text += MetricsAt(comparison.means[s], cutoffs);
  }
  for (const auto& [metric, difference] : comparison.differences) {
    for (const std::size_t k : cutoffs) {
      if (metric != absl::StrFormat("recall@%d", k) && metric != absl::StrFormat("ndcg@%d", k)) {
        continue;
      }
      text += absl::StrFormat("difference of %s: %+.4f (95 %%: %+.4f to %+.4f), p %.4f\n", metric,
                              difference.value, difference.interval.low, difference.interval.high,
                              difference.p_value);
    }
  }
  return text;
}

std::string ColdItemsJson(const ColdComparison& comparison) {
  Json json;
  for (std::size_t s = 0; s < comparison.scorers.size(); ++s) {
    json["scorers"].push_back({{"scorer", comparison.scorers[s].name},
                               {"settings", comparison.scorers[s].settings},
                               {"means", comparison.means[s]}});
  }
  for (const ColdSeed& seed : comparison.seeds) {
    json["seeds"].push_back({{"seed", seed.seed},
                             {"cold_items", seed.num_cold},
                             {"users", seed.num_cases},
                             {"means", seed.means}});
  }
  for (const auto& [metric, difference] : comparison.differences) {
    json["differences"][metric] = {{"difference", difference.value},
                                   {"low", difference.interval.low},
                                   {"high", difference.interval.high},
                                   {"p_value", difference.p_value}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vitrine::cli
