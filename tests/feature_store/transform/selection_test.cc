#include "vitrine/feature_store/transform/selection.h"

#include <gmock/gmock.h>

#include <Eigen/QR>
#include <cmath>
#include <limits>
#include <vector>

#include "feature_store/transform/golden.h"
#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::Expected;
using testing::ExpectNear;
using testing::GoldenTable;
using testing::IsOk;
using testing::IsRefused;
using testing::kNaN;
using testing::ReadGoldenTable;
using testing::StatusIs;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Eigen::MatrixXd RandomTable(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  Random random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&random] { return random.Normal(); });
}

// scikit-learn compares squares, whose rounding now and then counts the k-th neighbour itself as
// closer than it is.
constexpr double kOneRowMore = 5e-4;

class MutualInformationGoldenTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  const GoldenTable table_ = ReadGoldenTable();
  const MutualInformationOptions options_{.neighbours = GetParam(),
                                          .is_discrete = {false, false, false, false, false, true}};
};

TEST_P(MutualInformationGoldenTest, WithClassesAgreesWithScikitLearn) {
  const auto information = MutualInformationWithClasses(table_.features, table_.classes, options_);

  ASSERT_THAT(information, IsOk());
  ExpectNear(information->transpose(), Expected("mi_classes." + std::to_string(GetParam())),
             kOneRowMore);
}

TEST_P(MutualInformationGoldenTest, WithATargetAgreesWithScikitLearn) {
  const auto information = MutualInformationWithTarget(table_.features, table_.target, options_);

  ASSERT_THAT(information, IsOk());
  ExpectNear(information->transpose(), Expected("mi_target." + std::to_string(GetParam())),
             kOneRowMore);
}

INSTANTIATE_TEST_SUITE_P(Neighbours, MutualInformationGoldenTest, ::testing::Values(3, 7));

TEST(MutualInformationTest, OfTwoCoinsThatAgreeIsTheEntropyOfOne) {
  Eigen::MatrixXd features(4, 2);
  features << 0, 0, 0, 1, 1, 0, 1, 1;
  const std::vector<std::int64_t> classes = {-5, -5, 9, 9};

  const auto information =
      MutualInformationWithClasses(features, classes, {.is_discrete = {true, true}});

  ASSERT_THAT(information, IsOk());
  EXPECT_NEAR((*information)[0], std::log(2.0), 1e-12);
  EXPECT_NEAR((*information)[1], 0, 1e-12);
}

TEST(MutualInformationTest, OfNormalNumbersIsWhatTheirCorrelationSays) {
  const Eigen::MatrixXd table = RandomTable(4000, 2, 3);
  const double correlation = 0.8;
  const Eigen::VectorXd target =
      correlation * table.col(0) + std::sqrt(1 - correlation * correlation) * table.col(1);

  const auto information = MutualInformationWithTarget(table.leftCols(1), target, {});

  ASSERT_THAT(information, IsOk());
  EXPECT_NEAR((*information)[0], -0.5 * std::log(1 - correlation * correlation), 0.08);
}

TEST(MutualInformationTest, EqualValuesAreToldApartTheSameWayEveryTime) {
  Eigen::MatrixXd features = RandomTable(300, 1, 4);
  const Eigen::VectorXd target = features.col(0);
  features = features.array().round();  // A handful of values, each many times.

  const auto once = MutualInformationWithTarget(features, target, {});
  const auto again = MutualInformationWithTarget(features, target, {});

  ASSERT_THAT(once, IsOk());
  EXPECT_EQ(*once, *again);
  EXPECT_GT((*once)[0], 0.5);
}

TEST(MutualInformationTest, AConstantTellsNothing) {
  const Eigen::MatrixXd features = Eigen::MatrixXd::Constant(10, 2, 0.1);
  const std::vector<std::int64_t> classes = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};

  EXPECT_THAT(*MutualInformationWithClasses(features, classes, {.is_discrete = {true, false}}),
              Each(0));
  EXPECT_THAT(*MutualInformationWithTarget(features, RandomTable(10, 1, 5), {}), Each(0));
  EXPECT_THAT(*MutualInformationWithTarget(RandomTable(10, 2, 5), features.col(0), {}), Each(0));
}

