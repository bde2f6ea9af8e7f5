// Old events are forgotten: from the log, from every view and file; what is left is what a store
// would be that had never seen them. model_test.cc holds it against a model, too.

#include <gmock/gmock.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "feature_store/check_beside.h"
#include "feature_store/model_store.h"
#include "testing/eventually.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FaultFileSystem;
using ::testing::Gt;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Lt;
using testing::StatusIs;

constexpr Micros kDay = 24 * 3600 * kMicrosPerSecond;
constexpr Micros kNow = FakeClock::kStart;

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() {
    SetLogLevel(LogLevel::kError);
    Open();
  }
  ~RetentionTest() override { SetLogLevel(LogLevel::kInfo); }

  void Open() {
    store_.reset();
    files_ = std::make_unique<FaultFileSystem>();
    auto store = FeatureStore::Open(folder_.path(), options_, *files_, clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  WriteResult Write(const Mutation& mutation) {
    auto result = store_->Write(mutation);
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : WriteResult();
  }

  // An event of so many days ago.
  static Event Bought(const std::string& user, const std::string& item, int days_ago) {
    return {.event_id = user + "-" + item + "-" + std::to_string(days_ago),
            .type = EventType::kPurchaseComplete,
            .user_id = user,
            .time_us = kNow - days_ago * kDay,
            .items = {{.item_id = item}},
            .search_query = "words-of-" + user};
  }

  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    EXPECT_THAT(store_->ReadEvents(0,
                                   [&](std::uint64_t, const Event& event) {
                                     ids.push_back(event.event_id);
                                     return true;
                                   }),
                IsOk());
    return ids;
  }

  // The views as they are against those of the whole log, bit by bit.
  void ExpectViewsOfARebuild() {
    ASSERT_THAT(store_->Checkpoint(), IsOk());
    const auto check = testing::CheckBeside(folder_.path(), options_, *files_, clock_);
    ASSERT_THAT(check, IsOk());
    EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
  }

  std::vector<std::vector<Interaction>> Histories() const {
    std::vector<std::vector<Interaction>> histories;
    for (const std::string& user : testing::ModelUsers()) {
      histories.push_back(store_->ReadShopper(user, "").history);
    }
    for (const std::string& visitor : testing::ModelVisitors()) {
      histories.push_back(store_->ReadShopper("", visitor).history);
    }
    return histories;
  }

  bool IsInAFile(const std::string& text) const {
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!file.is_regular_file()) continue;
      if (LocalFileSystem().ReadFile(file.path())->find(text) != std::string::npos) return true;
    }
    return false;
  }

  FeatureStoreOptions options_;
  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FaultFileSystem> files_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(RetentionTest, WhatHappenedBeforeATimeGoesWheneverItWasRecorded) {
  Write(RecordEvents{{Bought("ann", "cup", 3), Bought("ann", "mug", 40), Bought("bob", "cup", 9)}});

  EXPECT_EQ(Write(ForgetOldEvents{.before_us = kNow - 9 * kDay}).num_removed, 1);

  EXPECT_THAT(Ids(), ElementsAre("ann-cup-3", "bob-cup-9"));
  EXPECT_EQ(store_->ReadShopper("ann", "").history.size(), 1);
  EXPECT_EQ(store_->status().num_events, 2);
  ExpectViewsOfARebuild();
}

TEST_F(RetentionTest, OfTooManyTheFirstRecordedGo) {
  Write(RecordEvents{{Bought("ann", "a", 1), Bought("ann", "b", 50), Bought("ann", "c", 2)}});
  Write(RecordEvents{{Bought("ann", "d", 3)}});

  EXPECT_EQ(Write(ForgetOldEvents{.keep_events = 3}).num_removed, 1);
  EXPECT_THAT(Ids(), ElementsAre("ann-b-50", "ann-c-2", "ann-d-3"));

  // What is too old is not counted.
  EXPECT_EQ(Write(ForgetOldEvents{.before_us = kNow - 9 * kDay, .keep_events = 2}).num_removed, 1);
  EXPECT_THAT(Ids(), ElementsAre("ann-c-2", "ann-d-3"));
  ExpectViewsOfARebuild();
}

TEST_F(RetentionTest, WhereNothingIsOldNothingChanges) {
  Write(RecordEvents{{Bought("ann", "a", 1)}});
  const std::uint64_t sequence = store_->sequence();

  const WriteResult result = Write(ForgetOldEvents{.before_us = kNow - kDay, .keep_events = 1});

  EXPECT_EQ(result.num_removed, 0);
  EXPECT_EQ(result.sequence, sequence);
  EXPECT_EQ(store_->sequence(), sequence);
}

