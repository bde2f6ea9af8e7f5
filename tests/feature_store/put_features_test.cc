// Values that the shop puts: their life, on the disk and off it.

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/put_codec.h"
#include "feature_store/storage.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/behaviour/registry.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

constexpr Micros kHour = 3'600 * kMicrosPerSecond;
constexpr char kAnn[] = "ann-4711-secret";

class PutFeaturesTest : public ::testing::Test {
 protected:
  PutFeaturesTest() { Open(); }

  void Open() {
    store_.reset();
    files_ = std::make_unique<FaultFileSystem>();
    auto store = FeatureStore::Open(folder_.path(), {}, *files_, clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  void OpenAfterAPowerCut() {
    files_->CutPower();
    Open();
  }

  static std::vector<FeatureSpec> Definitions() {
    return {{.name = "tier",
             .entity = FeatureEntity::kUser,
             .type = FeatureType::kText,
             .unit = "1",
             .missing = std::string("none"),
             .owner = "crm",
             .description = "Rank in the club."},
            {.name = "shelf", .entity = FeatureEntity::kItem, .type = FeatureType::kInteger}};
  }

  static PutFeatures::Value Tier(const std::string& user, const std::string& tier) {
    return {.entity = FeatureEntity::kUser,
            .id = user,
            .name = "tier",
            .type = FeatureType::kText,
            .value = tier};
  }

  static PutFeatures::Value Shelf(const std::string& item, std::int64_t shelf) {
    return {.entity = FeatureEntity::kItem,
            .id = item,
            .name = "shelf",
            .type = FeatureType::kInteger,
            .value = shelf};
  }

  WriteResult Put(std::vector<PutFeatures::Value> values) {
    auto result = store_->Write(PutFeatures{Definitions(), std::move(values)});
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : WriteResult();
  }

  Feature TierOf(const std::string& user, const std::string& visitor = "") const {
    const std::vector<std::string> names = {"tier"};
    return store_->ReadUserFeatures(user, visitor, names, clock_.Now())[0];
  }

  Feature ShelfOf(const std::string& item) const {
    const std::vector<std::string> names = {"shelf"};
    return store_->ReadItemFeatures(item, names, clock_.Now())[0];
  }

  // What the registry has behind the built-in features.
  std::vector<FeatureSpec> PutSpecs() const {
    const std::vector<FeatureSpec>& all = store_->feature_registry()->specs();
    return {all.begin() + static_cast<std::ptrdiff_t>(BehaviourFeatures().size()), all.end()};
  }

  // Files below the store's folder that hold `text`.
  std::vector<std::string> FilesWith(const std::string& text) const {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!file.is_regular_file()) continue;
      const std::string bytes = *LocalFileSystem().ReadFile(file.path());
      if (bytes.find(text) != std::string::npos) found.push_back(file.path());
    }
    return found;
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FaultFileSystem> files_;
  std::unique_ptr<FeatureStore> store_;
};

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

TEST_F(PutFeaturesTest, AForgottenValueIsGoneFromTheFilesAfterTheNextStart) {
  PutFeatures::Value tier = Tier("ann", "gold-secret");
  tier.ttl_us = kHour;
  Put({tier, Tier("bob", "silver")});
  clock_.Advance(2 * kHour);

  Open();

  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kMissing);
  EXPECT_EQ(TierOf("bob").value, FeatureValue("silver"));
  clock_.Set(FakeClock::kStart);  // It is not only hidden.
  Open();
  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kMissing);
}

TEST_F(PutFeaturesTest, EverythingSurvivesAPowerCut) {
  const Feature before = [&] {
    PutFeatures::Value tier = Tier("ann", "gold");
    tier.ttl_us = kHour;
    Put({tier, Shelf("mug", -3)});
    return TierOf("ann");
  }();

  OpenAfterAPowerCut();

  EXPECT_EQ(TierOf("ann"), before);
  EXPECT_EQ(ShelfOf("mug").value, FeatureValue(std::int64_t{-3}));
  const std::vector<FeatureSpec> specs = PutSpecs();
  ASSERT_EQ(specs.size(), 2);
  EXPECT_EQ(specs[0].name, "tier");
  EXPECT_EQ(specs[0].missing, FeatureValue("none"));
  EXPECT_EQ(specs[0].owner, "crm");
  EXPECT_EQ(specs[0].window, "put");
  EXPECT_EQ(specs[0].description, "Rank in the club.");
  EXPECT_EQ(specs[1].entity, FeatureEntity::kItem);
}

