// What every trainer must do, whatever it learns.
#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <vector>

#include "scorers/contract_cases.h"
#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/bytes_by_threads.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using testing::BytesByThreads;
using testing::ContractCase;
using testing::ContractCases;
using ::testing::Each;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SampleShop;
using testing::StatusIs;

// Enough items for several shards of every trainer.
Dataset LargeShop() {
  Dataset shop = SampleShop();
  Random random(9);
  for (std::size_t item = shop.num_items(); item < 400; ++item) {
    shop.item_ids.push_back("item" + std::to_string(item));
    shop.items.push_back(std::make_shared<const Item>(testing::DescribeShopItem(item)));
  }
  for (std::size_t user = 0; user < 300; ++user) {
    shop.user_ids.push_back("late" + std::to_string(user));
    for (std::size_t i = 0; i < 12; ++i) {
      shop.interactions.push_back({static_cast<Micros>(i) * kMicrosPerDay,
                                   testing::ItemNumber(random.Below(400)),
                                   static_cast<float>(random.Below(5)) - 0.5F});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  return shop;
}

class TrainerContractTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  const Trainer& trainer() const { return Trainers()[GetParam()]; }

  ThreadPool pool_{2};
};

TEST_P(TrainerContractTest, TheNumberOfThreadsChangesNoBit) {
  const std::vector<std::string> bytes = BytesByThreads(trainer(), {}, LargeShop());

  EXPECT_THAT(bytes, Each(bytes.front()));
}

TEST_P(TrainerContractTest, RecordsEverySettingItWasTrainedWith) {
  const auto model = trainer().train(SampleShop(), {}, {.pool = &pool_});

  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->settings, trainer().defaults);
  EXPECT_EQ(model->name, trainer().name);
  EXPECT_NE(FindModelKind(model->kind), nullptr);
}

TEST_P(TrainerContractTest, AnUnknownSettingIsAnErrorThatNamesTheKnownOnes) {
  const auto model = trainer().train(SampleShop(), {{"colour", "red"}}, {.pool = &pool_});

  EXPECT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(model.status().message()), HasSubstr("\"colour\""));
  EXPECT_THAT(std::string(model.status().message()), HasSubstr(trainer().defaults.begin()->first));
}

TEST_P(TrainerContractTest, AValueOutOfRangeIsAnErrorForEverySetting) {
  for (const auto& [name, value] : trainer().defaults) {
    const auto model = trainer().train(SampleShop(), {{name, "-1"}}, {.pool = &pool_});

    EXPECT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    EXPECT_THAT(std::string(model.status().message()), HasSubstr(name));
  }
}

TEST_P(TrainerContractTest, ReportsProgressThatGrowsToOne) {
  std::vector<double> reports;
  const auto model = trainer().train(
      LargeShop(), {},
      {.pool = &pool_, .progress = [&](double fraction) { reports.push_back(fraction); }});

  ASSERT_THAT(model, IsOk());
  ASSERT_FALSE(reports.empty());
  EXPECT_TRUE(std::is_sorted(reports.begin(), reports.end()));
  EXPECT_GE(reports.front(), 0);
  EXPECT_EQ(reports.back(), 1);
}

TEST_P(TrainerContractTest, SaysWhetherItLearnsByEpochs) {
  // What it learns from, a blend alone can ask.
  if (trainer().name == "deep_ranker") GTEST_SKIP();
  std::vector<std::string> networks;
  TrainingContext context{.pool = &pool_};
  context.networks.on_learned = [&](const std::string& network, const nn::TrainingReport&) {
    networks.push_back(network);
  };

  ASSERT_THAT(trainer().train(SampleShop(), {}, context), IsOk());

  EXPECT_EQ(!networks.empty(), trainer().learns_by_epochs);
}

TEST_P(TrainerContractTest, DoesNotStartWhenCancelledBefore) {
  const std::atomic<bool> is_cancelled = true;

  const auto model =
      trainer().train(LargeShop(), {}, {.pool = &pool_, .is_cancelled = &is_cancelled});

  EXPECT_THAT(model, StatusIs(absl::StatusCode::kCancelled));
}

TEST_P(TrainerContractTest, StopsSoonAfterItIsCancelled) {
  std::atomic<bool> is_cancelled = false;
  std::size_t num_reports = 0;
  const auto cancel = [&](double) {
    ++num_reports;
    is_cancelled = true;
  };

  const auto model = trainer().train(
      LargeShop(), {}, {.pool = &pool_, .progress = cancel, .is_cancelled = &is_cancelled});

  // One that was on its last piece may report that it is done.
  EXPECT_LE(num_reports, 2U);
  EXPECT_TRUE(model.ok() || model.status().code() == absl::StatusCode::kCancelled);
}

TEST_P(TrainerContractTest, LearnsFromAnEmptyShopAndFromOneWithoutEvents) {
  Dataset without_events = SampleShop();
  without_events.interactions.clear();
  without_events.user_begin = {0};
  without_events.user_ids.clear();

  for (const Dataset& shop : {Dataset{}, without_events}) {
    const auto model = trainer().train(shop, {}, {.pool = &pool_});
    ASSERT_THAT(model, IsOk());
    const Query query;
    EXPECT_EQ(model->scorer->Retrieve({&query, 1}, nullptr, 5).size(), 1U);
  }
}

INSTANTIATE_TEST_SUITE_P(Trainers, TrainerContractTest,
                         ::testing::Range<std::size_t>(0, Trainers().size()),
                         [](const ::testing::TestParamInfo<std::size_t>& test) {
                           return std::string(Trainers()[test.param].name);
                         });

// With the settings that scorers are tried with, which reach what the defaults leave out.
class TrainerSettingsTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(TrainerSettingsTest, TheNumberOfThreadsChangesNoBit) {
  const ContractCase& spec = ContractCases()[GetParam()];

  const std::vector<std::string> bytes =
      BytesByThreads(*FindTrainer(spec.trainer), spec.settings, LargeShop());

  EXPECT_THAT(bytes, Each(bytes.front()));
}

INSTANTIATE_TEST_SUITE_P(Cases, TrainerSettingsTest,
                         ::testing::Range<std::size_t>(0, ContractCases().size()),
                         [](const ::testing::TestParamInfo<std::size_t>& test) {
                           return ContractCases()[test.param].trainer + "_" +
                                  std::to_string(test.param);
                         });

TEST(TrainersTest, AreInOrderOfNameAndFound) {
  EXPECT_TRUE(std::is_sorted(Trainers().begin(), Trainers().end(),
                             [](const Trainer& a, const Trainer& b) { return a.name < b.name; }));
  EXPECT_EQ(FindTrainer("ials")->name, "ials");
  EXPECT_EQ(FindTrainer("oracle"), nullptr);
}

}  // namespace
}  // namespace vitrine
