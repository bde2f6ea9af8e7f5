#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "e2e/shop.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/backup.h"
#include "vitrine/feature_store/check_store.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.

class StoreServiceTest : public ::testing::Test {
 protected:
  StoreServiceTest() {
    shop_.Serve();
    client_ = shop_.Connect();
  }

  absl::Status Record(const std::string& id) {
    v1::RecordEventsRequest request;
    *request.add_events() = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item");
    request.mutable_events(0)->set_event_id(id);
    return client_->RecordEvents(request).status();
  }

  absl::StatusOr<v1::BackUpStoreResponse> BackUp(const std::string& folder) {
    v1::BackUpStoreRequest request;
    request.set_folder(folder);
    return client_->BackUpStore(request);
  }

  TemporaryFolder folder_;
  Shop shop_;
  std::unique_ptr<Client> client_;
};

TEST_F(StoreServiceTest, ABackupUnderWritesHoldsAllThatWasAcknowledgedBefore) {
  std::atomic<bool> is_over = false;
  std::atomic<int> num_acknowledged = 0;
  std::thread writer([&] {
    for (int i = 0; !is_over; ++i) {
      if (Record("e" + std::to_string(i)).ok()) ++num_acknowledged;
    }
  });
  EXPECT_TRUE(Eventually([&] { return num_acknowledged >= 100; }));
  const int num_before = num_acknowledged;

  const auto backup = BackUp(folder_ / "backup");
  is_over = true;
  writer.join();

  ASSERT_THAT(backup, IsOk());
  EXPECT_GE(backup->event_count(), num_before);
  EXPECT_GT(backup->byte_count(), 0);
  EXPECT_GT(backup->file_count(), 2);
  EXPECT_FALSE(backup->consistency_token().empty());
  const auto check = [](const std::string& copy) {
    return CheckStore(copy, {}, LocalFileSystem(), SystemClock()).status();
  };
  ASSERT_THAT(RestoreBackup(LocalFileSystem(), folder_ / "backup", folder_ / "restored", check),
              IsOk());
  auto restored = FeatureStore::Open(folder_ / "restored", {}, LocalFileSystem(), SystemClock());
  ASSERT_THAT(restored, IsOk());
  std::set<std::string> ids;
  ASSERT_THAT((*restored)->ReadEvents(0,
                                      [&](std::uint64_t, const Event& event) {
                                        EXPECT_TRUE(ids.insert(event.event_id).second);
                                        return true;
                                      }),
              IsOk());
  for (int i = 0; i < num_before; ++i) EXPECT_TRUE(ids.contains("e" + std::to_string(i))) << i;
}

TEST_F(StoreServiceTest, AWrongFolderIsRefusedByItsField) {
  const auto refused = BackUp("relative");

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorReason(refused.status()), "INVALID_FIELD");
  EXPECT_THAT(BackUp(folder_.path()), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(StoreServiceTest, ADiskThatFailedIsTheReasonAndNotAnotherBackup) {
  shop_.files().FailSync(1);
  ASSERT_THAT(Record("e1"), StatusIs(absl::StatusCode::kUnavailable));

  const auto backup = BackUp(folder_ / "backup");

  EXPECT_THAT(backup, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(backup.status()), "DISK_FAILED");
}

TEST_F(StoreServiceTest, AFullDiskIsSaidAndLeavesNothing) {
  ASSERT_THAT(Record("e1"), IsOk());
  shop_.files().FillDiskAfter(2'000);

  const auto backup = BackUp(folder_ / "backup");

  EXPECT_THAT(backup, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(backup.status()), "DISK_FULL");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace vitrine
