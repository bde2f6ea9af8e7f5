#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using ::testing::IsNull;
using testing::IsOk;
using ::testing::Pair;
using ::testing::Pointee;

class SnapshotProfilesTest : public ::testing::Test {
 protected:
  SnapshotProfilesTest() { Open(); }

  void Open() {
    store_.reset();
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  void Write(Mutation mutation) { EXPECT_THAT(store_->Write(std::move(mutation)), IsOk()); }

  static Event View(const std::string& user, const std::string& visitor, const std::string& item) {
    return {.type = EventType::kDetailPageView,
            .user_id = user,
            .visitor_id = visitor,
            .time_us = FakeClock::kStart,
            .items = {{.item_id = item}}};
  }

  Dataset Snapshot(Micros until_us = 0) const {
    auto dataset = store_->Snapshot(until_us);
    EXPECT_THAT(dataset, IsOk());
    return dataset.ok() ? *std::move(dataset) : Dataset();
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(SnapshotProfilesTest, HasTheProfilesOfThoseWhoDidSomething) {
  Write(UpsertUsers{{User{"silent", {{"country", "IT"}}}, User{"ann", {{"country", "DE"}}},
                     User{"empty", {}}, User{"bob", {{"age", 40.0}}}}});
  Write(RecordEvents{{View("bob", "", "mug"), View("nobody", "", "mug"), View("empty", "", "mug"),
                      View("", "phone", "mug")}});
  Write(MergeUsers{.visitor_id = "phone", .user_id = "ann"});

  for (const bool is_reopened : {false, true}) {
    if (is_reopened) Open();
    const Dataset dataset = Snapshot();

    ASSERT_EQ(dataset.num_users(), 4U);  // bob, nobody, empty, ann: by their first event.
    EXPECT_EQ(dataset.profiles.size(), 2U);
    EXPECT_THAT(dataset.ProfileOf(0), Pointee(ElementsAre(Pair("age", AttributeValue(40.0)))));
    EXPECT_THAT(dataset.ProfileOf(1), IsNull());
    EXPECT_THAT(dataset.ProfileOf(2), IsNull());
    EXPECT_THAT(dataset.ProfileOf(3), Pointee(ElementsAre(Pair("country", AttributeValue("DE")))));
  }
}

TEST_F(SnapshotProfilesTest, LosesTheProfilesOfTheErased) {
  Write(UpsertUsers{{User{"ann", {{"country", "DE"}}}, User{"bob", {{"country", "FR"}}}}});
  Write(RecordEvents{{View("ann", "", "mug"), View("bob", "", "mug")}});
  ASSERT_EQ(Snapshot().profiles.size(), 2U);

  Write(EraseUser{.user_id = "ann"});

  const Dataset dataset = Snapshot();
  ASSERT_EQ(dataset.num_users(), 1U);
  ASSERT_EQ(dataset.profiles.size(), 1U);
  EXPECT_THAT(dataset.ProfileOf(0), Pointee(ElementsAre(Pair("country", AttributeValue("FR")))));
}

TEST_F(SnapshotProfilesTest, HasProfilesAsTheyAreNowWhateverMomentItSpeaksOf) {
  Write(UpsertUsers{{User{"ann", {{"country", "DE"}}}}});
  Write(RecordEvents{{View("ann", "", "mug")}});
  Write(UpsertUsers{{User{"ann", {{"country", "FR"}}}}});

  const Dataset dataset = Snapshot(FakeClock::kStart);

  EXPECT_THAT(dataset.ProfileOf(0), Pointee(ElementsAre(Pair("country", AttributeValue("FR")))));
}

TEST_F(SnapshotProfilesTest, StaysAsItWasWhenAProfileIsReplacedOrErasedLater) {
  Write(UpsertUsers{{User{"ann", {{"country", "DE"}}}, User{"bob", {{"country", "DE"}}}}});
  Write(RecordEvents{{View("ann", "", "mug"), View("bob", "", "mug")}});
  const Dataset dataset = Snapshot();

  Write(UpsertUsers{{User{"ann", {{"country", "FR"}}}}});
  Write(EraseUser{.user_id = "bob"});

  for (const std::size_t user : {0U, 1U}) {
    EXPECT_THAT(dataset.ProfileOf(user),
                Pointee(ElementsAre(Pair("country", AttributeValue("DE")))));
  }
}

TEST_F(SnapshotProfilesTest, HasNoneWhereTheShopDescribesNobody) {
  Write(RecordEvents{{View("ann", "", "mug")}});

  EXPECT_THAT(Snapshot().profiles, IsEmpty());
}

}  // namespace
}  // namespace vitrine
