// That gan_cf, lightgcn and neural_cf stop once they learn by heart, and keep their best epoch.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "models/saved_bytes.h"
#include "testing/status_matchers.h"
#include "training/held_out_likes.h"
#include "training/pair_weights.h"
#include "training/without.h"
#include "vitrine/base/random.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::Each;
using testing::IsOk;
using testing::SavedBytes;
using testing::Without;

// Shoppers of no taste: whatever is learned of one is wrong of the next, so that the best epoch
// comes early and all that follows learns by heart. Of every `apart` items one is liked.
Dataset NoTaste(std::size_t num_users, std::uint32_t apart = 1) {
  Random random(31);
  Dataset shop;
  for (std::uint32_t item = 0; item < 60 * apart; ++item) {
    shop.item_ids.push_back("item" + std::to_string(item));
  }
  shop.items.resize(shop.item_ids.size());
  for (std::size_t user = 0; user < num_users; ++user) {
    std::vector<std::uint32_t> items(60);
    for (std::uint32_t item = 0; item < 60; ++item) items[item] = item * apart;
    random.Shuffle(items);
    for (std::size_t i = 0; i < 12; ++i) {
      shop.interactions.push_back(
          {static_cast<Micros>(i) * kMicrosPerMinute, ItemIndex{items[i]}, 1});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  SetFingerprint(shop);
  return shop;
}

struct ValidatedCase {
  std::string trainer{};
  std::string network{};  // That is validated.
  Settings settings{};
};

constexpr std::uint64_t kMostEpochs = 200;
constexpr std::uint64_t kPatience = 3;

class ValidatedTest : public ::testing::TestWithParam<ValidatedCase> {
 protected:
  // A trained model, and how it learned.
  struct Trained {
    Model model{};
    nn::TrainingReport report{};
  };

  Trained Train(const Dataset& shop, const Settings& more, std::size_t num_threads = 2) const {
    ThreadPool pool(num_threads);
    Settings settings = more;
    settings.insert(GetParam().settings.begin(), GetParam().settings.end());
    settings.insert({{"epochs", std::to_string(kMostEpochs)},
                     {"batch", "16"},
                     {"patience", std::to_string(kPatience)},
                     {"held_out_share", "0.5"}});
    Trained trained;
    TrainingContext context{.pool = &pool};
    context.networks.on_learned = [&](const std::string& name, const nn::TrainingReport& report) {
      if (name == GetParam().network) trained.report = report;
    };
    auto model = FindTrainer(GetParam().trainer)->train(shop, settings, context);
    EXPECT_THAT(model, IsOk());
    if (model.ok()) trained.model = *std::move(model);
    return trained;
  }

  // What Train holds out.
  static HeldOutLikes HeldOutOf(const Dataset& shop) {
    return HoldOutLast(shop, LikedPairWeights(shop, {}), {.share = 0.5});
  }

  const Dataset shop_ = NoTaste(80);
};

// The mean ndcg@20 of the lists that a request gets, with what is left as its history.
double ServedNdcg(const Model& model, const HeldOutLikes& likes) {
  double sum = 0;
  for (std::size_t i = 0; i < likes.users.size(); ++i) {
    std::vector<Interaction> history;
    std::vector<ItemIndex> seen;
    for (const std::uint32_t item : likes.weights.Columns(likes.users[i])) {
      history.push_back({0, ItemIndex{item}, 1});
      seen.push_back(ItemIndex{item});
    }
    const Query query{.history = history, .excluded = seen};
    const auto lists = model.scorer->Retrieve({&query, 1}, nullptr, 20);
    std::vector<float> scores(likes.weights.num_cols, -1.0F);  // By place; without one, last.
    for (std::size_t place = 0; place < lists[0].size(); ++place) {
      scores[Row(lists[0][place].item)] = 20 - static_cast<float>(place);
    }
    sum += NdcgOf(scores, likes.Targets(i));
  }
  return sum / static_cast<double>(likes.users.size());
}

TEST_P(ValidatedTest, StopsOnceItLearnsByHeartAndServesTheBestEpoch) {
  const Trained trained = Train(shop_, {});

  const std::vector<nn::EpochReport>& epochs = trained.report.epochs;
  ASSERT_EQ(epochs.size(), trained.report.best_epoch + kPatience + 1);
  ASSERT_LT(epochs.size(), kMostEpochs);
  const double best = epochs[trained.report.best_epoch - 1].validation_loss;
  EXPECT_GT(epochs.back().validation_loss, best + 2e-3) << "or it says nothing of what is kept";
  const HeldOutLikes likes = HeldOutOf(shop_);
  ASSERT_GE(likes.users.size(), 20U);
  EXPECT_NEAR(ServedNdcg(trained.model, likes), -best, 1e-3);
}

TEST_P(ValidatedTest, WithoutPatienceGoesOnAndKeepsTheBestAllTheSame) {
  const Trained trained = Train(shop_, {{"patience", "0"}, {"epochs", "30"}});

  const std::vector<nn::EpochReport>& epochs = trained.report.epochs;
  ASSERT_EQ(epochs.size(), 30U);
  const auto lowest = std::min_element(epochs.begin(), epochs.end(),
                                       [](const nn::EpochReport& a, const nn::EpochReport& b) {
                                         return a.validation_loss < b.validation_loss;
                                       });
  EXPECT_EQ(lowest->epoch, trained.report.best_epoch);
  EXPECT_NEAR(ServedNdcg(trained.model, HeldOutOf(shop_)), -lowest->validation_loss, 1e-3);
}

TEST_P(ValidatedTest, RanksAsItServesWhereMostItemsAreLikedByNobody) {
  const Dataset shop = NoTaste(80, 150);  // More items than neural_cf takes through at once.

  const Trained trained = Train(shop, {{"epochs", "2"}});

  const std::vector<nn::EpochReport>& epochs = trained.report.epochs;
  ASSERT_EQ(epochs.size(), 2U);
  const double best = epochs[trained.report.best_epoch - 1].validation_loss;
  EXPECT_LT(best, 0);
  EXPECT_NEAR(ServedNdcg(trained.model, HeldOutOf(shop)), -best, 1e-3);
}

std::vector<double> LossesOf(const nn::TrainingReport& report) {
  std::vector<double> losses;
  for (const nn::EpochReport& epoch : report.epochs) losses.push_back(epoch.loss);
  return losses;
}

TEST_P(ValidatedTest, LearnsJustWhatItWouldOfAShopWithoutWhatIsHeldOut) {
  const Settings off = {{"epochs", "4"}, {"held_out_share", "0"}};

  const Trained validated = Train(shop_, {{"epochs", "4"}, {"patience", "0"}});
  const Trained left = Train(Without(shop_, HeldOutOf(shop_)), off);
  const Trained all = Train(shop_, off);

  ASSERT_EQ(validated.report.epochs.size(), 4U);
  EXPECT_EQ(LossesOf(validated.report), LossesOf(left.report));
  EXPECT_NE(LossesOf(validated.report), LossesOf(all.report));
}

TEST_P(ValidatedTest, TheNumberOfThreadsChangesNoBit) {
  std::vector<std::string> bytes;
  for (const std::size_t num_threads : {1U, 2U, 3U}) {
    const Trained trained = Train(shop_, {{"epochs", "4"}}, num_threads);
    EXPECT_TRUE(std::isfinite(trained.report.epochs.back().validation_loss));
    bytes.push_back(SavedBytes(trained.model));
  }

  EXPECT_THAT(bytes, Each(bytes.front()));
}

TEST_P(ValidatedTest, AShareOfZeroHoldsNothingOutAndKeepsTheLastEpoch) {
  const Settings off = {{"epochs", "6"}, {"held_out_share", "0"}};
  Settings impatient = off;
  impatient["patience"] = "1";

  const Trained all = Train(shop_, off);

  ASSERT_EQ(all.report.epochs.size(), 6U);
  EXPECT_EQ(all.report.best_epoch, 6U);
  for (const nn::EpochReport& epoch : all.report.epochs) {
    EXPECT_TRUE(std::isnan(epoch.validation_loss));
  }
  EXPECT_TRUE(SavedBytes(Train(shop_, impatient).model) == SavedBytes(all.model));
  EXPECT_FALSE(SavedBytes(Train(shop_, {{"epochs", "6"}, {"patience", "0"}}).model) ==
               SavedBytes(all.model));
}

TEST_P(ValidatedTest, OfTooFewShoppersItLearnsAllThatTheyLike) {
  const Dataset few = NoTaste(15);

  EXPECT_TRUE(SavedBytes(Train(few, {{"epochs", "4"}, {"held_out_share", "1"}}).model) ==
              SavedBytes(Train(few, {{"epochs", "4"}, {"held_out_share", "0"}}).model));
}

INSTANTIATE_TEST_SUITE_P(
    Trainers, ValidatedTest,
    ::testing::Values(
        ValidatedCase{"gan_cf", "gan_cf", {{"hidden", "16"}, {"learning_rate", "0.02"}}},
        ValidatedCase{"lightgcn", "lightgcn", {{"dimensions", "16"}, {"learning_rate", "0.05"}}},
        ValidatedCase{"neural_cf",
                      "neural_cf.both",
                      {{"factors", "16"},
                       {"hidden", "8"},
                       {"pretrain_epochs", "1"},
                       {"learning_rate", "0.02"}}}),
    [](const ::testing::TestParamInfo<ValidatedCase>& test) { return test.param.trainer; });

}  // namespace
}  // namespace vitrine
