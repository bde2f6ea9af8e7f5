#include "vitrine/scorers/dnn/session_predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kNow = 1'000'000 * kMinute;
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

SessionPredictor::Parts SomeParts(SessionShape shape = {
                                      .num_features = 3, .hidden = 5, .dimensions = 4}) {
  Random random(3);
  return {.features = {"orders", "carts", "session_minutes"},
          .scale = {.means = {0.5F, 1, 2}, .deviations = {1, 0.5F, 2}},
          .horizon_days = 14,
          .is_live = {true, false, true},
          .network = SessionNetwork(shape, random)};
}

std::shared_ptr<const SessionPredictor> Some(SessionShape shape = {
                                                 .num_features = 3, .hidden = 5, .dimensions = 4}) {
  return SessionPredictor::Create(SomeParts(shape)).value();
}

std::vector<ShopperMoment> SomeMoments() {
  return {{.features = {0, 3, 12}, .steps = {{.kind = kVisitStep}}},
          {.features = {2, kMissing, -4},
           .steps = {{.kind = kVisitStep},
                     {.kind = 3, .pause = 0, .item = 1, .category = 7},
                     {.kind = 5, .pause = 6, .item = 2, .category = 7},
                     {.kind = kNowStep, .pause = 9}}},
          {.features = {kMissing, kMissing, kMissing}, .steps = {{.kind = kAwayStep}}}};
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// The formula, number by number.
std::vector<double> SlowOutputs(const SessionPredictor& predictor, const ShopperMoment& moment) {
  const SessionNetwork& network = predictor.parts().network;
  const FeatureScale& scale = predictor.parts().scale;
  const auto dense = [](const nn::Dense& layer, const std::vector<double>& x) {
    std::vector<double> y;
    for (Eigen::Index i = 0; i < layer.weight.value.rows(); ++i) {
      double sum = layer.bias.value(0, i);
      for (std::size_t j = 0; j < x.size(); ++j) {
        sum += static_cast<double>(layer.weight.value(i, static_cast<Eigen::Index>(j))) * x[j];
      }
      y.push_back(sum);
    }
    return y;
  };
  const auto relu = [](std::vector<double> x) {
    for (double& each : x) each = std::max(each, 0.0);
    return x;
  };
  std::vector<double> x;
  for (std::size_t j = 0; j < moment.features.size(); ++j) {
    const double value = moment.features[j];
    const bool is_missing = std::isnan(value);
    const double log = std::copysign(std::log1p(std::abs(value)), value);
    x.push_back(is_missing ? 0 : (log - scale.means[j]) / scale.deviations[j]);
    x.push_back(is_missing ? 1 : 0);
  }
  std::vector<double> outputs =
      dense(network.from_features, relu(dense(network.second, relu(dense(network.first, x)))));
  const auto d = static_cast<Eigen::Index>(network.shape.dimensions);
  std::vector<double> h(network.shape.dimensions, 0);
  std::vector<double> c(network.shape.dimensions, 0);
  for (const SessionStep& step : moment.steps) {
    std::vector<double> input(network.shape.dimensions, 0);
    const std::array<std::uint8_t, 4> ids = {step.kind, step.pause, step.item, step.category};
    for (std::size_t table = 0; table < ids.size(); ++table) {
      for (Eigen::Index k = 0; k < d; ++k) {
        input[static_cast<std::size_t>(k)] += network.tables[table].weight.value(ids[table], k);
      }
    }
    std::vector<double> gates;  // i, f, g, o
    for (Eigen::Index row = 0; row < 4 * d; ++row) {
      double sum = network.lstm.bias_ih.value(0, row) + network.lstm.bias_hh.value(0, row);
      for (Eigen::Index k = 0; k < d; ++k) {
        const auto at = static_cast<std::size_t>(k);
        sum += network.lstm.weight_ih.value(row, k) * input[at] +
               network.lstm.weight_hh.value(row, k) * h[at];
      }
      gates.push_back(sum);
    }
    for (std::size_t k = 0; k < h.size(); ++k) {
      c[k] = Sigmoid(gates[h.size() + k]) * c[k] +
             Sigmoid(gates[k]) * std::tanh(gates[2 * h.size() + k]);
      h[k] = Sigmoid(gates[3 * h.size() + k]) * std::tanh(c[k]);
    }
  }
  const std::vector<double> by_events = dense(network.from_events, h);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] += by_events[i];
  return outputs;
}

