// What `vitrine evaluate` says of lists with a diversity or an exposure beside those without, and
// of forecasts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/binary_fixture.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::StartsWith;
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

// The forecasts of orders of a small network, with curves in DIR/`name`.
std::string ForecastsWithCurves(const std::string& store, const std::string& name) {
  return "evaluate --store " + store +
         " --protocol purchases --cut 2026-04-01 --set hidden=8 --set dimensions=8 --set epochs=2 "
         "--curves DIR/" +
         name;
}

TEST_F(EvaluateBinaryTest, ForecastsOfOrdersHaveCurves) {
  const Outcome points = Run(ForecastsWithCurves("STORE", "orders.csv --json"));
  ASSERT_EQ(points.status, 0) << points.err;
  const Outcome picture = Run(ForecastsWithCurves("STORE", "orders.svg"));
  ASSERT_EQ(picture.status, 0) << picture.err;

  const std::string lines = ReadText(Filled("DIR/orders.csv"));
  EXPECT_THAT(lines, StartsWith("order_in,threshold,false_positive_rate,recall,precision\n"
                                "visit,inf,0,0,1\nvisit,"));
  EXPECT_THAT(lines, HasSubstr("\nhorizon,inf,0,0,1\nhorizon,"));
  // The last point of each calls everything an order: of the visit's as many as there are.
  const Json visit = Json::parse(points.out)["session"];
  const std::size_t end = lines.find("\nhorizon,");
  const std::size_t comma = lines.rfind(',', end);
  const double precision = std::stod(lines.substr(comma + 1, end - comma - 1));
  EXPECT_NEAR(precision, Figure(visit, "orders") / Figure(visit, "cases"), 1e-6);
  EXPECT_THAT(ReadText(Filled("DIR/orders.svg")),
              AllOf(StartsWith("<svg"), HasSubstr("Order in visit: ROC, area 0."),
                    HasSubstr("Order in horizon: ROC, area 0."), HasSubstr("height=\"760\"")));
}

TEST_F(EvaluateBinaryTest, WhereNobodyOrdersThereIsNoCurveButTheMeasuresAreTold) {
  std::istringstream events(ReadText(Filled("SHOP/events.jsonl")));
  std::string others;
  for (std::string line; std::getline(events, line);) {
    if (line.find("purchase-complete") == std::string::npos) others += line + "\n";
  }
  WriteText(*folder_ / "browsing.jsonl", others);
  ASSERT_EQ(Run("import --store DIR/browsing --items SHOP/items.csv --users SHOP/users.csv "
                "--events DIR/browsing.jsonl")
                .status,
            0);

  const Outcome refused = Run(ForecastsWithCurves("DIR/browsing", "none.svg"));

  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("none.svg"), HasSubstr("An earlier --cut tests more")));
  EXPECT_THAT(refused.out, AllOf(HasSubstr("order in"), HasSubstr("\nnext event: ")));
}

}  // namespace
}  // namespace vitrine::cli