TEST_F(RetentionTest, AShopperOfWhomNothingIsLeftGoesAndMayComeBack) {
  Write(UpsertUsers{{{.id = "with-profile"}}});
  Write(RecordEvents{{Bought("gone", "cup", 40), Bought("with-profile", "cup", 40)}});
  Write(MergeUsers{.visitor_id = "phone-of-gone", .user_id = "gone"});
  store_.reset();
  Open();  // Into tables.

  EXPECT_EQ(Write(ForgetOldEvents{.before_us = kNow - 9 * kDay}).num_removed, 2);

  EXPECT_FALSE(store_->ReadShopper("gone", "").is_known);
  EXPECT_TRUE(store_->ReadShopper("with-profile", "").is_known);
  for (const char* text : {"gone", "phone-of-gone", "words-of-gone", "words-of-with-profile"}) {
    EXPECT_FALSE(IsInAFile(text)) << text;
  }
  EXPECT_EQ(store_->UserOfVisitor("phone-of-gone"), "");
  Write(RecordEvents{{Bought("gone", "mug", 1), Bought("with-profile", "mug", 1)}});
  EXPECT_EQ(store_->ReadShopper("gone", "").history.size(), 1);
  ExpectViewsOfARebuild();
}

TEST_F(RetentionTest, AVisitorThatAKeptEventOfAUserCarriesStays) {
  Event anonymous = Bought("", "cup", 40);
  anonymous.visitor_id = "phone";
  Event signed_in = Bought("ann", "cup", 1);
  signed_in.visitor_id = "phone";
  Write(RecordEvents{{anonymous, signed_in}});

  EXPECT_EQ(Write(ForgetOldEvents{.before_us = kNow - 9 * kDay}).num_removed, 1);

  EXPECT_THAT(Ids(), ElementsAre("ann-cup-1"));
  EXPECT_FALSE(store_->ReadShopper("", "phone").is_known);
  ExpectViewsOfARebuild();
  Open();
  EXPECT_THAT(Ids(), ElementsAre("ann-cup-1"));
}

TEST_F(RetentionTest, AnEventThatWentIsRecordedAnewWhenItIsSentAgain) {
  Write(RecordEvents{{Bought("ann", "cup", 40), Bought("ann", "mug", 1)}});
  Write(ForgetOldEvents{.before_us = kNow - 9 * kDay});

  const WriteResult again = Write(RecordEvents{{Bought("ann", "cup", 40)}});

  EXPECT_THAT(again.outcomes, ElementsAre(EventOutcome::kRecorded));
}

TEST_F(RetentionTest, SettingsAreHeldAtTheStartAndOnceADay) {
  Write(RecordEvents{{Bought("ann", "old", 40), Bought("ann", "new", 1)}});
  options_.keep_events_days = 30;
  Open();
  Write(UpsertUsers{{{.id = "bob"}}});  // Behind what the start forgets.
  Write(UpsertUsers{{{.id = "bob"}}});
  EXPECT_THAT(Ids(), ElementsAre("ann-new-1"));

  clock_.Advance(29 * kDay + kMicrosPerSecond);
  for (int i = 0; i < 3; ++i) Write(UpsertUsers{{{.id = "bob"}}});  // Wake it.

  EXPECT_THAT(Ids(), ElementsAre());
}

class LogSizeTest : public RetentionTest {
 protected:
  static constexpr std::uint64_t kMegabyte = 1'000'000;

  // Writes so many events with so many bytes each of what cannot be packed much smaller.
  void WriteLog(std::size_t num_events, std::size_t num_bytes) {
    RecordEvents log;
    for (std::size_t i = 0; i < num_events; ++i) {
      Event event = Bought("ann", "mug", 1);
      event.event_id = "event-" + std::to_string(num_written_++);
      for (std::size_t j = 0; j < num_bytes; ++j) {
        event.search_query += static_cast<char>(' ' + random_.Below(95));
      }
      log.events.push_back(std::move(event));
    }
    Write(log);
  }

  // The last of these is behind what is forgotten because it is due.
  void AwaitRetention() {
    for (int i = 0; i < 3; ++i) Write(UpsertUsers{{{.id = "bob"}}});
  }

  // What the tables take on the disk; all but the log's are small.
  std::uint64_t TableBytes() const {
    std::uint64_t num_bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "db")) {
      std::error_code error;
      const std::uint64_t size = file.file_size(error);
      if (!error && file.path().extension() == ".sst") num_bytes += size;
    }
    return num_bytes;
  }
  static auto IsAboutAMegabyte() { return AllOf(Gt(kMegabyte * 9 / 10), Lt(kMegabyte * 11 / 10)); }

  Random random_{1};
  std::size_t num_written_ = 0;
};