TEST(SessionPredictorTest, SaysWhatTheFormulaSays) {
  const auto predictor = Some();
  const std::vector<ShopperMoment> moments = SomeMoments();

  const std::vector<PurchaseOdds> odds = predictor->Predict(moments);

  ASSERT_THAT(odds, SizeIs(moments.size()));
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const std::vector<double> want = SlowOutputs(*predictor, moments[i]);
    EXPECT_NEAR(odds[i].session, Sigmoid(want[0]), 1e-5);
    EXPECT_NEAR(odds[i].shopper, Sigmoid(want[1]), 1e-5);
    double sum = 0;
    for (std::size_t k = 0; k < kNumNextEvents; ++k) sum += std::exp(want[2 + k]);
    for (std::size_t k = 0; k < kNumNextEvents; ++k) {
      EXPECT_NEAR(odds[i].next[k], std::exp(want[2 + k]) / sum, 1e-5);
    }
  }
}

TEST(SessionPredictorTest, ManyAtOnceAreAsOneByOne) {
  const auto predictor = Some();
  const std::vector<ShopperMoment> moments = SomeMoments();
  const std::vector<PurchaseOdds> together = predictor->Predict(moments);

  for (std::size_t i = 0; i < moments.size(); ++i) {
    const PurchaseOdds alone = predictor->Predict({&moments[i], 1}).front();
    EXPECT_NEAR(alone.session, together[i].session, 1e-6);
    EXPECT_NEAR(alone.shopper, together[i].shopper, 1e-6);
    EXPECT_NEAR(alone.next[0], together[i].next[0], 1e-6);
  }
}

TEST(SessionPredictorTest, ReasonsSumToTheLogOdds) {
  for (const SessionShape shape :
       {SessionShape{3, 5, 4}, SessionShape{3, 5, 0}, SessionShape{3, 0, 4}}) {
    const auto predictor = Some(shape);
    for (const ShopperMoment& moment : SomeMoments()) {
      const PurchaseOdds odds = predictor->Predict({&moment, 1}).front();
      for (const auto& [head, probability] : {std::pair(PurchaseHead::kSession, odds.session),
                                              std::pair(PurchaseHead::kShopper, odds.shopper)}) {
        const ExplainedOdds explained = predictor->Explain(moment, head);

        ASSERT_THAT(explained.features, SizeIs(3));
        ASSERT_THAT(explained.steps, SizeIs(moment.steps.size()));
        const double sum =
            std::accumulate(explained.features.begin(), explained.features.end(), explained.base) +
            std::accumulate(explained.steps.begin(), explained.steps.end(), 0.0);
        EXPECT_NEAR(sum, explained.log_odds, 1e-4);
        EXPECT_NEAR(Sigmoid(explained.log_odds), probability, 1e-5);
        EXPECT_EQ(explained.steps.front(), 0);
      }
    }
  }
}

TEST(SessionPredictorTest, AnEventsReasonIsWhatItChangedWhenItCame) {
  const auto predictor = Some({.num_features = 3, .hidden = 0, .dimensions = 4});
  ShopperMoment moment = SomeMoments()[1];
  const ExplainedOdds whole = predictor->Explain(moment, PurchaseHead::kSession);
  const double last = whole.steps.back();

  moment.steps.pop_back();
  const ExplainedOdds before = predictor->Explain(moment, PurchaseHead::kSession);

  EXPECT_NEAR(whole.log_odds - before.log_odds, last, 1e-5);
  EXPECT_NEAR(whole.steps[1], before.steps[1], 1e-6);
}

TEST(SessionPredictorTest, WhatWasSavedIsLoadedBitForBit) {
  const auto saved = Some();
  ByteWriter writer;
  Save(*saved, writer);
  ByteReader reader(writer.bytes());

  const auto loaded = LoadSessionPredictor(reader);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(reader.Finish("it"), IsOk());
  EXPECT_EQ((*loaded)->parts().features, saved->parts().features);
  EXPECT_EQ((*loaded)->parts().horizon_days, 14);
  EXPECT_TRUE((*loaded)->IsLive(PurchaseHead::kSession));
  EXPECT_FALSE((*loaded)->IsLive(PurchaseHead::kShopper));
  const std::vector<ShopperMoment> moments = SomeMoments();
  const auto want = saved->Predict(moments);
  const auto have = (*loaded)->Predict(moments);
  for (std::size_t i = 0; i < moments.size(); ++i) {
    EXPECT_EQ(have[i].session, want[i].session);
    EXPECT_EQ(have[i].next, want[i].next);
  }
}

