#include "vitrine/feature_store/attribution.h"

#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "testing/fake_clock.h"
#include "testing/fake_feature_store.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/sealed_token.h"
#include "vitrine/feature_store/validate.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using vitrine::testing::FakeFeatureStore;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class AttributionTest : public ::testing::Test {
 protected:
  AttributionTest() {
    for (int i = 0; i < 300; ++i) store_.Put({.id = "item-" + std::to_string(i)});
  }

  Attribution RandomOne(Random& random) const {
    Attribution one{.placement = std::string(random.Below(40), 'p'),
                    .model_version = random.Below(3) == 0 ? "" : "20260101-000000-1",
                    .time_us = static_cast<Micros>(random.Below(1ULL << 52)),
                    .first_position = 1 + random.Below(1000)};
    const bool is_drawn = random.Below(2) == 0;
    for (std::uint64_t i = random.Below(201); i > 0; --i) {
      one.items.push_back(ItemIndex{static_cast<std::uint32_t>(random.Below(300))});
      if (is_drawn) one.propensities.push_back(static_cast<float>(1 - random.Uniform()));
    }
    return one;
  }

  FakeFeatureStore store_;
  const Attribution one_{.placement = "home",
                         .model_version = "v1",
                         .time_us = 1'767'225'600'000'000,
                         .first_position = 21,
                         .items = {ItemIndex{7}, ItemIndex{299}, ItemIndex{0}},
                         .propensities = {0.5F, 1, 0.125F}};
};

TEST_F(AttributionTest, ATokenSaysWhatWasSealed) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    const Attribution one = RandomOne(random);

    const auto read = ReadAttribution(store_, SealAttribution(store_, one));

    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(*read, one);
  }
}

TEST_F(AttributionTest, ItKnowsWhereAnItemStood) {
  EXPECT_EQ(one_.PositionOf(ItemIndex{7}), 21U);
  EXPECT_EQ(one_.PositionOf(ItemIndex{0}), 23U);
  EXPECT_EQ(one_.PositionOf(ItemIndex{8}), std::nullopt);
}

TEST_F(AttributionTest, ItIsShortAndFitsIntoAnEvent) {
  Attribution twenty{.placement = "recommended-for-you",
                     .model_version = "20260101-000000-1",
                     .time_us = 1'767'225'600'000'000};
  for (std::uint32_t i = 0; i < 20; ++i) twenty.items.push_back(ItemIndex{i * 15});
  EXPECT_LT(SealAttribution(store_, twenty).size(), 170U);

  // The longest there is: a page of 200 drawn items, of a shop with millions of them.
  Attribution longest = twenty;
  longest.placement = std::string(kMaxIdBytes, 'p');
  longest.items.assign(200, ItemIndex{200'000'000});
  longest.propensities.assign(200, 0.5F);
  const std::string token = SealAttribution(store_, longest);
  EXPECT_LT(token.size(), 3'000U);
  const Event event{.type = EventType::kImpression,
                    .user_id = "ann",
                    .time_us = 1,
                    .items = {{.item_id = "item-1"}},
                    .attribution_token = token};
  EXPECT_TRUE(Validate(event, 2).empty());
}

TEST_F(AttributionTest, EveryChangeOfATokenIsNoticed) {
  const std::string token = SealAttribution(store_, one_);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'w' : 'A';
    EXPECT_THAT(ReadAttribution(store_, damaged), StatusIs(kInvalid)) << i;
    EXPECT_THAT(ReadAttribution(store_, token.substr(0, i)), StatusIs(kInvalid)) << i;
    EXPECT_THAT(ReadAttribution(store_, token.substr(0, i) + "*" + token.substr(i)),
                StatusIs(kInvalid));
  }
  EXPECT_THAT(ReadAttribution(store_, token + token), StatusIs(kInvalid));
  const absl::Status nonsense = ReadAttribution(store_, "our newsletter").status();
  EXPECT_THAT(std::string(nonsense.message()), HasSubstr("as it came"));
}

TEST_F(AttributionTest, RandomBytesAreNoToken) {
  Random random(2);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(random.Below(200), '\0');
    for (char& c : bytes) c = static_cast<char>(random.Below(256));
    EXPECT_THAT(ReadAttribution(store_, bytes), StatusIs(kInvalid));
    if (!bytes.empty()) bytes[0] = static_cast<char>(TokenForm::kAttribution);
    EXPECT_THAT(ReadAttribution(store_, absl::WebSafeBase64Escape(bytes)), StatusIs(kInvalid));
  }
}

// Bytes that the store itself sealed, as another version of the program might.
TEST_F(AttributionTest, SealedBytesThatAreNoAttributionAreRefused) {
  Random random(3);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(1 + random.Below(60), '\0');
    for (char& c : bytes) c = static_cast<char>(random.Below(256));
    bytes[0] = static_cast<char>(TokenForm::kAttribution);
    const auto read = ReadAttribution(store_, SealToken(store_, bytes));
    if (read.ok()) {
      EXPECT_TRUE(read->propensities.empty() || read->propensities.size() == read->items.size());
    }
  }
  Attribution uneven = one_;
  uneven.items.push_back(ItemIndex{300});  // No item has the index: the store is an older one.
  uneven.propensities.push_back(1);
  EXPECT_THAT(ReadAttribution(store_, SealAttribution(store_, uneven)), StatusIs(kInvalid));
}

TEST_F(AttributionTest, ATokenOfAnotherFormIsRefused) {
  const std::string token = SealAttribution(store_, one_);
  std::string bytes = *OpenToken(store_, TokenForm::kAttribution, token);
  for (const int form : {0, 1, 3, 127}) {
    bytes[0] = static_cast<char>(form);
    EXPECT_THAT(ReadAttribution(store_, SealToken(store_, bytes)), StatusIs(kInvalid));
  }
  EXPECT_EQ(OpenToken(store_, TokenForm::kPage, token), std::nullopt);
}

TEST(AttributionOnDiskTest, ATokenOutlivesARestartAndIsNoOtherStores) {
  TemporaryFolder folder;
  vitrine::testing::FakeClock clock;
  std::string token;
  for (const char* name : {"one", "one", "two"}) {
    const auto store = FeatureStore::Open(folder / name, {}, LocalFileSystem(), clock);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->Write(UpsertItems{{{.id = "mug"}}}), IsOk());
    const Attribution one{.placement = "home", .items = {ItemIndex{0}}};
    if (token.empty()) token = SealAttribution(**store, one);

    const auto read = ReadAttribution(**store, token);

    if (std::string(name) == "two") {
      EXPECT_THAT(read, StatusIs(kInvalid));
    } else {
      ASSERT_THAT(read, IsOk());
      EXPECT_EQ(*read, one);
    }
  }
}

}  // namespace
}  // namespace vitrine
