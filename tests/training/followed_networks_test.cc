// What every model that learns by epochs tells of its networks, and that it goes on from their
// checkpoints.
#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "models/saved_bytes.h"
#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/nn/safetensors.h"
#include "vitrine/scorers/dnn/ranker_features.h"
#include "vitrine/training/purchase_training.h"
#include "vitrine/training/ranker_lessons.h"
#include "vitrine/training/session_training.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAreArray;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::TemporaryFolder;

// What is learned from, and how.
struct Asked {
  std::uint64_t data = 1;
  std::string seed = "1";
};

struct Learning {
  std::string name{};
  std::vector<std::string> networks{};  // In order of name.
  // What was learned, as bytes.
  std::function<absl::StatusOr<std::string>(const Asked&, const TrainingContext&)> train{};
  std::string validated{};  // The network that surely chooses its best epoch; empty: nobody says.
};

void PrintTo(const Learning& learning, std::ostream* out) { *out << learning.name; }

absl::StatusOr<std::string> BytesOf(const absl::StatusOr<Model>& model) {
  if (!model.ok()) return model.status();
  return testing::SavedBytes(*model);
}

Dataset ShopOf(const Asked& asked) {
  Dataset shop = testing::SampleShop();
  shop.interactions.back().weight = static_cast<float>(asked.data);
  SetFingerprint(shop);
  return shop;
}

Learning OfTrainer(const std::string& name, std::vector<std::string> networks,
                   const Settings& more = {}) {
  return {name, std::move(networks), [name, more](const Asked& asked, const TrainingContext& to) {
            Settings settings = {{"epochs", "6"}, {"seed", asked.seed}};
            settings.insert(more.begin(), more.end());
            return BytesOf(FindTrainer(name)->train(ShopOf(asked), settings, to));
          }};
}

// The same, which choose their best epoch, by what most of the shoppers liked last.
Learning Validated(const std::string& name, std::vector<std::string> networks, Settings more = {}) {
  more.insert({{"held_out_share", "1"}, {"patience", "2"}});
  Learning learning = OfTrainer(name, std::move(networks), more);
  learning.name += "_validated";
  learning.validated = learning.networks.front();
  return learning;
}

// Shoppers who want what ials scores high, of which the blend knows nothing.
absl::StatusOr<std::string> LearnRanking(const Asked& asked, const TrainingContext& context) {
  constexpr Eigen::Index kScore = 2;  // "score of ials"
  constexpr std::size_t kCandidates = 8;
  Random random(asked.data);
  RankerLessons lessons{.scorers = {"ials"}};
  const auto num_features = static_cast<Eigen::Index>(RankerFeatureNames(lessons.scorers).size());
  lessons.features = Matrix::Zero(120 * kCandidates, num_features);
  for (Eigen::Index row = 0; row < lessons.features.rows(); ++row) {
    lessons.features(row, kLogBlendFeature) = static_cast<float>(-random.Uniform());
    lessons.features(row, kScore) = static_cast<float>(random.Normal());
    lessons.is_wanted.push_back(lessons.features(row, kScore) > 1 ? 1 : 0);
    if (lessons.is_wanted.size() % kCandidates == 0) {
      lessons.begin.push_back(lessons.is_wanted.size());
    }
  }
  return BytesOf(TrainRanker(ShopOf({}), {{"networks", "2"}, {"epochs", "6"}, {"seed", asked.seed}},
                             &lessons, context));
}

// Visits order after a cart more often than not.
absl::StatusOr<std::string> LearnVisits(const Asked& asked, const TrainingContext& context) {
  Random random(asked.data);
  std::vector<LabelledMoment> moments(300);
  for (std::uint32_t i = 0; i < moments.size(); ++i) {
    const auto kind = static_cast<std::uint8_t>(3 + random.Below(3));
    moments[i].moment = {
        .features = std::vector<float>(PurchaseFeatureNames().size(), static_cast<float>(kind)),
        .steps = {{.kind = kVisitStep}, {.kind = kind, .pause = 3}}};
    moments[i].shopper = i;
    moments[i].orders_in_session = random.Uniform() < (kind == 5 ? 0.8 : 0.1);
  }
  const auto learning = ReadSessionLearning(
      {{"hidden", "8"}, {"dimensions", "8"}, {"epochs", "6"}, {"seed", asked.seed}});
  auto predictor = TrainSessionPredictor(moments, *learning, context);
  if (!predictor.ok()) return predictor.status();
  SessionPredictor::Parts parts = (*predictor)->parts();
  nn::ParameterList parameters;
  parts.network.AddParameters(parameters);
  ByteWriter writer;
  for (const nn::NamedParameter& named : parameters) writer.Write(named.parameter->value);
  return writer.Take();
}

