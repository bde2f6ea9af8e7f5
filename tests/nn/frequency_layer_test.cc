#include "vitrine/nn/frequency_layer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <vector>

#include "nn/checks.h"
#include "nn/sequence_checks.h"

namespace vitrine::nn {
namespace {

using testing::CheckSequenceLayer;
using testing::ExpectSequenceThreadsChangeNoBit;
using testing::kIsReal;
using testing::kSequences;
using testing::LastPlaces;
using testing::RandomMatrix;

// The last number of `window` after all but its `num_frequencies` lowest frequencies were taken
// out, by the discrete Fourier transform and back.
double SlowLowPass(const std::vector<double>& window, std::size_t num_frequencies) {
  const std::size_t length = window.size();
  const auto wave = [&](std::size_t f, std::size_t t) {
    const double turns = static_cast<double>(f * t) / static_cast<double>(length);
    return std::polar(1.0, 2 * std::numbers::pi * turns);
  };
  std::complex<double> last = 0;
  for (std::size_t f = 0; f < length; ++f) {
    if (std::min(f, length - f) >= num_frequencies) continue;
    std::complex<double> part = 0;
    for (std::size_t t = 0; t < length; ++t) part += window[t] * std::conj(wave(f, t));
    last += part * wave(f, length - 1) / static_cast<double>(length);
  }
  return last.real();
}

class FrequencyLayerTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  static constexpr std::size_t kWindow = 7;

  FrequencyLayer MakeLayer(double dropout_rate = 0) {
    FrequencyLayer layer(5, kWindow, GetParam(), dropout_rate, random_);
    FillNormal(layer.norm.weight, 1, random_);
    FillNormal(layer.norm.bias, 1, random_);
    return layer;
  }

  Random random_{1};
};

TEST_P(FrequencyLayerTest, SlowIsTheEndOfAFilteredWindow) {
  const FrequencyLayer layer = MakeLayer();
  const Matrix input = RandomMatrix(8, 5, 2);
  FrequencyLayer::Cache cache;

  layer.Forward(input, kSequences, cache, {});

  for (std::size_t row = 0; row < 8; ++row) {
    const std::size_t first = row / 4 * 4;
    for (Eigen::Index column = 0; column < 5; ++column) {
      std::vector<double> window(kWindow, 0);  // Ends at the row; nothing is before the first.
      for (std::size_t j = first; j <= row; ++j) {
        if (kIsReal[j] == 0) continue;
        window[kWindow - 1 - (row - j)] =
            static_cast<double>(input(static_cast<Eigen::Index>(j), column));
      }
      EXPECT_NEAR(cache.slow(static_cast<Eigen::Index>(row), column),
                  SlowLowPass(window, GetParam()), 1e-5)
          << row;
    }
  }
}

TEST_P(FrequencyLayerTest, WhatIsFastIsWeighedByDimension) {
  FrequencyLayer layer = MakeLayer();
  const Matrix input = RandomMatrix(8, 5, 2);
  FrequencyLayer::Cache cache;
  layer.Forward(input, kSequences, cache, {});
  const Matrix slow = cache.slow;

  layer.root_weight.value.setOnes();  // Nothing is weighed anew.
  layer.Forward(input, kSequences, cache, {});
  EXPECT_LT((cache.weighed - input).norm(), 1e-5);

  layer.root_weight.value.setZero();  // Only the slow part is left.
  layer.root_weight.value(0, 1) = -2;
  layer.Forward(input, kSequences, cache, {});
  EXPECT_EQ(cache.weighed.col(0), slow.col(0));
  EXPECT_LT((cache.weighed.col(1) - (4 * input.col(1) - 3 * slow.col(1))).norm(), 1e-5);
}

TEST_P(FrequencyLayerTest, GradientsAreTheSlopesOfTheLoss) {
  FrequencyLayer layer = MakeLayer();

  CheckSequenceLayer(layer, 5, kSequences);
}

TEST_P(FrequencyLayerTest, GradientsWhereSomeIsDroppedAreTheSlopesOfTheLoss) {
  FrequencyLayer layer = MakeLayer(/*dropout_rate=*/0.3);

  CheckSequenceLayer(layer, 5, kSequences, /*is_training=*/true);
}

TEST_P(FrequencyLayerTest, TheLastPlaceAloneIsAsAmongAll) {
  const FrequencyLayer layer = MakeLayer();
  const Matrix input = RandomMatrix(8, 5, 2);
  FrequencyLayer::Cache cache;
  FrequencyLayer::Cache alone;
  Matrix expected;
  LastRows(layer.Forward(input, kSequences, cache, {}), kSequences, expected);

  EXPECT_LT((layer.ForwardLast(input, kSequences, alone, {}) - expected).norm(), 1e-6);
}

TEST_P(FrequencyLayerTest, GradientsOfTheLastPlacesAreTheSlopesOfTheLoss) {
  LastPlaces<FrequencyLayer> last{MakeLayer(/*dropout_rate=*/0.3)};

  CheckSequenceLayer(last, 5, kSequences, /*is_training=*/true);
}

INSTANTIATE_TEST_SUITE_P(Frequencies, FrequencyLayerTest, ::testing::Values(1, 2, 4));

TEST(FrequencyLayerThreadsTest, ChangeNoBit) {
  Random random(1);
  FrequencyLayer layer(32, 30, 3, 0, random);
  LastPlaces<FrequencyLayer> last{layer};

  ExpectSequenceThreadsChangeNoBit(layer, 32);
  ExpectSequenceThreadsChangeNoBit(last, 32);
}

}  // namespace
}  // namespace vitrine::nn
