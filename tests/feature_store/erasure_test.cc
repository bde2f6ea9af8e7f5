#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/backup.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

constexpr char kAnn[] = "ann-4711-secret";
constexpr char kAnnsPhone[] = "phone-0815-secret";
constexpr char kAnnsQuery[] = "gift-for-secret-friend";

class ErasureTest : public ::testing::Test {
 protected:
  ErasureTest() { Open(); }

  void Open() {
    store_.reset();
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  static Event View(const std::string& user, const std::string& visitor, const std::string& item) {
    return {.event_id = item + "-seen-by-" + user + visitor,
            .type = EventType::kDetailPageView,
            .user_id = user,
            .visitor_id = visitor,
            .time_us = FakeClock::kStart,
            .items = {{.item_id = item}}};
  }

  WriteResult Write(Mutation mutation) {
    auto result = store_->Write(std::move(mutation));
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : WriteResult();
  }

  // Files below the store's folder that hold `text`.
  std::vector<std::string> FilesWith(const std::string& text) const {
    return FilesWith(text, folder_.path());
  }
  static std::vector<std::string> FilesWith(const std::string& text, const std::string& folder) {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
      if (!file.is_regular_file()) continue;
      const std::string bytes = *LocalFileSystem().ReadFile(file.path());
      if (bytes.find(text) != std::string::npos) found.push_back(file.path());
    }
    return found;
  }

