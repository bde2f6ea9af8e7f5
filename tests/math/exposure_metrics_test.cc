#include "vitrine/math/exposure_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace vitrine {
namespace {

using Counts = std::vector<std::uint64_t>;

TEST(ExposureMetricsTest, CoverageIsTheShareOfItemsThatAnyListShows) {
  EXPECT_DOUBLE_EQ(MeasureExposure(Counts{3, 0, 1, 0}, Counts{1, 1, 1, 1}, 4).coverage, 0.5);
}

TEST(ExposureMetricsTest, NoveltyIsTheMeanSurpriseOfWhatIsShown) {
  // Half of the users had the first item, an eighth the second; nobody the third, as if one had.
  const double novelty = MeasureExposure(Counts{2, 1, 1}, Counts{4, 1, 0}, 8).novelty;

  EXPECT_DOUBLE_EQ(novelty, (2 * 1.0 + 3.0 + 3.0) / 4);
}

TEST(ExposureMetricsTest, GiniIsZeroWhenAllAreShownAlikeAndGrowsWithConcentration) {
  EXPECT_NEAR(MeasureExposure(Counts{5, 5, 5, 5}, Counts{1, 1, 1, 1}, 4).gini, 0, 1e-15);
  EXPECT_NEAR(MeasureExposure(Counts{0, 0, 0, 7}, Counts{1, 1, 1, 1}, 4).gini, 0.75, 1e-15);
  // The mean difference of all pairs over twice the mean: (1 + 2 + 3 + 1 + 2 + 1) * 2 / 16 / 2
  // / 2.5.
  EXPECT_NEAR(MeasureExposure(Counts{4, 2, 3, 1}, Counts{1, 1, 1, 1}, 4).gini, 0.25, 1e-15);
}

TEST(ExposureMetricsTest, TheLongTailIsWhatTheBestsellersLeave) {
  // Of 20 that users had, 16 are 80 %: the first two items. The tie goes to the earlier.
  const Counts owners = {12, 4, 4, 0};

  EXPECT_DOUBLE_EQ(MeasureExposure(Counts{1, 1, 2, 1}, owners, 20).long_tail, 0.6);
}

TEST(ExposureMetricsTest, NothingShownIsAllZero) {
  const ExposureMetrics metrics = MeasureExposure(Counts{0, 0}, Counts{1, 2}, 3);

  EXPECT_EQ(metrics.coverage, 0);
  EXPECT_EQ(metrics.novelty, 0);
  EXPECT_EQ(metrics.gini, 0);
  EXPECT_EQ(metrics.long_tail, 0);
}

}  // namespace
}  // namespace vitrine
