#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lifecycle/small_shop.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/lifecycle/lifecycle.h"

namespace vitrine {

using testing::Eventually;

class LifecycleTest : public ::testing::Test {
 protected:
  LifecycleTest() {
    shop_.UpsertAllItems();
    shop_.RecordMore(200);
  }

  void Start(const LifecycleOptions& options) {
    lifecycle_.reset();
    auto started =
        Lifecycle::Start(shop_.store(), shop_.files(), shop_.models_folder(), published_, options);
    ASSERT_THAT(started, testing::IsOk());
    lifecycle_ = *std::move(started);
  }
  void Start() { Start(shop_.Options()); }

  // As a process that starts anew.
  void Restart() {
    lifecycle_.reset();
    published_.Set(std::make_shared<const ModelSet>());
    Start();
  }

  TrainingProgress Finish(const std::string& id) {
    EXPECT_TRUE(Eventually(
        [&] { return lifecycle_->GetTraining(id)->state != TrainingProgress::State::kRunning; }));
    return *lifecycle_->GetTraining(id);
  }

  // Trains once and returns the version.
  std::string Train() {
    shop_.clock().Advance(kMicrosPerSecond);
    const TrainingProgress done = Finish(lifecycle_->StartTraining(/*skips_gate=*/false)->id);
    EXPECT_EQ(done.state, TrainingProgress::State::kSucceeded) << done.error;
    return done.version;
  }

  absl::StatusOr<ModelControl::Versions> RollBack(const std::string& version = "previous") {
    std::promise<absl::StatusOr<ModelControl::Versions>> result;
    lifecycle_->MakeLive(version, [&](auto versions) { result.set_value(std::move(versions)); });
    return result.get_future().get();
  }

  std::string Served() const { return published_.Get()->version; }

  BundleFolder Folder() { return BundleFolder::Open(shop_.files(), shop_.models_folder()).value(); }

  void Damage(const std::string& version) {
    const std::string path = Folder().PathOf(version);
    std::string bytes = shop_.files().ReadFile(path).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_THAT(WriteFileAtomically(shop_.files(), path, bytes), testing::IsOk());
  }

  void WriteLive(const std::string& content) {
    ASSERT_THAT(WriteFileAtomically(shop_.files(), shop_.models_folder() + "/LIVE", content),
                testing::IsOk());
  }

  // The live bundle's content under another name.
  ModelSet Renamed(const std::string& version) {
    ModelSet models = *published_.Get();
    models.version = version;
    return models;
  }

  std::vector<std::string> ItemIds() {
    std::vector<std::string> item_ids;
    for (std::size_t row = 0; row < shop_.store().catalogue().num_indices(); ++row) {
      item_ids.push_back(shop_.store().catalogue().Id(static_cast<ItemIndex>(row)));
    }
    return item_ids;
  }

  // Publishes the live bundle's content again under another name, as another process might.
  void PublishElsewhere(const std::string& version) {
    ASSERT_THAT(Folder().Publish(Renamed(version), ItemIds()), testing::IsOk());
  }

  testing::SmallShop shop_;
  Published<ModelSet> published_{std::make_shared<const ModelSet>()};
  std::unique_ptr<Lifecycle> lifecycle_;
};

}  // namespace vitrine
