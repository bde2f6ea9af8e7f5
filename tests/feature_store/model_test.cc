// The store against a model that reads a list from front to back, over random streams of mutations
// with late and repeated events, merges, erasures, checkpoints, restarts and power cuts.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <memory>

#include "feature_store/model_store.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using testing::FaultFileSystem;
using testing::IsOk;
using testing::ModelStore;
using testing::ModelUsers;
using testing::ModelVisitors;
using testing::RandomMutation;

class ModelTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  ModelTest() : random_(GetParam()), model_(options_) {
    SetLogLevel(LogLevel::kError);
    Open();
  }
  ~ModelTest() override { SetLogLevel(LogLevel::kInfo); }

  void Open() {
    files_ = std::make_unique<FaultFileSystem>();
    auto store = FeatureStore::Open(folder_.path(), options_, *files_, clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  void RemoveCheckpoints() {
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      if (file.path().extension() == ".checkpoint") std::filesystem::remove(file.path());
    }
  }

  void Restart() {
    const bool is_clean = random_.Below(2) == 0;
    if (!is_clean) files_->CutPower(random_.NextBits());
    store_.reset();
    if (random_.Below(2) == 0) RemoveCheckpoints();
    Open();
  }

  void WriteToBoth(const Mutation& mutation) {
    const auto want = model_.Write(mutation, clock_.Now());
    const auto have = store_->Write(mutation);
    ASSERT_EQ(have.status().code(), want.status().code()) << have.status();
    if (!want.ok()) return;
    EXPECT_EQ(have->outcomes, want->outcomes);
    EXPECT_EQ(have->num_changed, want->num_changed);
    EXPECT_EQ(have->num_removed, want->num_removed);
    EXPECT_EQ(have->num_unknown, want->num_unknown);
    EXPECT_EQ(have->num_outdated, want->num_outdated);
    EXPECT_EQ(have->sequence, store_->sequence());
  }

  // By age or by number, from little to everything.
  void SometimesForgetOldEvents() {
    if (random_.Below(12) != 0) return;
    ForgetOldEvents mutation;
    if (random_.Below(3) != 0) {
      const auto age = static_cast<Micros>(random_.Below(120)) * kMicrosPerSecond;
      mutation.before_us = clock_.Now() - age;
    }
    if (random_.Below(3) == 0) mutation.keep_events = 1 + random_.Below(60);
    WriteToBoth(mutation);
  }

  // Several at once, so that one commit takes them together and each must see those before.
  void WriteBurstToBoth() {
    const std::uint64_t count = 2 + random_.Below(8);
    std::vector<absl::StatusOr<WriteResult>> wants;
    std::vector<std::promise<absl::StatusOr<WriteResult>>> haves(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const Mutation mutation = RandomMutation(random_, clock_.Now());
      wants.push_back(model_.Write(mutation, clock_.Now()));
      store_->Write(mutation, [&promise = haves[i]](absl::StatusOr<WriteResult> result) {
        promise.set_value(std::move(result));
      });
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto have = haves[i].get_future().get();
      ASSERT_EQ(have.status().code(), wants[i].status().code()) << have.status();
      if (have.ok()) {
        EXPECT_EQ(have->outcomes, wants[i]->outcomes);
      }
    }
  }

  void ExpectSameShoppers() {
    std::vector<std::string> users = ModelUsers();
    std::vector<std::string> visitors = ModelVisitors();
    users.emplace_back();
    visitors.emplace_back();
    for (const std::string& user : users) {
      for (const std::string& visitor : visitors) {
        const ShopperState state = store_->ReadShopper(user, visitor);
        std::vector<ModelStore::Touch> have;
        for (const Interaction& one : state.history) {
          have.push_back({one.time_us, store_->catalogue().Id(one.item), one.value, one.type});
          EXPECT_EQ(one.weight, options_.weights.Of(one.type, one.value));
        }
        EXPECT_EQ(have, model_.History(user, visitor)) << user << " " << visitor;
        std::vector<ModelStore::Touch> shown;
        for (const ShownItem& one : store_->ReadShownItems(user, visitor)) {
          shown.push_back(
              {one.time_us, store_->catalogue().Id(one.item), 0, EventType::kImpression});
        }
        EXPECT_EQ(shown, model_.Shown(user, visitor)) << user << " " << visitor;
        EXPECT_EQ(state.is_known, model_.IsKnown(user, visitor)) << user << " " << visitor;
      }
      EXPECT_EQ(store_->GetUser(user), model_.GetUser(user)) << user;
    }
  }

  // Every feature that was put, of everybody and of every item.
  void ExpectSamePutFeatures() {
    const Micros now = clock_.Now();
    const auto of_users = model_.FeatureNames(FeatureEntity::kUser);
    const auto of_items = model_.FeatureNames(FeatureEntity::kItem);
    for (const std::string& user : of_users.empty() ? of_users : ModelUsers()) {
      EXPECT_EQ(store_->ReadUserFeatures(user, "", of_users, now),
                model_.ReadFeatures(FeatureEntity::kUser, user, now))
          << user;
    }
    for (const std::string& visitor : of_users.empty() ? of_users : ModelVisitors()) {
      EXPECT_EQ(store_->ReadUserFeatures("", visitor, of_users, now),
                model_.ReadFeatures(FeatureEntity::kUser, model_.UserOf("", visitor), now))
          << visitor;
    }
    for (const std::string& item : of_items.empty() ? of_items : model_.item_ids()) {
      EXPECT_EQ(store_->ReadItemFeatures(item, of_items, now),
                model_.ReadFeatures(FeatureEntity::kItem, item, now))
          << item;
    }
  }

  void ExpectSameCatalogue() {
    const Catalogue& catalogue = store_->catalogue();
    ASSERT_EQ(catalogue.num_indices(), model_.item_ids().size());
    EXPECT_EQ(catalogue.num_items(), model_.items().size());
    const auto servable = catalogue.Servable(clock_.Now());
    for (std::uint32_t row = 0; row < model_.item_ids().size(); ++row) {
      const std::string& id = model_.item_ids()[row];
      EXPECT_EQ(catalogue.Id(ItemIndex{row}), id);
      EXPECT_EQ(catalogue.Find(id), ItemIndex{row});
      const auto item = catalogue.Get(ItemIndex{row});
      const auto want = model_.items().find(id);
      ASSERT_EQ(item != nullptr, want != model_.items().end()) << id;
      const bool is_servable = item != nullptr && IsServable(*item, clock_.Now());
      EXPECT_EQ(servable->Contains(ItemIndex{row}), is_servable) << id;
      if (item == nullptr) continue;
      EXPECT_EQ(*item, want->second);
      const std::string primary = item->primary_item_id.empty() ? id : item->primary_item_id;
      EXPECT_EQ(catalogue.Id(catalogue.Primary(ItemIndex{row})), primary);
    }
  }

  void ExpectSameLog() {
    std::vector<Event> have;
    EXPECT_THAT(store_->ReadEvents(0,
                                   [&](std::uint64_t, const Event& event) {
                                     have.push_back(event);
                                     return true;
                                   }),
                IsOk());
    EXPECT_EQ(have, model_.log());
    EXPECT_EQ(store_->status().num_events, model_.log().size());
  }

  // The counters are shared between calls for a while: only fresh ones can be compared.
  void ExpectSamePopularity() {
    const std::vector<float> have = store_->LivePopularity()->values;
    const auto want = model_.Popularity(clock_.Now());
    double have_total = 0;
    double want_total = 0;
    for (const float value : have) have_total += value;
    for (const auto& [id, value] : want) want_total += std::max(0.0, value);
    if (want_total == 0) return;
    for (const auto& [id, value] : want) {
      EXPECT_NEAR(have[Row(*store_->catalogue().Find(id))] / have_total,
                  std::max(0.0, value) / want_total, 1e-5)
          << id;
    }
    const std::vector<float> have_trends = store_->LiveTrends()->values;
    for (const auto& [id, value] : model_.Trends(clock_.Now())) {
      EXPECT_NEAR(have_trends[Row(*store_->catalogue().Find(id))], value, 1e-4) << id;
    }
  }

  const FeatureStoreOptions options_ = {.history_limit = 9,
                                        .popularity_half_life_days = 0.001,
                                        .min_group = 3,
                                        .checkpoint_events = 40};
  Random random_;
  FakeClock clock_;
  testing::TemporaryFolder folder_;
  std::unique_ptr<FaultFileSystem> files_;
  std::unique_ptr<FeatureStore> store_;
  ModelStore model_;
};

