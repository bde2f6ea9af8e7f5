// Values that the shop puts: what is taken, and what is read.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/put_features_fixture.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::PutFeaturesTest;
using testing::StatusIs;

constexpr Micros kHour = 3'600 * kMicrosPerSecond;

TEST_F(PutFeaturesTest, AValueIsReadWithItsTimeInTheVeryNextCall) {
  const WriteResult result = Put({Tier("ann", "gold"), Shelf("mug", 7)});

  EXPECT_EQ(result.num_changed, 2);
  EXPECT_EQ(TierOf("ann"), (Feature{"tier", "gold", FeatureStatus::kPresent, FakeClock::kStart}));
  EXPECT_EQ(ShelfOf("mug"),
            (Feature{"shelf", std::int64_t{7}, FeatureStatus::kPresent, FakeClock::kStart}));
}

TEST_F(PutFeaturesTest, WhereNothingWasPutTheDefaultStandsIn) {
  Put({});

  EXPECT_EQ(TierOf("nobody"), (Feature{"tier", "none", FeatureStatus::kMissing, 0}));
  EXPECT_EQ(ShelfOf("nothing"), (Feature{"shelf", {}, FeatureStatus::kMissing, 0}));
}

TEST_F(PutFeaturesTest, AValueGoesStaleAndIsThenForgotten) {
  PutFeatures::Value tier = Tier("ann", "gold");
  tier.ttl_us = kHour;
  Put({tier});

  clock_.Advance(kHour - 1);
  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kPresent);
  clock_.Advance(1);
  EXPECT_EQ(TierOf("ann"), (Feature{"tier", "gold", FeatureStatus::kStale, FakeClock::kStart}));
  clock_.Advance(kHour - 1);
  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kStale);
  clock_.Advance(1);
  EXPECT_EQ(TierOf("ann"), (Feature{"tier", "none", FeatureStatus::kMissing, 0}));
}

TEST_F(PutFeaturesTest, TheTimeToLiveCountsFromTheValuesOwnTime) {
  PutFeatures::Value tier = Tier("ann", "gold");
  tier.time_us = clock_.Now() - kHour;
  tier.ttl_us = kHour;

  Put({tier});

  EXPECT_EQ(TierOf("ann"), (Feature{"tier", "gold", FeatureStatus::kStale, tier.time_us}));
}

TEST_F(PutFeaturesTest, WithoutATimeToLiveAValueStays) {
  Put({Tier("ann", "gold")});

  clock_.Advance(10'000 * kMicrosPerDay);
  Open();

  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kPresent);
}

TEST_F(PutFeaturesTest, OneWrongValueRefusesAll) {
  PutFeatures::Value wrong = Shelf("mug", 1);
  wrong.value = 1.5;
  wrong.type = FeatureType::kNumber;
  PutFeatures::Value unknown = Shelf("mug", 1);
  unknown.name = "shelv";
  PutFeatures::Value of_a_user = Shelf("mug", 1);
  of_a_user.entity = FeatureEntity::kUser;

  for (const auto& [value, reason] :
       {std::pair(wrong, kReasonFeatureType), std::pair(unknown, kReasonFeatureUnknown),
        std::pair(of_a_user, kReasonFeatureUnknown)}) {
    const auto result = store_->Write(PutFeatures{Definitions(), {Tier("ann", "gold"), value}});
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(result.status().GetPayload(kReasonPayload), absl::Cord(reason));
  }
  EXPECT_THAT(PutSpecs(), IsEmpty());
  EXPECT_EQ(store_->sequence(), 0);
  EXPECT_EQ(store_->catalogue().Find("mug"), std::nullopt);
}

TEST_F(PutFeaturesTest, TypeAndEntityAreForGoodAndTheRestMayChange) {
  Put({});
  FeatureSpec other_type = Definitions()[0];
  other_type.type = FeatureType::kNumber;
  other_type.missing = std::monostate();
  FeatureSpec other_words = Definitions()[0];
  other_words.description = "Rank in the new club.";

  const auto refused = store_->Write(PutFeatures{{other_type}, {}});
  EXPECT_EQ(refused.status().GetPayload(kReasonPayload), absl::Cord(kReasonFeatureType));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("tier"));
  EXPECT_THAT(store_->Write(PutFeatures{{other_words}, {}}), IsOk());

  Open();
  EXPECT_EQ(PutSpecs()[0].description, "Rank in the new club.");
}

TEST_F(PutFeaturesTest, ARepeatedDefinitionChangesNothing) {
  Put({});
  const std::uint64_t sequence = store_->sequence();

  Put({});

  EXPECT_EQ(store_->sequence(), sequence);
}