// Rows that buy the likelier the more they are worth.
absl::StatusOr<std::string> LearnRows(const Asked& asked, const TrainingContext& context) {
  Random random(asked.data);
  Numbers worth;
  Texts bought;
  for (int i = 0; i < 300; ++i) {
    worth.push_back(random.Normal());
    bought.emplace_back(random.Normal() < worth.back() ? "yes" : "no");
  }
  const FeatureTable table = *FeatureTable::Create({{"worth", worth}, {"bought", bought}});
  const auto predictor = TrainPurchasePredictor(
      table, "bought", {{"members", "3"}, {"hidden", "8"}, {"epochs", "6"}, {"seed", asked.seed}},
      context);
  if (!predictor.ok()) return predictor.status();
  ByteWriter writer;
  writer.Array(*(*predictor)->Predict(table));
  return writer.Take();
}

// A training, as who follows its networks sees it.
struct Followed {
  absl::StatusOr<std::string> bytes = absl::UnknownError("not trained");
  std::size_t num_steps = 0;
  std::map<std::string, std::string> curves{};  // By network, as CSV.
};

constexpr std::size_t kNever = 0;

// With checkpoints in `folder`, unless it is empty, one for each network whatever it learns from.
// Cancelled after so many steps.
Followed Train(const Learning& learning, const Asked& asked, const std::string& folder,
               std::size_t steps = kNever) {
  ThreadPool pool(2);
  std::atomic<bool> is_cancelled = false;
  Followed followed;
  TrainingContext context{.pool = &pool, .is_cancelled = &is_cancelled};
  context.networks.on_progress = [&](const nn::TrainingProgress&) {
    if (++followed.num_steps == steps) is_cancelled = true;
  };
  context.networks.on_learned = [&](const std::string& network, const nn::TrainingReport& report) {
    followed.curves[network] = nn::LossCurveCsv(report);
  };
  if (!folder.empty()) {
    context.networks.on_start = [&](const std::string& network, nn::TrainingLoopOptions& loop) {
      loop.checkpoint = absl::StrFormat("%s/%s", folder, network);
    };
  }
  followed.bytes = learning.train(asked, context);
  return followed;
}

class FollowedNetworksTest : public ::testing::TestWithParam<Learning> {
 protected:
  // Leaves the checkpoints of a training that was cancelled when two thirds were done.
  void TrainTwoThirds(const Followed& whole) {
    const Followed broken = Train(GetParam(), {}, folder_.path(), 2 * whole.num_steps / 3);
    ASSERT_THAT(broken.bytes, StatusIs(absl::StatusCode::kCancelled));
  }

  // Once, and by the name of the file.
  auto SaysHowToStartAnew() const {
    return AllOf(HasSubstr(": remove " + (folder_ / "")), EndsWith(" to start anew"),
                 Not(HasSubstr("anew:")));
  }

  const TemporaryFolder folder_;
};

TEST_P(FollowedNetworksTest, EachTellsItsNameAndItsLosses) {
  const Followed followed = Train(GetParam(), {}, "");

  ASSERT_THAT(followed.bytes, IsOk());
  EXPECT_GT(followed.num_steps, 0U);
  std::vector<std::string> names;
  for (const auto& [name, curve] : followed.curves) {
    names.push_back(name);
    EXPECT_THAT(curve, StartsWith("epoch,loss,validation_loss,learning_rate\n1,")) << name;
  }
  EXPECT_THAT(names, ElementsAreArray(GetParam().networks));
  if (GetParam().validated.empty()) return;
  EXPECT_THAT(followed.curves.at(GetParam().validated), Not(HasSubstr(",,")));
}

TEST_P(FollowedNetworksTest, CancelledAndStartedAgainItHasTheBytesOfOneWithoutABreak) {
  const Followed whole = Train(GetParam(), {}, "");
  TrainTwoThirds(whole);

  const Followed resumed = Train(GetParam(), {}, folder_.path());

  ASSERT_THAT(resumed.bytes, IsOk());
  EXPECT_LT(resumed.num_steps, whole.num_steps);
  EXPECT_TRUE(*resumed.bytes == *whole.bytes);  // Too long to be printed.
  EXPECT_EQ(resumed.curves, whole.curves);
}