TEST(SessionPredictorTest, BytesThatAreCutAreRefused) {
  ByteWriter writer;
  Save(*Some(), writer);
  const std::string& bytes = writer.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader(std::string_view(bytes).substr(0, size));
    ASSERT_THAT(LoadSessionPredictor(reader), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

TEST(SessionPredictorTest, PartsThatDoNotFitAreRefused) {
  SessionPredictor::Parts parts = SomeParts();
  parts.features.pop_back();
  EXPECT_THAT(SessionPredictor::Create(parts), StatusIs(absl::StatusCode::kInvalidArgument));
  parts = SomeParts();
  parts.scale.deviations[1] = 0;
  EXPECT_THAT(SessionPredictor::Create(parts), StatusIs(absl::StatusCode::kInvalidArgument));
  parts = SomeParts();
  parts.network.lstm.weight_hh.value(1, 1) = kMissing;
  EXPECT_THAT(SessionPredictor::Create(parts), StatusIs(absl::StatusCode::kInvalidArgument));
  parts = SomeParts();
  parts.horizon_days = 0;
  EXPECT_THAT(SessionPredictor::Create(parts), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SessionStepsTest, TellTypesPausesAndRepeats) {
  const Catalogue catalogue;
  const std::vector<SessionEvent> session = {
      {.time_us = kNow - 10 * kMinute, .type = EventType::kDetailPageView, .item = ItemIndex{4}},
      {.time_us = kNow - 10 * kMinute, .type = EventType::kSearch},
      {.time_us = kNow - 9 * kMinute, .type = EventType::kAddToCart, .item = ItemIndex{4}}};

  const auto steps = StepsOf(session, catalogue, kNow, Absence::kBeginsVisit);

  // 0 seconds: 1 bit; 60: 6 bits; 540: 10 bits.
  EXPECT_THAT(steps, ElementsAre(SessionStep{.kind = kVisitStep},
                                 SessionStep{.kind = 3, .pause = 0, .item = 1},
                                 SessionStep{.kind = 4, .pause = 1, .item = 0},
                                 SessionStep{.kind = 5, .pause = 6, .item = 2},
                                 SessionStep{.kind = kNowStep, .pause = 10}));
}

TEST(SessionStepsTest, WithoutEventsThereIsOneStep) {
  const Catalogue catalogue;
  EXPECT_THAT(StepsOf({}, catalogue, kNow, Absence::kBeginsVisit),
              ElementsAre(SessionStep{.kind = kVisitStep}));
  EXPECT_THAT(StepsOf({}, catalogue, kNow, Absence::kIsAway),
              ElementsAre(SessionStep{.kind = kAwayStep}));
}

TEST(SessionStepsTest, OfALongVisitTheLatestAreRead) {
  const Catalogue catalogue;
  std::vector<SessionEvent> session;
  for (int i = 0; i < 100; ++i) {
    session.push_back({.time_us = kNow - (100 - i) * kMinute,
                       .type = i < 99 ? EventType::kSearch : EventType::kAddToCart});
  }

  const auto steps = StepsOf(session, catalogue, kNow, Absence::kIsAway);

  ASSERT_THAT(steps, SizeIs(kMaxSessionSteps + 2));
  EXPECT_EQ(steps[kMaxSessionSteps].kind, static_cast<int>(EventType::kAddToCart));
  EXPECT_EQ(steps[1].pause, 6);  // To the event before, which is not read.
}

TEST(FeatureScaleTest, BringsNumbersToMeanZeroAndMarksWhatIsMissing) {
  const std::vector<ShopperMoment> moments = {{.features = {0}},
                                              {.features = {kMissing}},
                                              {.features = {static_cast<float>(std::expm1(2))}}};
  const FeatureScale scale = FeatureScale::Fit(moments, 1);

  std::vector<float> row(2);
  scale.Apply(moments[0].features, row);
  EXPECT_THAT(row, ElementsAre(::testing::FloatNear(-1, 1e-6F), 0));
  scale.Apply(moments[1].features, row);
  EXPECT_THAT(row, ElementsAre(0, 1));
  scale.Apply(moments[2].features, row);
  EXPECT_THAT(row, ElementsAre(::testing::FloatNear(1, 1e-6F), 0));
}

TEST(PurchaseFeaturesTest, AreNumbersOfShoppers) {
  const auto names = PurchaseFeatureNames();
  EXPECT_THAT(names, ::testing::IsSupersetOf({"orders", "days_since_last_order", "carts"}));
  EXPECT_THAT(names, ::testing::Not(::testing::Contains("favourite_brand")));
  EXPECT_THAT(names, ::testing::Not(::testing::Contains("last_seen")));

  const std::vector<Feature> features = {
      {.name = "a", .value = std::int64_t{3}}, {.name = "b", .value = 0.5}, {.name = "c"}};
  const auto numbers = ToNumbers(features);
  EXPECT_EQ(numbers[0], 3);
  EXPECT_EQ(numbers[1], 0.5F);
  EXPECT_TRUE(std::isnan(numbers[2]));
}

}  // namespace
}  // namespace vitrine
