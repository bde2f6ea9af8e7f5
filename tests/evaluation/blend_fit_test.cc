#include "vitrine/evaluation/blend_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/blend_cases.h"
#include "evaluation/item_scorer.h"
#include "evaluation/made_dataset.h"
#include "vitrine/base/random.h"
#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

using ::testing::Key;
using testing::MakeDataset;
using testing::Touch;
using ::testing::UnorderedElementsAre;

constexpr std::size_t kItems = 40;
constexpr std::size_t kUsers = 400;

// Right about the items whose row leaves `remainder` when divided by 2, and says nothing of others.
// A user's first item is what they like: user u likes items whose row is u % 20 apart.
class HalfRight final : public testing::ItemScorer {
 public:
  HalfRight(std::uint32_t remainder, double noise)
      : ItemScorer(kItems), remainder_(remainder), noise_(noise) {}

  std::string_view name() const override { return "half"; }

 private:
  float ScoreOne(const Query& query, ItemIndex item) const override {
    if (Row(item) % 2 != remainder_) return kUnscored;
    const std::size_t liked = Row(query.history.back().item);
    Random random(Row(item) * 1000 + liked + remainder_);
    const double near = std::abs(static_cast<double>(Row(item)) - static_cast<double>(liked));
    return static_cast<float>(1 + 1 / (1 + near) + noise_ * random.Uniform());
  }

  std::uint32_t remainder_;
  double noise_;
};

Model MakeModel(std::string name, std::uint32_t remainder, double noise,
                ModelFamily family = ModelFamily::kBehaviour) {
  return {.name = name,
          .kind = "half",
          .family = family,
          .scorer = std::make_shared<HalfRight>(remainder, noise)};
}

// Each user touched one item, and likes the two beside it: an even and an odd one in turn.
Split MakeSplit() {
  std::vector<std::vector<Touch>> users;
  for (std::uint32_t u = 0; u < kUsers; ++u) users.push_back({{4 + (u * 7) % 32, 1}});
  const Dataset dataset = MakeDataset(kItems, users);
  Split split{
      .train = dataset, .past = dataset.interactions, .candidates = ItemBitmap(kItems, true)};
  for (std::uint32_t u = 0; u < kUsers; ++u) {
    const auto liked = static_cast<std::uint32_t>(dataset.interactions[u].item);
    split.cases.push_back({.history_begin = u,
                           .history_end = u + 1,
                           .now_us = 1,
                           .relevant = {ItemIndex{liked - 2}, ItemIndex{liked - 1},
                                        ItemIndex{liked + 1}, ItemIndex{liked + 2}},
                           .group = u,
                           .training_user = u});
  }
  return split;
}

class BlendFitTest : public ::testing::Test {
 protected:
  BlendFit Fit(const std::vector<Model>& models, const BlendFitOptions& options = {}) {
    return FitBlend(models, split_, options, pool_);
  }

  // What the pipeline reaches with the weights that were found.
  double Served(const std::vector<Model>& models, const BlendFit& fit) {
    auto set = std::make_shared<ModelSet>();
    set->models = models;
    set->weights = fit.weights;
    set->cold_start_events = fit.cold_start_events;
    const Pipeline pipeline(set, {});
    return Evaluate(pipeline, split_, {.cutoffs = {20}}, pool_).at.at(20).ndcg;
  }

  ThreadPool pool_{2};
  Split split_ = MakeSplit();
};

TEST_F(BlendFitTest, ModelsThatKnowDifferentItemsAreBothKept) {
  const std::vector<Model> models = {MakeModel("even", 0, 0.01), MakeModel("odd", 1, 0.01)};

  const BlendFit fit = Fit(models);

  EXPECT_EQ(fit.num_cases, kUsers);
  EXPECT_GT(fit.weights.at("even").weight, 0.2);
  EXPECT_GT(fit.weights.at("odd").weight, 0.2);
  EXPECT_NEAR(fit.weights.at("even").weight + fit.weights.at("odd").weight, 1, 1e-9);
  EXPECT_GT(fit.ndcg, fit.alone.at("even") + 0.2);
  EXPECT_GT(fit.ndcg, fit.alone.at("odd") + 0.2);
}

TEST_F(BlendFitTest, WhatIsReachedIsWhatThePipelineServes) {
  const std::vector<Model> models = {MakeModel("even", 0, 0.5), MakeModel("odd", 1, 0.2),
                                     MakeModel("popular", 0, 2, ModelFamily::kPopularity)};

  const BlendFit fit = Fit(models);

  EXPECT_NEAR(fit.ndcg, Served(models, fit), 1e-6);
}

TEST_F(BlendFitTest, AModelThatAddsNothingGetsNothing) {
  const std::vector<Model> models = {MakeModel("good", 0, 0.01), MakeModel("noise", 0, 1000)};

  const BlendFit fit = Fit(models);

  EXPECT_EQ(fit.weights.at("good").weight, 1);
  EXPECT_EQ(fit.weights.at("noise").weight, 0);
  EXPECT_THAT(fit.alone, UnorderedElementsAre(Key("good"), Key("noise")));
}

TEST_F(BlendFitTest, OneThatSpeaksForNewShoppersKeepsAHundredth) {
  const std::vector<Model> models = {MakeModel("good", 0, 0.01),
                                     MakeModel("popular", 0, 1000, ModelFamily::kPopularity)};

  EXPECT_GE(Fit(models).weights.at("popular").weight, 0.009);
}

TEST_F(BlendFitTest, TooFewCasesTeachNothing) {
  const std::vector<Model> models = {MakeModel("even", 0, 0.01), MakeModel("odd", 1, 0.01)};

  EXPECT_TRUE(Fit(models, {.max_cases = 10}).weights.empty());
}

TEST_F(BlendFitTest, NothingIsLearnedOnceItIsCancelled) {
  const std::atomic<bool> is_cancelled = true;

  EXPECT_TRUE(
      Fit({MakeModel("even", 0, 0.01), MakeModel("odd", 1, 0.01)}, {.is_cancelled = &is_cancelled})
          .weights.empty());
}

TEST_F(BlendFitTest, NumberOfThreadsChangesNothing) {
  const std::vector<Model> models = {MakeModel("even", 0, 0.5), MakeModel("odd", 1, 0.2)};
  ThreadPool alone(1);

  const BlendFit two = Fit(models);
  const BlendFit one = FitBlend(models, split_, {}, alone);

  EXPECT_EQ(one.weights, two.weights);
  EXPECT_EQ(one.ndcg, two.ndcg);
}

TEST_F(BlendFitTest, ATrendIsUsedWhereItTellsWhatIsBoughtNext) {
  // Everybody comes to like the items that others touched on the last day.
  std::vector<std::vector<Touch>> users;
  for (std::uint32_t u = 0; u < kUsers; ++u) {
    users.push_back({{4 + (u * 7) % 32, 1}});
    if (u % 4 == 0) users.back().push_back({u % 4, 100 * kMicrosPerDay});
  }
  split_.train = MakeDataset(kItems, users);
  split_.train.now_us = 100 * kMicrosPerDay;
  for (TestCase& each : split_.cases) each.relevant = {ItemIndex{0}};

  const BlendFit fit = Fit({MakeModel("even", 0, 0.3)});

  EXPECT_GT(fit.trend.power, 0);
  EXPECT_GT(fit.ndcg, fit.alone.at("even") + 0.1);
}

}  // namespace
}  // namespace vitrine
