// Reading your writes, while others write: an answer that starts after an acknowledgement reflects
// it, whatever is remembered between requests. VITRINE_TRIALS says how many times it is tried; the
// usual run is short.
#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "testing/environment.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/random.h"
#include "vitrine/engine/engine.h"
#include "vitrine/lifecycle/lifecycle.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::TemporaryFolder;

constexpr std::size_t kItems = 40;
constexpr std::size_t kWriters = 32;  // They share syncs, so that a trial takes a part of one.
constexpr std::size_t kShoppersEach = 8;
constexpr std::size_t kMostDeeds = 200;
constexpr std::size_t kUsualTrials = 4000;

std::string ItemId(std::size_t i) { return absl::StrFormat("item-%02d", i); }

class ReadYourWritesTest : public ::testing::Test {
 protected:
  ReadYourWritesTest() {
    UpsertItems upsert;
    for (std::size_t i = 0; i < kItems; ++i) {
      upsert.items.push_back({.id = ItemId(i), .title = "Thing", .categories = {"Shop"}});
    }
    EXPECT_THAT(store_->Write(upsert), IsOk());
    RecordEvents record;
    for (std::size_t u = 0; u < 40; ++u) {
      for (std::size_t i = 0; i < 6; ++i) {
        record.events.push_back(EventOf("other-" + std::to_string(u), EventType::kPurchaseComplete,
                                        (u + i * i) % kItems));
      }
    }
    EXPECT_THAT(store_->Write(record), IsOk());
    LifecycleOptions options;
    options.settings["ials"] = {{"dimensions", "8"}};
    auto trained = TrainModels(*store_, options, {.pool = &pool_}, {});
    EXPECT_THAT(trained, IsOk());
    models_.Set(std::make_shared<const ModelSet>(std::move(trained->models)));
  }

  static Event EventOf(const std::string& user, EventType type, std::size_t item) {
    return {.type = type, .user_id = user, .items = {{.item_id = ItemId(item)}}};
  }

  // One shopper, who buys, returns and looks at things one after the other.
  struct Shopper {
    std::string id{};
    std::set<std::size_t> owned{};
    std::size_t num_deeds = 0;
  };

  // Whether the answer right after the shopper's next deed is the one that it calls for.
  bool IsFresh(Shopper& shopper, Random& random) const {
    const std::size_t item = random.Below(kItems);
    const bool is_view = random.Below(4) == 0;
    const bool is_owned = shopper.owned.contains(item);
    const EventType type = is_view    ? EventType::kDetailPageView
                           : is_owned ? EventType::kReturnComplete
                                      : EventType::kPurchaseComplete;
    if (!store_->Write(RecordEvents{{EventOf(shopper.id, type, item)}}).ok()) return false;
    if (is_view) {
      const auto viewed = engine_.Recommend(
          {.user_id = shopper.id, .placement = "recently-viewed", .page_size = 1});
      return viewed.ok() && viewed->items.size() == 1 && viewed->items[0].item_id == ItemId(item);
    }
    if (is_owned) {
      shopper.owned.erase(item);
    } else {
      shopper.owned.insert(item);
    }
    const auto list = engine_.Recommend({.user_id = shopper.id, .page_size = kItems});
    if (!list.ok() || list->items.size() != kItems - shopper.owned.size()) return false;
    for (const RecommendedItem& each : list->items) {
      for (const std::size_t owned : shopper.owned) {
        if (each.item_id == ItemId(owned)) return false;
      }
    }
    return true;
  }

  TemporaryFolder folder_;
  std::unique_ptr<FeatureStore> store_ =
      *FeatureStore::Open(folder_ / "store", {}, LocalFileSystem(), SystemClock());
  Published<ModelSet> models_{nullptr};
  Counters counters_;
  ThreadPool pool_{2};
  Engine engine_{*store_, models_, counters_, SystemClock(), Engine::Options()};
};

TEST_F(ReadYourWritesTest, NoAnswerIsStaleUnderLoad) {
  const std::size_t trials = testing::NumberFromEnvironment("VITRINE_TRIALS", kUsualTrials);
  std::atomic<std::size_t> num_stale = 0;
  std::atomic<std::size_t> num_tried = 0;
  std::vector<std::thread> writers;
  for (std::size_t w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      Random random(w + 1);
      std::vector<Shopper> shoppers(kShoppersEach);
      for (std::size_t s = 0; s < kShoppersEach; ++s) {
        shoppers[s].id = absl::StrFormat("shopper-%d-%d", w, s);
      }
      std::size_t num_shoppers = kShoppersEach;
      while (num_tried.fetch_add(1) < trials) {
        Shopper& shopper = shoppers[random.Below(kShoppersEach)];
        if (!IsFresh(shopper, random)) ++num_stale;
        // A history holds the latest 256 interactions: what is older would come back.
        if (++shopper.num_deeds < kMostDeeds) continue;
        shopper = {.id = absl::StrFormat("shopper-%d-%d", w, num_shoppers++)};
      }
    });
  }
  for (std::thread& writer : writers) writer.join();

  EXPECT_EQ(num_stale, 0U) << "of " << trials;
}

}  // namespace
}  // namespace vitrine
