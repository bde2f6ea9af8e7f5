#include "cli/evaluation_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

ComparisonRow MakeRow(const std::string& name, double ndcg) {
  ComparisonRow row;
  row.name = name;
  row.settings = {{"dimensions", "8"}};
  row.train_seconds = 1.5;
  row.evaluation.num_users = 42;
  row.evaluation.num_cases = 43;
  row.evaluation.seconds = 0.5;
  row.evaluation.at[20] = {.recall = 0.1, .recall_min = 0.2, .ndcg = ndcg, .hit = 0.4, .mrr = 0.5};
  return row;
}

std::vector<std::string> KeysOf(const nlohmann::json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

TEST(EvaluationReportTest, ARowHasTheKeysThatScriptsRead) {
  const auto json = nlohmann::json::parse(RowJson(MakeRow("ials", 0.3), 1024));

  EXPECT_THAT(KeysOf(json),
              UnorderedElementsAre("scorer", "settings", "as_paper", "users", "cases", "recall@20",
                                   "recall_min@20", "ndcg@20", "hit@20", "mrr@20", "map@20",
                                   "train_seconds", "evaluate_seconds", "peak_rss_bytes"));
  EXPECT_EQ(json["scorer"], "ials");
  EXPECT_EQ(json["settings"]["dimensions"], "8");
  EXPECT_EQ(json["users"], 42);
  EXPECT_EQ(json["cases"], 43);
  EXPECT_EQ(json["recall@20"], 0.1);
  EXPECT_EQ(json["recall_min@20"], 0.2);
  EXPECT_EQ(json["ndcg@20"], 0.3);
  EXPECT_EQ(json["hit@20"], 0.4);
  EXPECT_EQ(json["mrr@20"], 0.5);
  EXPECT_EQ(json["train_seconds"], 1.5);
  EXPECT_EQ(json["evaluate_seconds"], 0.5);
  EXPECT_EQ(json["peak_rss_bytes"], 1024);
}

TEST(EvaluationReportTest, EveryCutOffHasItsKeys) {
  ComparisonRow row = MakeRow("ials", 0.3);
  row.evaluation.at[5] = {.recall = 0.05};

  const auto json = nlohmann::json::parse(RowJson(row, 0));

  EXPECT_EQ(json["recall@5"], 0.05);
  EXPECT_EQ(json["recall@20"], 0.1);
  EXPECT_TRUE(json.contains("mrr@5"));
}

TEST(EvaluationReportTest, HowAlikeListsAreIsToldWhereItWasMeasured) {
  ComparisonRow row = MakeRow("ials", 0.3);
  row.summary.exposure[20] = {.coverage = 0.6};
  EXPECT_THAT(RowTable({row}), ::testing::Not(HasSubstr("alike")));

  row.evaluation.similarity[20] = {0.25, 0.5};

  const auto json = nlohmann::json::parse(RowJson(row, 0));
  EXPECT_EQ(json["intra_list_similarity@20"], 0.375);
  EXPECT_THAT(RowTable({row}), ::testing::AllOf(HasSubstr("alike"), HasSubstr("0.3750")));
}

ComparisonRow MakeSummarisedRow() {
  ComparisonRow row = MakeRow("ials", 0.3);
  row.evaluation.auc = {0.5, 1.0};
  row.summary.exposure[20] = {.coverage = 0.6, .novelty = 7.5, .gini = 0.7, .long_tail = 0.25};
  row.summary.intervals["ndcg@20"] = {0.2875, 0.3125};
  row.summary.by_history = {{.least = 0, .most = 0, .num_cases = 3, .at = {{20, {.ndcg = 0.1}}}},
                            {.least = 2, .most = 4, .num_cases = 5, .at = {{20, {.ndcg = 0.2}}}},
                            {.least = 100, .num_cases = 7, .at = {{20, {.ndcg = 0.9}}}}};
  row.against = "item_knn";
  row.differences["ndcg@20"] = {.value = 0.05, .interval = {0.04, 0.06}, .p_value = 0.0002};
  return row;
}

TEST(EvaluationReportTest, ASummarisedRowSaysHowSureAndForWhom) {
  const auto json = nlohmann::json::parse(RowJson(MakeSummarisedRow(), 0));

  EXPECT_EQ(json["auc"], 0.75);
  EXPECT_EQ(json["coverage@20"], 0.6);
  EXPECT_EQ(json["novelty@20"], 7.5);
  EXPECT_EQ(json["gini@20"], 0.7);
  EXPECT_EQ(json["long_tail@20"], 0.25);
  EXPECT_EQ(json["intervals"]["ndcg@20"], (std::vector<double>{0.2875, 0.3125}));
  ASSERT_EQ(json["by_history"].size(), 3u);
  EXPECT_EQ(json["by_history"][0]["history"], "0");
  EXPECT_EQ(json["by_history"][1]["history"], "2-4");
  EXPECT_EQ(json["by_history"][2]["history"], "100+");
  EXPECT_EQ(json["by_history"][1]["cases"], 5);
  EXPECT_EQ(json["by_history"][1]["ndcg@20"], 0.2);
  EXPECT_EQ(json["against"]["scorer"], "item_knn");
  EXPECT_EQ(json["against"]["differences"]["ndcg@20"]["p_value"], 0.0002);
}

TEST(EvaluationReportTest, APairHasBothRows) {
  const auto json =
      nlohmann::json::parse(PairJson(MakeSummarisedRow(), MakeRow("item_knn", 0.25), 0));

  EXPECT_EQ(json["ndcg@20"], 0.3);
  EXPECT_EQ(json["against"]["row"]["scorer"], "item_knn");
  EXPECT_EQ(json["against"]["row"]["ndcg@20"], 0.25);
}

TEST(EvaluationReportTest, TheTableOfASummarisedRowHasAllOfIt) {
  const std::string table = RowTable({MakeSummarisedRow()});

  EXPECT_THAT(table, HasSubstr("0.2875-0.3125"));
  EXPECT_THAT(table, HasSubstr("long tail"));
  EXPECT_THAT(table, HasSubstr("100+"));
  EXPECT_THAT(table, HasSubstr("ials less item_knn, ndcg@20: +0.0500 (95 %: +0.0400 to +0.0600), "
                               "p = 0.0002"));
}

TEST(EvaluationReportTest, TheTableComparesWithMostPopular) {
  const std::string table = RowTable({MakeRow("most_popular", 0.1), MakeRow("ials", 0.25)});

  EXPECT_THAT(table, HasSubstr("most_popular"));
  EXPECT_THAT(table, HasSubstr("x 1.00"));
  EXPECT_THAT(table, HasSubstr("x 2.50"));
}

TEST(EvaluationReportTest, AStoresReportSaysWhatItWasMeasuredOn) {
  StoreComparison comparison;
  comparison.cut_us = 20'454 * kMicrosPerDay;
  comparison.num_train_users = 10;
  comparison.num_train_interactions = 90;
  comparison.num_test_interactions = 9;
  comparison.rows = {MakeRow("most_popular", 0.1), MakeRow("blend", 0.2)};

  const auto json = nlohmann::json::parse(StoreJson(comparison, 7));

  EXPECT_EQ(json["cut"], "2026-01-01 00:00:00");
  EXPECT_EQ(json["train_interactions"], 90);
  ASSERT_EQ(json["rows"].size(), 2U);
  EXPECT_EQ(json["rows"][1]["scorer"], "blend");
  EXPECT_THAT(StoreTable(comparison),
              HasSubstr("90 interactions of 10 shoppers before 2026-01-01"));
}

TEST(EvaluationReportTest, PeakMemoryIsThisProcessesOwn) {
  EXPECT_GT(PeakResidentBytes(), 1'000'000U);
}

}  // namespace
}  // namespace vitrine::cli