TEST_P(ModelTest, TheStoreIsWhatTheModelSays) {
  for (int step = 0; step < 150 && !HasFailure(); ++step) {
    SCOPED_TRACE(step);
    if (random_.Below(3) == 0) {
      WriteBurstToBoth();
    } else {
      WriteToBoth(RandomMutation(random_, clock_.Now()));
    }
    SometimesForgetOldEvents();
    clock_.Advance(static_cast<Micros>(random_.Below(5)) * kMicrosPerSecond);
    if (random_.Below(30) == 0) {
      EXPECT_THAT(store_->Checkpoint(), IsOk());
    }
    if (random_.Below(15) == 0) {
      Restart();
      ExpectSamePopularity();
    }
    if (random_.Below(10) == 0) {
      ExpectSameShoppers();
      ExpectSamePutFeatures();
      ExpectSameCatalogue();
      ExpectSameLog();
    }
  }
}

TEST_P(ModelTest, ReopeningAfterEveryMutationChangesNothing) {
  for (int step = 0; step < 25 && !HasFailure(); ++step) {
    SCOPED_TRACE(step);
    WriteToBoth(RandomMutation(random_, clock_.Now()));
    SometimesForgetOldEvents();
    Restart();
    ExpectSameShoppers();
    ExpectSamePutFeatures();
    ExpectSameCatalogue();
    ExpectSameLog();
    ExpectSamePopularity();
  }
}

TEST_P(ModelTest, ACheckpointAndItsTailMakeTheBitsOfAFullRebuild) {
  for (int step = 0; step < 60; ++step) {
    WriteToBoth(RandomMutation(random_, clock_.Now()));
    if (step == 40) WriteToBoth(ForgetOldEvents{.keep_events = 50});
    if (step % 20 == 10) {
      EXPECT_THAT(store_->Checkpoint(), IsOk());
    }
  }
  files_->CutPower();
  store_.reset();
  Open();
  const auto from_checkpoint = store_->LivePopularity();
  const auto trends_from_checkpoint = store_->LiveTrends();
  EXPECT_LT(store_->status().replayed_events, store_->status().num_events);
  ExpectSameShoppers();

  files_->CutPower();
  store_.reset();
  RemoveCheckpoints();
  Open();

  EXPECT_EQ(store_->status().replayed_events, store_->status().num_events);
  EXPECT_EQ(store_->LivePopularity()->values, from_checkpoint->values);
  EXPECT_EQ(store_->LiveTrends()->values, trends_from_checkpoint->values);
  ExpectSameShoppers();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace vitrine