// Cut off at the nth change of a file, a call is there as a whole or not at all.
TEST_F(PutFeaturesTest, AnInterruptedPutIsWholeOrHasNotHappened) {
  for (int nth = 1; nth < 8; ++nth) {
    SCOPED_TRACE(nth);
    const std::string tier = absl::StrFormat("tier-%d", nth);
    Put({Tier("ann", "before"), Shelf("mug", 0)});
    files_->CutPowerAtCall(nth, static_cast<std::uint64_t>(nth));
    const bool is_acknowledged =
        store_->Write(PutFeatures{{}, {Tier("ann", tier), Shelf("mug", nth)}}).ok();

    OpenAfterAPowerCut();

    const bool is_there = TierOf("ann").value == FeatureValue(tier);
    EXPECT_TRUE(is_there || !is_acknowledged);
    EXPECT_EQ(ShelfOf("mug").value, FeatureValue(std::int64_t{is_there ? nth : 0}));
  }
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

TEST_F(PutFeaturesTest, AnErasureLeavesNoByteOfTheShopperInAnyFile) {
  Put({Tier(kAnn, "gold-secret"), Tier("bob", "silver"), Shelf("mug", 1)});
  ASSERT_THAT(store_->Checkpoint(), IsOk());
  Open();  // Into tables.
  Put({Tier(kAnn, "platinum-secret")});
  for (const char* secret : {kAnn, "gold-secret", "platinum-secret"}) {
    ASSERT_THAT(FilesWith(secret), Not(IsEmpty())) << secret;
  }

  ASSERT_THAT(store_->Write(EraseUser{.user_id = kAnn}), IsOk());

  for (const char* secret : {kAnn, "gold-secret", "platinum-secret"}) {
    EXPECT_THAT(FilesWith(secret), IsEmpty()) << secret;
  }
  EXPECT_THAT(FilesWith("silver"), Not(IsEmpty()));
  EXPECT_EQ(TierOf(kAnn).status, FeatureStatus::kMissing);
  const auto again = store_->Write(PutFeatures{{}, {Tier("bob", "bronze"), Tier(kAnn, "back")}});
  EXPECT_EQ(again.status().GetPayload(kReasonPayload), absl::Cord(kReasonUserErased));

  OpenAfterAPowerCut();
  EXPECT_EQ(TierOf(kAnn).status, FeatureStatus::kMissing);
  EXPECT_EQ(TierOf("bob").value, FeatureValue("silver"));
}

TEST_F(PutFeaturesTest, AnErasureFindsWhatTheViewsHaveForgotten) {
  PutFeatures::Value tier = Tier(kAnn, "gold-secret");
  tier.ttl_us = kHour;
  Put({tier});
  clock_.Advance(2 * kHour);
  ASSERT_EQ(TierOf(kAnn).status, FeatureStatus::kMissing);

  ASSERT_THAT(store_->Write(EraseUser{.user_id = kAnn}), IsOk());

  EXPECT_THAT(FilesWith("gold-secret"), IsEmpty());
}

std::uint64_t FormatOf(const std::string& folder) {
  const auto storage = Storage::Open(folder + "/db", Storage::Access::kOwner, LocalFileSystem());
  const auto row = (*storage)->Get(Table::kMeta, kFormatRow);
  ByteReader reader(**row);
  return reader.Unsigned();
}

// A binary that does not know the rows would erase a shopper and leave them: it must not open it.
TEST_F(PutFeaturesTest, OnlyAStoreWithPutFeaturesHasTheNewFormat) {
  ASSERT_THAT(store_->Write(UpsertUsers{{User{.id = "ann"}}}), IsOk());
  store_.reset();
  EXPECT_EQ(FormatOf(folder_.path()), 1);

  Open();
  EXPECT_EQ(TierOf("ann").status, FeatureStatus::kMissing);
  Put({Tier("ann", "gold")});
  store_.reset();
  EXPECT_EQ(FormatOf(folder_.path()), 2);

  Open();
  EXPECT_EQ(TierOf("ann").value, FeatureValue("gold"));
}

TEST_F(PutFeaturesTest, AReaderBesideTheOwnerSeesThem) {
  Put({Tier("ann", "gold")});

  const auto reader =
      FeatureStore::Open(folder_.path(), {.is_read_only = true}, LocalFileSystem(), clock_);

  ASSERT_THAT(reader, IsOk());
  const std::vector<std::string> names = {"tier"};
  EXPECT_EQ((*reader)->ReadUserFeatures("ann", "", names, clock_.Now())[0].value,
            FeatureValue("gold"));
}

TEST_F(PutFeaturesTest, ADamagedRowIsDataLoss) {
  Put({Tier("ann", "gold")});
  store_.reset();
  {
    const auto storage = Storage::Open(folder_ / "db", Storage::Access::kOwner, LocalFileSystem());
    Batch batch;
    batch.Put(Table::kMeta, PutValueRow({FeatureEntity::kUser, 0, PutFeatureIndex{0}}), "\x02");
    ASSERT_THAT((*storage)->Commit(batch), IsOk());
  }

  const auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);

  EXPECT_THAT(store, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("newer version: 2"));
}

TEST(PutCodecTest, NoCutOffOrChangedBytesDoMoreThanFail) {
  const std::string value = EncodePutValue({.value = WeightedNames{{"mugs", 0.5}, {"cups", 0.25}},
                                            .time_us = FakeClock::kStart,
                                            .ttl_us = kHour});
  const std::string feature = EncodePutFeature({.name = "tier",
                                                .entity = FeatureEntity::kUser,
                                                .type = FeatureType::kText,
                                                .missing = std::string("none")});
  EXPECT_THAT(DecodePutValue(value), IsOk());
  EXPECT_THAT(DecodePutFeature(feature), IsOk());
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_THAT(DecodePutValue(value.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (std::size_t size = 0; size < feature.size(); ++size) {
    EXPECT_THAT(DecodePutFeature(feature.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (std::size_t at = 0; at < feature.size(); ++at) {
    std::string changed = feature;
    changed[at] = static_cast<char>(changed[at] ^ 0xFF);
    (void)DecodePutFeature(changed);
  }
}

}  // namespace
}  // namespace vitrine
