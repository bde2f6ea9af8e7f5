#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/behaviour/registry.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

// A store with two features that the shop puts, a text of users and a whole number of items.
class PutFeaturesTest : public ::testing::Test {
 protected:
  PutFeaturesTest() { Open(); }

  void Open() {
    store_.reset();
    files_ = std::make_unique<FaultFileSystem>();
    auto store = FeatureStore::Open(folder_.path(), {}, *files_, clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  void OpenAfterAPowerCut() {
    files_->CutPower();
    Open();
  }

  static std::vector<FeatureSpec> Definitions() {
    return {{.name = "tier",
             .entity = FeatureEntity::kUser,
             .type = FeatureType::kText,
             .unit = "1",
             .missing = std::string("none"),
             .owner = "crm",
             .description = "Rank in the club."},
            {.name = "shelf", .entity = FeatureEntity::kItem, .type = FeatureType::kInteger}};
  }

  static PutFeatures::Value Tier(const std::string& user, const std::string& tier) {
    return {.entity = FeatureEntity::kUser,
            .id = user,
            .name = "tier",
            .type = FeatureType::kText,
            .value = tier};
  }

  static PutFeatures::Value Shelf(const std::string& item, std::int64_t shelf) {
    return {.entity = FeatureEntity::kItem,
            .id = item,
            .name = "shelf",
            .type = FeatureType::kInteger,
            .value = shelf};
  }

  WriteResult Put(std::vector<PutFeatures::Value> values) {
    auto result = store_->Write(PutFeatures{Definitions(), std::move(values)});
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : WriteResult();
  }

  Feature TierOf(const std::string& user, const std::string& visitor = "") const {
    const std::vector<std::string> names = {"tier"};
    return store_->ReadUserFeatures(user, visitor, names, clock_.Now())[0];
  }

  Feature ShelfOf(const std::string& item) const {
    const std::vector<std::string> names = {"shelf"};
    return store_->ReadItemFeatures(item, names, clock_.Now())[0];
  }

  // What the registry has behind the built-in features.
  std::vector<FeatureSpec> PutSpecs() const {
    const std::vector<FeatureSpec>& all = store_->feature_registry()->specs();
    return {all.begin() + static_cast<std::ptrdiff_t>(BehaviourFeatures().size()), all.end()};
  }

  // Files below the store's folder that hold `text`.
  std::vector<std::string> FilesWith(const std::string& text) const {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!file.is_regular_file()) continue;
      const std::string bytes = *LocalFileSystem().ReadFile(file.path());
      if (bytes.find(text) != std::string::npos) found.push_back(file.path());
    }
    return found;
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FaultFileSystem> files_;
  std::unique_ptr<FeatureStore> store_;
};

}  // namespace vitrine::testing