TEST_P(FollowedNetworksTest, WhatHasLearnedIsNotTrainedAgain) {
  const Followed whole = Train(GetParam(), {}, folder_.path());

  const Followed again = Train(GetParam(), {}, folder_.path());

  ASSERT_THAT(again.bytes, IsOk());
  EXPECT_EQ(again.num_steps, 0U);
  EXPECT_TRUE(*again.bytes == *whole.bytes);
  EXPECT_EQ(again.curves, whole.curves);
}

TEST_P(FollowedNetworksTest, TheCheckpointOfOtherDataOrSettingsIsRefused) {
  TrainTwoThirds(Train(GetParam(), {}, ""));

  for (const Asked& other : {Asked{.data = 2}, Asked{.seed = "2"}}) {
    const Followed refused = Train(GetParam(), other, folder_.path());
    EXPECT_THAT(refused.bytes, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_TRUE(EndsAllTraining(refused.bytes.status()));
    EXPECT_THAT(std::string(refused.bytes.status().message()), SaysHowToStartAnew());
  }
}

TEST_P(FollowedNetworksTest, ADamagedCheckpointIsRefused) {
  for (const std::string& network : GetParam().networks) {
    ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), folder_ / network, "none"), IsOk());
  }

  const Followed refused = Train(GetParam(), {}, folder_.path());

  EXPECT_THAT(refused.bytes, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(refused.bytes.status().message()), SaysHowToStartAnew());
}

TEST_P(FollowedNetworksTest, ACheckpointThatLacksSomethingIsRefused) {
  const Followed whole = Train(GetParam(), {}, folder_.path());
  const auto spoil = [this](const std::function<void(nn::TensorFile&)>& change) {
    for (const std::string& network : GetParam().networks) {
      auto file = nn::ReadTensors(LocalFileSystem(), folder_ / network);
      ASSERT_THAT(file, IsOk());
      change(*file);
      ASSERT_THAT(nn::WriteTensors(LocalFileSystem(), folder_ / network, *file), IsOk());
    }
  };

  ASSERT_NO_FATAL_FAILURE(spoil([](nn::TensorFile& file) { file.metadata["epochs"] = "one\n"; }));
  const Followed no_epochs = Train(GetParam(), {}, folder_.path());
  ASSERT_NO_FATAL_FAILURE(spoil([](nn::TensorFile& file) {
    file.metadata["epochs"] = "1 1 1 1\n";
    file.tensors.pop_back();
  }));
  const Followed no_tensor = Train(GetParam(), {}, folder_.path());

  ASSERT_THAT(whole.bytes, IsOk());
  for (const Followed& refused : {no_epochs, no_tensor}) {
    EXPECT_THAT(refused.bytes, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(std::string(refused.bytes.status().message()), SaysHowToStartAnew());
  }
}

TEST_P(FollowedNetworksTest, ACheckpointThatCannotBeWrittenIsAnErrorOfItsOwn) {
  const Followed refused = Train(GetParam(), {}, folder_ / "missing");

  EXPECT_THAT(refused.bytes, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(EndsAllTraining(refused.bytes.status()));
}

INSTANTIATE_TEST_SUITE_P(
    Models, FollowedNetworksTest,
    ::testing::Values(
        OfTrainer("gan_cf", {"gan_cf"}), OfTrainer("lightgcn", {"lightgcn"}),
        OfTrainer("neural_cf", {"neural_cf.both", "neural_cf.factors", "neural_cf.network"},
                  {{"pretrain_epochs", "2"}}),
        Validated("gan_cf", {"gan_cf"}), Validated("lightgcn", {"lightgcn"}),
        Validated("neural_cf", {"neural_cf.both", "neural_cf.factors", "neural_cf.network"},
                  {{"pretrain_epochs", "2"}}),
        Validated("two_tower", {"two_tower"}), OfTrainer("sequence_rnn", {"sequence_rnn"}),
        OfTrainer("sequence_transformer", {"sequence_transformer"}),
        OfTrainer("two_tower", {"two_tower"}),
        Learning{"deep_ranker", {"deep_ranker.1", "deep_ranker.2"}, &LearnRanking},
        Learning{"visits", {"purchase_predictor"}, &LearnVisits},
        Learning{"rows",
                 {"purchase_predictor.1", "purchase_predictor.2", "purchase_predictor.3"},
                 &LearnRows}),
    [](const ::testing::TestParamInfo<Learning>& test) { return test.param.name; });

}  // namespace
}  // namespace vitrine
