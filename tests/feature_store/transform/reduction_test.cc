#include "vitrine/feature_store/transform/reduction.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

#include "feature_store/transform/golden.h"
#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using testing::Expected;
using testing::ExpectNear;
using testing::GoldenTable;
using testing::IsOk;
using testing::IsRefused;
using testing::kNaN;
using testing::ReadGoldenTable;
using testing::StatusIs;

Eigen::MatrixXd RandomTable(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  Random random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&random] { return random.Normal(); });
}

Pca FittedPca(const Eigen::MatrixXd& features, const PcaOptions& options) {
  auto fitted = Pca::Fit(features, options, nullptr);
  EXPECT_THAT(fitted, IsOk());
  return *std::move(fitted);
}

class PcaSolverTest : public ::testing::TestWithParam<PcaSolver> {};

TEST_P(PcaSolverTest, AgreesWithScikitLearn) {
  const Eigen::MatrixXd features = ReadGoldenTable().features;

  const Pca fitted = FittedPca(features, {.components = 4, .solver = GetParam()});

  ExpectNear(fitted.directions(), Expected("pca.directions"), 1e-9);
  ExpectNear(fitted.explained_variance().transpose(), Expected("pca.variance"), 1e-8);
  ExpectNear(fitted.explained_variance_ratio().transpose(), Expected("pca.ratio"), 1e-10);
  ExpectNear(*fitted.Apply(features), Expected("pca.applied"), 1e-8);
  const Pca whitened = FittedPca(features, {.components = 4, .solver = GetParam(), .whiten = true});
  ExpectNear(*whitened.Apply(features), Expected("pca.whitened"), 1e-8);
}

TEST_P(PcaSolverTest, MoreColumnsThanRowsAgreeWithScikitLearn) {
  const Eigen::MatrixXd features = ReadGoldenTable().features;

  const Pca fitted = FittedPca(features.topRows(4), {.solver = GetParam()});

  ExpectNear(fitted.explained_variance().transpose(), Expected("pca_wide.variance"), 1e-9);
  ExpectNear(*fitted.Apply(features.topRows(8)), Expected("pca_wide.applied"), 1e-8);
}

TEST_P(PcaSolverTest, FindsNoMoreComponentsThanTheRank) {
  Eigen::MatrixXd features = RandomTable(20, 5, 1);
  features.col(3) = features.col(0) - 2 * features.col(1);
  features.col(4).setConstant(3);

  const Pca fitted = FittedPca(features, {.components = 9, .solver = GetParam(), .whiten = true});

  EXPECT_EQ(fitted.num_components(), 3U);
  EXPECT_NEAR(fitted.explained_variance_ratio().sum(), 1, 1e-9);
  EXPECT_TRUE(fitted.Apply(features)->allFinite());
}

TEST_P(PcaSolverTest, WhitenedComponentsHaveVarianceOneAndNoCorrelation) {
  const Eigen::MatrixXd features = RandomTable(200, 12, 2) * RandomTable(12, 12, 3);

  const Pca fitted = FittedPca(features, {.components = 5, .solver = GetParam(), .whiten = true});
  const Eigen::MatrixXd applied = *fitted.Apply(features);

  ExpectNear(applied.transpose() * applied / 199, Eigen::MatrixXd::Identity(5, 5), 1e-9);
}

TEST_P(PcaSolverTest, AllComponentsTogetherRestoreTheRows) {
  const Eigen::MatrixXd features = RandomTable(30, 4, 4).array() + 5;

  for (const bool whiten : {false, true}) {
    const Pca fitted = FittedPca(features, {.solver = GetParam(), .whiten = whiten});
    ExpectNear(*fitted.Restore(*fitted.Apply(features)), features, 1e-9);
  }
}

