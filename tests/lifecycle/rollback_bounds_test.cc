#include "vitrine/lifecycle/rollback_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitrine {
namespace {

using ::testing::HasSubstr;

constexpr RollbackBounds kBounds = {
    .error_rate = 0.1, .least_answers = 100, .click_drop = 0.3, .least_shown = 1'000};

TEST(RollbackBoundsTest, TooManyErrorsAreAReason) {
  const auto why = WhyRollBack(kBounds, {.num_answers = 200, .num_failed = 30}, {});

  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->cause, RollbackCause::kErrors);
  EXPECT_THAT(why->text, HasSubstr("15.0 % of 200 lists"));
}

TEST(RollbackBoundsTest, ErrorsAreNamedWhereThereAreFewerClicksToo) {
  const ServingFigures before = {.num_answers = 200, .num_shown = 10'000, .num_clicked = 200};
  ServingFigures worse = {.num_answers = 200, .num_shown = 10'000, .num_clicked = 100};

  EXPECT_EQ(WhyRollBack(kBounds, worse, before).value().cause, RollbackCause::kClicks);
  worse.num_failed = 30;
  EXPECT_EQ(WhyRollBack(kBounds, worse, before).value().cause, RollbackCause::kErrors);
}

struct Case {
  const char* name = "";
  ServingFigures live{};
  ServingFigures previous{};
  bool is_taken_back = false;
};

class WhyRollBackTest : public ::testing::TestWithParam<Case> {};

TEST_P(WhyRollBackTest, TakesBackWhatIsWorseAndNothingElse) {
  EXPECT_EQ(WhyRollBack(kBounds, GetParam().live, GetParam().previous).has_value(),
            GetParam().is_taken_back);
}

INSTANTIATE_TEST_SUITE_P(
    Table, WhyRollBackTest,
    ::testing::Values(Case{"NothingIsKnown", {}, {}, false},
                      Case{
                          "AsManyErrorsAsMayBe", {.num_answers = 100, .num_failed = 10}, {}, false},
                      Case{"TooFewAnswers", {.num_answers = 99, .num_failed = 99}, {}, false},
                      Case{"MoreErrors", {.num_answers = 100, .num_failed = 11}, {}, true},
                      Case{"TheVersionBeforeWasNoBetter",
                           {.num_answers = 100, .num_failed = 50},
                           {.num_answers = 100, .num_failed = 60},
                           false},
                      Case{"TheVersionBeforeWasBetter",
                           {.num_answers = 100, .num_failed = 50},
                           {.num_answers = 100, .num_failed = 40},
                           true},
                      Case{"TooLittleIsKnownOfTheVersionBefore",
                           {.num_answers = 100, .num_failed = 50},
                           {.num_answers = 50, .num_failed = 50},
                           true},
                      Case{"FewerClicks",
                           {.num_shown = 10'000, .num_clicked = 100},
                           {.num_shown = 10'000, .num_clicked = 200},
                           true},
                      Case{"FewerClicksWithinTheBound",
                           {.num_shown = 10'000, .num_clicked = 150},
                           {.num_shown = 10'000, .num_clicked = 200},
                           false},
                      Case{"FewerClicksWithinNoise",  // z is 1.2.
                           {.num_shown = 1'000, .num_clicked = 9},
                           {.num_shown = 1'000, .num_clicked = 20},
                           false},
                      Case{"TooLittleShown",
                           {.num_shown = 999, .num_clicked = 0},
                           {.num_shown = 10'000, .num_clicked = 2'000},
                           false},
                      Case{"TooLittleShownBefore",
                           {.num_shown = 10'000, .num_clicked = 0},
                           {.num_shown = 999, .num_clicked = 500},
                           false}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RollbackBoundsTest, ZeroTurnsABoundOff) {
  RollbackBounds off = kBounds;
  off.error_rate = 0;
  off.click_drop = 0;
  const ServingFigures worst = {
      .num_answers = 1'000, .num_failed = 1'000, .num_shown = 100'000, .num_clicked = 0};
  const ServingFigures best = {.num_answers = 1'000, .num_shown = 100'000, .num_clicked = 100'000};

  EXPECT_FALSE(WhyRollBack(off, worst, best).has_value());
}

}  // namespace
}  // namespace vitrine
