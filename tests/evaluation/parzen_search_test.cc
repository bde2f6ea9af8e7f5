#include "evaluation/parzen_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace vitrine {
namespace {

// Highest, 0, where the first coordinate is 0.3, the second 0.8 and the third in the last quarter.
double Hill(const std::vector<double>& point) {
  return -std::abs(point[0] - 0.3) - std::abs(point[1] - 0.8) - (point[2] < 0.75 ? 0.5 : 0);
}

const std::vector<std::size_t> kHillChoices = {0, 0, 4};

double BestOf(std::size_t num_random, std::size_t num_points, std::uint64_t seed) {
  ParzenSearch search(kHillChoices, seed);
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < num_points; ++i) {
    const std::vector<double> point = i < num_random ? search.Draw() : search.Propose();
    best = std::max(best, Hill(point));
    search.Tell(point, Hill(point));
  }
  return best;
}

TEST(ParzenSearchTest, ComesCloserThanChanceWithTheSameNumberOfPoints) {
  double steered = 0;
  double random = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    steered += BestOf(10, 50, seed) / 20;
    random += BestOf(50, 50, seed) / 20;
  }

  EXPECT_GT(steered, -0.11);
  EXPECT_LT(random, 1.4 * steered);
}

TEST(ParzenSearchTest, ProposesWithinTheCube) {
  ParzenSearch search(kHillChoices, 3);
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> point = search.Propose();
    ASSERT_EQ(point.size(), 3u);
    for (const double coordinate : point) {
      EXPECT_GE(coordinate, 0);
      EXPECT_LE(coordinate, 1);
    }
    search.Tell(point, point[0]);  // Drives it to a face of the cube.
  }
}

TEST(ParzenSearchTest, TheSameSeedProposesTheSame) {
  ParzenSearch a(kHillChoices, 5);
  ParzenSearch b(kHillChoices, 5);
  for (int i = 0; i < 30; ++i) {
    const std::vector<double> point = a.Propose();

    EXPECT_EQ(point, b.Propose());
    a.Tell(point, Hill(point));
    b.Tell(point, Hill(point));
  }
}

TEST(ParzenSearchTest, PointsWithoutAValueAreAvoided) {
  ParzenSearch search({0}, 1);
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  for (int i = 0; i < 30; ++i) {
    const double coordinate = (i + 0.5) / 30;
    search.Tell({coordinate}, coordinate < 0.5 ? kNone : 1);
  }

  const auto is_low = [&](int) { return search.Propose()[0] < 0.45; };
  std::vector<int> draws(100);
  EXPECT_LT(std::count_if(draws.begin(), draws.end(), is_low), 10);
}

}  // namespace
}  // namespace vitrine