TEST_P(PcaSolverTest, UnitsOfAnySizeAreNoTrouble) {
  const Eigen::MatrixXd features = RandomTable(30, 4, 5);

  const Pca plain = FittedPca(features, {.solver = GetParam()});
  const Pca huge = FittedPca(features * 1e100, {.solver = GetParam()});

  ExpectNear(huge.directions(), plain.directions(), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Solvers, PcaSolverTest,
                         ::testing::Values(PcaSolver::kCovariance, PcaSolver::kRandomised),
                         [](const ::testing::TestParamInfo<PcaSolver>& test) {
                           return test.param == PcaSolver::kCovariance ? "Covariance"
                                                                       : "Randomised";
                         });

TEST(PcaTest, ThreadsAndASecondRunDoNotChangeABit) {
  const Eigen::MatrixXd features = RandomTable(3000, 30, 6);
  const PcaOptions options{.components = 3, .solver = PcaSolver::kRandomised};
  ThreadPool pool(3);

  const auto threaded = Pca::Fit(features, options, &pool);

  ASSERT_THAT(threaded, IsOk());
  EXPECT_EQ(threaded->directions(), FittedPca(features, options).directions());
}

TEST(PcaTest, RefusesWhatHasNoDirection) {
  const Eigen::MatrixXd features = RandomTable(5, 3, 7);
  Eigen::MatrixXd broken = features;
  broken(4, 2) = kNaN;
  const auto refused = [](const auto& result, const char* why) {
    EXPECT_THAT(result, IsRefused(why));
  };

  refused(Pca::Fit(broken, {}, nullptr), "row 4, column 2");
  refused(Pca::Fit(features.topRows(1), {}, nullptr), "two rows");
  refused(Pca::Fit(Eigen::MatrixXd::Constant(4, 3, 0.1), {}, nullptr), "constant");
  refused(Pca::Fit(features * 1e200, {}, nullptr), "scale");
  const Pca fitted = FittedPca(features, {.components = 2});
  refused(fitted.Apply(features.leftCols(2)), "3 columns, got 2");
  refused(fitted.Apply(broken), "row 4, column 2");
  refused(fitted.Restore(features), "2 components, got 3");
}

TEST(PcaTest, IsTheSameAfterSavingAndLoading) {
  const Eigen::MatrixXd features = ReadGoldenTable().features;
  const Pca fitted = FittedPca(features, {.components = 3, .whiten = true});
  ByteWriter writer;
  Save(fitted, writer);
  ByteReader reader(writer.bytes());

  const auto loaded = LoadPca(reader);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(reader.Finish("pca"), IsOk());
  EXPECT_EQ(*loaded->Apply(features), *fitted.Apply(features));
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    ByteReader cut(std::string_view(writer.bytes()).substr(0, size));
    EXPECT_THAT(LoadPca(cut), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

TEST(LinearDiscriminantsTest, AgreesWithScikitLearn) {
  const GoldenTable table = ReadGoldenTable();

  const auto fitted = LinearDiscriminants::Fit(table.features, table.classes, {});

  ASSERT_THAT(fitted, IsOk());
  ExpectNear(fitted->explained_variance_ratio().transpose(), Expected("lda.ratio"), 1e-9);
  ExpectNear(*fitted->Apply(table.features), Expected("lda.applied"), 1e-8);
}

TEST(LinearDiscriminantsTest, ShrunkItAgreesWithTheGeneralisedEigenproblem) {
  const GoldenTable table = ReadGoldenTable();

  const auto fitted = LinearDiscriminants::Fit(table.features, table.classes, {.shrinkage = 0.3});

  ASSERT_THAT(fitted, IsOk());
  ExpectNear(*fitted->Apply(table.features), Expected("lda_shrunk.applied"), 1e-8);
}

TEST(LinearDiscriminantsTest, FindsTheDirectionThatVarianceHides) {
  // Classes differ in the first column, by little; the second varies a lot and says nothing.
  Eigen::MatrixXd features = RandomTable(100, 2, 8);
  features.col(1) *= 50;
  std::vector<std::int64_t> classes;
  for (Eigen::Index row = 0; row < 100; ++row) {
    classes.push_back(row % 2);
    features(row, 0) += row % 2 == 0 ? 4 : 0;
  }

  const auto fitted = LinearDiscriminants::Fit(features, classes, {});

  ASSERT_THAT(fitted, IsOk());
  EXPECT_EQ(fitted->num_components(), 1U);
  EXPECT_LT(std::abs(fitted->directions()(1, 0)), 0.02 * std::abs(fitted->directions()(0, 0)));
}

TEST(LinearDiscriminantsTest, KeepsAsManyComponentsAsWanted) {
  const GoldenTable table = ReadGoldenTable();

  const auto fitted = LinearDiscriminants::Fit(table.features, table.classes, {.components = 1});

  ASSERT_THAT(fitted, IsOk());
  ExpectNear(*fitted->Apply(table.features), Expected("lda.applied").leftCols(1), 1e-8);
}

TEST(LinearDiscriminantsTest, ScatterWithoutAnInverseWantsShrinkage) {
  const GoldenTable table = ReadGoldenTable();
  Eigen::MatrixXd collinear = table.features;
  collinear.col(1) = 2 * collinear.col(0);
  Eigen::MatrixXd constant = table.features;
  for (Eigen::Index row = 0; row < constant.rows(); ++row) {
    constant(row, 3) = static_cast<double>(table.classes[static_cast<std::size_t>(row)]);
  }
  const Eigen::MatrixXd wide = RandomTable(6, 20, 9);
  const std::vector<std::int64_t> two = {0, 1, 0, 1, 0, 1};

  const auto check = [](const Eigen::MatrixXd& features, std::span<const std::int64_t> classes,
                        const char* why) {
    EXPECT_THAT(LinearDiscriminants::Fit(features, classes, {}), IsRefused(why));
    const auto shrunk = LinearDiscriminants::Fit(features, classes, {.shrinkage = 0.1});
    ASSERT_THAT(shrunk, IsOk());
    EXPECT_TRUE(shrunk->directions().allFinite());
  };
  check(collinear, table.classes, "combinations of one another");
  check(constant, table.classes, "are the columns 3");
  check(wide, two, "rows are too few");
}

TEST(LinearDiscriminantsTest, RefusesWhatHasNoClassesToTellApart) {
  const Eigen::MatrixXd features = RandomTable(6, 2, 10);
  Eigen::MatrixXd broken = features;
  broken(1, 0) = kNaN;
  Eigen::MatrixXd mirrored(4, 1);
  mirrored << -1, 1, -2, 2;
  const std::vector<std::int64_t> classes = {0, 1, 0, 1, 0, 1};
  const auto refused = [](const auto& result, const char* why) {
    EXPECT_THAT(result, IsRefused(why));
  };

  refused(LinearDiscriminants::Fit(broken, classes, {}), "row 1, column 0");
  refused(LinearDiscriminants::Fit(features, std::span(classes).first(5), {}), "5 classes");
  refused(LinearDiscriminants::Fit(features, std::vector<std::int64_t>(6, 3), {}), "two classes");
  refused(LinearDiscriminants::Fit(features, std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}, {}),
          "more rows than classes");
  refused(LinearDiscriminants::Fit(features, classes, {.shrinkage = 1.5}), "shrinkage");
  refused(LinearDiscriminants::Fit(mirrored, std::vector<std::int64_t>{0, 0, 1, 1}, {}),
          "means are the same");
  const auto fitted = LinearDiscriminants::Fit(features, classes, {});
  refused(fitted->Apply(features.leftCols(1)), "2 columns, got 1");
}

TEST(LinearDiscriminantsTest, IsTheSameAfterSavingAndLoading) {
  const GoldenTable table = ReadGoldenTable();
  const auto fitted = LinearDiscriminants::Fit(table.features, table.classes, {});
  ByteWriter writer;
  Save(*fitted, writer);
  ByteReader reader(writer.bytes());

  const auto loaded = LoadLinearDiscriminants(reader);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(reader.Finish("discriminants"), IsOk());
  EXPECT_EQ(*loaded->Apply(table.features), *fitted->Apply(table.features));
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    ByteReader cut(std::string_view(writer.bytes()).substr(0, size));
    EXPECT_THAT(LoadLinearDiscriminants(cut), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

}  // namespace
}  // namespace vitrine
