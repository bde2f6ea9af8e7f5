#include "vitrine/training/setting_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::DoubleNear;
using ::testing::Optional;

TEST(SettingRangeTest, EndsAndMiddleAreWhereTheScaleHasThem) {
  EXPECT_EQ(ValueAt(Between("x", 2, 4), 0), "2");
  EXPECT_EQ(ValueAt(Between("x", 2, 4), 0.5), "3");
  EXPECT_EQ(ValueAt(BetweenLog("x", 0.01, 100), 0.5), "1");
  EXPECT_EQ(ValueAt(BetweenLog("x", 0.01, 100), 1), "100");
  EXPECT_EQ(ValueAt(WholeBetween("x", 1, 4), 0.5), "2");
  EXPECT_EQ(ValueAt(WholeBetweenLog("x", 10, 1000), 0.5), "100");
  EXPECT_EQ(ValueAt(Between("x", 0, 1), 1.0 / 3), "0.3333");
}

TEST(SettingRangeTest, ChoicesShareTheUnitInterval) {
  const SettingRange range = OneOf("x", {"a", "b", "c"});

  EXPECT_EQ(ValueAt(range, 0), "a");
  EXPECT_EQ(ValueAt(range, 0.34), "b");
  EXPECT_EQ(ValueAt(range, 1), "c");
}

TEST(SettingRangeTest, AValueKnowsItsPlace) {
  EXPECT_THAT(UnitOf(BetweenLog("x", 0.01, 100), "1"), Optional(DoubleNear(0.5, 1e-12)));
  EXPECT_THAT(UnitOf(Between("x", 2, 4), "9"), Optional(1.0));
  EXPECT_THAT(UnitOf(OneOf("x", {"a", "b"}), "b"), Optional(0.75));
  EXPECT_EQ(UnitOf(OneOf("x", {"a", "b"}), "c"), std::nullopt);
  EXPECT_EQ(UnitOf(Between("x", 0, 1), "auto"), std::nullopt);
}

TEST(TrainerRangesTest, EveryTrainerSaysWhatIsWorthTrying) {
  for (const Trainer& trainer : Trainers()) EXPECT_FALSE(trainer.ranges.empty()) << trainer.name;
}

// For each trainer and each of its ranges: the setting exists and both ends are accepted.
TEST(TrainerRangesTest, EveryTrainerAcceptsTheEndsOfItsRanges) {
  const std::atomic<bool> is_cancelled = true;  // Settings are looked at first.
  ThreadPool pool(1);
  const TrainingContext context{.pool = &pool, .is_cancelled = &is_cancelled};
  for (const Trainer& trainer : Trainers()) {
    const absl::Status by_itself = trainer.train(Dataset(), {}, context).status();
    for (const SettingRange& range : trainer.ranges) {
      ASSERT_TRUE(trainer.defaults.contains(range.setting))
          << trainer.name << " has no setting " << range.setting;
      for (const double unit : {0.0, 0.5, 1.0}) {
        const Settings settings = {{range.setting, ValueAt(range, unit)}};
        EXPECT_EQ(trainer.train(Dataset(), settings, context).status(), by_itself)
            << trainer.name << " " << range.setting << " = " << ValueAt(range, unit);
      }
    }
  }
}

}  // namespace
}  // namespace vitrine
