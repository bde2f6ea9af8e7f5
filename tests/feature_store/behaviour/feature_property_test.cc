// Behaviour features over random streams of events: late, repeated, merged, erased, with
// checkpoints, restarts and power cuts in between. What is served equals what an oracle reads off
// the plain list, and what the log is replayed to.

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <thread>

#include "feature_store/behaviour/feature_oracle.h"
#include "feature_store/model_store.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/behaviour/registry.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using testing::FaultFileSystem;
using testing::IsOk;
using testing::ItemOracle;
using testing::ModelStore;
using testing::OracleValues;
using testing::RandomBehaviour;
using testing::RandomCatalogue;
using testing::UserOracle;

bool IsNear(double a, double b) { return std::abs(a - b) <= 1e-6 * (1 + std::abs(b)); }

// Bit for bit, but numbers and weights to 1e-6.
bool AreAlike(const FeatureValue& a, const FeatureValue& b) {
  if (a.index() != b.index()) return false;
  if (const auto* number = std::get_if<double>(&a)) return IsNear(*number, std::get<double>(b));
  const auto* names = std::get_if<WeightedNames>(&a);
  if (names == nullptr) return a == b;
  const auto& others = std::get<WeightedNames>(b);
  if (names->size() != others.size()) return false;
  for (std::size_t i = 0; i < names->size(); ++i) {
    const bool is_same =
        (*names)[i].first == others[i].first && IsNear((*names)[i].second, others[i].second);
    if (!is_same) return false;
  }
  return true;
}

void ExpectAlike(const std::vector<Feature>& have, const std::vector<Feature>& want) {
  ASSERT_EQ(have.size(), want.size());
  for (std::size_t i = 0; i < have.size(); ++i) {
    EXPECT_EQ(have[i].name, want[i].name);
    EXPECT_EQ(have[i].status, want[i].status) << have[i].name;
    EXPECT_EQ(have[i].time_us, want[i].time_us) << have[i].name;
    EXPECT_TRUE(AreAlike(have[i].value, want[i].value))
        << have[i].name << ": " << ::testing::PrintToString(have[i].value) << ", want "
        << ::testing::PrintToString(want[i].value);
  }
}

void ExpectAsOracle(const std::vector<Feature>& have, const OracleValues& want) {
  for (const Feature& feature : have) {
    const auto found = want.find(feature.name);
    const bool is_missing =
        found == want.end() || std::holds_alternative<std::monostate>(found->second);
    EXPECT_EQ(feature.status, is_missing ? FeatureStatus::kMissing : FeatureStatus::kPresent)
        << feature.name;
    const FeatureValue& value = is_missing ? FindFeature(feature.name)->missing : found->second;
    EXPECT_TRUE(AreAlike(feature.value, value))
        << feature.name << ": " << ::testing::PrintToString(feature.value) << ", want "
        << ::testing::PrintToString(value);
  }
  for (const auto& [name, value] : want) EXPECT_NE(FindFeature(name), nullptr) << name;
}

class FeaturePropertyTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  FeaturePropertyTest() : random_(GetParam()), model_(options_) {
    SetLogLevel(LogLevel::kError);
    Open();
  }
  ~FeaturePropertyTest() override { SetLogLevel(LogLevel::kInfo); }

  void Open() {
    files_ = std::make_unique<FaultFileSystem>();
    auto store = FeatureStore::Open(folder_.path(), options_, *files_, clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  void Restart() {
    const bool is_clean = random_.Below(2) == 0;
    if (!is_clean) files_->CutPower(random_.NextBits());
    store_.reset();
    if (random_.Below(3) == 0) RemoveCheckpoints();
    Open();
  }

  void RemoveCheckpoints() {
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      if (file.path().extension() == ".checkpoint") std::filesystem::remove(file.path());
    }
  }

  void WriteToBoth(const Mutation& mutation) {
    const auto want = model_.Write(mutation, clock_.Now());
    const auto have = store_->Write(mutation);
    ASSERT_EQ(have.status().code(), want.status().code()) << have.status();
  }

  RecordEvents RandomEvents() {
    RecordEvents mutation;
    const std::uint64_t count = 1 + random_.Below(10);
    for (std::uint64_t i = 0; i < count; ++i) {
      Event event = RandomBehaviour(random_, clock_.Now());
      if (random_.Below(4) == 0) {  // Of an id that may be known already; one id, one content.
        const std::uint64_t number = random_.Below(200);
        Random own(number);
        event = RandomBehaviour(own, FakeClock::kStart);
        event.event_id = "event" + std::to_string(number);
      }
      mutation.events.push_back(std::move(event));
    }
    return mutation;
  }

  std::string RandomUser() { return "user" + std::to_string(random_.Below(3)); }
  std::string RandomVisitor() { return "visitor" + std::to_string(random_.Below(4)); }

  Mutation RandomStep() {
    switch (random_.Below(24)) {
      case 0:
      case 1:
        return MergeUsers{.visitor_id = RandomVisitor(), .user_id = RandomUser()};
      case 2:
        return RandomCatalogue(random_, clock_.Now());
      case 3:
        return DeleteItems{{"item" + std::to_string(random_.Below(8))}};
      default:
        return RandomEvents();
    }
  }

  void Live(int num_steps) {
    for (int step = 0; step < num_steps && !HasFailure(); ++step) {
      WriteToBoth(RandomStep());
      clock_.Advance(static_cast<Micros>(random_.Below(8 * 3'600)) * kMicrosPerSecond);
    }
  }

  // Every pair of ids, nobody's and unknown ones among them; every item.
  static std::vector<FeatureQuestion> Everything(Micros now) {
    std::vector<FeatureQuestion> questions;
    for (const char* user : {"", "user0", "user1", "user2", "nobody"}) {
      for (const char* visitor : {"", "visitor0", "visitor1", "visitor2", "visitor3"}) {
        questions.push_back({.user_id = user,
                             .visitor_id = visitor,
                             .item_id = "item" + std::to_string(questions.size() % 9),
                             .time_us = now});
      }
    }
    return questions;
  }

  std::vector<Feature> ReadUser(const FeatureQuestion& question) {
    return store_->ReadUserFeatures(question.user_id, question.visitor_id, {}, question.time_us);
  }
  std::vector<Feature> ReadItem(const FeatureQuestion& question) {
    return store_->ReadItemFeatures(question.item_id, {}, question.time_us);
  }

  void ExpectOracle() {
    for (const FeatureQuestion& question : Everything(clock_.Now())) {
      SCOPED_TRACE(question.user_id + " " + question.visitor_id + " " + question.item_id);
      ExpectAsOracle(ReadUser(question),
                     UserOracle(model_, question.user_id, question.visitor_id, question.time_us));
      ExpectAsOracle(ReadItem(question), ItemOracle(model_, question.item_id, question.time_us));
      if (HasFailure()) return;
    }
  }

  void ExpectReplayed() {
    const std::vector<FeatureQuestion> questions = Everything(clock_.Now());
    const auto rows = store_->FeaturesAsOf(
        questions, {.catalogue = CatalogueUse::kPresent, .has_sessions = true});
    ASSERT_THAT(rows, IsOk());
    for (std::size_t i = 0; i < questions.size() && !HasFailure(); ++i) {
      SCOPED_TRACE(questions[i].user_id + " " + questions[i].visitor_id + " " +
                   questions[i].item_id);
      ExpectAlike((*rows)[i].user, ReadUser(questions[i]));
      ExpectAlike((*rows)[i].item, ReadItem(questions[i]));
      EXPECT_EQ(
          (*rows)[i].session,
          store_->ReadSession(questions[i].user_id, questions[i].visitor_id, questions[i].time_us));
    }
  }

  const FeatureStoreOptions options_ = {
      .history_limit = 40, .min_group = 2, .checkpoint_events = 60};
  Random random_;
  FakeClock clock_;
  testing::TemporaryFolder folder_;
  std::unique_ptr<FaultFileSystem> files_;
  std::unique_ptr<FeatureStore> store_;
  ModelStore model_;
};

TEST_P(FeaturePropertyTest, WhatIsServedIsWhatTheOracleSays) {
  for (int round = 0; round < 8 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    Live(25);
    if (random_.Below(3) == 0) Restart();
    if (random_.Below(3) == 0) {
      EXPECT_THAT(store_->Checkpoint(), IsOk());
    }
    ExpectOracle();
  }
}

TEST_P(FeaturePropertyTest, ErasedShoppersLeaveNothingInAnybodysFeatures) {
  for (int round = 0; round < 4 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    Live(20);
    WriteToBoth(random_.Below(2) == 0 ? EraseUser{.user_id = RandomUser()}
                                      : EraseUser{.visitor_id = RandomVisitor()});
    ExpectOracle();
    ExpectReplayed();
    if (random_.Below(2) == 0) Restart();
    ExpectOracle();
  }
}

TEST_P(FeaturePropertyTest, WhatIsServedIsWhatTheLogIsReplayedTo) {
  for (int round = 0; round < 4 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    Live(25);
    ExpectReplayed();
    Restart();
    ExpectReplayed();
  }
}

TEST_P(FeaturePropertyTest, ARowAsOfThenIsWhatWasServedThen) {
  std::vector<FeatureQuestion> questions;
  std::vector<FeatureRow> served;
  WriteToBoth(RandomCatalogue(random_, clock_.Now()));
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 10; ++i) {
      WriteToBoth(RandomEvents());
      clock_.Advance(static_cast<Micros>(random_.Below(40 * 3'600)) * kMicrosPerSecond);
    }
    WriteToBoth(MergeUsers{.visitor_id = RandomVisitor(), .user_id = RandomUser()});
    for (const FeatureQuestion& question : Everything(clock_.Now())) {
      questions.push_back(question);
      served.push_back({.user = ReadUser(question), .item = ReadItem(question)});
    }
    clock_.Advance(1);
  }
  std::vector<std::size_t> order(questions.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random_.Shuffle(order);
  std::vector<FeatureQuestion> shuffled;
  for (const std::size_t i : order) shuffled.push_back(questions[i]);

  const auto rows = store_->FeaturesAsOf(shuffled, {.catalogue = CatalogueUse::kPresent});

  ASSERT_THAT(rows, IsOk());
  for (std::size_t i = 0; i < order.size() && !HasFailure(); ++i) {
    SCOPED_TRACE(order[i]);
    ExpectAlike((*rows)[i].user, served[order[i]].user);
    ExpectAlike((*rows)[i].item, served[order[i]].item);
  }
}

TEST_P(FeaturePropertyTest, NoTrainingRowChangesWhenHistoryIsRewritten) {
  WriteToBoth(RandomCatalogue(random_, clock_.Now()));
  std::vector<FeatureQuestion> questions;
  for (int round = 0; round < 5; ++round) {
    Live(10);
    const auto more = Everything(clock_.Now());
    questions.insert(questions.end(), more.begin(), more.end());
    clock_.Advance(1);
  }
  const auto before = store_->FeaturesAsOf(questions, {});
  ASSERT_THAT(before, IsOk());
  const FeatureRow served_before = {.user = ReadUser(questions.back()),
                                    .item = ReadItem(questions.back())};

  // A hundred days of the past arrive now, repeats of what is known, and visitors find their users.
  for (int i = 0; i < 40; ++i) {
    RecordEvents late = RandomEvents();
    for (Event& event : late.events) {
      if (event.event_id.empty()) event.time_us = questions[random_.Below(50)].time_us;
    }
    WriteToBoth(late);
  }
  for (const char* visitor : {"visitor0", "visitor1", "visitor2", "visitor3"}) {
    (void)store_->Write(MergeUsers{.visitor_id = visitor, .user_id = "user0"});
  }
  (void)store_->Write(UpdateInventory{{{.id = "item0", .price = Money{1, "EUR"}}}});
  Restart();

  const auto after = store_->FeaturesAsOf(questions, {});
  ASSERT_THAT(after, IsOk());
  EXPECT_TRUE(*after == *before);
  const FeatureRow served_after = {.user = ReadUser(questions.back()),
                                   .item = ReadItem(questions.back())};
  EXPECT_FALSE(served_after == served_before);  // The past did change.
}

TEST_P(FeaturePropertyTest, ACheckpointUnderWritesIsOfOneMoment) {
  Live(5);
  ASSERT_GT(store_->status().num_events, 0U);
  std::atomic<bool> is_over = false;
  std::atomic<int> num_made = 0;
  std::thread checkpoints([&] {
    while (!is_over) {
      EXPECT_THAT(store_->Checkpoint(), IsOk());
      ++num_made;
    }
  });
  Live(60);
  for (int more = 0; num_made < 1 && more < 10'000; ++more) Live(1);  // On a busy machine.
  is_over = true;
  checkpoints.join();
  files_->CutPower();
  store_.reset();
  Open();

  EXPECT_LT(store_->status().replayed_events, store_->status().num_events);
  ExpectOracle();
}

TEST_P(FeaturePropertyTest, EventTimesCountAsArrivalsWhereAskedFor) {
  Live(40);  // No label is later than the last arrival, so all events are there.
  const std::vector<FeatureQuestion> now = Everything(clock_.Now());
  std::vector<FeatureQuestion> past = Everything(FakeClock::kStart - 20 * kMicrosPerDay);

  const AsOfOptions options = {.known_since = KnownSince::kEventTime,
                               .catalogue = CatalogueUse::kPresent};
  const auto rows_now = store_->FeaturesAsOf(now, options);
  const auto rows_past = store_->FeaturesAsOf(past, options);

  ASSERT_THAT(rows_now, IsOk());
  ASSERT_THAT(rows_past, IsOk());
  for (std::size_t i = 0; i < now.size() && !HasFailure(); ++i) {
    ExpectAlike((*rows_now)[i].user, ReadUser(now[i]));
    ExpectAlike((*rows_now)[i].item, ReadItem(now[i]));
    std::int64_t views = 0;
    for (const Event& event : model_.EventsOf(past[i].user_id, past[i].visitor_id)) {
      const bool is_past = event.time_us <= past[i].time_us;
      views += is_past && event.type == EventType::kDetailPageView ? 1 : 0;
    }
    for (const Feature& feature : (*rows_past)[i].user) {
      if (feature.name == "views") {
        EXPECT_EQ(feature.value, FeatureValue(views)) << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FeaturePropertyTest, ::testing::Range<std::uint64_t>(1, 5));

}  // namespace
}  // namespace vitrine
