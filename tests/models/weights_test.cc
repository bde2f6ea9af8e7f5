#include "vitrine/models/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "models/saved_bytes.h"
#include "models/small_dataset.h"
#include "scorers/small_ranker.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/models/bundle.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/models/ranker_model.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/scorers/collaborative/mean_factors.h"
#include "vitrine/scorers/dnn/deep_ranker.h"
#include "vitrine/scorers/dnn/session_predictor.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using testing::AllItems;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kItems;
using testing::SavedBytes;
using testing::Scores;
using testing::SmallDataset;
using testing::SmallRankerTable;
using testing::StatusIs;

constexpr Micros kNow = 1'800'000'000 * kMicrosPerSecond;

const std::vector<std::string>& ItemIds() {
  static const auto* const ids = new std::vector<std::string>(SmallDataset().item_ids);
  return *ids;
}

Model Trained(const std::string& kind) {
  // What its trainer makes alone has no network.
  if (kind == "deep_ranker") return MakeModel(DeepRanker::Create(SmallRankerTable(kItems)).value());
  const Trainer* trainer = FindTrainer(kind);
  const Settings small = {{"buckets", "64"}, {"dimensions", "8"},    {"epochs", "2"},
                          {"factors", "4"},  {"hidden", "6"},        {"pretrain_epochs", "1"},
                          {"patience", "0"}, {"second_hidden", "3"}, {"use_distances", "true"}};
  Settings settings;
  for (const auto& [name, value] : small) {
    if (trainer->defaults.contains(name)) settings[name] = value;
  }
  ThreadPool pool(2);
  return trainer->train(SmallDataset(), settings, {.pool = &pool}).value();
}

// The model of that kind, and one that has no weights.
const ModelSet& SetWith(const std::string& kind) {
  static auto* const sets = new std::map<std::string, ModelSet>();
  ModelSet& set = (*sets)[kind];
  if (set.models.empty()) {
    set = {.version = "v1",
           .trained_us = 1,
           .metrics = {{"blend_age", 2},
                       {"events", 320},
                       {"ndcg@20", 0.1},
                       {"ranker_impression_lists", 40}},
           .models = {Trained(kind), Trained("most_popular")}};
  }
  return set;
}

// By what differs from number to number, and keeps signs and zeros.
nn::TensorFile Changed(nn::TensorFile file) {
  for (nn::Tensor& tensor : file.tensors) {
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      tensor.values[i] *= 1 + 0.25F * static_cast<float>((i + 1) % 3);
    }
  }
  return file;
}

std::map<std::string, std::vector<float>> ValuesOf(const nn::TensorFile& file) {
  std::map<std::string, std::vector<float>> values;
  for (const nn::Tensor& tensor : file.tensors) values[tensor.name] = tensor.values;
  return values;
}

Matrix ScoresOf(const Model& model) {
  return Scores(*model.scorer, {ItemIndex{2}, ItemIndex{11}, ItemIndex{7}}, AllItems());
}

class WeightsOfKindTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string kind() const { return GetParam(); }
  const ModelSet& set() const { return SetWith(kind()); }
  // Factors that are served in the basis where their Gram matrix is diagonal.
  bool is_rotated() const { return kind() == "ials" || kind() == "bpr"; }
};

TEST_P(WeightsOfKindTest, ComeBackFromAFileAsTheyWentOut) {
  const auto exported = ExportWeights(set(), kind(), ItemIds());
  ASSERT_THAT(exported, IsOk());
  const auto read = nn::DecodeTensors(nn::EncodeTensors(*exported), "the file");
  ASSERT_THAT(read, IsOk());

  const auto imported = ImportWeights(set(), kind(), ItemIds(), *read, kNow);

  ASSERT_THAT(imported, IsOk());
  EXPECT_TRUE(SavedBytes(imported->models[0]) == SavedBytes(set().models[0]));
  EXPECT_EQ(exported->metadata.at("kind"), kind());
  EXPECT_EQ(exported->metadata.at("version"), "v1");
}

TEST_P(WeightsOfKindTest, MakeTheSameModelAgain) {
  const Model& model = set().models[0];
  const WeightAccess& access = *FindModelKind(kind())->weights;

  const auto made = access.replace(model, access.read(model));

  ASSERT_THAT(made, IsOk());
  if (!is_rotated()) {
    EXPECT_TRUE(SavedBytes(*made) == SavedBytes(model));
    return;
  }
  const Matrix want = ScoresOf(model);
  const Matrix have = ScoresOf(*made);
  for (Eigen::Index i = 0; i < want.cols(); ++i) {
    if (have(0, i) == want(0, i)) continue;  // Both may be infinite: unknown to the model.
    EXPECT_NEAR(have(0, i), want(0, i), 1e-3) << i;
  }
}

