#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "e2e/shop.h"
#include "e2e/slow_scorer.h"
#include "testing/status_matchers.h"
#include "vitrine/client/load_generator.h"
#include "vitrine/v1/recommendation_service.grpc.pb.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::SizeIs;

using std::chrono::milliseconds;

// A shop of ten items. Its first model, "most_popular", likes items 0 and 1 and does `before_`
// first; its second, "item_knn", does `before_second_`, and counts how often it is asked.
class DeadlineTest : public ::testing::Test {
 protected:
  DeadlineTest() {
    shop_.Serve();
    EXPECT_THAT(shop_.Connect()->UpsertItems(MakeItems(10)), IsOk());
    ModelSet set;
    set.version = "slow";
    set.models.push_back(SlowModel("most_popular", {2, 1}, [this] { before_(); }));
    set.models.push_back(SlowModel("item_knn", {0, 0, 5}, [this] {
      ++num_asked_;
      before_second_();
    }));
    shop_.Publish(std::move(set));
  }

  // Asks with so much time.
  grpc::Status Ask(milliseconds time, v1::RecommendItemsResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + time);
    return stub_->RecommendItems(&context, For("ann", 5), &response);
  }

  std::function<void()> before_ = [] {};
  std::function<void()> before_second_ = [] {};
  std::atomic<int> num_asked_ = 0;
  Shop shop_;
  std::unique_ptr<v1::RecommendationService::Stub> stub_ = v1::RecommendationService::NewStub(
      grpc::CreateChannel(shop_.address(), grpc::InsecureChannelCredentials()));
};

TEST_F(DeadlineTest, WithTimeEnoughEveryModelIsAsked) {
  v1::RecommendItemsResponse response;

  ASSERT_TRUE(Ask(std::chrono::minutes(1), response).ok());

  EXPECT_THAT(response.fallbacks(), Not(Contains("deadline")));
  EXPECT_EQ(response.items(0).item_id(), "item-002");
  EXPECT_EQ(num_asked_, 1);
}

TEST_F(DeadlineTest, WhenTimeRunsOutTheAnswerIsWhatIsReadyAndAFullPage) {
  before_second_ = [] { std::this_thread::sleep_for(milliseconds(600)); };
  v1::RecommendItemsResponse response;
  ASSERT_TRUE(Ask(std::chrono::minutes(1), response).ok());  // Now its cost is known.

  const grpc::Status status = Ask(milliseconds(500), response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.fallbacks(), Contains("deadline"));
  EXPECT_THAT(response.fallbacks(), Contains("backfill"));
  ASSERT_THAT(response.items(), SizeIs(5));
  EXPECT_EQ(response.items(0).item_id(), "item-000");
  EXPECT_EQ(response.items(1).item_id(), "item-001");
  EXPECT_FALSE(response.items(1).backfill());
  EXPECT_TRUE(response.items(2).backfill());
  EXPECT_EQ(num_asked_, 1);
}

TEST_F(DeadlineTest, AModelThatIsKnownToBeSlowIsLeftOutAlone) {
  before_ = [] { std::this_thread::sleep_for(milliseconds(600)); };
  v1::RecommendItemsResponse response;
  ASSERT_TRUE(Ask(std::chrono::minutes(1), response).ok());
  ASSERT_THAT(response.fallbacks(), Not(Contains("deadline")));

  const grpc::Status status = Ask(milliseconds(500), response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.fallbacks(), Contains("model-late:most_popular"));
  EXPECT_THAT(response.fallbacks(), Not(Contains("model-late:item_knn")));
  EXPECT_THAT(response.fallbacks(), Contains("deadline"));
  EXPECT_EQ(response.items(0).item_id(), "item-002");
  EXPECT_EQ(num_asked_, 2);
}

TEST_F(DeadlineTest, OnceTheCallerHasGoneWorkStopsAndIsCounted) {
  // The server hears of it a moment after the caller has gone, so there are some tries.
  for (int i = 0; i < 20 && shop_.counters().Read()["server.abandoned"] == 0; ++i) {
    num_asked_ = 0;
    std::promise<void> started;
    std::promise<void> released;
    before_ = [&] {
      started.set_value();
      released.get_future().wait();
    };
    grpc::ClientContext context;
    v1::RecommendItemsResponse response;
    auto answer = std::async(std::launch::async, [&] {
      return stub_->RecommendItems(&context, For("ann", 5), &response);
    });
    started.get_future().wait();
    context.TryCancel();
    EXPECT_EQ(answer.get().error_code(), grpc::StatusCode::CANCELLED);
    std::this_thread::sleep_for(milliseconds(10 << std::min(i, 6)));
    released.set_value();
    for (int j = 0; j < 100 && shop_.counters().Read()["server.abandoned"] == 0; ++j) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  }

  EXPECT_EQ(shop_.counters().Read()["server.abandoned"], 1U);
  EXPECT_EQ(num_asked_, 0);
}

// One call after the other.
LoadOptions LoadOn(const Shop& shop, std::uint64_t num_calls) {
  LoadOptions load;
  load.address = shop.address();
  load.user_ids = {"ann"};
  load.warm_up_seconds = 0;
  load.max_calls = num_calls;
  load.page_size = 5;
  return load;
}

TEST_F(DeadlineTest, ALoadCountsListsThatWereCutShortApart) {
  before_second_ = [] { std::this_thread::sleep_for(milliseconds(600)); };
  v1::RecommendItemsResponse response;
  ASSERT_TRUE(Ask(std::chrono::minutes(1), response).ok());  // Now its cost is known.
  LoadOptions load = LoadOn(shop_, 3);

  load.deadline_ms = 500;
  const auto hurried = GenerateLoad(load);
  load.deadline_ms = 30'000;
  load.max_calls = 1;
  const auto unhurried = GenerateLoad(load);

  ASSERT_THAT(hurried, IsOk());
  EXPECT_EQ(hurried->num_calls, 3U);
  EXPECT_EQ(hurried->num_errors, 0U);
  EXPECT_EQ(hurried->num_cut_short, 3U);
  EXPECT_EQ(hurried->by_call.at(LoadCall::kRecommendItems).num_cut_short, 3U);
  ASSERT_THAT(unhurried, IsOk());
  EXPECT_EQ(unhurried->num_calls, 1U);
  EXPECT_EQ(unhurried->num_cut_short, 0U);
}

TEST_F(DeadlineTest, ALoadSaysWhenItBegins) {
  std::vector<int> asked_when_it_began;
  LoadOptions load = LoadOn(shop_, 2);
  load.on_begin = [&] { asked_when_it_began.push_back(num_asked_); };

  ASSERT_THAT(GenerateLoad(load), IsOk());

  EXPECT_THAT(asked_when_it_began, ElementsAre(0));
  EXPECT_EQ(num_asked_, 2);
}

}  // namespace
}  // namespace vitrine
