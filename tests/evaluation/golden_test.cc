#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

constexpr Micros kCut = 1'700'000'000 * kMicrosPerSecond;
constexpr double kShare = 0.2;

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

std::map<std::string, double> ByName(const ComparisonRow& row, std::size_t k) {
  const ExposureMetrics& exposure = row.summary.exposure.at(k);
  std::map<std::string, double> values = {{"cases", static_cast<double>(row.evaluation.num_cases)},
                                          {"coverage", exposure.coverage},
                                          {"novelty", exposure.novelty},
                                          {"gini", exposure.gini},
                                          {"long_tail", exposure.long_tail}};
  for (const RankingMetricField& field : kRankingMetricFields) {
    values[std::string(field.name)] = row.evaluation.at.at(k).*field.value;
  }
  return values;
}

struct Protocol {
  const char* name;
  const char* file;
  Split (*split)(const Dataset& dataset);
};

class GoldenTest : public ::testing::TestWithParam<Protocol> {
 protected:
  GoldenTest() {
    options_.models = {"most_popular", "item_knn"};
    options_.settings = {
        {"most_popular", {{"binary", "true"}, {"half_life_days", "0"}}},
        {"item_knn", {{"weighting", "binary"}, {"neighbours", "8"}, {"shrinkage", "5"}}}};
    options_.evaluation.cutoffs = {1, 5, 20};
    options_.evaluation.auc_negatives = 1000;  // More than there are items: all are taken.
    options_.resampling = ResamplingOptions();
  }

  ComparisonOptions options_;
  ThreadPool pool_{2};
};

TEST_P(GoldenTest, AgreesWithAnIndependentProgram) {
  const auto dataset = ReadInteractions(
      LocalFileSystem(), std::string(VITRINE_TEST_DATA "/evaluation/") + GetParam().file,
      InteractionFormat::kTsv);
  ASSERT_THAT(dataset, IsOk());
  const Split split = GetParam().split(*dataset);
  const Expected expected = ReadExpected();
  ASSERT_EQ(expected.size(), 64u);

  for (const std::string& scorer : options_.models) {
    const auto row = MeasureScorer(split, scorer, options_, {.pool = &pool_}, {});
    ASSERT_THAT(row, IsOk());
    // The expected values are printed to nine digits.
    for (const std::size_t k : options_.evaluation.cutoffs) {
      const auto& wanted = expected.at({GetParam().name, scorer, k});
      const auto values = ByName(*row, k);
      for (const auto& [metric, value] : wanted) {
        ASSERT_TRUE(values.contains(metric)) << metric;
        EXPECT_NEAR(values.at(metric), value, 1e-6) << scorer << " " << metric << "@" << k;
      }
    }
    EXPECT_NEAR(row->evaluation.MeanAuc(), expected.at({GetParam().name, scorer, 0}).at("auc"),
                1e-6)
        << scorer;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Protocols, GoldenTest,
    ::testing::Values(
        Protocol{"new", "interactions.tsv",
                 [](const Dataset& data) { return SplitByTime(data, kCut, false); }},
        Protocol{"repeats", "interactions.tsv",
                 [](const Dataset& data) { return SplitByTime(data, kCut, true); }},
        Protocol{"leave-last-out", "interactions.tsv",
                 [](const Dataset& data) { return LeaveLastOut(data, Part::kTest, false); }},
        Protocol{"leave-last-out-validation", "interactions.tsv",
                 [](const Dataset& data) { return LeaveLastOut(data, Part::kValidation, false); }},
        Protocol{"next-basket", "visits.tsv",
                 [](const Dataset& data) { return NextBasket(data, Part::kTest); }},
        Protocol{"next-basket-validation", "visits.tsv",
                 [](const Dataset& data) { return NextBasket(data, Part::kValidation); }},
        Protocol{"session-prefix", "visits.tsv",
                 [](const Dataset& data) { return SessionPrefixes(data, Part::kTest, kShare); }},
        Protocol{
            "session-prefix-validation", "visits.tsv",
            [](const Dataset& data) { return SessionPrefixes(data, Part::kValidation, kShare); }}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace vitrine