TEST_P(WeightsOfKindTest, AnswerOtherwiseWhereTheyAreOthers) {
  const nn::TensorFile changed = Changed(*ExportWeights(set(), kind(), ItemIds()));

  const auto imported = ImportWeights(set(), kind(), ItemIds(), changed, kNow);

  ASSERT_THAT(imported, IsOk());
  const Model& after = imported->models[0];
  EXPECT_EQ(after.name, kind());
  EXPECT_EQ(after.settings, set().models[0].settings);
  EXPECT_FALSE(SavedBytes(after) == SavedBytes(set().models[0]));
  EXPECT_EQ(imported->models[1].scorer, set().models[1].scorer);
  if (kind() != "deep_ranker") {  // As a scorer it says nothing.
    EXPECT_FALSE((ScoresOf(after).array() == ScoresOf(set().models[0]).array()).all());
  }
  if (!is_rotated()) {
    const auto again = ExportWeights(*imported, kind(), ItemIds());
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(ValuesOf(*again), ValuesOf(changed));
  }
}

TEST_P(WeightsOfKindTest, AreThoseOfABundleOnDiskToo) {
  const testing::TemporaryFolder folder;
  testing::FaultFileSystem files;
  ASSERT_THAT(SaveBundle(files, folder / "x.bundle", set(), ItemIds()), IsOk());

  const auto bundle = ReadBundle(files, folder / "x.bundle");

  ASSERT_THAT(bundle, IsOk());
  EXPECT_EQ(bundle->item_ids, ItemIds());
  EXPECT_EQ(bundle->models.version, "v1");
  EXPECT_TRUE(SavedBytes(bundle->models.models[0]) == SavedBytes(set().models[0]));
  const auto ours = ExportWeights(set(), kind(), ItemIds());
  const auto theirs = ExportWeights(bundle->models, kind(), bundle->item_ids);
  ASSERT_THAT(theirs, IsOk());
  EXPECT_TRUE(nn::EncodeTensors(*theirs) == nn::EncodeTensors(*ours));
}

constexpr const char* kKindsWithWeights[] = {
    "bpr",          "deep_ranker",          "gan_cf",    "ials",
    "lightgcn",     "mf_contrastive",       "neural_cf", "rating_mf",
    "sequence_rnn", "sequence_transformer", "two_tower"};
INSTANTIATE_TEST_SUITE_P(Kinds, WeightsOfKindTest, ::testing::ValuesIn(kKindsWithWeights),
                         [](const auto& test) { return std::string(test.param); });

TEST(ModelWeightsTest, EveryKindThatHasThemIsTested) {
  std::vector<std::string> kinds;
  for (const ModelKind& kind : ModelKinds()) {
    if (kind.weights.has_value()) kinds.emplace_back(kind.name);
  }

  EXPECT_THAT(kinds, ::testing::ElementsAreArray(kKindsWithWeights));
}

TEST(ModelWeightsTest, HaveTheNamesAndShapesOfPyTorchsLayers) {
  const auto shapes_of = [](const std::string& kind) {
    std::map<std::string, std::vector<std::size_t>> shapes;
    const nn::TensorFile file = ExportWeights(SetWith(kind), kind, ItemIds()).value();
    for (const nn::Tensor& tensor : file.tensors) shapes[tensor.name] = tensor.shape;
    return shapes;
  };

  EXPECT_THAT(shapes_of("gan_cf"),
              ElementsAre(std::pair("decoder.bias", std::vector<std::size_t>{kItems}),
                          std::pair("decoder.weight", std::vector<std::size_t>{kItems, 6}),
                          std::pair("encoder.bias", std::vector<std::size_t>{6}),
                          std::pair("encoder.weight", std::vector<std::size_t>{kItems, 6})));
  const auto of_rnn = shapes_of("sequence_rnn");
  EXPECT_EQ(of_rnn.at("items.weight"), (std::vector<std::size_t>{kItems, 8}));
  EXPECT_EQ(of_rnn.at("encoder.0.recurrent.weight_ih_l0"), (std::vector<std::size_t>{24, 8}));
  EXPECT_EQ(of_rnn.at("last_norm.bias"), (std::vector<std::size_t>{8}));
  EXPECT_TRUE(shapes_of("sequence_transformer").contains("encoder.1.self_attn.in_proj_weight"));
  EXPECT_TRUE(shapes_of("deep_ranker").contains("networks.1.crosses.0.weight"));
  EXPECT_TRUE(shapes_of("two_tower").contains("users.linear.weight"));
}