TEST(MutualInformationTest, OneClassOrAClassForEachRowTellsNothing) {
  const Eigen::MatrixXd features = RandomTable(6, 1, 6);

  EXPECT_NEAR(
      (*MutualInformationWithClasses(features, std::vector<std::int64_t>{1, 1, 1, 1, 1, 1}, {}))[0],
      0, 1e-12);
  EXPECT_EQ(
      (*MutualInformationWithClasses(features, std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}, {}))[0],
      0);
}

TEST(MutualInformationTest, RefusesWhatItCannotCount) {
  const Eigen::MatrixXd features = RandomTable(5, 2, 7);
  Eigen::MatrixXd broken = features;
  broken(3, 1) = kNaN;
  const std::vector<std::int64_t> classes = {0, 1, 0, 1, 0};
  const auto refused = [](const auto& result, const char* why) {
    EXPECT_THAT(result, IsRefused(why));
  };

  refused(MutualInformationWithClasses(broken, classes, {}), "row 3, column 1");
  refused(MutualInformationWithClasses(features, std::span(classes).first(4), {}), "5 rows, got 4");
  refused(MutualInformationWithClasses(features, classes, {.neighbours = 0}), "neighbours");
  refused(MutualInformationWithClasses(features, classes, {.neighbours = 5}), "5 and 5 rows");
  refused(MutualInformationWithClasses(features, classes, {.is_discrete = {true}}), "is_discrete");
  refused(MutualInformationWithTarget(features, broken.col(1), {}), "target");
}

TEST(VarianceInflationTest, AgreesWithStatsmodels) {
  const auto factors = VarianceInflationFactors(ReadGoldenTable().features);

  ASSERT_THAT(factors, IsOk());
  ExpectNear(factors->transpose(), Expected("vif"), 1e-8);
}

// 1 / (1 - R^2) of a least-squares fit, column by column.
double SlowInflation(const Eigen::MatrixXd& features, Eigen::Index column) {
  Eigen::MatrixXd others = features;
  others.col(column).setOnes();  // The intercept.
  const Eigen::VectorXd target = features.col(column);
  const Eigen::VectorXd fit = others * others.colPivHouseholderQr().solve(target).eval();
  const double left = (target - fit).squaredNorm();
  return (target.array() - target.mean()).matrix().squaredNorm() / left;
}

TEST(VarianceInflationTest, AgreesWithARegressionOfEachColumnInUnitsOfAnySize) {
  Eigen::MatrixXd features = RandomTable(40, 5, 8);
  features.col(2) += 3 * features.col(0) - features.col(1);
  features.col(3) *= 1e-9;
  features.col(4).array() += 1e4;

  const auto factors = VarianceInflationFactors(features);

  ASSERT_THAT(factors, IsOk());
  for (Eigen::Index column = 0; column < features.cols(); ++column) {
    EXPECT_NEAR((*factors)[column] / SlowInflation(features, column), 1, 1e-6) << column;
  }
}

TEST(VarianceInflationTest, IsInfiniteForWhatTheOthersSayAndFiniteForTheRest) {
  Eigen::MatrixXd features = RandomTable(30, 5, 9);
  features.col(2) = 2 * features.col(0) - features.col(1);
  features.col(3).setConstant(0.1);

  const auto factors = VarianceInflationFactors(features);

  ASSERT_THAT(factors, IsOk());
  EXPECT_THAT(factors->head(4), Each(kInfinity));
  Eigen::MatrixXd independent(30, 3);
  independent << features.col(0), features.col(1), features.col(4);
  EXPECT_NEAR((*factors)[4], SlowInflation(independent, 2), 1e-9);
}

TEST(VarianceInflationTest, IsInfiniteWhereColumnsOutnumberRows) {
  EXPECT_THAT(*VarianceInflationFactors(RandomTable(4, 7, 10)), Each(kInfinity));
}

