#include "vitrine/models/model_kinds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "models/bundle_codec.h"
#include "models/small_dataset.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using testing::AllItems;
using testing::IsOk;
using testing::kItems;
using testing::Scores;
using testing::SmallDataset;
using testing::StatusIs;

ModelSet TrainedModels(const Dataset& shop) {
  ThreadPool pool(2);
  ModelSet set{.version = "v1"};
  for (const ModelKind& kind : ModelKinds()) {
    const Trainer* trainer = FindTrainer(kind.name);
    EXPECT_NE(trainer, nullptr) << kind.name;
    Settings settings;  // A few places for what is hashed, not the megabytes of a real shop.
    if (trainer->defaults.contains("buckets")) settings["buckets"] = "64";
    if (kind.name == "bought_together") {  // The shop says of no event what it was.
      settings = {{"events", "any"}, {"window_minutes", "1e6"}, {"shrinkage", "0"}};
    }
    set.models.push_back(trainer->train(shop, settings, {.pool = &pool}).value());
  }
  return set;
}

TEST(ModelKindsTest, AreInOrderOfNameAndFoundByIt) {
  const auto& kinds = ModelKinds();

  EXPECT_TRUE(std::is_sorted(kinds.begin(), kinds.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const ModelKind& kind : kinds) EXPECT_EQ(FindModelKind(kind.name), &kind);
  EXPECT_EQ(FindModelKind("transformer"), nullptr);
}

TEST(ModelKindsTest, EveryTrainersModelCanBeSaved) {
  for (const Trainer& trainer : Trainers()) EXPECT_NE(FindModelKind(trainer.name), nullptr);
}

// The store that loads gave the items other indices (reversed, five later) and never heard of the
// last one.
TEST(ModelKindsTest, ALoadedModelScoresAsTheSavedOneUnderOtherIndices) {
  const Dataset shop = SmallDataset();
  const ModelSet saved = TrainedModels(shop);
  const std::string bytes = EncodeBundle(saved, shop.item_ids, ModelKinds()).value();
  constexpr std::uint32_t kLast = kItems - 1;
  const auto moved = [](ItemIndex item) {
    return ItemIndex{kLast - 1 - static_cast<std::uint32_t>(item) + 5};
  };
  const auto find = [&](std::string_view id) -> std::optional<ItemIndex> {
    const auto at = std::find(shop.item_ids.begin(), shop.item_ids.end(), id);
    const auto row = static_cast<std::uint32_t>(at - shop.item_ids.begin());
    return row == kLast ? std::nullopt : std::optional(moved(ItemIndex{row}));
  };
  std::vector<ItemIndex> items = AllItems();
  items.pop_back();
  std::vector<ItemIndex> moved_items(items.size());
  std::transform(items.begin(), items.end(), moved_items.begin(), moved);
  const std::vector<ItemIndex> history = {ItemIndex{2}, ItemIndex{11}, ItemIndex{7}};
  std::vector<ItemIndex> moved_history(history.size());
  std::transform(history.begin(), history.end(), moved_history.begin(), moved);

  const auto loaded = DecodeBundle(bytes, "x", kItems + 5, find, ModelKinds());

  ASSERT_THAT(loaded, IsOk());
  for (std::size_t m = 0; m < saved.models.size(); ++m) {
    const Model& before = saved.models[m];
    const Model& after = loaded->models[m];
    SCOPED_TRACE(before.name);
    EXPECT_EQ(after.name, before.name);
    EXPECT_EQ(after.family, before.family);
    EXPECT_EQ(after.settings, before.settings);
    const Matrix expected = Scores(*before.scorer, history, items);
    const Matrix actual = Scores(*after.scorer, moved_history, moved_items);
    const bool is_ranker = before.kind == "deep_ranker";  // As a scorer it says nothing.
    EXPECT_EQ(expected.array().isFinite().any(), !is_ranker);
    for (Eigen::Index i = 0; i < expected.cols(); ++i) {
      if (std::isfinite(expected(0, i))) {
        // The unknown item may have had a part in the scale of the others, not more.
        EXPECT_NEAR(actual(0, i), expected(0, i), 0.05F * std::abs(expected(0, i)) + 0.02F) << i;
      } else {
        EXPECT_EQ(actual(0, i), expected(0, i)) << i;
      }
    }
    EXPECT_EQ(after.explainer != nullptr, before.explainer != nullptr);
    EXPECT_EQ(after.item_to_item != nullptr, before.item_to_item != nullptr);
  }
}

TEST(ModelKindsTest, ALoadedModelScoresTheSameBitsUnderTheSameIndices) {
  const Dataset shop = SmallDataset();
  const ModelSet saved = TrainedModels(shop);
  const auto find = [&](std::string_view id) -> std::optional<ItemIndex> {
    const auto at = std::find(shop.item_ids.begin(), shop.item_ids.end(), id);
    return ItemIndex{static_cast<std::uint32_t>(at - shop.item_ids.begin())};
  };

  const auto loaded = DecodeBundle(EncodeBundle(saved, shop.item_ids, ModelKinds()).value(), "x",
                                   kItems, find, ModelKinds());

  ASSERT_THAT(loaded, IsOk());
  for (std::size_t m = 0; m < saved.models.size(); ++m) {
    const Matrix expected =
        Scores(*saved.models[m].scorer, {ItemIndex{2}, ItemIndex{7}}, AllItems());
    const Matrix actual =
        Scores(*loaded->models[m].scorer, {ItemIndex{2}, ItemIndex{7}}, AllItems());
    for (Eigen::Index i = 0; i < expected.cols(); ++i) {
      EXPECT_EQ(actual(0, i), expected(0, i)) << saved.models[m].name << " item " << i;
    }
  }
}

// Whole by their checksum and wrong: as another program might write them.
TEST(ModelKindsTest, WrongBytesAreRefusedOrLoadedButNeverCrash) {
  const Dataset shop = SmallDataset();
  const auto find = [&](std::string_view id) -> std::optional<ItemIndex> {
    const auto at = std::find(shop.item_ids.begin(), shop.item_ids.end(), id);
    if (at == shop.item_ids.end()) return std::nullopt;
    return ItemIndex{static_cast<std::uint32_t>(at - shop.item_ids.begin())};
  };
  const ModelSet trained = TrainedModels(shop);
  for (const Model& model : trained.models) {
    SCOPED_TRACE(model.name);
    ModelSet set;
    set.models = {model};
    const std::string bytes = EncodeBundle(set, shop.item_ids, ModelKinds()).value();
    Random random(1);
    for (int round = 0; round < 3000; ++round) {
      std::string wrong = bytes;
      const std::size_t at = random.Below(wrong.size());
      if (round % 3 == 0) {
        wrong.resize(at);
      } else {
        wrong[at] = static_cast<char>(random.Below(256));
      }

      const auto loaded = DecodeBundle(wrong, "x", kItems, find, ModelKinds());

      if (!loaded.ok()) {
        EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kDataLoss)) << "byte " << at;
      } else {  // Then it must also answer.
        (void)Scores(*loaded->models[0].scorer, {ItemIndex{2}, ItemIndex{7}}, AllItems());
      }
    }
  }
}

}  // namespace
}  // namespace vitrine
