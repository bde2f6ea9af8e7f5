#include "vitrine/nn/parameter.h"

#include <gmock/gmock.h>

#include <cmath>

namespace vitrine::nn {
namespace {

using ::testing::ElementsAre;

TEST(ParameterTest, HasARowForEachOfItsFirstDimension) {
  const Parameter vector({5});
  const Parameter kernel({4, 3, 2, 2});

  EXPECT_EQ(vector.value.rows(), 1);
  EXPECT_EQ(vector.value.cols(), 5);
  EXPECT_EQ(kernel.value.rows(), 4);
  EXPECT_EQ(kernel.value.cols(), 12);
  EXPECT_THAT(kernel.shape, ElementsAre(4, 3, 2, 2));
}

class GradientsTest : public ::testing::Test {
 protected:
  GradientsTest() {
    dense_.gradient << 3, 0, 0;
    table_.is_sparse = true;
    table_.touched = {1};
    table_.gradient.row(1) << 4, 0;
    kept_.is_trained = false;
    kept_.gradient << 100;
  }

  Parameter dense_{{3}};
  Parameter table_{{4, 2}};
  Parameter kept_{{1}};
  const ParameterList parameters_ = {{"dense", &dense_}, {"table", &table_}, {"kept", &kept_}};
};

TEST_F(GradientsTest, NormIsThatOfAllThatIsTrained) {
  EXPECT_DOUBLE_EQ(GradientNorm(parameters_), 5);
  EXPECT_EQ(NumTrained(parameters_), 3U + 8U);
}

TEST_F(GradientsTest, ClippingKeepsTheDirection) {
  EXPECT_DOUBLE_EQ(ClipGradients(parameters_, 2.5), 5);

  EXPECT_FLOAT_EQ(dense_.gradient(0, 0), 1.5F);
  EXPECT_FLOAT_EQ(table_.gradient(1, 0), 2);
  EXPECT_DOUBLE_EQ(ClipGradients(parameters_, 2.6), 2.5) << "short enough: nothing to do";
  EXPECT_FLOAT_EQ(dense_.gradient(0, 0), 1.5F);
}

TEST_F(GradientsTest, ZeroingForgetsWhichRowsWereTouched) {
  ZeroGradients(parameters_);

  EXPECT_EQ(dense_.gradient.norm(), 0);
  EXPECT_EQ(table_.gradient.norm(), 0);
  EXPECT_TRUE(table_.touched.empty());
}

TEST(FillTest, DrawsFromTheDistributionNamed) {
  Parameter parameter({100, 100});
  Random random(3);

  FillNormal(parameter, 0.5, random);
  EXPECT_NEAR(parameter.value.squaredNorm() / 10000, 0.25, 0.01);
  FillUniform(parameter, 0.5, random);
  EXPECT_LE(parameter.value.cwiseAbs().maxCoeff(), 0.5);
  EXPECT_NEAR(parameter.value.squaredNorm() / 10000, 0.25 / 3, 0.01);
  EXPECT_DOUBLE_EQ(GlorotBound(2, 4), 1);
}

}  // namespace
}  // namespace vitrine::nn