TEST(VarianceInflationTest, RefusesWhatHasNoVariance) {
  Eigen::MatrixXd broken = RandomTable(4, 2, 11);
  broken(0, 0) = kInfinity;

  EXPECT_THAT(VarianceInflationFactors(broken), IsRefused("row 0, column 0"));
  EXPECT_THAT(VarianceInflationFactors(broken.bottomRows(1)), IsRefused("two rows"));
}

TEST(ColumnSelectionTest, KeepsColumnsWhoseVarianceIsAboveTheThreshold) {
  Eigen::MatrixXd features(4, 3);
  features << 0.1, 0, 1, 0.1, 0, 2, 0.1, 2, 3, 0.1, 2, 4;  // Variances 0, 1 and 1.25.

  EXPECT_THAT(SelectByVariance(features, 0)->kept(), ElementsAre(1, 2));
  EXPECT_THAT(SelectByVariance(features, 1)->kept(), ElementsAre(2));
  EXPECT_THAT(SelectByVariance(features, 2), IsRefused("the largest is 1.25"));
  EXPECT_THAT(SelectByVariance(features, kNaN), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ColumnSelectionTest, TheVarianceIsThatOfScikitLearn) {
  const Eigen::MatrixXd features = ReadGoldenTable().features;
  const Eigen::MatrixXd variance = Expected("variance");

  for (Eigen::Index column = 0; column < features.cols(); ++column) {
    const Eigen::MatrixXd alone = features.col(column);
    EXPECT_THAT(SelectByVariance(alone, variance(0, column) * (1 - 1e-9)), IsOk());
    EXPECT_FALSE(SelectByVariance(alone, variance(0, column) * (1 + 1e-9)).ok());
  }
}

TEST(ColumnSelectionTest, KeepsTheBestScoresAndOfEqualOnesTheFirst) {
  EXPECT_THAT(SelectBest(Eigen::Vector4d(0.2, 0.7, 0.2, 0.9), 3)->kept(), ElementsAre(0, 1, 3));
  EXPECT_THAT(SelectBest(Eigen::Vector2d(1, 2), 9)->kept(), ElementsAre(0, 1));
  EXPECT_THAT(SelectBest(Eigen::Vector2d(1, kNaN), 1), IsRefused("1 of them NaN"));
  EXPECT_THAT(SelectBest(Eigen::Vector2d(1, 2), 0), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ColumnSelectionTest, DropsWhatTheOthersSayUntilNothingIsSaidTwice) {
  Eigen::MatrixXd features = RandomTable(50, 4, 12);
  features.col(2) = features.col(0) + features.col(1);
  features.col(3).setConstant(7);

  EXPECT_THAT(SelectByInflation(features, 5)->kept(), ElementsAre(0, 1));
  EXPECT_THAT(SelectByInflation(features.rightCols(1), 5), IsRefused("constant"));
  EXPECT_THAT(SelectByInflation(features, 0.5), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ColumnSelectionTest, AppliesToTablesOfAsManyColumns) {
  const auto selection = ColumnSelection::Create(3, {0, 2});
  ASSERT_THAT(selection, IsOk());
  Eigen::MatrixXd features(1, 3);
  features << 1, kNaN, 3;

  EXPECT_EQ(*selection->Apply(features), Eigen::RowVector2d(1, 3));
  EXPECT_THAT(selection->Apply(features.leftCols(2)), IsRefused("3 columns, got 2"));
  for (const std::vector<std::size_t>& kept :
       {std::vector<std::size_t>{}, {1, 1}, {2, 0}, {0, 3}}) {
    EXPECT_THAT(ColumnSelection::Create(3, kept), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(ColumnSelectionTest, IsTheSameAfterSavingAndLoading) {
  const auto selection = ColumnSelection::Create(300, {1, 200, 299});
  ByteWriter writer;
  Save(*selection, writer);
  ByteReader reader(writer.bytes());

  const auto loaded = LoadColumnSelection(reader);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(reader.Finish("selection"), IsOk());
  EXPECT_EQ(loaded->num_columns(), 300U);
  EXPECT_EQ(loaded->kept(), selection->kept());
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    ByteReader cut(std::string_view(writer.bytes()).substr(0, size));
    EXPECT_THAT(LoadColumnSelection(cut), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

}  // namespace
}  // namespace vitrine
