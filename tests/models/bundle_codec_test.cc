#include "models/bundle_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "models/fake_kind.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/dnn/session_predictor.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using testing::TableKind;
using testing::TableModel;
using testing::TableScorer;

const std::vector<std::string> kItemIds = {"mug", "Mug", "tasse", "杯子"};

ModelSet SomeModels() {
  return {
      .version = "20260131T101500Z",
      .trained_us = 1'769'854'500'000'000,
      .dataset_fingerprint = 0xFEDCBA9876543210,
      .content_fingerprint = 0xFFFFFFFF,
      .metrics = {{"ndcg@20", 0.115}, {"recall@20", 0.09}},
      .blend_question = 0xFEDCBA98,
      .weights = {{"first", {.weight = 1}}, {"second", {.weight = 0.25, .growth = {0.5, -1, 2}}}},
      .cold_start_events = 0.3,
      .trend = {.power = 0.5, .half_life_days = 14, .ln_by_item = {0, -1, -2, -3}},
      .models = {TableModel("first", {1, 2, 3, 4}), TableModel("second", {5, 6, 7, 8})}};
}

std::string Encoded(const ModelSet& models) {
  return EncodeBundle(models, kItemIds, TableKind()).value();
}

// A store that gave the items of `order` the indices 0, 1, ...
std::function<std::optional<ItemIndex>(std::string_view)> StoreOf(std::vector<std::string> order) {
  return [order = std::move(order)](std::string_view id) -> std::optional<ItemIndex> {
    for (std::size_t row = 0; row < order.size(); ++row) {
      if (order[row] == id) return ItemIndex(static_cast<std::uint32_t>(row));
    }
    return std::nullopt;
  };
}

absl::StatusOr<ModelSet> Decode(std::string_view bytes) {
  return DecodeBundle(bytes, "x.bundle", kItemIds.size(), StoreOf(kItemIds), TableKind());
}

const std::vector<float>& Table(const Model& model) {
  return static_cast<const TableScorer&>(*model.scorer).by_item();
}

TEST(BundleCodecTest, WhatWasSavedIsLoaded) {
  const ModelSet saved = SomeModels();

  const auto loaded = Decode(Encoded(saved));

  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->version, saved.version);
  EXPECT_EQ(loaded->trained_us, saved.trained_us);
  EXPECT_EQ(loaded->dataset_fingerprint, saved.dataset_fingerprint);
  EXPECT_EQ(loaded->metrics, saved.metrics);
  EXPECT_EQ(loaded->blend_question, saved.blend_question);
  EXPECT_EQ(loaded->content_fingerprint, saved.content_fingerprint);
  EXPECT_EQ(loaded->weights, saved.weights);
  EXPECT_EQ(loaded->cold_start_events, 0.3);
  EXPECT_EQ(loaded->trend.power, saved.trend.power);
  EXPECT_EQ(loaded->trend.half_life_days, saved.trend.half_life_days);
  EXPECT_EQ(loaded->trend.ln_by_item, saved.trend.ln_by_item);
  ASSERT_EQ(loaded->models.size(), 2u);
  EXPECT_EQ(loaded->models[1].name, "second");
  EXPECT_EQ(loaded->models[1].kind, "table");
  EXPECT_EQ(loaded->models[1].settings, saved.models[1].settings);
  EXPECT_THAT(Table(loaded->models[0]), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Table(loaded->models[1]), ElementsAre(5, 6, 7, 8));
}

TEST(BundleCodecTest, WhatCannotBeTheBlendsQuestionIsNone) {
  ModelSet saved = SomeModels();
  saved.blend_question = 0;

  for (const double number : {-1.0, 4294967296.0, std::nan("")}) {
    saved.metrics["blend_question"] = number;
    const auto loaded = Decode(Encoded(saved));
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->blend_question, 0u) << number;
  }
}

TEST(BundleCodecTest, AnEmptyModelSetIsABundleToo) {
  const auto bytes = EncodeBundle({.version = "v"}, {}, TableKind());

  ASSERT_THAT(bytes, IsOk());
  const auto loaded = DecodeBundle(*bytes, "x", 3, StoreOf({}), TableKind());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_TRUE(loaded->models.empty());
}

TEST(BundleCodecTest, RowsFollowTheItemsIntoAStoreWithOtherIndices) {
  const auto loaded = DecodeBundle(Encoded(SomeModels()), "x", 4,
                                   StoreOf({"new", "杯子", "mug", "Mug"}), TableKind());

  ASSERT_THAT(loaded, IsOk());
  // "tasse" is not in this store, "new" not in the bundle.
  EXPECT_THAT(Table(loaded->models[0]), ElementsAre(kUnscored, 4, 1, 2));
  EXPECT_THAT(loaded->trend.ln_by_item, ElementsAre(kUntouchedTrend, -3, 0, -1));
}

TEST(BundleCodecTest, AStoreThatGrewWhileLoadingIsNoError) {
  const auto loaded = DecodeBundle(Encoded(SomeModels()), "x", 2, StoreOf(kItemIds), TableKind());

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(Table(loaded->models[0]), ElementsAre(1, 2, 3, 4));
}

