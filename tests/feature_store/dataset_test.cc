#include "vitrine/feature_store/dataset.h"

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::Pair;
using ::testing::Pointee;

Interaction Touch(std::uint32_t item, float weight) {
  return {.time_us = 0, .item = ItemIndex{item}, .weight = weight};
}

std::shared_ptr<const ProfileAttributes> From(const char* country) {
  return std::make_shared<const ProfileAttributes>(ProfileAttributes{{"country", country}});
}

Dataset TwoUsers() {
  Dataset dataset;
  dataset.item_ids = {"a", "b", "c"};
  dataset.items = {std::make_shared<Item>(Item{.id = "a", .title = "Mug"}), nullptr, nullptr};
  dataset.user_ids = {"u", "v"};
  dataset.interactions = {Touch(2, 1), Touch(0, 3), Touch(2, 5), Touch(1, -5), Touch(0, 1)};
  dataset.user_begin = {0, 3, 5};
  return dataset;
}

TEST(DatasetTest, UserItemWeightsSumsRepeats) {
  const CsrMatrix weights = UserItemWeights(TwoUsers());

  EXPECT_EQ(weights.num_rows, 2U);
  EXPECT_EQ(weights.num_cols, 3U);
  EXPECT_THAT(weights.Columns(0), ElementsAre(0, 2));
  EXPECT_THAT(weights.Values(0), ElementsAre(3, 6));
}

TEST(DatasetTest, UserItemWeightsLeavesOutWhatIsNotLiked) {
  Dataset dataset = TwoUsers();
  dataset.interactions[3] = Touch(0, -1);  // Takes back the one after it.

  EXPECT_THAT(UserItemWeights(dataset).Columns(1), IsEmpty());
  EXPECT_THAT(UserItemWeights(TwoUsers()).Columns(1), ElementsAre(0));
}

TEST(DatasetTest, UserItemWeightsOfNothingHasNoRows) {
  const CsrMatrix weights = UserItemWeights(Dataset{});

  EXPECT_EQ(weights.num_rows, 0U);
  EXPECT_THAT(weights.row_begin, ElementsAre(0));
}

TEST(DatasetTest, EveryPartChangesTheFingerprint) {
  const std::vector<std::function<void(Dataset&)>> changes = {
      [](Dataset&) {},
      [](Dataset& dataset) { dataset.item_ids[0] = "A"; },
      [](Dataset& dataset) {
        dataset.items[0] = std::make_shared<Item>(Item{.id = "a", .title = "Cup"});
      },
      [](Dataset& dataset) {
        dataset.items[0] =
            std::make_shared<Item>(Item{.id = "a", .title = "Mug", .attributes = {{"size", 1.0}}});
      },
      [](Dataset& dataset) { dataset.items[0] = nullptr; },
      [](Dataset& dataset) { dataset.user_ids[1] = "w"; },
      [](Dataset& dataset) { dataset.user_begin[1] = 2; },
      [](Dataset& dataset) { dataset.interactions[0].weight = 2; },
      [](Dataset& dataset) { dataset.interactions[4].time_us = 1; },
      [](Dataset& dataset) { dataset.interactions[4].item = ItemIndex{1}; },
      [](Dataset& dataset) { dataset.now_us = 1; },
      [](Dataset& dataset) {
        dataset.profiles = {{0, From("DE")}};
      },
      [](Dataset& dataset) {
        dataset.profiles = {{1, From("DE")}};
      },
      [](Dataset& dataset) {
        dataset.profiles = {{1, From("FR")}};
      },
      [](Dataset& dataset) {
        dataset.profiles = {{0, From("DE")}, {1, From("DE")}};
      },
  };
  std::set<std::uint64_t> fingerprints;

  for (const auto& change : changes) {
    Dataset dataset = TwoUsers();
    change(dataset);
    SetFingerprint(dataset);
    fingerprints.insert(dataset.fingerprint);
  }

  EXPECT_EQ(fingerprints.size(), changes.size());
}

TEST(DatasetTest, AProfileIsItsUsersAndOthersHaveNone) {
  Dataset dataset = TwoUsers();
  dataset.profiles = {{1, From("DE")}};

  EXPECT_THAT(dataset.ProfileOf(0), IsNull());
  EXPECT_THAT(dataset.ProfileOf(1), Pointee(ElementsAre(Pair("country", AttributeValue("DE")))));
  EXPECT_THAT(TwoUsers().ProfileOf(1), IsNull());
}

TEST(DatasetTest, EqualContentHasEqualFingerprints) {
  Dataset a = TwoUsers();
  Dataset b = TwoUsers();
  SetFingerprint(a);
  SetFingerprint(b);

  EXPECT_EQ(a.fingerprint, b.fingerprint);
}

// Bundles hold it: another form of the same data would look like other data. The number is that of
// another program, by XXH3 alone.
TEST(DatasetTest, TheFingerprintOfTheSameDataStaysWhatItWas) {
  Dataset dataset = TwoUsers();
  dataset.items = {nullptr, nullptr, nullptr};
  dataset.user_ids.assign(20'000, std::string(100, 'u'));  // More than one piece.
  dataset.now_us = 7;

  SetFingerprint(dataset);

  EXPECT_EQ(dataset.fingerprint, 0x35E3C3AABEBB8A89U);
}

TEST(DatasetTest, TheFingerprintCoversDataLargerThanOnePiece) {
  Dataset dataset;
  dataset.item_ids = {"a"};
  dataset.interactions.assign(200'000, Touch(0, 1));
  dataset.user_begin = {0, dataset.interactions.size()};
  SetFingerprint(dataset);
  const std::uint64_t before = dataset.fingerprint;
  dataset.interactions[100'000].weight = 2;
  SetFingerprint(dataset);

  EXPECT_NE(dataset.fingerprint, before);
}

}  // namespace
}  // namespace vitrine
