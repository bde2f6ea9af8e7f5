#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using testing::FaultFileSystem;
using testing::IsOk;
using testing::StatusIs;

constexpr int kNumWriters = 4;
constexpr int kNumReaders = 4;
constexpr int kEventsPerWriter = 300;

std::string UserName(int writer) { return "user-" + std::to_string(writer); }

Event MakeEvent(int writer, int number) {
  return {.type = EventType::kDetailPageView,
          .user_id = UserName(writer),
          .time_us = FakeClock::kStart + number,
          .items = {{.item_id = "item-" + std::to_string(number % 17)}}};
}

class ConcurrencyTest : public ::testing::Test {
 protected:
  ConcurrencyTest() {
    auto store = FeatureStore::Open(
        folder_.path(), {.history_limit = 10'000, .checkpoint_events = 200}, files_, clock_);
    EXPECT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  FaultFileSystem files_;
  std::unique_ptr<FeatureStore> store_;
};

// Every writer says what was acknowledged; no reader, whenever it begins after that, sees less.
TEST_F(ConcurrencyTest, NoReadMissesWhatWasAcknowledgedBeforeIt) {
  std::vector<std::atomic<int>> acknowledged(kNumWriters);
  std::vector<std::atomic<std::uint64_t>> sequences(kNumWriters);
  std::atomic<int> num_running = kNumWriters;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kNumWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kEventsPerWriter; ++i) {
        const auto result = store_->Write(RecordEvents{{MakeEvent(writer, i)}});
        ASSERT_THAT(result, IsOk());
        sequences[static_cast<std::size_t>(writer)] = result->sequence;
        acknowledged[static_cast<std::size_t>(writer)] = i + 1;
      }
      --num_running;
    });
  }
  for (int reader = 0; reader < kNumReaders; ++reader) {
    threads.emplace_back([&, reader] {
      for (int round = 0; num_running > 0; ++round) {
        const auto writer = static_cast<std::size_t>((reader + round) % kNumWriters);
        const auto least = static_cast<std::size_t>(acknowledged[writer]);
        const std::uint64_t sequence = sequences[writer];
        const ShopperState state = store_->ReadShopper(UserName(static_cast<int>(writer)), "");
        ASSERT_GE(state.history.size(), least);
        ASSERT_GE(state.sequence, sequence);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(store_->status().num_events, kNumWriters * kEventsPerWriter);
}

// While visitors become users and a checkpoint runs, none of their events is missing or double.
TEST_F(ConcurrencyTest, AMergeIsNeverSeenHalfDone) {
  constexpr int kNumVisitors = 60;
  constexpr std::size_t kEventsPerVisitor = 5;
  for (int visitor = 0; visitor < kNumVisitors; ++visitor) {
    RecordEvents mutation;
    for (std::size_t i = 0; i < kEventsPerVisitor; ++i) {
      Event event = MakeEvent(0, static_cast<int>(i));
      event.user_id.clear();
      event.visitor_id = "visitor-" + std::to_string(visitor);
      mutation.events.push_back(event);
    }
    ASSERT_THAT(store_->Write(mutation), IsOk());
  }
  std::atomic<bool> is_done = false;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < kNumReaders; ++reader) {
    readers.emplace_back([&, reader] {
      for (int round = reader; !is_done; ++round) {
        const std::string number = std::to_string(round % kNumVisitors);
        ASSERT_EQ(store_->ReadShopper("", "visitor-" + number).history.size(), kEventsPerVisitor);
        ASSERT_EQ(store_->ReadShopper("user-" + number, "visitor-" + number).history.size(),
                  kEventsPerVisitor);
      }
    });
  }
  std::thread checkpoints([&] {
    while (!is_done) ASSERT_THAT(store_->Checkpoint(), IsOk());
  });

  for (int visitor = 0; visitor < kNumVisitors; ++visitor) {
    const std::string number = std::to_string(visitor);
    EXPECT_THAT(
        store_->Write(MergeUsers{.visitor_id = "visitor-" + number, .user_id = "user-" + number}),
        IsOk());
  }

  is_done = true;
  for (std::thread& reader : readers) reader.join();
  checkpoints.join();
}

TEST_F(ConcurrencyTest, ReadsGoOnWhileAShopperIsErased) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(store_->Write(RecordEvents{{MakeEvent(0, i), MakeEvent(1, i)}}), IsOk());
  }
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    while (!is_done) {
      ASSERT_EQ(store_->ReadShopper(UserName(1), "").history.size(), 200);
      std::uint64_t num_events = 0;
      ASSERT_THAT(store_->ReadEvents(0,
                                     [&](std::uint64_t, const Event& event) {
                                       num_events += event.user_id == UserName(1) ? 1 : 0;
                                       return true;
                                     }),
                  IsOk());
      ASSERT_EQ(num_events, 200);
      ASSERT_THAT(store_->Snapshot(0), IsOk());
    }
  });

  const auto erased = store_->Write(EraseUser{.user_id = UserName(0)});

  is_done = true;
  reader.join();
  ASSERT_THAT(erased, IsOk());
  EXPECT_EQ(erased->num_removed, 200);
}

TEST_F(ConcurrencyTest, CallbacksComeOnceEachInTheOrderOfTheCalls) {
  std::vector<int> order;  // Written by the commit thread alone.
  for (int i = 0; i < 500; ++i) {
    store_->Write(RecordEvents{{MakeEvent(i % 3, i)}},
                  [&order, i](const absl::StatusOr<WriteResult>& result) {
                    EXPECT_THAT(result, IsOk());
                    order.push_back(i);
                  });
  }

  store_.reset();  // Finishes what was accepted.

  ASSERT_EQ(order.size(), 500);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_F(ConcurrencyTest, AQueueThatIsFullRefusesAndRecovers) {
  RecordEvents large;
  for (int i = 0; i < 1'000; ++i) large.events.push_back(MakeEvent(0, i));
  std::atomic<int> num_ok = 0;
  std::atomic<int> num_refused = 0;
  constexpr int kNumWrites = 400;

  for (int i = 0; i < kNumWrites; ++i) {
    store_->Write(large, [&](const absl::StatusOr<WriteResult>& result) {
      if (result.ok()) {
        ++num_ok;
      } else {
        EXPECT_THAT(result, StatusIs(absl::StatusCode::kResourceExhausted));
        ++num_refused;
      }
    });
  }

  while (num_ok + num_refused < kNumWrites) std::this_thread::yield();
  EXPECT_GT(num_refused, 0);
  EXPECT_THAT(store_->Write(RecordEvents{{MakeEvent(0, 0)}}), IsOk());
  EXPECT_EQ(store_->status().num_events, static_cast<std::uint64_t>(num_ok) * 1'000 + 1);
}

}  // namespace
}  // namespace vitrine
