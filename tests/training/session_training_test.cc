#include "vitrine/training/session_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

constexpr std::uint8_t kView = 3;
constexpr std::uint8_t kCart = 5;
const std::size_t kOrders = [] {
  const auto names = PurchaseFeatureNames();
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), "orders") - names.begin());
}();

ShopperMoment MomentOf(float orders, std::initializer_list<std::uint8_t> kinds) {
  ShopperMoment moment{.features = std::vector<float>(PurchaseFeatureNames().size(),
                                                      std::numeric_limits<float>::quiet_NaN()),
                       .steps = {{.kind = kVisitStep}}};
  moment.features[kOrders] = orders;
  for (const std::uint8_t kind : kinds) moment.steps.push_back({.kind = kind, .pause = 3});
  return moment;
}

// Visits order after a cart at .8, else at .1; who has ordered three times comes back at .7, else
// at .2; after a view a cart comes next at .5, else they leave.
std::vector<LabelledMoment> MadeUp(std::size_t count) {
  Random random(1);
  std::vector<LabelledMoment> moments;
  for (std::size_t i = 0; i < count; ++i) {
    const bool has_cart = random.Below(2) == 0;
    const bool is_loyal = random.Below(2) == 0;
    LabelledMoment& each = moments.emplace_back();
    each.moment =
        has_cart ? MomentOf(is_loyal ? 3 : 0, {kView, kCart}) : MomentOf(is_loyal ? 3 : 0, {kView});
    each.shopper = static_cast<std::uint32_t>(i);
    each.orders_in_session = random.Uniform() < (has_cart ? 0.8 : 0.1);
    if (i % 2 == 0) each.orders_in_horizon = random.Uniform() < (is_loyal ? 0.7 : 0.2);
    each.next = has_cart ? NextEvent::kOrder
                         : (random.Below(2) == 0 ? NextEvent::kCart : NextEvent::kLeave);
  }
  return moments;
}

SessionLearning Quick(const Settings& more = {}) {
  Settings settings = {{"hidden", "8"}, {"dimensions", "8"}, {"epochs", "10"}, {"dropout", "0"}};
  for (const auto& [name, value] : more) settings[name] = value;
  return ReadSessionLearning(settings).value();
}

class SessionTrainingTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::shared_ptr<const SessionPredictor>> Train(
      const std::vector<LabelledMoment>& moments, const SessionLearning& learning,
      std::size_t num_threads = 2) {
    ThreadPool pool(num_threads);
    return TrainSessionPredictor(moments, learning, {.pool = &pool});
  }
};

TEST_F(SessionTrainingTest, LearnsEachHeadFromWhatItHangsOn) {
  const auto predictor = Train(MadeUp(4'000), Quick());
  ASSERT_THAT(predictor, IsOk());

  const std::vector<ShopperMoment> moments = {MomentOf(0, {kView}), MomentOf(0, {kView, kCart}),
                                              MomentOf(3, {kView})};
  const auto odds = (*predictor)->Predict(moments);

  EXPECT_NEAR(odds[0].session, 0.1, 0.06);
  EXPECT_NEAR(odds[1].session, 0.8, 0.08);
  EXPECT_NEAR(odds[0].shopper, 0.2, 0.08);
  EXPECT_NEAR(odds[2].shopper, 0.7, 0.08);
  EXPECT_NEAR(odds[0].next[static_cast<std::size_t>(NextEvent::kCart)], 0.5, 0.08);
  EXPECT_GT(odds[1].next[static_cast<std::size_t>(NextEvent::kOrder)], 0.9);
}

TEST_F(SessionTrainingTest, AReasonNamesWhatItHangsOn) {
  const auto predictor = Train(MadeUp(4'000), Quick());
  ASSERT_THAT(predictor, IsOk());

  const ShopperMoment moment = MomentOf(3, {kView, kCart});
  const ExplainedOdds session = (*predictor)->Explain(moment, PurchaseHead::kSession);
  const ExplainedOdds shopper = (*predictor)->Explain(moment, PurchaseHead::kShopper);

  EXPECT_GT(session.steps[2], 1);  // The cart; the log-odds differ by 3.6 in truth.
  EXPECT_GT(session.steps[2], session.features[kOrders]);
  EXPECT_GT(shopper.features[kOrders], 0.3);
  EXPECT_GT(shopper.features[kOrders], std::abs(shopper.steps[2]));
}

TEST_F(SessionTrainingTest, ThreadsChangeNoBit) {
  const auto moments = MadeUp(600);
  const auto once = Train(moments, Quick({{"epochs", "3"}}), 1);
  const auto again = Train(moments, Quick({{"epochs", "3"}}), 3);
  ASSERT_THAT(once, IsOk());
  ASSERT_THAT(again, IsOk());

  ByteWriter first;
  ByteWriter second;
  Save(**once, first);
  Save(**again, second);
  EXPECT_EQ(first.bytes(), second.bytes());
}

TEST_F(SessionTrainingTest, InputsCanBeLeftOut) {
  const auto moments = MadeUp(2'000);
  const auto by_features = Train(moments, Quick({{"inputs", "features"}}));
  const auto by_events = Train(moments, Quick({{"inputs", "events"}}));
  ASSERT_THAT(by_features, IsOk());
  ASSERT_THAT(by_events, IsOk());

  const std::vector<ShopperMoment> asked = {MomentOf(3, {kView}), MomentOf(3, {kView, kCart}),
                                            MomentOf(0, {kView, kCart})};
  const auto without_events = (*by_features)->Predict(asked);
  const auto without_features = (*by_events)->Predict(asked);
  EXPECT_EQ(without_events[0].session, without_events[1].session);
  EXPECT_NE(without_events[1].shopper, without_events[2].shopper);
  EXPECT_EQ(without_features[1].shopper, without_features[2].shopper);
  EXPECT_NE(without_features[0].session, without_features[1].session);
}

TEST_F(SessionTrainingTest, LabelsOfTheUnknownTeachNothing) {
  std::vector<LabelledMoment> moments = MadeUp(200);
  for (LabelledMoment& each : moments) {
    each.orders_in_session.reset();
    each.orders_in_horizon.reset();
    each.next.reset();
  }
  const auto nothing = Train(moments, Quick());
  EXPECT_THAT(nothing, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Train({}, Quick()), StatusIs(absl::StatusCode::kInvalidArgument));

  moments[3].orders_in_horizon = true;
  moments[5].orders_in_horizon = false;
  EXPECT_THAT(Train(moments, Quick({{"epochs", "1"}})), IsOk());
}

TEST_F(SessionTrainingTest, CanBeCancelled) {
  const std::atomic<bool> is_cancelled = true;
  ThreadPool pool(1);
  EXPECT_THAT(
      TrainSessionPredictor(MadeUp(50), Quick(), {.pool = &pool, .is_cancelled = &is_cancelled}),
      StatusIs(absl::StatusCode::kCancelled));
}

TEST(SessionLearningTest, BadSettingsAreNamedWithWhatIsAllowed) {
  const auto unknown = ReadSessionLearning({{"dimension", "8"}});
  const auto wrong = ReadSessionLearning({{"inputs", "all"}});
  const auto out_of_range = ReadSessionLearning({{"horizon_days", "0"}});
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("dimensions"));
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("features"));
  EXPECT_THAT(out_of_range, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReadSessionLearning({})->settings, SessionPredictorDefaults());
}

}  // namespace
}  // namespace vitrine
