#include "vitrine/evaluation/tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <set>

#include "absl/strings/numbers.h"
#include "evaluation/made_dataset.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr std::size_t kItems = 100;

// Ranks by distance from one item, so that the right answer comes at a rank that the settings
// decide.
class NearItem final : public Scorer {
 public:
  explicit NearItem(double centre) : centre_(centre) {}

  std::string_view name() const override { return "near_item"; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = Of(items[i]);
      }
    }
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    TopK best(k);
    for (std::uint32_t row = 0; row < kItems; ++row) {
      if (allowed->Contains(ItemIndex{row})) best.Offer(ItemIndex{row}, Of(ItemIndex{row}));
    }
    return std::vector<std::vector<ScoredItem>>(queries.size(), best.Take());
  }

 private:
  float Of(ItemIndex item) const {
    return static_cast<float>(200 - std::abs(static_cast<double>(Row(item)) - centre_));
  }

  double centre_;
};

absl::StatusOr<Model> TrainNearItem(const Dataset& /*dataset*/, const Settings& settings,
                                    const TrainingContext& /*context*/) {
  const auto centre = settings.find("centre");
  double number = 5;
  if (centre != settings.end()) (void)absl::SimpleAtod(centre->second, &number);
  const auto sign = settings.find("sign");
  if (sign != settings.end() && sign->second == "minus") number = -number;
  if (number > 90) return absl::ResourceExhaustedError("too far");
  return Model{.name = "near_item", .scorer = std::make_shared<NearItem>(number)};
}

// The right answer to every case is item 70.
class TuneTest : public ::testing::Test {
 protected:
  TuneTest() {
    trainer_ = {.name = "near_item",
                .defaults = {{"centre", "5"}, {"sign", "plus"}},
                .ranges = {Between("centre", 0, 100), OneOf("sign", {"plus", "minus"})},
                .train = &TrainNearItem};
    options_.num_trials = 60;
    options_.patience = 60;
    options_.evaluation.cutoffs = {50};
    split_ = LeaveLastOut(testing::MakeDataset(kItems, {{{1}, {2}, {70}}, {{3}, {4}, {70}}}),
                          Part::kTest, false);
  }

  absl::StatusOr<Tuning> Run() { return Tune(split_, trainer_, options_, {.pool = &pool_}, {}); }

  Trainer trainer_;
  TuningOptions options_;
  Split split_;
  ThreadPool pool_{2};
};

TEST_F(TuneTest, FindsTheSettingsThatDoBest) {
  const auto tuning = Run();

  ASSERT_THAT(tuning, IsOk());
  const Trial& best = tuning->trials[tuning->best];
  EXPECT_EQ(best.value, 1);
  EXPECT_EQ(best.settings.at("sign"), "plus");
  EXPECT_EQ(std::round(std::stod(best.settings.at("centre"))), 70);
}

TEST_F(TuneTest, BeginsWithWhatTheTrainerDoesByItself) {
  options_.num_trials = 1;

  const auto tuning = Run();

  ASSERT_THAT(tuning, IsOk());
  EXPECT_EQ(tuning->trials[0].settings, trainer_.defaults);
}

TEST_F(TuneTest, TheSameSeedTriesTheSame) {
  const auto a = Run();
  const auto b = Run();
  options_.seed = 2;
  const auto c = Run();

  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  ASSERT_THAT(c, IsOk());
  ASSERT_EQ(a->trials.size(), b->trials.size());
  for (std::size_t i = 0; i < a->trials.size(); ++i) {
    EXPECT_EQ(a->trials[i].settings, b->trials[i].settings);
  }
  EXPECT_NE(a->trials[1].settings, c->trials[1].settings);
}

TEST_F(TuneTest, NothingIsTriedTwice) {
  trainer_.ranges = {WholeBetween("centre", 1, 30)};
  options_.num_trials = 20;

  const auto tuning = Run();

  ASSERT_THAT(tuning, IsOk());
  std::set<Settings> tried;
  for (std::size_t i = 1; i < tuning->trials.size(); ++i) tried.insert(tuning->trials[i].settings);
  EXPECT_EQ(tried.size(), 19u);
}

TEST_F(TuneTest, FixedSettingsStayAsTheyAre) {
  options_.fixed = {{"sign", "minus"}};

  const auto tuning = Run();

  ASSERT_THAT(tuning, IsOk());
  for (const Trial& trial : tuning->trials) EXPECT_EQ(trial.settings.at("sign"), "minus");
}

TEST_F(TuneTest, StopsWhenOutOfPatience) {
  options_.fixed = {{"centre", "5"}};  // The sign is all that is left: no trial beats the first.
  options_.patience = 4;

  const auto tuning = Run();

  ASSERT_THAT(tuning, IsOk());
  EXPECT_TRUE(tuning->is_out_of_patience);
  EXPECT_EQ(tuning->trials.size(), 5u);
  EXPECT_EQ(tuning->best, 0u);
}

TEST_F(TuneTest, ATrialThatFailsIsNeverTheBest) {
  const auto tuning = Run();

  ASSERT_THAT(tuning, IsOk());
  std::size_t num_failed = 0;
  for (const Trial& trial : tuning->trials) num_failed += trial.status.ok() ? 0 : 1;
  EXPECT_GT(num_failed, 0u);
  EXPECT_THAT(tuning->trials[tuning->best].status, IsOk());
}

TEST_F(TuneTest, WhenEvenTheFirstTrialFailsTheErrorIsTheTrainers) {
  options_.fixed = {{"centre", "99"}};

  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(TuneTest, ReportsEveryTrialAndTheBestSoFar) {
  std::size_t num_reports = 0;
  double best = -1;
  const auto tuning = Tune(split_, trainer_, options_, {.pool = &pool_}, [&](const Tuning& so_far) {
    ++num_reports;
    EXPECT_EQ(so_far.trials.size(), num_reports);
    EXPECT_GE(so_far.trials[so_far.best].value, best);
    best = so_far.trials[so_far.best].value;
  });

  ASSERT_THAT(tuning, IsOk());
  EXPECT_EQ(num_reports, tuning->trials.size());
}

TEST_F(TuneTest, RefusesWhatCannotBeSearched) {
  options_.fixed = trainer_.defaults;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument));

  options_.fixed.clear();
  trainer_.ranges.clear();
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(TuneTest, AnUnknownMetricIsAnsweredWithThoseThereAre) {
  options_.metric = "joy";

  EXPECT_THAT(std::string(Run().status().message()), HasSubstr("recall_min"));
}

TEST_F(TuneTest, ACancelledSearchSaysSo) {
  const std::atomic<bool> is_cancelled = true;

  EXPECT_THAT(Tune(split_, trainer_, options_, {.pool = &pool_, .is_cancelled = &is_cancelled}, {}),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TuneTest, TheLowestIsTheBestWhereLowerIsBetter) {
  const Measure measure = [](const Settings& settings) -> absl::StatusOr<Reached> {
    const auto centre = settings.find("centre");
    double value = 90;
    if (centre != settings.end()) (void)absl::SimpleAtod(centre->second, &value);
    return Reached{.value = std::abs(value - 30)};
  };

  const auto tuning = TuneBy(measure, Better::kLower, trainer_, options_, {.pool = &pool_}, {});

  ASSERT_THAT(tuning, IsOk());
  for (const Trial& trial : tuning->trials) {
    EXPECT_LE(tuning->trials[tuning->best].value, trial.value);
  }
  EXPECT_LT(tuning->trials[tuning->best].value, 10);
}

}  // namespace
}  // namespace vitrine
