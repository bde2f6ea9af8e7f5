#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;

class ShownItemsTest : public ::testing::Test {
 protected:
  ShownItemsTest() { Open(); }

  void Open() {
    store_.reset();
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  // At `time_us` after the start.
  static Event Shows(const std::string& user, const std::string& visitor,
                     const std::vector<std::string>& items, Micros time_us) {
    Event event{.type = EventType::kImpression,
                .user_id = user,
                .visitor_id = visitor,
                .time_us = FakeClock::kStart + time_us};
    for (const std::string& item : items) event.items.push_back({.item_id = item});
    return event;
  }

  void Record(std::vector<Event> events) {
    ASSERT_THAT(store_->Write(RecordEvents{std::move(events)}), IsOk());
  }

  std::vector<std::string> Shown(const std::string& user, const std::string& visitor = "") const {
    std::vector<std::string> ids;
    for (const ShownItem& shown : store_->ReadShownItems(user, visitor)) {
      ids.push_back(store_->catalogue().Id(shown.item));
    }
    return ids;
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(ShownItemsTest, AreThoseOfImpressionsAloneTheLatestFirstAndAsOftenAsShown) {
  Event view = Shows("ann", "", {"d"}, 3);
  view.type = EventType::kDetailPageView;
  Record({Shows("ann", "", {"a", "b"}, 0), view, Shows("bob", "", {"c"}, 4),
          Shows("ann", "", {"a"}, 5)});

  EXPECT_THAT(Shown("ann"), ElementsAre("a", "b", "a"));
  EXPECT_EQ(store_->ReadShownItems("ann", "").front().time_us, FakeClock::kStart + 5);
  EXPECT_THAT(Shown("nobody"), IsEmpty());
}

TEST_F(ShownItemsTest, LateOnesTakeTheirPlaceByTime) {
  Record({Shows("ann", "", {"a"}, 10), Shows("ann", "", {"c"}, 30)});
  Record({Shows("ann", "", {"b"}, 20)});

  EXPECT_THAT(Shown("ann"), ElementsAre("c", "b", "a"));
}

TEST_F(ShownItemsTest, OnlyTheLatestAreKept) {
  std::vector<Event> events;
  for (int i = 0; i < 210; ++i) {
    events.push_back(Shows("ann", "", {absl::StrFormat("i%d", i)}, 100 + i));
  }
  Record(std::move(events));
  Record({Shows("ann", "", {"too late"}, 1), Shows("ann", "", {"late"}, 150)});

  const std::vector<std::string> shown = Shown("ann");
  ASSERT_THAT(shown, SizeIs(kMaxShownItems));
  EXPECT_EQ(shown.front(), "i209");
  EXPECT_EQ(shown.back(), "i11");
  EXPECT_THAT(shown, ::testing::Contains("late"));
  EXPECT_THAT(shown, ::testing::Not(::testing::Contains("too late")));
}

TEST_F(ShownItemsTest, AUserAndAVisitorAreReadAsOneAndMergedForGood) {
  Record({Shows("ann", "", {"a"}, 0), Shows("", "phone", {"b"}, 1), Shows("ann", "", {"c"}, 2)});

  EXPECT_THAT(Shown("ann", "phone"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(Shown("ann"), ElementsAre("c", "a"));

  ASSERT_THAT(store_->Write(MergeUsers{.visitor_id = "phone", .user_id = "ann"}), IsOk());
  Record({Shows("", "phone", {"d"}, 3)});
  EXPECT_THAT(Shown("ann"), ElementsAre("d", "c", "b", "a"));
  EXPECT_THAT(Shown("", "phone"), ElementsAre("d", "c", "b", "a"));

  Open();
  EXPECT_THAT(Shown("ann"), ElementsAre("d", "c", "b", "a"));
}

TEST_F(ShownItemsTest, OutliveARestartFromACheckpointAndFromTheLog) {
  Record({Shows("ann", "", {"a", "b"}, 0)});
  ASSERT_THAT(store_->Checkpoint(), IsOk());
  Record({Shows("ann", "", {"c"}, 1)});

  Open();
  EXPECT_EQ(store_->status().replayed_events, 0U);
  EXPECT_THAT(Shown("ann"), ElementsAre("c", "b", "a"));

  store_.reset();
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (file.path().extension() == ".checkpoint") std::filesystem::remove(file.path());
  }
  Open();
  EXPECT_EQ(store_->status().replayed_events, 2U);
  EXPECT_THAT(Shown("ann"), ElementsAre("c", "b", "a"));
}

TEST_F(ShownItemsTest, AreForgottenWithTheShopperOthersKeepTheirs) {
  Record({Shows("ann", "", {"a"}, 0), Shows("bob", "anns-phone", {"b"}, 1),
          Shows("bob", "", {"c"}, 2), Shows("", "anns-phone", {"d"}, 3)});
  ASSERT_THAT(store_->Write(MergeUsers{.visitor_id = "anns-phone", .user_id = "ann"}), IsOk());

  ASSERT_THAT(store_->Write(EraseUser{.user_id = "ann"}), IsOk());

  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(Shown("ann", "anns-phone"), IsEmpty());
    EXPECT_THAT(Shown("bob"), ElementsAre("c"));  // b's event carried the phone's id.
    Open();
  }
}

}  // namespace
}  // namespace vitrine
