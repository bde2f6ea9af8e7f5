#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/models/bundle.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FaultFileSystem;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using testing::TemporaryFolder;

const std::vector<std::string> kItemIds = {"a", "b"};

// Bundles without models: what is in them is the codec's business.
ModelSet Set(std::string version) {
  return {.version = std::move(version), .trained_us = 1, .metrics = {{"ndcg@20", 0.1}}};
}

std::optional<ItemIndex> FindNothing(std::string_view) { return std::nullopt; }

class BundleFolderTest : public ::testing::Test {
 protected:
  BundleFolder Open() { return BundleFolder::Open(files_, root_ / "models").value(); }

  std::vector<std::string> ListedVersions() {
    const std::vector<BundleSummary> summaries = Open().List().value();
    std::vector<std::string> versions;
    for (const BundleSummary& summary : summaries) versions.push_back(summary.version);
    return versions;
  }

  TemporaryFolder root_;
  FaultFileSystem files_;  // Does not really sync: fast.
};

TEST_F(BundleFolderTest, TheVersionOfTheFormatBeforeThisOneIsReadAsWell) {
  ASSERT_THAT(SaveBundle(files_, root_ / "new.bundle", Set("v1"), kItemIds), IsOk());
  const auto payload = ReadCheckedFile(files_, root_ / "new.bundle", "VTBUNDL3");
  ASSERT_THAT(payload, IsOk());
  ASSERT_THAT(WriteCheckedFile(files_, root_ / "old.bundle", "VTBUNDL2", *payload), IsOk());
  ASSERT_THAT(WriteCheckedFile(files_, root_ / "next.bundle", "VTBUNDL4", *payload), IsOk());

  const auto loaded = LoadBundle(files_, root_ / "old.bundle", 2, FindNothing);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->version, "v1");
  EXPECT_THAT(ReadBundleSummary(files_, root_ / "old.bundle"), IsOk());
  EXPECT_THAT(LoadBundle(files_, root_ / "next.bundle", 2, FindNothing),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(BundleFolderTest, ANewFolderHasNothingLive) {
  const auto live = Open().ReadLive();

  ASSERT_THAT(live, IsOk());
  EXPECT_EQ(live->version, "");
  EXPECT_EQ(live->previous, "");
  EXPECT_THAT(ListedVersions(), IsEmpty());
}

TEST_F(BundleFolderTest, PublishingMakesAVersionLiveAndTheOneBeforePrevious) {
  ASSERT_THAT(Open().Publish(Set("v1"), kItemIds), IsOk());
  ASSERT_THAT(Open().Publish(Set("v2"), kItemIds), IsOk());

  const auto live = Open().ReadLive();

  ASSERT_THAT(live, IsOk());
  EXPECT_EQ(live->version, "v2");
  EXPECT_EQ(live->previous, "v1");
  EXPECT_THAT(ListedVersions(), ElementsAre("v2", "v1"));
  EXPECT_THAT(LoadBundle(files_, Open().PathOf("v1"), 0, FindNothing), IsOk());
}

TEST_F(BundleFolderTest, PublishingTheLiveVersionAgainKeepsPrevious) {
  for (const char* version : {"v1", "v2", "v2"}) {
    ASSERT_THAT(Open().Publish(Set(version), kItemIds), IsOk());
  }

  EXPECT_EQ(Open().ReadLive()->previous, "v1");
}

TEST_F(BundleFolderTest, TheSummaryKnowsTheFilesSize) {
  ASSERT_THAT(Open().Publish(Set("v1"), kItemIds), IsOk());

  const auto summary = ReadBundleSummary(files_, Open().PathOf("v1"));

  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->num_bytes, files_.ReadFile(Open().PathOf("v1"))->size());
}

TEST_F(BundleFolderTest, OldVersionsGoButNeverLiveOrPrevious) {
  for (int version = 1; version <= 8; ++version) {
    ASSERT_THAT(Open().Publish(Set(absl::StrFormat("v%d", version)), kItemIds), IsOk());
  }
  // A version that sorts first, as after the clock was set back, is live nevertheless.
  ASSERT_THAT(Open().Publish(Set("a"), kItemIds), IsOk());

  EXPECT_THAT(ListedVersions(), ElementsAre("v8", "v7", "v6", "v5", "v4", "a"));
}

