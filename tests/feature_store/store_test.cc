#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/feature_store/shopper_key.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

constexpr Micros kHour = 3'600 * kMicrosPerSecond;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Open(); }

  void Open(const FeatureStoreOptions& options = {}) {
    store_.reset();
    auto store = FeatureStore::Open(folder_.path(), options, LocalFileSystem(), clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  static Event View(const std::string& user, const std::string& item, Micros time_us) {
    return {.type = EventType::kDetailPageView,
            .user_id = user,
            .time_us = time_us,
            .items = {{.item_id = item}}};
  }
  static Event VisitorView(const std::string& visitor, const std::string& item, Micros time_us) {
    Event event = View("", item, time_us);
    event.visitor_id = visitor;
    return event;
  }

  WriteResult Write(Mutation mutation) {
    auto result = store_->Write(std::move(mutation));
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : WriteResult();
  }

  // Item ids of a history, most recent first.
  std::vector<std::string> History(const std::string& user, const std::string& visitor = "") {
    std::vector<std::string> ids;
    for (const Interaction& interaction : store_->ReadShopper(user, visitor).history) {
      ids.push_back(store_->catalogue().Id(interaction.item));
    }
    return ids;
  }

  std::vector<Event> Log() {
    std::vector<Event> events;
    EXPECT_THAT(store_->ReadEvents(0,
                                   [&](std::uint64_t, const Event& event) {
                                     events.push_back(event);
                                     return true;
                                   }),
                IsOk());
    return events;
  }

  const Micros now_ = FakeClock::kStart;
  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(StoreTest, AnAcknowledgedEventIsInTheHistory) {
  const WriteResult result = Write(RecordEvents{{View("ann", "mug", now_)}});

  EXPECT_THAT(result.outcomes, ElementsAre(EventOutcome::kRecorded));
  const ShopperState ann = store_->ReadShopper("ann", "");
  ASSERT_EQ(ann.history.size(), 1);
  EXPECT_EQ(ann.history[0], (Interaction{now_, ItemIndex{0}, 1, 1, EventType::kDetailPageView}));
  EXPECT_TRUE(ann.is_known);
  EXPECT_EQ(ann.sequence, result.sequence);
  EXPECT_EQ(store_->sequence(), result.sequence);
}

TEST_F(StoreTest, AnUnknownShopperIsNoError) {
  const ShopperState nobody = store_->ReadShopper("nobody", "none");

  EXPECT_FALSE(nobody.is_known);
  EXPECT_THAT(nobody.history, IsEmpty());
  EXPECT_EQ(store_->GetUser("nobody"), std::nullopt);
}

TEST_F(StoreTest, LateEventsTakeTheirPlaceByTime) {
  Write(RecordEvents{{View("ann", "b", now_ - 2 * kHour), View("ann", "d", now_)}});
  Write(RecordEvents{{View("ann", "c", now_ - kHour), View("ann", "a", now_ - 9 * kHour)}});

  EXPECT_THAT(History("ann"), ElementsAre("d", "c", "b", "a"));
}

TEST_F(StoreTest, EventsOfOneMomentKeepTheOrderOfTheLog) {
  Write(RecordEvents{{View("ann", "a", now_), View("ann", "b", now_)}});
  Write(RecordEvents{{View("ann", "c", now_)}});

  EXPECT_THAT(History("ann"), ElementsAre("c", "b", "a"));
}

TEST_F(StoreTest, AHistoryKeepsTheLatestByTime) {
  Open({.history_limit = 2});

  Write(RecordEvents{{View("ann", "new", now_), View("ann", "old", now_ - kHour),
                      View("ann", "older", now_ - 2 * kHour), View("ann", "newest", now_ + 1)}});

  EXPECT_THAT(History("ann"), ElementsAre("newest", "new"));
}

TEST_F(StoreTest, AnEventWithoutATimeHappenedNow) {
  Write(RecordEvents{{View("ann", "mug", 0)}});

  EXPECT_EQ(store_->ReadShopper("ann", "").history[0].time_us, now_);
}

TEST_F(StoreTest, ImpressionsAreLoggedButAreNoInteraction) {
  Event shown = View("ann", "mug", now_);
  shown.type = EventType::kImpression;

  Write(RecordEvents{{shown}});

  EXPECT_TRUE(store_->ReadShopper("ann", "").is_known);
  EXPECT_THAT(History("ann"), IsEmpty());
  EXPECT_THAT(Log(), ElementsAre(shown));
}

TEST_F(StoreTest, ARepeatedEventIsANoOp) {
  Event event = View("ann", "mug", 0);
  event.event_id = "e-1";
  Write(RecordEvents{{event}});
  const std::uint64_t sequence = store_->sequence();
  clock_.Advance(kHour);  // The server's time is no part of what the client said.

  const WriteResult again = Write(RecordEvents{{event}});

  EXPECT_THAT(again.outcomes, ElementsAre(EventOutcome::kDuplicate));
  EXPECT_EQ(again.sequence, sequence);
  EXPECT_THAT(History("ann"), ElementsAre("mug"));
  EXPECT_EQ(store_->status().num_events, 1);
}

TEST_F(StoreTest, ARepeatInsideOneBatchIsANoOpToo) {
  Event event = View("ann", "mug", now_);
  event.event_id = "e-1";

  const WriteResult result = Write(RecordEvents{{event, event}});

  EXPECT_THAT(result.outcomes, ElementsAre(EventOutcome::kRecorded, EventOutcome::kDuplicate));
  EXPECT_EQ(store_->status().num_events, 1);
}

TEST_F(StoreTest, AnEventIdWithOtherContentRefusesTheWholeBatch) {
  Event event = View("ann", "mug", now_);
  event.event_id = "e-1";
  Write(RecordEvents{{event}});
  event.items[0].quantity = 2;

  EXPECT_THAT(store_->Write(RecordEvents{{View("bob", "cup", now_), event}}),
              StatusIs(absl::StatusCode::kAlreadyExists));

  EXPECT_FALSE(store_->ReadShopper("bob", "").is_known);
  EXPECT_EQ(store_->catalogue().Find("cup"), std::nullopt);
  EXPECT_EQ(store_->status().num_events, 1);
}

TEST_F(StoreTest, EveryFieldOfAnEventComesBack) {
  const Event event{.event_id = "e-1",
                    .type = EventType::kPurchaseComplete,
                    .user_id = "ann",
                    .visitor_id = "v-1",
                    .session_id = "s-1",
                    .time_us = now_,
                    .items = {{"mug", 2, Money{9'990'000, "EUR"}}, {"cup", 1, std::nullopt}},
                    .search_query = "tea",
                    .page_categories = {"Home > Kitchen"},
                    .order_id = "o-1",
                    .revenue = Money{20'000'000, "EUR"},
                    .placement = "home",
                    .attribution_token = "token"};
  Event rate = View("ann", "mug", now_);
  rate.type = EventType::kRate;
  rate.rating = 4.5;

  Write(RecordEvents{{event, rate}});

  EXPECT_THAT(Log(), ElementsAre(event, rate));
  Open();
  EXPECT_THAT(Log(), ElementsAre(event, rate));
}

TEST_F(StoreTest, ANeutralRatingIsRememberedWithItsValueAndNoWeight) {
  Event rate = View("ann", "mug", now_);
  rate.type = EventType::kRate;
  rate.rating = 2.5;

  Write(RecordEvents{{rate}});

  const Interaction expected = {
      .time_us = now_, .item = ItemIndex{0}, .weight = 0, .value = 2.5F, .type = EventType::kRate};
  EXPECT_THAT(store_->ReadShopper("ann", "").history, ElementsAre(expected));
  const auto dataset = store_->Snapshot(0);
  ASSERT_THAT(dataset, IsOk());
  EXPECT_THAT(dataset->interactions, ElementsAre(expected));
}

TEST_F(StoreTest, ReadEventsStartsAndStopsWhereToldTo) {
  Write(RecordEvents{{View("a", "1", now_), View("b", "2", now_), View("c", "3", now_)}});
  std::vector<std::uint64_t> offsets;

  const absl::Status status = store_->ReadEvents(1, [&](std::uint64_t offset, const Event&) {
    offsets.push_back(offset);
    return false;
  });

  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(offsets, ElementsAre(1));
}

TEST_F(StoreTest, ProfilesAreReplacedAsAWhole) {
  Write(UpsertUsers{{User{"ann", {{"country", "DE"}, {"age", 40.0}}}}});
  Write(UpsertUsers{{User{"ann", {{"country", "FR"}}}}});

  EXPECT_EQ(store_->GetUser("ann"), (User{"ann", {{"country", "FR"}}}));
  EXPECT_EQ(store_->ReadShopper("ann", "").profile, (User{"ann", {{"country", "FR"}}}));
  EXPECT_EQ(store_->status().num_users, 1);
}

TEST_F(StoreTest, AUserAndAVisitorAreReadAsOne) {
  Write(RecordEvents{
      {View("ann", "a", now_), VisitorView("v", "b", now_ + 1), View("ann", "c", now_ + 2)}});

  EXPECT_THAT(History("ann", "v"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(History("", "v"), ElementsAre("b"));
}

TEST_F(StoreTest, AUserAndAVisitorOfOneNameAreTwo) {
  Write(RecordEvents{{View("x", "a", now_), VisitorView("x", "b", now_)}});

  EXPECT_THAT(History("x"), ElementsAre("a"));
  EXPECT_THAT(History("", "x"), ElementsAre("b"));
}

TEST_F(StoreTest, AMergedVisitorIsTheUserFromThenOn) {
  Write(RecordEvents{{VisitorView("v", "a", now_), View("ann", "b", now_ + 1)}});

  EXPECT_EQ(Write(MergeUsers{.visitor_id = "v", .user_id = "ann"}).num_changed, 1);
  EXPECT_EQ(store_->UserOfVisitor("v"), "ann");
  EXPECT_THAT(store_->VisitorsOfUser("ann"), ElementsAre("v"));
  Write(RecordEvents{{VisitorView("v", "c", now_ + 2)}});

  EXPECT_THAT(History("ann"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(History("", "v"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(History("ann", "v"), ElementsAre("c", "b", "a"));
  EXPECT_EQ(store_->status().num_users, 1);
  EXPECT_EQ(Write(MergeUsers{.visitor_id = "v", .user_id = "ann"}).num_changed, 0);
}

TEST_F(StoreTest, AVisitorBelongsToOneUserOnly) {
  Write(MergeUsers{.visitor_id = "v", .user_id = "ann"});

  const auto result = store_->Write(MergeUsers{.visitor_id = "v", .user_id = "bob"});

  EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(result.status().GetPayload(kReasonPayload), absl::Cord(kReasonVisitorTaken));
}

TEST_F(StoreTest, LivePopularityCountsWeightsAndDecaysThem) {
  Open({.popularity_half_life_days = 1});
  Event bought = View("ann", "old", now_ - kMicrosPerDay);
  bought.type = EventType::kPurchaseComplete;  // Weight 5, one half life ago.

  Write(RecordEvents{{bought, View("ann", "new", now_), View("bob", "new", now_),
                      View("eve", "never", now_ - 1'000 * kMicrosPerDay)}});

  const std::vector<float> popularity = store_->LivePopularity()->values;
  ASSERT_EQ(popularity.size(), 3);
  EXPECT_NEAR(popularity[0] / popularity[1], 5.0 / 2 / 2, 1e-6);
  EXPECT_EQ(popularity[2], 0);
}

TEST_F(StoreTest, ASnapshotHasAllHistoriesInFull) {
  Open({.history_limit = 1});
  Event shown = View("zoe", "d", now_);
  shown.type = EventType::kImpression;
  Write(RecordEvents{{shown, View("bob", "b", now_ + 5), View("ann", "a", now_),
                      View("bob", "a", now_ + 1), VisitorView("v", "c", now_ + 9)}});
  Write(UpsertItems{{Item{.id = "a", .title = "A"}}});
  Write(MergeUsers{.visitor_id = "v", .user_id = "ann"});

  const auto dataset = store_->Snapshot(0);

  ASSERT_THAT(dataset, IsOk());
  EXPECT_THAT(dataset->item_ids, ElementsAre("d", "b", "a", "c"));
  EXPECT_EQ(dataset->items[2]->title, "A");
  EXPECT_EQ(dataset->items[0], nullptr);
  ASSERT_EQ(dataset->num_users(), 2);  // bob, ann: in order of their first interaction.
  EXPECT_THAT(dataset->shopper_keys, ElementsAre(UserKey("bob"), UserKey("ann")));
  EXPECT_EQ(ShopperKey(*store_, VisitorView("v", "c", now_)), UserKey("ann")) << "merged";
  EXPECT_EQ(ShopperKey(*store_, VisitorView("w", "c", now_)), VisitorKey("w"));
  EXPECT_NE(VisitorKey("ann"), UserKey("ann"));
  EXPECT_THAT(dataset->History(0),
              ElementsAre(Interaction{now_ + 1, ItemIndex{2}, 1, 1, EventType::kDetailPageView},
                          Interaction{now_ + 5, ItemIndex{1}, 1, 1, EventType::kDetailPageView}));
  EXPECT_THAT(dataset->History(1),
              ElementsAre(Interaction{now_, ItemIndex{2}, 1, 1, EventType::kDetailPageView},
                          Interaction{now_ + 9, ItemIndex{3}, 1, 1, EventType::kDetailPageView}));
  EXPECT_EQ(dataset->now_us, now_);
  EXPECT_NE(dataset->fingerprint, 0);
}

TEST_F(StoreTest, ASnapshotEndsWhereToldTo) {
  Write(RecordEvents{
      {View("bob", "b", now_ - 1), View("bob", "a", now_), View("ann", "a", now_ + 1)}});

  const auto dataset = store_->Snapshot(now_);

  ASSERT_THAT(dataset, IsOk());
  EXPECT_EQ(dataset->num_users(), 1);
  EXPECT_EQ(dataset->interactions.size(), 2);
  EXPECT_EQ(dataset->now_us, now_);
}

TEST_F(StoreTest, EverythingIsThereAfterReopening) {
  Write(UpsertItems{{Item{.id = "a", .title = "A", .attributes = {{"ml", 250.0}}}}});
  Write(UpsertUsers{{User{"ann", {{"age", 40.0}}}}});
  Write(RecordEvents{{View("ann", "a", now_), VisitorView("v", "b", now_ + 1)}});
  Write(MergeUsers{.visitor_id = "v", .user_id = "ann"});
  const StoreStatus before = store_->status();

  Open();

  EXPECT_THAT(History("", "v"), ElementsAre("b", "a"));
  EXPECT_EQ(store_->catalogue().Get(ItemIndex{0})->title, "A");
  EXPECT_EQ(store_->GetUser("ann"), (User{"ann", {{"age", 40.0}}}));
  EXPECT_EQ(store_->status().sequence, before.sequence);
  EXPECT_EQ(store_->status().num_users, before.num_users);
  EXPECT_EQ(store_->status().replayed_events, 0);  // The checkpoint of closing holds them.
}

TEST_F(StoreTest, ASecondOwnerIsToldHowToReachTheFirst) {
  const auto second = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);

  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("a server owns this store, use --target ADDR"));
}

TEST_F(StoreTest, AReaderWorksBesideTheOwner) {
  Write(RecordEvents{{View("ann", "a", now_)}});

  const auto reader =
      FeatureStore::Open(folder_.path(), {.is_read_only = true}, LocalFileSystem(), clock_);

  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ((*reader)->ReadShopper("ann", "").history.size(), 1);
  EXPECT_THAT((*reader)->Write(RecordEvents{{View("ann", "b", now_)}}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT((*reader)->Checkpoint(), StatusIs(absl::StatusCode::kFailedPrecondition));
  Write(RecordEvents{{View("ann", "c", now_)}});
  EXPECT_THAT(History("ann"), ElementsAre("c", "a"));
}

TEST_F(StoreTest, AReaderOfNoStoreSaysSo) {
  const testing::TemporaryFolder empty;

  EXPECT_THAT(FeatureStore::Open(empty.path(), {.is_read_only = true}, LocalFileSystem(), clock_),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(StoreTest, ASealIsTheStoresOwnAndOutlivesARestart) {
  const std::string seal = store_->Seal("a text");
  EXPECT_EQ(seal.size(), FeatureStore::kSealBytes);
  EXPECT_NE(store_->Seal("another text"), seal);

  Open();
  EXPECT_EQ(store_->Seal("a text"), seal);
  Open({.is_read_only = true});
  EXPECT_EQ(store_->Seal("a text"), seal);

  testing::TemporaryFolder elsewhere;
  const auto other = FeatureStore::Open(elsewhere.path(), {}, LocalFileSystem(), clock_);
  ASSERT_THAT(other, IsOk());
  EXPECT_NE((*other)->Seal("a text"), seal);
}

}  // namespace
}  // namespace vitrine
