// Several models of one kind: who trains them, and what they are called while they are trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/two_towers.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/scorers/content/content.h"
#include "vitrine/scorers/dnn/two_tower.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::SampleShop;
using testing::SmallTowers;
using testing::StatusIs;

class NamedModelsTest : public ::testing::Test {
 protected:
  Model Train(const std::string& name, const Settings& settings) {
    return TrainModel(name, SampleShop(), settings, {.pool = &pool_}).value();
  }

  // As the catalogue is when its texts changed.
  static Dataset Catalogue() {
    Dataset catalogue = SampleShop();
    catalogue.interactions.clear();
    catalogue.user_begin = {0};
    return catalogue;
  }

  ThreadPool pool_{2};
};

// Of two items, whatever the basis of the factors.
Matrix Likeness(const Model& model) {
  const Matrix& factors = static_cast<const Ials&>(*model.scorer).item_factors();
  return Matrix(factors * factors.transpose());
}

TEST_F(NamedModelsTest, ALabelChangesNothingOfWhoTrains) {
  EXPECT_EQ(FindTrainer("ials@wide"), FindTrainer("ials"));
  for (const char* const name : {"ials@", "ials@Wide", "oracle@wide", "deep_ranker@second", "@"}) {
    EXPECT_EQ(FindTrainer(name), nullptr) << name;
  }
}

TEST_F(NamedModelsTest, AModelIsCalledAsItWasAskedFor) {
  const Model model = Train("ials@wide", {{"dimensions", "5"}, {"epochs", "1"}});

  EXPECT_EQ(model.name, "ials@wide");
  EXPECT_EQ(model.kind, "ials");
  EXPECT_EQ(model.settings.at("dimensions"), "5");
  EXPECT_EQ(Train("ials", {{"epochs", "1"}}).name, "ials");
}

TEST_F(NamedModelsTest, WhatNobodyTrainsIsToldWhatIsAllowed) {
  const absl::Status status = TrainModel("ials@Wide", SampleShop(), {}, {.pool = &pool_}).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("1 to 32"));
}

TEST_F(NamedModelsTest, IalsGoesOnFromTheLiveModelOfTheSameName) {
  const Settings settings = {
      {"dimensions", "4"}, {"epochs", "2"}, {"start", "live"}, {"live_epochs", "0"}};
  Settings stiff = settings;
  stiff["lambda"] = "0.1";
  ModelSet live;
  live.models = {Train("ials@stiff", stiff), Train("ials", settings)};
  const Matrix of_stiff = Likeness(live.models[0]);
  const Matrix of_plain = Likeness(live.models[1]);
  const float apart = (of_stiff - of_plain).norm();
  const auto goes_on = [&](const std::string& name) {
    return Likeness(
        TrainModel(name, SampleShop(), settings, {.pool = &pool_, .live = &live}).value());
  };

  EXPECT_LT((goes_on("ials@stiff") - of_stiff).norm(), 0.01F * apart);
  EXPECT_LT((goes_on("ials") - of_plain).norm(), 0.01F * apart);
  EXPECT_EQ(goes_on("ials@new"), Likeness(Train("ials@new", settings))) << "it begins anew";
}

TEST_F(NamedModelsTest, WhatIsRefreshedKeepsWhatShoppersTaughtTheModelOfTheSameName) {
  const Settings few = {{"meaning_dimensions", "2"}};
  const Settings more = {{"meaning_dimensions", "4"}};
  ModelSet live;
  live.models = {Train("content", few), Train("content@more", more),
                 Train("two_tower", SmallTowers({{"dimensions", "4"}, {"epochs", "1"}})),
                 Train("two_tower@wide", SmallTowers({{"dimensions", "6"}, {"epochs", "1"}}))};

  for (const Model& model : live.models) {
    const auto fresh =
        TrainModel(model.name, Catalogue(), model.settings, {.pool = &pool_, .live = &live});

    ASSERT_THAT(fresh, IsOk()) << model.name;
    EXPECT_EQ(fresh->name, model.name);
    if (model.kind == "content") {
      EXPECT_EQ(static_cast<const Content&>(*fresh->scorer).table().meaning.cols(),
                static_cast<const Content&>(*model.scorer).table().meaning.cols())
          << model.name;
    } else {
      EXPECT_EQ(static_cast<const TwoTower&>(*fresh->scorer).table().targets.cols(),
                static_cast<const TwoTower&>(*model.scorer).table().targets.cols())
          << model.name;
    }
  }
}

TEST_F(NamedModelsTest, NetworksAreCalledAsTheirModel) {
  std::vector<std::string> learned;
  std::vector<std::string> subjects;
  TrainingContext context{.pool = &pool_};
  context.networks.on_start = [&](const std::string& /*network*/, nn::TrainingLoopOptions& loop) {
    subjects.push_back(loop.subject);
  };
  context.networks.on_learned = [&](const std::string& network, const nn::TrainingReport&) {
    learned.push_back(network);
  };
  const Settings settings = {{"epochs", "2"}, {"hidden", "8"}};

  ASSERT_THAT(TrainModel("gan_cf@second", SampleShop(), settings, context), IsOk());

  EXPECT_THAT(learned, AllOf(Not(IsEmpty()), Each("gan_cf@second")));
  EXPECT_THAT(subjects, AllOf(Not(IsEmpty()), Each(HasSubstr("model=gan_cf@second "))));
}

}  // namespace
}  // namespace vitrine
