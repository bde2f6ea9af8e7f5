// What `vitrine evaluate` says of lists with a diversity or an exposure beside those without.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/binary_fixture.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using Json = nlohmann::json;

class EvaluateBinaryTest : public BinaryTest {
 protected:
  static void SetUpTestSuite() {
    BinaryTest::SetUpTestSuite();
    ASSERT_EQ(Run("import --tsv DIR/shop.tsv --events SHOP/events.jsonl").status, 0);
  }

  // One model with `control`, held against itself without.
  static Outcome Measured(const std::string& control) {
    return Run(
        "evaluate --protocol temporal --cut 2026-03-15 --data DIR/shop.tsv --at 10 "
        "--scorer ials --set dimensions=8 --set epochs=3 "
        "--against ials --against-set dimensions=8 --against-set epochs=3 " +
        control);
  }

  // -2: there is no such figure.
  static double Figure(const Json& row, const std::string& name) {
    return row.value(name, Json()).is_number() ? row[name].get<double>() : -2;
  }
};

TEST_F(EvaluateBinaryTest, ADiversityIsHeldAgainstListsWithoutIt) {
  const Outcome outcome = Measured("--diversity mmr:0.7 --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json with = Json::parse(outcome.out);
  const Json& without = with["against"]["row"];
  EXPECT_LT(Figure(with, "intra_list_similarity@10"), Figure(without, "intra_list_similarity@10"));
  for (const Json* row : {&with, &without}) {
    EXPECT_THAT(Figure(*row, "intra_list_similarity@10"), AllOf(Ge(-1), Le(1)));
    EXPECT_THAT(Figure(*row, "coverage@10"), AllOf(Ge(0), Le(1)));
    EXPECT_THAT(Figure(*row, "gini@10"), AllOf(Ge(0), Le(1)));
  }
  EXPECT_NE(Figure(with, "gini@10"), Figure(without, "gini@10"));
  EXPECT_TRUE(with["against"]["differences"].contains("ndcg@10")) << outcome.out;
}

TEST_F(EvaluateBinaryTest, ATableShowsHowAlikeItemsOfListsAre) {
  const Outcome outcome = Measured("--diversity mmr:0.7");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("coverage"), HasSubstr("gini"), HasSubstr("alike")));
}

TEST_F(EvaluateBinaryTest, AnExposureIsHeldAgainstListsWithoutIt) {
  const Outcome outcome = Measured("--exposure long-tail:0.5 --json");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json with = Json::parse(outcome.out);
  const Json& without = with["against"]["row"];
  EXPECT_GE(Figure(with, "long_tail@10"), 0.5 - 1e-9);
  EXPECT_GT(Figure(with, "long_tail@10"), Figure(without, "long_tail@10"));
  for (const Json* row : {&with, &without}) {
    EXPECT_THAT(Figure(*row, "coverage@10"), AllOf(Ge(0), Le(1)));
    EXPECT_THAT(Figure(*row, "gini@10"), AllOf(Ge(0), Le(1)));
  }
  EXPECT_NE(Figure(with, "gini@10"), Figure(without, "gini@10"));
}

}  // namespace
}  // namespace vitrine::cli
