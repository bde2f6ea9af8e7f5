// Kills the server with SIGKILL at random moments under load, again and again on one store, and
// finds every event that a client was told of, once, and the views of a rebuild.
// VITRINE_KILL_ROUNDS sets how often, 5 by default, VITRINE_KILL_SEED at which moments. And ends
// one that drains by a second signal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/open_call.h"
#include "cli/server_child.h"
#include "testing/environment.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/base/random.h"
#include "vitrine/client/client.h"
#include "vitrine/feature_store/check_store.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

using ::testing::AnyOf;
using ::testing::UnorderedElementsAreArray;
using ::vitrine::testing::Eventually;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::NumberFromEnvironment;
using ::vitrine::testing::OpenCall;
using ::vitrine::testing::ServerChild;
using ::vitrine::testing::StatusIs;
using ::vitrine::testing::TemporaryFolder;

constexpr int kNumItems = 40;
constexpr std::int64_t kFirstSecond = 1'760'000'000;  // Of the events, in 2025.

std::string ItemId(std::uint64_t index) {
  return absl::StrFormat("item-%02d", static_cast<int>(index));
}

// Events that are recorded as one, all of one shopper who has no others.
struct Batch {
  v1::RecordEventsRequest request{};
  bool is_acknowledged = false;

  const std::string& shopper() const { return request.events(0).user_id(); }
};

// What one client sent over all rounds, and what it was told. One thread's at a time.
class Sender {
 public:
  Sender(int id, bool is_streaming, std::uint64_t seed)
      : id_(id), is_streaming_(is_streaming), random_(seed, static_cast<std::uint64_t>(id)) {}

  // Sends what was not acknowledged once more, then new batches, until the server is gone.
  void SendUntilKilled(Client& client, const std::atomic<bool>& is_killed) {
    const absl::Status end = is_streaming_ ? Stream(client) : SendBatches(client);
    EXPECT_THAT(end, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_TRUE(is_killed) << "the server ended by itself: " << end;
  }

  const std::vector<Batch>& batches() const { return batches_; }
  const std::string& token() const { return token_; }

 private:
  // The next batch to send: one that was sent in vain, or a new one.
  std::size_t Next(std::size_t& cursor) {
    while (cursor < batches_.size() && batches_[cursor].is_acknowledged) ++cursor;
    if (cursor == batches_.size()) batches_.push_back(NewBatch());
    return cursor++;
  }

  Batch NewBatch() {
    Batch batch;
    const std::string shopper = absl::StrFormat("shopper-%d-%d", id_, batches_.size());
    const std::uint64_t count = is_streaming_ ? 1 : 1 + random_.Below(20);
    for (std::uint64_t i = 0; i < count; ++i) {
      v1::Event& event = *batch.request.add_events();
      event.set_event_id(absl::StrFormat("%s-%d", shopper, i));
      event.set_user_id(shopper);
      event.set_type(random_.Below(3) == 0 ? v1::EVENT_TYPE_PURCHASE_COMPLETE
                                           : v1::EVENT_TYPE_DETAIL_PAGE_VIEW);
      event.mutable_event_time()->set_seconds(kFirstSecond +
                                              static_cast<std::int64_t>(random_.Below(1'000'000)));
      v1::EventItem& item = *event.add_items();
      item.set_item_id(ItemId(random_.Below(kNumItems)));
      item.set_quantity(1);
    }
    return batch;
  }

  absl::Status SendBatches(Client& client) {
    std::size_t cursor = 0;
    for (;;) {
      Batch& batch = batches_[Next(cursor)];
      const auto response = client.RecordEvents(batch.request);
      if (!response.ok()) return response.status();
      EXPECT_EQ(response->acks_size(), batch.request.events_size());
      for (const v1::EventAck& ack : response->acks()) {
        EXPECT_EQ(ack.duplicate(), response->acks(0).duplicate()) << "half a batch was recorded";
      }
      batch.is_acknowledged = true;
      token_ = response->consistency_token();
    }
  }

  absl::Status Stream(Client& client) {
    constexpr int kWindow = 16;
    const auto stream = client.StreamEvents();
    v1::StreamEventsResponse response;
    std::size_t cursor = 0;
    for (;;) {
      std::vector<std::size_t> sent;
      while (sent.size() < kWindow) {
        sent.push_back(Next(cursor));
        stream->Send(batches_[sent.back()].request.events(0));
      }
      for (const std::size_t index : sent) {
        if (!stream->Receive(&response)) return stream->Finish();
        EXPECT_EQ(response.ack().event_id(), batches_[index].request.events(0).event_id());
        batches_[index].is_acknowledged = true;
        token_ = response.consistency_token();
      }
    }
  }

  const int id_;
  const bool is_streaming_;
  Random random_;
  std::vector<Batch> batches_;
  std::string token_;  // Of the latest acknowledgement.
};

v1::RecommendItemsRequest AskFor(const std::string& shopper, const std::string& token) {
  v1::RecommendItemsRequest request;
  request.set_user_id(shopper);
  request.set_page_size(kNumItems);
  request.set_min_consistency_token(token);
  return request;
}

class KillTest : public ::testing::Test {
 protected:
  KillTest() {
    SetLogLevel(LogLevel::kWarning);
    std::ofstream(config_) << "[store]\ncheckpoint_events = 1000\n"
                              "[lifecycle]\nauto_train_events = 1000\n"
                              "[models.ials]\ndimensions = 8\nepochs = 2\n";
    for (int id = 0; id < 4; ++id) {
      senders_.push_back(std::make_unique<Sender>(id, id == 3, random_.NextBits()));
    }
  }
  ~KillTest() override {
    SetLogLevel(LogLevel::kInfo);
    if (HasFailure()) {
      std::ifstream log(log_);
      std::cerr << log.rdbuf();
    }
  }

