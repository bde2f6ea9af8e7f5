#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/lifecycle/lifecycle.h"

namespace vitrine::testing {

// A real store with a made-up shop in it: mugs and lamps, and shoppers who like the one or the
// other.
class SmallShop {
 public:
  static constexpr int kItems = 24;
  // Those of the blend that are trained without being chosen, and those that placements name.
  static constexpr std::size_t kUsualModels = 4;
  static constexpr std::size_t kModelsOfPlacements = 2;

  SmallShop() { store_ = FeatureStore::Open(folder_ / "store", {}, files_, clock_).value(); }

  FeatureStore& store() { return *store_; }
  FaultFileSystem& files() { return files_; }
  FakeClock& clock() { return clock_; }
  std::string models_folder() const { return folder_ / "store/models"; }

  void UpsertItem(const std::string& id, const std::string& title) {
    Item item{.id = id, .title = title, .categories = {"Home"}};
    store_->Write(UpsertItems{{std::move(item)}}).value();
  }

  void UpsertAllItems() {
    UpsertItems items;
    for (int row = 0; row < kItems; ++row) {
      items.items.push_back(
          {.id = ItemId(row),
           .title = absl::StrFormat("%s number%d", IsMug(row) ? "mug" : "lamp", row),
           .categories = {IsMug(row) ? "Home > Kitchen" : "Home > Light"}});
    }
    store_->Write(std::move(items)).value();
  }

  // `count` more events, an hour apart, of so many shoppers.
  void RecordMore(int count, int num_shoppers = 12) {
    RecordEvents events;
    for (int left = count; left > 0; --left) {
      const int shopper = static_cast<int>(random_.Below(static_cast<std::uint64_t>(num_shoppers)));
      const int item = static_cast<int>(random_.Below(kItems / 2)) * 2 + shopper % 2;
      clock_.Advance(3'600 * kMicrosPerSecond);
      events.events.push_back({.type = EventType::kDetailPageView,
                               .user_id = absl::StrFormat("shopper-%d", shopper),
                               .time_us = clock_.Now(),
                               .items = {{.item_id = ItemId(item)}}});
    }
    store_->Write(std::move(events)).value();
  }

  static std::string ItemId(int row) { return absl::StrFormat("item-%d", row); }
  static bool IsMug(int row) { return row % 2 == 0; }

  // Small enough to train in milliseconds.
  LifecycleOptions Options() const {
    LifecycleOptions options;
    options.settings = {{"ials", {{"dimensions", "8"}, {"epochs", "2"}}}};
    options.poll_seconds = 0.02;
    options.auto_train_events = 0;
    options.clock = &clock_;
    return options;
  }

 private:
  TemporaryFolder folder_;
  FaultFileSystem files_;  // Does not really sync: fast.
  FakeClock clock_;
  Random random_{7};
  std::unique_ptr<FeatureStore> store_;
};

}  // namespace vitrine::testing
