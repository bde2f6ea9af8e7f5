#include "vitrine/server/erasure_receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/file_system.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::IsOk;

TEST(ErasureReceiptTest, NamesTheVersionsThatMayHaveLearnedFromThePersonAndNoOlderOne) {
  const testing::TemporaryFolder folder;
  FakeClock clock;
  const auto store = FeatureStore::Open(folder.path(), {}, LocalFileSystem(), clock);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT((*store)->Write(RecordEvents{{{.event_id = "view",
                                             .type = EventType::kDetailPageView,
                                             .user_id = "ann",
                                             .time_us = FakeClock::kStart,
                                             .items = {{.item_id = "mug"}}}}}),
              IsOk());
  const std::vector<BundleSummary> versions = {
      {.version = "new", .trained_us = FakeClock::kStart},
      {.version = "old", .trained_us = FakeClock::kStart - 2 * kMicrosPerDay}};

  const auto ann = EraseWithReceipt(**store, {.user_id = "ann"}, versions, clock);
  const auto nobody = EraseWithReceipt(**store, {.visitor_id = "nobody"}, versions, clock);

  ASSERT_THAT(ann, IsOk());
  EXPECT_EQ(ann->erased_event_count(), 1);
  EXPECT_THAT(ann->model_versions_with_traces(), ElementsAre("new"));
  ASSERT_THAT(nobody, IsOk());
  EXPECT_EQ(nobody->erased_event_count(), 0);
  EXPECT_THAT(nobody->model_versions_with_traces(), IsEmpty());
}

}  // namespace
}  // namespace vitrine