  // With views on disk, so that every start has some to begin with.
  void MakeStore() const {
    const auto store = FeatureStore::Open(store_, {}, LocalFileSystem(), SystemClock());
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->Write(UpsertItems{{{.id = ItemId(0)}}}), IsOk());
  }

  std::unique_ptr<ServerChild> Start() const {
    return std::make_unique<ServerChild>(store_, config_, log_);
  }

  bool HasLogged(const std::string& event) const {
    std::ifstream log(log_);
    std::ostringstream text;
    text << log.rdbuf();
    return text.str().find(event) != std::string::npos;
  }

  // Puts a server under load and kills it.
  void RunRound() {
    const auto server = Start();
    const std::string address = server->WaitForAddress();
    ASSERT_THAT(address, ::testing::StartsWith("127.0.0.1:"));
    const auto client = Client::Connect(address);
    FillCatalogue(*client);
    ExpectAcknowledgedState(*client);

    std::atomic<bool> is_killed = false;
    std::vector<std::thread> threads;
    for (const auto& sender : senders_) {
      threads.emplace_back([&] { sender->SendUntilKilled(*client, is_killed); });
    }
    threads.emplace_back([&] { AskUntilKilled(*client, is_killed); });
    std::this_thread::sleep_for(std::chrono::microseconds(5'000 + random_.Below(295'000)));
    is_killed = true;
    const int status = server->End(SIGKILL);
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
  }

  // Kills a server that opens the store.
  void KillAtStart() {
    const auto server = Start();
    std::this_thread::sleep_for(std::chrono::microseconds(random_.Below(100'000)));
    EXPECT_TRUE(WIFSIGNALED(server->End(SIGKILL)));
  }

  void FillCatalogue(Client& client) {
    v1::UpsertItemsRequest request;
    for (int i = 0; i < kNumItems; ++i) {
      v1::Item& item = *request.add_items();
      item.set_item_id(ItemId(static_cast<std::uint64_t>(i)));
      item.set_title("Mug " + item.item_id());
    }
    ASSERT_THAT(client.UpsertItems(request), IsOk());
  }

  void AskUntilKilled(Client& client, const std::atomic<bool>& is_killed) {
    absl::Status status;
    for (int i = 0; status.ok(); ++i) {
      const auto response =
          client.RecommendItems(AskFor(absl::StrFormat("shopper-%d-%d", i % 4, i % 50), ""));
      status = response.status();
      EXPECT_TRUE(!status.ok() || response->items_size() >= kNumItems - 20);
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_TRUE(is_killed) << "the server ended by itself: " << status;
  }

  // A shopper is shown everything but what they are known to have bought. Of each sender, the first
  // shoppers and the last ones.
  void ExpectAcknowledgedState(Client& client) const {
    constexpr std::size_t kEnds = 20;
    for (const auto& sender : senders_) {
      const std::vector<Batch>& batches = sender->batches();
      for (std::size_t i = 0; i < batches.size(); ++i) {
        if (i >= kEnds && i + kEnds < batches.size()) continue;
        if (batches[i].is_acknowledged) ExpectShown(client, batches[i], sender->token());
      }
    }
  }

  static void ExpectShown(Client& client, const Batch& batch, const std::string& token) {
    std::set<std::string> expected;
    for (std::uint64_t i = 0; i < kNumItems; ++i) expected.insert(ItemId(i));
    for (const v1::Event& event : batch.request.events()) {
      if (event.type() == v1::EVENT_TYPE_PURCHASE_COMPLETE) {
        expected.erase(event.items(0).item_id());
      }
    }
    const auto response = client.RecommendItems(AskFor(batch.shopper(), token));
    ASSERT_THAT(response, IsOk());
    std::vector<std::string> shown;
    for (const v1::RecommendedItem& item : response->items()) shown.push_back(item.item_id());
    EXPECT_THAT(shown, UnorderedElementsAreArray(expected)) << batch.shopper();
  }

  // Every acknowledged event is in the log once; a batch is there as a whole or not at all; nothing
  // is there that was not sent.
  void ExpectLog(bool is_read_only) const {
    const auto store = FeatureStore::Open(store_, {.is_read_only = is_read_only}, LocalFileSystem(),
                                          SystemClock());
    ASSERT_THAT(store, IsOk());
    std::unordered_map<std::string, std::vector<std::string>> found;  // By event id.
    std::size_t num_found = 0;
    EXPECT_THAT((*store)->ReadEvents(0,
                                     [&](std::uint64_t, const Event& event) {
                                       const v1::Event message = ToProto(event);
                                       found[event.event_id].push_back(message.SerializeAsString());
                                       ++num_found;
                                       return true;
                                     }),
                IsOk());
    std::size_t num_expected = 0;
    for (const auto& sender : senders_) {
      for (const Batch& batch : sender->batches()) {
        const bool is_there =
            batch.is_acknowledged || found.contains(batch.request.events(0).event_id());
        for (const v1::Event& event : batch.request.events()) {
          const std::vector<std::string>& copies = found[event.event_id()];
          ASSERT_EQ(copies.size(), is_there ? 1U : 0U) << event.event_id();
          if (!is_there) continue;
          ASSERT_EQ(copies[0], event.SerializeAsString()) << event.event_id();
          ++num_expected;
        }
      }
    }
    EXPECT_EQ(num_found, num_expected) << "events are there that nobody sent";
  }

  // What a start would make of the checkpoint and the log behind it.
  void ExpectViewsOfARebuild() const {
    const auto check = CheckStore(store_, {}, LocalFileSystem(), SystemClock());
    ASSERT_THAT(check, IsOk());
    EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
  }

  std::size_t NumAcknowledged() const {
    std::size_t count = 0;
    for (const auto& sender : senders_) {
      for (const Batch& batch : sender->batches()) {
        if (batch.is_acknowledged) count += static_cast<std::size_t>(batch.request.events_size());
      }
    }
    return count;
  }

  const TemporaryFolder folder_;
  const std::string store_ = folder_ / "store";
  const std::string config_ = folder_ / "vitrine.toml";
  const std::string log_ = folder_ / "log";
  Random random_{NumberFromEnvironment("VITRINE_KILL_SEED", 11)};
  std::vector<std::unique_ptr<Sender>> senders_;
};

TEST_F(KillTest, AServerKilledUnderLoadLosesNothingAcknowledgedAndDoublesNothing) {
  const auto num_rounds = static_cast<int>(NumberFromEnvironment("VITRINE_KILL_ROUNDS", 5));
  ASSERT_GT(num_rounds, 0);
  MakeStore();

  for (int round = 0; round < num_rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrFormat("round %d", round));
    RunRound();
    if (round % 3 == 2) KillAtStart();
    ExpectLog(/*is_read_only=*/true);
    ExpectViewsOfARebuild();
  }
  ASSERT_FALSE(HasFailure());

  const auto server = Start();
  const std::string address = server->WaitForAddress();
  ExpectAcknowledgedState(*Client::Connect(address));
  const int status = server->End(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  ExpectViewsOfARebuild();
  ExpectLog(/*is_read_only=*/false);
  EXPECT_GT(NumAcknowledged(), 0U);
  RecordProperty("acknowledged", static_cast<int>(NumAcknowledged()));
  RecordProperty("faults",
                 absl::StrFormat("killed %d, and %d at the start", num_rounds, num_rounds / 3));
  std::cout << num_rounds << " kills, " << NumAcknowledged() << " events acknowledged\n";
}

TEST_F(KillTest, ASecondSignalEndsADrainAtOnce) {
  std::ofstream(config_, std::ios::app) << "[server]\ndrain_seconds = 60\n";
  for (const int second : {SIGTERM, SIGINT}) {
    std::ofstream(log_, std::ios::trunc);
    const auto own = std::signal(second, SIG_IGN);  // As for what a shell starts in the background.
    const auto server = Start();
    std::signal(second, own);
    const OpenCall call(server->WaitForAddress());
    ASSERT_TRUE(call.is_open());
    server->Send(SIGTERM);
    ASSERT_TRUE(Eventually([this] { return HasLogged("serve.draining"); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    ASSERT_EQ(waitpid(server->id(), nullptr, WNOHANG), 0) << "it does not wait for the call";
    const auto start = std::chrono::steady_clock::now();

    const int status = server->End(second);

    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == second) << status;
  }
}

}  // namespace
}  // namespace vitrine