TEST_F(BundleFolderTest, WhatIsKnownIsNotReadAgain) {
  ASSERT_THAT(Open().Publish(Set("v1"), kItemIds), IsOk());
  ASSERT_THAT(Open().Publish(Set("v2"), kItemIds), IsOk());
  const std::vector<BundleSummary> known = {{.version = "v1", .num_bytes = 42}, {.version = "v0"}};

  const std::vector<BundleSummary> listed = Open().List(known).value();

  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].version, "v2");
  EXPECT_NE(listed[0].num_bytes, 42u);
  EXPECT_EQ(listed[1].version, "v1");
  EXPECT_EQ(listed[1].num_bytes, 42u);
}

TEST_F(BundleFolderTest, DraftsThatACrashLeftBehindGoWithTheNextPublication) {
  const BundleFolder folder = Open();
  ASSERT_THAT(WriteFileAtomically(files_, root_ / "models/v1.bundle.tmp", "half"), IsOk());
  ASSERT_THAT(WriteFileAtomically(files_, root_ / "models/v3.bundle.tmp", "half"), IsOk());

  ASSERT_THAT(folder.Publish(Set("v2"), kItemIds), IsOk());

  EXPECT_THAT(*files_.ListFolder(root_ / "models"),
              ElementsAre("LIVE", "v2.bundle", "v3.bundle.tmp"));
}

TEST_F(BundleFolderTest, ADamagedBundleIsRefusedAndLeftOutOfTheList) {
  ASSERT_THAT(Open().Publish(Set("v1"), kItemIds), IsOk());
  ASSERT_THAT(Open().Publish(Set("v2"), kItemIds), IsOk());
  const std::string path = Open().PathOf("v2");
  const std::string whole = *files_.ReadFile(path);

  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x04);
    for (const std::string& damaged : {flipped, whole.substr(0, at)}) {
      ASSERT_THAT(WriteFileAtomically(files_, path, damaged), IsOk());
      EXPECT_THAT(LoadBundle(files_, path, 0, FindNothing), StatusIs(absl::StatusCode::kDataLoss))
          << "byte " << at;
    }
  }

  EXPECT_THAT(ReadBundleSummary(files_, path), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ListedVersions(), ElementsAre("v1"));
}