  // Ann with a profile, a merged phone, a search, and company, spread over files and checkpoints.
  void FillShop() {
    Event search{.event_id = "search-by-ann",
                 .type = EventType::kSearch,
                 .user_id = kAnn,
                 .time_us = FakeClock::kStart,
                 .search_query = kAnnsQuery};
    Write(UpsertUsers{{User{kAnn, {{"city", "secret-city"}}}, User{"bob", {{"city", "Bonn"}}}}});
    Write(RecordEvents{{View(kAnn, "", "mug"), View("bob", "", "mug"), search}});
    Write(MergeUsers{.visitor_id = kAnnsPhone, .user_id = kAnn});
    ASSERT_THAT(store_->Checkpoint(), IsOk());
    Open();  // Into tables.
    Write(RecordEvents{
        {View("", kAnnsPhone, "cup"), View("bob", kAnnsPhone, "cup"), View("bob", "", "pot")}});
    ASSERT_THAT(store_->Checkpoint(), IsOk());
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(ErasureTest, NoFileHoldsTheIdsOrTheirEventsAnyMore) {
  FillShop();
  const std::vector<std::string> secrets = {kAnn, kAnnsPhone, kAnnsQuery, "secret-city"};
  for (const std::string& secret : secrets)
    ASSERT_THAT(FilesWith(secret), Not(IsEmpty())) << secret;

  const WriteResult result = Write(EraseUser{.user_id = kAnn});

  EXPECT_EQ(result.num_removed, 4);
  for (const std::string& secret : secrets) EXPECT_THAT(FilesWith(secret), IsEmpty()) << secret;
  EXPECT_THAT(FilesWith("pot-seen-by-bob"), Not(IsEmpty()));
}

TEST_F(ErasureTest, ABackupThatIsMadeAfterItHoldsNoneOfItAndOneMadeBeforeDoes) {
  FillShop();
  const testing::TemporaryFolder backups;
  const std::vector<std::string> secrets = {
      kAnn,          kAnnsPhone,      kAnnsQuery,
      "secret-city", "search-by-ann", std::string("mug-seen-by-") + kAnn};
  const auto never = [] { return false; };
  ASSERT_THAT(store_->BackUp(backups / "before", never), IsOk());

  Write(EraseUser{.user_id = kAnn});
  ASSERT_THAT(store_->BackUp(backups / "after", never), IsOk());

  for (const std::string& secret : secrets) {
    EXPECT_THAT(FilesWith(secret), IsEmpty()) << secret;
    EXPECT_THAT(FilesWith(secret, backups / "after"), IsEmpty()) << secret;
    EXPECT_THAT(FilesWith(secret, backups / "before"), Not(IsEmpty())) << secret;
  }
  EXPECT_THAT(FilesWith("pot-seen-by-bob", backups / "after"), Not(IsEmpty()));
}

// The power goes the moment the restore is done: what it erased does not come back.
TEST_F(ErasureTest, ARestoreErasesFromABackupOfBeforeAndKeepsTheOthers) {
  FillShop();
  const testing::TemporaryFolder place;
  ASSERT_THAT(store_->BackUp(place / "before", [] { return false; }), IsOk());
  testing::FaultFileSystem files;
  const auto erase = [&](const std::string& copy) -> absl::Status {
    const auto opened = FeatureStore::Open(copy, {}, files, clock_);
    if (!opened.ok()) return opened.status();
    EXPECT_THAT((*opened)->Write(EraseUser{.visitor_id = "never-seen"}), IsOk());
    return (*opened)->Write(EraseUser{.user_id = kAnn}).status();
  };

  ASSERT_THAT(RestoreBackup(files, place / "before", place / "after", erase), IsOk());
  files.CutPower();

  for (const std::string& secret : {std::string(kAnn), std::string(kAnnsPhone),
                                    std::string(kAnnsQuery), std::string("secret-city")}) {
    EXPECT_THAT(FilesWith(secret, place / "before"), Not(IsEmpty())) << secret;
    EXPECT_THAT(FilesWith(secret, place / "after"), IsEmpty()) << secret;
  }
  const auto after = FeatureStore::Open(place / "after", {}, LocalFileSystem(), clock_);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ((*after)->status().num_events, 2);
  EXPECT_EQ((*after)->ReadShopper("bob", "").history.size(), 2);
  const auto late =
      (*after)->Write(RecordEvents{{View("", "never-seen", "mug"), View("", kAnnsPhone, "mug")}});
  ASSERT_THAT(late, IsOk());
  EXPECT_THAT(late->outcomes, ElementsAre(EventOutcome::kErased, EventOutcome::kErased));
}

TEST_F(ErasureTest, NothingComesBackAfterReopening) {
  FillShop();
  Write(EraseUser{.user_id = kAnn});

  Open();

  EXPECT_FALSE(store_->ReadShopper(kAnn, kAnnsPhone).is_known);
  EXPECT_EQ(store_->GetUser(kAnn), std::nullopt);
  EXPECT_EQ(store_->status().num_events, 2);
  EXPECT_EQ(store_->status().num_users, 1);
}

TEST_F(ErasureTest, OthersKeepTheirHistoryButForSharedEvents) {
  FillShop();

  Write(EraseUser{.user_id = kAnn});

  const ShopperState bob = store_->ReadShopper("bob", "");
  ASSERT_EQ(bob.history.size(), 2);  // Not the cup: that event carried the phone's id.
  EXPECT_EQ(store_->catalogue().Id(bob.history[0].item), "pot");
  EXPECT_EQ(store_->catalogue().Id(bob.history[1].item), "mug");
  EXPECT_EQ(bob.profile, (User{"bob", {{"city", "Bonn"}}}));
}

TEST_F(ErasureTest, LaterEventsWithTheIdsAreDropped) {
  FillShop();
  Write(EraseUser{.user_id = kAnn});
  Open();

  const WriteResult result = Write(
      RecordEvents{{View(kAnn, "", "mug"), View("", kAnnsPhone, "mug"), View("eve", "", "mug")}});

  EXPECT_THAT(result.outcomes,
              ElementsAre(EventOutcome::kErased, EventOutcome::kErased, EventOutcome::kRecorded));
  EXPECT_FALSE(store_->ReadShopper(kAnn, kAnnsPhone).is_known);
  EXPECT_THAT(FilesWith(kAnn), IsEmpty());
}

TEST_F(ErasureTest, ProfilesAndMergesOfTheErasedAreRefused) {
  Write(EraseUser{.user_id = kAnn});

  for (const Mutation& mutation : {Mutation(UpsertUsers{{User{.id = "bob"}, User{.id = kAnn}}}),
                                   Mutation(MergeUsers{.visitor_id = "v", .user_id = kAnn})}) {
    const auto result = store_->Write(mutation);
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(result.status().GetPayload(kReasonPayload), absl::Cord(kReasonUserErased));
  }
  EXPECT_EQ(store_->GetUser("bob"), std::nullopt);
}

TEST_F(ErasureTest, AnUnknownShopperIsBarredWithoutRewritingAnything) {
  const WriteResult result = Write(EraseUser{.visitor_id = kAnnsPhone});

  EXPECT_EQ(result.num_removed, 0);
  EXPECT_THAT(Write(RecordEvents{{View("", kAnnsPhone, "mug")}}).outcomes,
              ElementsAre(EventOutcome::kErased));
}

TEST_F(ErasureTest, PopularityForgetsToo) {
  Write(RecordEvents{{View(kAnn, "", "mug"), View("bob", "", "cup")}});

  Write(EraseUser{.user_id = kAnn});
  Open();

  EXPECT_EQ(store_->LivePopularity()->values[0], 0);
  EXPECT_GT(store_->LivePopularity()->values[1], 0);
  EXPECT_EQ(store_->LiveTrends()->values[0], 1);
}

TEST_F(ErasureTest, ASnapshotHasNoTraceOfTheErased) {
  FillShop();

  Write(EraseUser{.user_id = kAnn});

  const auto dataset = store_->Snapshot(0);
  ASSERT_THAT(dataset, IsOk());
  EXPECT_EQ(dataset->num_users(), 1);
  EXPECT_EQ(dataset->interactions.size(), 2);
}

TEST_F(ErasureTest, BothIdsAtOnceAreRefused) {
  EXPECT_THAT(store_->Write(EraseUser{.user_id = "a", .visitor_id = "b"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->Write(EraseUser{}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