TEST(ModelWeightsTest, AreThoseOfTheModelOfThatNameWhereThereAreTwoOfAKind) {
  ThreadPool pool(2);
  ModelSet set = SetWith("ials");
  const Settings narrow = {{"dimensions", "3"}, {"epochs", "1"}};
  set.models.push_back(TrainModel("ials@narrow", SmallDataset(), narrow, {.pool = &pool}).value());

  const auto exported = ExportWeights(set, "ials@narrow", ItemIds());

  ASSERT_THAT(exported, IsOk());
  EXPECT_THAT(exported->tensors[0].shape, ElementsAre(kItems, std::size_t{3}));
  EXPECT_EQ(exported->metadata.at("model"), "ials@narrow");
  EXPECT_EQ(exported->metadata.at("kind"), "ials");
  const auto imported = ImportWeights(set, "ials@narrow", ItemIds(), Changed(*exported), kNow);
  ASSERT_THAT(imported, IsOk());
  EXPECT_TRUE(SavedBytes(imported->models[0]) == SavedBytes(set.models[0]));
  EXPECT_EQ(imported->models.back().name, "ials@narrow");
  EXPECT_FALSE(SavedBytes(imported->models.back()) == SavedBytes(set.models.back()));
}

TEST(ModelWeightsTest, SayWhichRowIsWhichItem) {
  const auto of_ials = ExportWeights(SetWith("ials"), "ials", ItemIds());
  const auto of_ranker = ExportWeights(SetWith("deep_ranker"), "deep_ranker", ItemIds());

  EXPECT_THAT(of_ials->metadata.at(kItemIdsKey), ::testing::StartsWith("item-0\nitem-1\nitem-2\n"));
  EXPECT_FALSE(of_ranker->metadata.contains(kItemIdsKey));
}

