#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <tuple>

#include "testing/status_matchers.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/evaluation/read_interactions.h"

namespace vitrine {
namespace {

using testing::IsOk;

// By protocol, scorer and cut-off: metric -> value. data/evaluation/make_golden.py wrote them.
using Expected =
    std::map<std::tuple<std::string, std::string, std::size_t>, std::map<std::string, double>>;

Expected ReadExpected() {
  std::ifstream file(VITRINE_TEST_DATA "/evaluation/expected.tsv");
  Expected expected;
  std::string protocol;
  std::string scorer;
  std::string metric;
  std::size_t k = 0;
  double value = 0;
  while (file >> protocol >> scorer >> k >> metric >> value) {
    expected[{protocol, scorer, k}][metric] = value;
  }
  return expected;
}

std::map<std::string, double> ByName(const Evaluation& evaluation, std::size_t k) {
  const RankingMetrics& mean = evaluation.at.at(k);
  return {{"users", static_cast<double>(evaluation.num_users)},
          {"recall", mean.recall},
          {"recall_min", mean.recall_min},
          {"ndcg", mean.ndcg},
          {"hit", mean.hit},
          {"mrr", mean.mrr}};
}

TEST(GoldenTest, AgreesWithAnIndependentProgram) {
  const auto dataset = ReadInteractions(
      LocalFileSystem(), VITRINE_TEST_DATA "/evaluation/interactions.tsv", InteractionFormat::kTsv);
  ASSERT_THAT(dataset, IsOk());
  constexpr Micros kCut = 1'700'000'000 * kMicrosPerSecond;
  ComparisonOptions options;
  options.models = {"most_popular", "item_knn"};
  options.settings = {
      {"most_popular", {{"binary", "true"}, {"half_life_days", "0"}}},
      {"item_knn", {{"weighting", "binary"}, {"neighbours", "8"}, {"shrinkage", "5"}}}};
  options.evaluation.cutoffs = {1, 5, 20};
  ThreadPool pool(2);
  const Expected expected = ReadExpected();
  ASSERT_EQ(expected.size(), 12u);

  for (const std::string protocol : {"new", "repeats"}) {
    const Split split = SplitByTime(*dataset, kCut, protocol == "repeats");
    for (const std::string& scorer : options.models) {
      const auto row = MeasureScorer(split, scorer, options, {.pool = &pool}, {});
      ASSERT_THAT(row, IsOk());
      for (const std::size_t k : options.evaluation.cutoffs) {
        for (const auto& [metric, value] : ByName(row->evaluation, k)) {
          // The expected values are printed to nine digits.
          EXPECT_NEAR(value, expected.at({protocol, scorer, k}).at(metric), 1e-6)
              << protocol << " " << scorer << " " << metric << "@" << k;
        }
      }
    }
  }
}

}  // namespace
}  // namespace vitrine
