#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/log.h"
#include "vitrine/client/client.h"
#include "vitrine/engine/engine.h"
#include "vitrine/server/server.h"

namespace vitrine {
namespace {

using testing::IsOk;
using ::testing::IsSubsetOf;
using testing::SmallShop;

// A server with two trained versions, as `vitrine serve` puts it together.
class SwapTest : public ::testing::Test {
 protected:
  SwapTest() {
    SetLogLevel(LogLevel::kError);
    shop_.UpsertAllItems();
    shop_.RecordMore(300);
    LifecycleOptions options = shop_.Options();
    options.warm_up = [this](const auto& next) { engine_.WarmUp(next); };
    lifecycle_ =
        Lifecycle::Start(shop_.store(), shop_.files(), shop_.models_folder(), published_, options)
            .value();
    versions_ = {Train(), Train()};
    server_ = Server::Create({.address = "127.0.0.1:0"}, shop_.clock()).value();
    server_->Serve({.engine = &engine_,
                    .store = &shop_.store(),
                    .models = lifecycle_.get(),
                    .counters = &counters_,
                    .observer = lifecycle_.get()});
  }
  ~SwapTest() override { server_->Drain(kMicrosPerSecond); }

  std::string Train() {
    shop_.clock().Advance(kMicrosPerSecond);
    const std::string id = lifecycle_->StartTraining(/*skips_gate=*/true)->id;
    while (lifecycle_->GetTraining(id)->state == TrainingProgress::State::kRunning) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return lifecycle_->GetTraining(id)->version;
  }

  std::unique_ptr<Client> Connect() {
    return Client::Connect("127.0.0.1:" + std::to_string(server_->port()));
  }

  SmallShop shop_;
  Published<ModelSet> published_{std::make_shared<const ModelSet>()};
  Counters counters_;
  const Engine engine_{shop_.store(), published_, counters_, shop_.clock(), {}};
  std::unique_ptr<Lifecycle> lifecycle_;
  std::set<std::string> versions_;
  std::unique_ptr<Server> server_;
};

TEST_F(SwapTest, NoRequestFailsWhileAHundredVersionsAreSwapped) {
  ASSERT_EQ(versions_.size(), 2u);
  std::atomic<bool> is_over = false;
  std::atomic<int> num_answers = 0;
  std::atomic<int> num_failed = 0;
  std::vector<std::set<std::string>> seen(4);
  std::vector<std::thread> shoppers;
  for (std::size_t number = 0; number < seen.size(); ++number) {
    shoppers.emplace_back([&, number] {
      const auto client = Connect();
      v1::RecommendItemsRequest request;
      request.set_user_id("shopper-" + std::to_string(number));
      while (!is_over) {
        const auto reply = client->RecommendItems(request);
        ++num_answers;
        if (!reply.ok() || reply->items().empty()) {
          ++num_failed;
          continue;
        }
        seen[number].insert(reply->model_version());
      }
    });
  }
  const auto operations = Connect();

  for (int swap = 0; swap < 100; ++swap) {
    const auto back = operations->RollBackModels("");
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(published_.Get()->version, back->live().version());
  }

  is_over = true;
  for (std::thread& shopper : shoppers) shopper.join();
  EXPECT_EQ(num_failed, 0);
  EXPECT_GT(num_answers, 100);
  for (const std::set<std::string>& each : seen) EXPECT_THAT(each, IsSubsetOf(versions_));
}

TEST_F(SwapTest, TheFirstAnswerOfAVersionIsOfThatVersion) {
  const auto client = Connect();
  for (int swap = 0; swap < 4; ++swap) {
    const auto back = client->RollBackModels("");
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(client->RecommendItems(v1::RecommendItemsRequest())->model_version(),
              back->live().version());
  }
}

}  // namespace
}  // namespace vitrine