TEST(ModelWeightsTest, MoreIdsThanAHeadMayHoldAreRefused) {
  const std::vector<std::string> ids = {std::string(40'000'001, 'x')};

  EXPECT_THAT(ExportWeights(SetWith("ials"), "ials", ids),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(ModelWeightsTest, WhatWasMeasuredIsNotTrueOfOtherWeights) {
  const ModelSet& set = SetWith("ials");
  const auto imported =
      ImportWeights(set, "ials", ItemIds(), Changed(*ExportWeights(set, "ials", ItemIds())), kNow);

  ASSERT_THAT(imported, IsOk());
  EXPECT_THAT(imported->metrics,
              ElementsAre(std::pair("blend_age", 2.0), std::pair("events", 320.0),
                          std::pair("ranker_impression_lists", 40.0)));
}

TEST(ModelWeightsTest, CountAsTrainedWhenTheyCameIn) {
  const ModelSet& set = SetWith("ials");
  const nn::TensorFile ours = *ExportWeights(set, "ials", ItemIds());

  for (const nn::TensorFile& file : {ours, Changed(ours)}) {
    const auto imported = ImportWeights(set, "ials", ItemIds(), file, kNow);
    ASSERT_THAT(imported, IsOk());
    EXPECT_EQ(imported->trained_us, kNow);
  }
}

TEST(ModelWeightsTest, AModelThatIsNotThereOrHasNoneIsRefusedWithThoseThatDo) {
  const auto unknown = ExportWeights(SetWith("ials"), "als", ItemIds());
  const auto without = ExportWeights(SetWith("ials"), "most_popular", ItemIds());
  const auto neither = ExportWeights(SetWith("ials"), kPurchasePredictorName, ItemIds());

  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("did you mean ials"));
  EXPECT_THAT(without, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(without.status().message()), HasSubstr("have such: ials"));
  EXPECT_THAT(neither, StatusIs(absl::StatusCode::kNotFound));
}

struct Spoilt {
  const char* says = "";
  void (*spoil)(nn::TensorFile& file) = nullptr;
};

void PrintTo(const Spoilt& spoilt, std::ostream* out) { *out << spoilt.says; }

class MisfitTest : public ::testing::TestWithParam<Spoilt> {};

TEST_P(MisfitTest, IsRefusedByName) {
  const ModelSet& set = SetWith("mf_contrastive");
  nn::TensorFile file = *ExportWeights(set, "mf_contrastive", ItemIds());
  GetParam().spoil(file);

  const auto imported = ImportWeights(set, "mf_contrastive", ItemIds(), file, kNow);

  EXPECT_THAT(imported, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(imported.status().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Files, MisfitTest,
    ::testing::Values(
        Spoilt{"no items.weight", [](nn::TensorFile& file) { file.tensors.clear(); }},
        Spoilt{"did you mean items.weight",
               [](nn::TensorFile& file) {
                 file.tensors.push_back({.name = "item.weight", .shape = {}, .values = {1}});
               }},
        Spoilt{"[8, 30] there and [30, 8]",
               [](nn::TensorFile& file) {
                 file.tensors[0].shape = {8, 30};
               }},
        Spoilt{"number 5 of items.weight is nan",
               [](nn::TensorFile& file) { file.tensors[0].values[5] = std::nanf(""); }},
        Spoilt{"is inf",
               [](nn::TensorFile& file) {
                 file.tensors[0].values[0] = std::numeric_limits<float>::infinity();
               }},
        Spoilt{"of kind 'lightgcn'",
               [](nn::TensorFile& file) { file.metadata["kind"] = "lightgcn"; }},
        Spoilt{"which row is which item",
               [](nn::TensorFile& file) { file.metadata.erase(kItemIdsKey); }},
        Spoilt{"row 1 belongs to the item 'item-9' there and to 'item-1'",
               [](nn::TensorFile& file) {
                 std::string& ids = file.metadata[kItemIdsKey];
                 ids.replace(ids.find("item-1"), 6, "item-9");
               }},
        Spoilt{"of 31 items",
               [](nn::TensorFile& file) { file.metadata[kItemIdsKey] += "\nitem-30"; }}));

TEST(ModelWeightsTest, NumbersThatNoModelCanBeMadeOfAreRefused) {
  for (const float unobserved_weight : {1.0F, 1000.0F}) {
    ModelSet set{.version = "v1"};
    set.models = {MakeModel(
        Ials::Create(Matrix::Constant(kItems, 2, 0.5F), {.unobserved_weight = unobserved_weight})
            .value())};
    nn::TensorFile file = *ExportWeights(set, "ials", ItemIds());
    // Whose squares have no sum, and whose penalties could not be read again.
    const float number = unobserved_weight == 1 ? 1e30F : 1e18F;
    for (float& value : file.tensors[0].values) value = number;

    EXPECT_THAT(ImportWeights(set, "ials", ItemIds(), file, kNow),
                StatusIs(absl::StatusCode::kFailedPrecondition))
        << number;
  }
}

TEST(ModelWeightsTest, OfThePurchasePredictorGoOutAndComeInToo) {
  Random random(1);
  ModelSet set{.version = "v1"};
  set.purchases.predictor =
      SessionPredictor::Create(
          {.features = {"orders"},
           .scale = {.means = {1}, .deviations = {2}},
           .network = SessionNetwork({.num_features = 1, .hidden = 3, .dimensions = 2}, random)})
          .value();
  const auto exported = ExportWeights(set, kPurchasePredictorName, {});
  ASSERT_THAT(exported, IsOk());

  const auto same = ImportWeights(set, kPurchasePredictorName, {}, *exported, kNow);
  const auto other = ImportWeights(set, kPurchasePredictorName, {}, Changed(*exported), kNow);

  EXPECT_THAT(ValuesOf(*exported), Contains(::testing::Key("lstm.weight_ih_l0")));
  EXPECT_EQ(ValuesOf(*exported).at("scale.deviations"), std::vector<float>{2});
  ASSERT_THAT(same, IsOk());
  ASSERT_THAT(other, IsOk());
  const std::vector<ShopperMoment> moments = {{.features = {3}, .steps = {{.kind = kVisitStep}}}};
  const double before = set.purchases.predictor->Predict(moments)[0].shopper;
  EXPECT_EQ(same->purchases.predictor->Predict(moments)[0].shopper, before);
  EXPECT_NE(other->purchases.predictor->Predict(moments)[0].shopper, before);
}

}  // namespace
}  // namespace vitrine
