#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/simulate/simulator.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::simulate {
namespace {

using vitrine::testing::IsOk;
using vitrine::testing::TemporaryFolder;

constexpr std::size_t kListLength = 20;

// The rows of one of the truth files, without the header. Their fields hold no commas.
std::vector<std::vector<std::string>> Rows(const std::string& path) {
  std::istringstream text(*LocalFileSystem().ReadFile(path));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  rows.erase(rows.begin());
  return rows;
}

// Appeal + taste * vector - sensitivity * relative price + bonus * is_chinese, as docs/simulator.md
// says; both rows as they stand in the files.
double Oracle(const std::vector<std::string>& user, const std::vector<std::string>& item) {
  double score = std::stod(item[1]) - std::stod(user[2]) * std::stod(item[2]) +
                 std::stod(user[3]) * std::stod(item[3]);
  for (std::size_t d = 4; d < 12; ++d) score += std::stod(user[d]) * std::stod(item[d]);
  return score;
}

// Share of `wanted` among the first kListLength of `scores`.
double Recall(std::map<std::string, double> scores, const std::set<std::string>& wanted) {
  std::vector<std::pair<double, std::string>> ranking;
  for (const auto& [item, score] : scores) ranking.emplace_back(-score, item);
  std::partial_sort(ranking.begin(), ranking.begin() + kListLength, ranking.end());
  double hits = 0;
  for (std::size_t i = 0; i < kListLength; ++i) hits += wanted.contains(ranking[i].second) ? 1 : 0;
  return hits / static_cast<double>(wanted.size());
}

TEST(TruthTest, TheTruthPredictsHeldOutPurchasesFarBetterThanPopularity) {
  TemporaryFolder folder;
  SimulateOptions options;
  options.folder = folder.path();
  options.num_items = 500;
  options.num_users = 300;
  options.num_events = 20'000;
  ASSERT_THAT(Simulate(options, {}), IsOk());

  std::map<std::string, std::vector<std::string>> users;
  for (const auto& row : Rows(folder / "truth_users.csv")) users[row[0]] = row;
  std::map<std::string, double> popularity;
  const auto items = Rows(folder / "truth_items.csv");
  for (const auto& row : items) popularity[row[0]] = 0;
  std::istringstream events(*LocalFileSystem().ReadFile(folder / "events.jsonl"));
  for (std::string line; std::getline(events, line);) {
    const auto event = nlohmann::json::parse(line);
    if (event["event_type"] != "purchase-complete") continue;
    for (const auto& item : event["items"]) popularity[item["item_id"]] += 1;
  }
  std::map<std::string, std::set<std::string>> bought;
  for (const auto& row : Rows(folder / "truth_purchases.csv")) {
    if (!row[1].empty()) bought[row[1]].insert(row[3]);
  }

  ASSERT_GT(bought.size(), 50U);
  double oracle = 0;
  double popular = 0;
  for (const auto& [user, wanted] : bought) {
    std::map<std::string, double> scores;
    for (const auto& row : items) scores[row[0]] = Oracle(users.at(user), row);
    oracle += Recall(scores, wanted) / static_cast<double>(bought.size());
    popular += Recall(popularity, wanted) / static_cast<double>(bought.size());
  }
  EXPECT_GT(oracle, 0.4);
  EXPECT_GT(oracle, 2 * popular);
  EXPECT_GT(popular, 2.0 * kListLength / 500);  // And popularity beats a list drawn blindly.
  RecordProperty("oracle_recall", std::to_string(oracle));
  RecordProperty("popular_recall", std::to_string(popular));
}

}  // namespace
}  // namespace vitrine::simulate
