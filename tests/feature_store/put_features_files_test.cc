// Values that the shop puts: on the disk and off it.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/put_codec.h"
#include "feature_store/put_features_fixture.h"
#include "feature_store/storage.h"
#include "vitrine/base/bytes.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::PutFeaturesTest;
using testing::StatusIs;

constexpr Micros kHour = 3'600 * kMicrosPerSecond;
constexpr char kAnn[] = "ann-4711-secret";

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