TEST(BundleCodecTest, TwoRowsForOneItemAreRefused) {
  const auto first = [](std::string_view) { return std::optional(ItemIndex{0}); };

  EXPECT_THAT(DecodeBundle(Encoded(SomeModels()), "x", 4, first, TableKind()),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(BundleCodecTest, TheSummaryTellsWithoutLoadingModels) {
  const ModelSet saved = SomeModels();

  const auto summary = DecodeSummary(Encoded(saved), "x.bundle");

  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->version, saved.version);
  EXPECT_EQ(summary->trained_us, saved.trained_us);
  EXPECT_EQ(summary->metrics, saved.metrics);
  EXPECT_EQ(summary->weights, (std::map<std::string, double>{{"first", 1}, {"second", 0.25}}));
  EXPECT_THAT(summary->model_names, ElementsAre("first", "second"));
}

TEST(BundleCodecTest, AModelOfAnUnknownKindIsRefusedByNameOnBothWays) {
  ModelSet models = SomeModels();
  const std::string bytes = Encoded(models);
  models.models[1].kind = "transformer";

  const auto saved = EncodeBundle(models, kItemIds, TableKind());
  const auto loaded = DecodeBundle(bytes, "x.bundle", 4, StoreOf(kItemIds), {});

  EXPECT_THAT(saved, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(saved.status().message()), HasSubstr("transformer"));
  EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(loaded.status().message()),
              AllOf(HasSubstr("x.bundle"), HasSubstr("table")));
}

TEST(BundleCodecTest, AWeightThatIsNoneIsRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const BlendWeight& wrong : {BlendWeight{.weight = kNan}, BlendWeight{.weight = -1},
                                   BlendWeight{.weight = 1, .growth = {0, kNan, 0}}}) {
    ModelSet models = SomeModels();
    models.weights["first"] = wrong;

    EXPECT_THAT(Decode(Encoded(models)), StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(DecodeSummary(Encoded(models), "x"), StatusIs(absl::StatusCode::kDataLoss));
  }
}

ModelSet WithPurchases() {
  Random random(1);
  SessionPredictor::Parts parts{
      .features = {"orders"},
      .scale = {.means = {1}, .deviations = {2}},
      .is_live = {true, false, true},
      .network = SessionNetwork({.num_features = 1, .hidden = 2, .dimensions = 0}, random)};
  ModelSet models = SomeModels();
  models.purchases = {.settings = {{"hidden", "2"}},
                      .predictor = SessionPredictor::Create(std::move(parts)).value()};
  return models;
}

TEST(BundleCodecTest, APurchasePredictorIsLoadedBesideTheModels) {
  const ModelSet saved = WithPurchases();
  const std::string bytes = Encoded(saved);

  const auto loaded = Decode(bytes);
  const auto summary = DecodeSummary(bytes, "x");

  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->models.size(), 2u);
  EXPECT_THAT(Table(loaded->models[1]), ElementsAre(5, 6, 7, 8));
  ASSERT_NE(loaded->purchases.predictor, nullptr);
  EXPECT_EQ(loaded->purchases.settings, saved.purchases.settings);
  ByteWriter want;
  ByteWriter have;
  Save(*saved.purchases.predictor, want);
  Save(*loaded->purchases.predictor, have);
  EXPECT_EQ(have.bytes(), want.bytes());
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(summary->model_names, ElementsAre("first", "second", "purchase_predictor"));
  EXPECT_EQ(Decode(Encoded(SomeModels()))->purchases.predictor, nullptr);
}

TEST(BundleCodecTest, APurchasePredictorThatIsCutOrChangedIsRefusedOrLoaded) {
  const std::string bytes = Encoded(WithPurchases());
  for (std::size_t at = Encoded(SomeModels()).size(); at < bytes.size(); ++at) {
    EXPECT_THAT(Decode(std::string_view(bytes).substr(0, at)),
                StatusIs(absl::StatusCode::kDataLoss));
    std::string changed = bytes;
    changed[at] = static_cast<char>(~static_cast<unsigned char>(changed[at]));
    const auto loaded = Decode(changed);
    if (loaded.ok()) continue;
    EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kDataLoss)) << at;
  }
}

// The checksum around these bytes catches damage; these two tests are about bytes that are whole
// and wrong, which must not crash either.
TEST(BundleCodecTest, EveryTruncationIsRefused) {
  const std::string bytes = Encoded(SomeModels());

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(Decode(std::string_view(bytes).substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size << " of " << bytes.size() << " bytes";
  }
  EXPECT_THAT(Decode(bytes + "x"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(BundleCodecTest, ChangedBytesAreRefusedOrLoadedButNeverCrash) {
  const std::string bytes = Encoded(SomeModels());

  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned change : {0x01u, 0x10u, 0x80u, 0xFFu}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);

      const auto loaded = Decode(changed);
      if (loaded.ok()) continue;
      EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kDataLoss)) << "byte " << at;
    }
  }
}

}  // namespace
}  // namespace vitrine