TEST_F(BundleFolderTest, ABundleThatIsNotThereIsNotFound) {
  EXPECT_THAT(LoadBundle(files_, Open().PathOf("v9"), 0, FindNothing),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(BundleFolderTest, AVersionThatCouldLeaveTheFolderIsRefused) {
  for (const char* version : {"", "../evil", "a/b", ".hidden", "two words", "line\nbreak"}) {
    EXPECT_THAT(Open().Publish(Set(version), kItemIds),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << "'" << version << "'";
  }
}

class LiveFileTest : public BundleFolderTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(LiveFileTest, ThatMakesNoSenseIsDataLossAndPublishingMendsIt) {
  const BundleFolder folder = Open();
  ASSERT_THAT(WriteFileAtomically(files_, root_ / "models/LIVE", GetParam()), IsOk());

  EXPECT_THAT(folder.ReadLive(), StatusIs(absl::StatusCode::kDataLoss));

  ASSERT_THAT(folder.Publish(Set("v1"), kItemIds), IsOk());
  EXPECT_EQ(folder.ReadLive()->version, "v1");
}

INSTANTIATE_TEST_SUITE_P(Damaged, LiveFileTest,
                         ::testing::Values("", "\n\n", "../../etc/passwd\n\n", "v1\n../v0\n",
                                           "v1\nv0\nv-1\n", "v 1\n\n"));

TEST_F(BundleFolderTest, LiveMayBeWrittenByHand) {
  const BundleFolder folder = Open();

  for (const char* content : {"v1", "v1\n", "v1\n\n", "v1\nv0", "v1\nv0\n"}) {
    ASSERT_THAT(WriteFileAtomically(files_, root_ / "models/LIVE", content), IsOk());
    const auto live = folder.ReadLive();
    ASSERT_THAT(live, IsOk()) << "'" << content << "'";
    EXPECT_EQ(live->version, "v1");
  }
  EXPECT_EQ(folder.ReadLive()->previous, "v0");
}

TEST_F(BundleFolderTest, NewVersionsAreNamedAfterTheTimeAndSort) {
  constexpr Micros kNow = 1'769'854'500 * kMicrosPerSecond;  // 2026-01-31 10:15:00 UTC
  const BundleFolder folder = Open();
  std::vector<std::string> versions;

  for (int i = 0; i < 12; ++i) {
    versions.push_back(folder.NewVersion(kNow + i).value());
    ASSERT_THAT(folder.Publish(Set(versions.back()), kItemIds), IsOk());
  }

  EXPECT_EQ(versions[0], "20260131T101500Z");
  EXPECT_EQ(versions[1], "20260131T101500Z-02");
  EXPECT_TRUE(std::is_sorted(versions.begin(), versions.end()));
  EXPECT_LT(versions.back(), folder.NewVersion(kNow + kMicrosPerSecond).value());
}

TEST_F(BundleFolderTest, ADraftKeepsItsVersion) {
  const BundleFolder folder = Open();

  const std::string mine = folder.NewVersion(0).value();
  const std::string another = Open().NewVersion(0).value();

  EXPECT_EQ(mine, "19700101T000000Z");
  EXPECT_EQ(another, "19700101T000000Z-02");
  ASSERT_THAT(folder.Publish(Set(mine), kItemIds), IsOk());
  ASSERT_THAT(folder.Publish(Set(another), kItemIds), IsOk());
  EXPECT_THAT(*files_.ListFolder(root_ / "models"),
              ElementsAre("19700101T000000Z-02.bundle", "19700101T000000Z.bundle", "LIVE"));
}

TEST_F(BundleFolderTest, NoTwoWhoMakeVersionsAtOnceGetTheSame) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kEach = 10;
  std::vector<std::string> versions(kThreads * kEach);
  ThreadPool pool(kThreads);

  pool.ParallelFor(kThreads, [&](std::size_t thread) {
    for (std::size_t i = 0; i < kEach; ++i) {
      const BundleFolder folder = Open();
      std::string& version = versions[thread * kEach + i];
      version = folder.NewVersion(0).value();
      // Behind some a bundle takes the place of the draft.
      if (i % 2 == 0) {
        EXPECT_THAT(SaveBundle(files_, folder.PathOf(version), Set(version), kItemIds), IsOk());
      }
    }
  });

  EXPECT_EQ(std::set<std::string>(versions.begin(), versions.end()).size(), versions.size());
}

// Whatever moment the power goes at, LIVE names a whole bundle afterwards: the old or the new one.
TEST_F(BundleFolderTest, APowerCutWhilePublishingLeavesAWholeLiveBundle) {
  bool was_reached = true;
  for (int call = 1; was_reached; ++call) {
    const TemporaryFolder root;
    ASSERT_THAT(BundleFolder::Open(files_, root / "models")->Publish(Set("v1"), kItemIds), IsOk());
    FaultFileSystem faulty;
    const auto folder = BundleFolder::Open(faulty, root / "models");
    ASSERT_THAT(folder, IsOk());
    faulty.CutPowerAtCall(call, 17);

    const absl::Status published = folder->Publish(Set("v2"), kItemIds);

    was_reached = faulty.is_power_cut();
    const BundleFolder after = BundleFolder::Open(files_, root / "models").value();
    const auto live = after.ReadLive();
    ASSERT_THAT(live, IsOk()) << "power cut at call " << call;
    EXPECT_EQ(live->version, published.ok() ? "v2" : live->version);
    EXPECT_THAT(LoadBundle(files_, after.PathOf(live->version), 0, FindNothing), IsOk())
        << "power cut at call " << call;
  }
}

}  // namespace
}  // namespace vitrine