TEST_F(PutFeaturesTest, AStoreTakesSoManyFeaturesAndNoMore) {
  PutFeatures all;
  for (std::size_t i = 0; i < kMaxPutFeatures; ++i) {
    all.definitions.push_back({.name = absl::StrFormat("f%d", i),
                               .entity = FeatureEntity::kItem,
                               .type = FeatureType::kInteger});
  }
  ASSERT_THAT(store_->Write(all), IsOk());

  const auto result = store_->Write(PutFeatures{Definitions(), {}});

  EXPECT_EQ(result.status().GetPayload(kReasonPayload), absl::Cord(kReasonFeatureCount));
  EXPECT_EQ(PutSpecs().size(), kMaxPutFeatures);
}

TEST_F(PutFeaturesTest, AnOlderValueDoesNotReplaceANewerOne) {
  Put({Tier("ann", "gold")});
  PutFeatures::Value late = Tier("ann", "silver");
  late.time_us = clock_.Now() - 1;

  const WriteResult result = Put({late});

  EXPECT_EQ(result.num_outdated, 1);
  EXPECT_EQ(result.num_changed, 0);
  EXPECT_EQ(TierOf("ann").value, FeatureValue("gold"));
}

TEST_F(PutFeaturesTest, OfTwoInOneCallTheLaterWins) {
  Put({Tier("ann", "gold"), Tier("ann", "silver")});

  EXPECT_EQ(TierOf("ann").value, FeatureValue("silver"));
}

TEST_F(PutFeaturesTest, AValueCanBeTakenBack) {
  Put({Tier("ann", "gold")});
  PutFeatures::Value none = Tier("ann", "");
  none.value = std::monostate();

  EXPECT_EQ(Put({none}).num_removed, 1);
  EXPECT_EQ(Put({none}).num_unknown, 1);

  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kMissing);
  Open();
  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kMissing);
}

TEST_F(PutFeaturesTest, WeightsComeBackTheHeaviestFirst) {
  const FeatureSpec taste{
      .name = "taste", .entity = FeatureEntity::kUser, .type = FeatureType::kWeights};
  const PutFeatures::Value value{.entity = FeatureEntity::kUser,
                                 .id = "ann",
                                 .name = "taste",
                                 .type = FeatureType::kWeights,
                                 .value = WeightedNames{{"b", 1}, {"c", 2}, {"a", 1}}};
  ASSERT_THAT(store_->Write(PutFeatures{{taste}, {value}}), IsOk());

  Open();

  const std::vector<std::string> names = {"taste"};
  EXPECT_EQ(store_->ReadUserFeatures("ann", "", names, clock_.Now())[0].value,
            FeatureValue(WeightedNames{{"c", 2}, {"a", 1}, {"b", 1}}));
}

TEST_F(PutFeaturesTest, ComputedAndPutFeaturesAreReadInOneCallInTheOrderAskedFor) {
  Put({Tier("ann", "gold")});
  std::string computed;
  for (const FeatureSpec& spec : BehaviourFeatures()) {
    if (spec.entity == FeatureEntity::kUser) computed = spec.name;
  }
  const std::vector<std::string> alone = {computed};
  const std::vector<std::string> names = {computed, "tier", "shelf", "tier", computed};

  const auto features = store_->ReadUserFeatures("ann", "", names, clock_.Now());

  const Feature want = store_->ReadUserFeatures("ann", "", alone, clock_.Now())[0];
  ASSERT_EQ(features.size(), 5);
  EXPECT_EQ(features[0], want);
  EXPECT_EQ(features[1].value, FeatureValue("gold"));
  EXPECT_EQ(features[2], (Feature{"shelf", {}, FeatureStatus::kMissing, 0}));  // Not of users.
  EXPECT_EQ(features[3].value, FeatureValue("gold"));
  EXPECT_EQ(features[4], want);
}

TEST_F(PutFeaturesTest, AskedForAllTheComputedOnesComeFirst) {
  const std::size_t num_computed = store_->ReadUserFeatures("ann", "", {}, clock_.Now()).size();
  Put({Tier("ann", "gold")});

  const auto features = store_->ReadUserFeatures("ann", "", {}, clock_.Now());

  EXPECT_EQ(features.size(), num_computed + 1);
  EXPECT_EQ(features.back().name, "tier");
  EXPECT_EQ(store_->ReadItemFeatures("mug", {}, clock_.Now()).back().name, "shelf");
}

TEST_F(PutFeaturesTest, AVisitorWhoLoggedInIsReadAsTheUser) {
  Put({Tier("ann", "gold")});
  EXPECT_EQ(TierOf("", "phone").status, FeatureStatus::kMissing);

  ASSERT_THAT(store_->Write(MergeUsers{.visitor_id = "phone", .user_id = "ann"}), IsOk());

  EXPECT_EQ(TierOf("", "phone").value, FeatureValue("gold"));
  EXPECT_EQ(TierOf("ann", "phone").value, FeatureValue("gold"));
}

}  // namespace
}  // namespace vitrine