TEST_F(LogSizeTest, OfALogThatIsTooLargeTheFirstRecordedGoUntilItFits) {
  WriteLog(2'000, 1'500);
  store_.reset();
  EXPECT_GT(TableBytes(), 3 * kMegabyte);
  options_.keep_megabytes = 1;

  Open();
  AwaitRetention();

  EXPECT_THAT(TableBytes(), IsAboutAMegabyte());
  const std::vector<std::string> ids = Ids();
  ASSERT_FALSE(ids.empty());
  EXPECT_EQ(ids.front(), "event-" + std::to_string(num_written_ - ids.size()));
  EXPECT_EQ(ids.back(), "event-" + std::to_string(num_written_ - 1));
}

// How many may stay goes by what an event takes on average.
TEST_F(LogSizeTest, WhereTheLastEventsAreTheLargestItFitsAfterMoreDays) {
  WriteLog(1'000, 500);
  WriteLog(1'000, 2'500);
  options_.keep_megabytes = 1;
  Open();
  AwaitRetention();
  EXPECT_GT(TableBytes(), kMegabyte * 15 / 10);

  clock_.Advance(kDay + kMicrosPerSecond);
  AwaitRetention();

  EXPECT_THAT(TableBytes(), IsAboutAMegabyte());
}

TEST_F(RetentionTest, APowerCutAtAnyCallIsMadeGoodByTheNextStart) {
  // RocksDB waits a second after a failure in its background threads: few of those.
  for (const int nth : {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 40, 80, 101, 105, 109, 113}) {
    SCOPED_TRACE(nth);
    store_.reset();
    std::filesystem::remove_all(folder_ / "db");
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      std::filesystem::remove(file.path());
    }
    Open();
    for (int i = 0; i < 30; ++i) {
      Write(RecordEvents{{Bought("ann", "a", i), Bought("bob" + std::to_string(i), "b", i)}});
    }
    ASSERT_THAT(store_->Checkpoint(), IsOk());
    files_->CutPowerAtCall(nth, static_cast<std::uint64_t>(nth));
    const bool is_acknowledged = store_->Write(ForgetOldEvents{.before_us = kNow - 9 * kDay}).ok();
    files_->CutPower();

    Open();

    const std::size_t num_events = Ids().size();
    EXPECT_EQ(store_->status().num_events, num_events);
    EXPECT_TRUE(num_events == 20 || (num_events == 60 && !is_acknowledged)) << num_events;
    EXPECT_EQ(store_->ReadShopper("ann", "").history.size(), num_events / 2);
    EXPECT_EQ(store_->ReadShopper("bob20", "").is_known, num_events == 60);
    if (num_events == 20) {
      EXPECT_FALSE(IsInAFile("bob20"));
    }
    ExpectViewsOfARebuild();
  }
}

TEST_F(RetentionTest, AFullDiskInTheMiddleIsMadeGoodOnceThereIsRoom) {
  options_.full_disk_retry_ms = 1;
  Open();
  for (int i = 0; i < 30; ++i) Write(RecordEvents{{Bought("ann", "a", i)}});
  files_->FillDiskAfter(700);

  EXPECT_THAT(store_->Write(ForgetOldEvents{.before_us = kNow - 9 * kDay}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(store_->status().num_events, 10);

  files_->MakeRoom();
  ASSERT_TRUE(testing::Eventually([&] { return store_->status().writable.ok(); }));
  Write(UpsertUsers{{{.id = "bob"}}});  // Waits for the rest of it.
  EXPECT_EQ(Ids().size(), 10);
  ExpectViewsOfARebuild();
  Open();
  EXPECT_EQ(Ids().size(), 10);
}

class RandomRetentionTest : public RetentionTest,
                            public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(RandomRetentionTest, TheViewsAreThoseOfARebuildAndARestartAgrees) {
  Random random(GetParam());
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    for (int i = 0; i < 25; ++i) {
      (void)store_->Write(testing::RandomMutation(random, clock_.Now()));
      clock_.Advance(static_cast<Micros>(random.Below(5)) * kMicrosPerSecond);
    }
    const auto age = static_cast<Micros>(random.Below(90)) * kMicrosPerSecond;
    Write(ForgetOldEvents{.before_us = clock_.Now() - age,
                          .keep_events = random.Below(2) * (1 + random.Below(80))});
    ExpectViewsOfARebuild();
    const std::vector<std::string> ids = Ids();
    const std::vector<std::vector<Interaction>> histories = Histories();
    Open();
    EXPECT_EQ(Ids(), ids);
    EXPECT_EQ(Histories(), histories);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRetentionTest, ::testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace vitrine
