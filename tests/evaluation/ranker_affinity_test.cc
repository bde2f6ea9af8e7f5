#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/scorers/dnn/ranker_features.h"

namespace vitrine {
namespace {

using testing::IsOk;

// A feature has one value, whoever reads it.
class RankerAffinityTest : public ::testing::Test {
 protected:
  RankerAffinityTest() {
    store_ = FeatureStore::Open(folder_ / "store", {}, files_, clock_).value();
    store_
        ->Write(UpsertItems{{{.id = "mug", .categories = {"Kitchen", "Gifts"}, .brand = "Acme"},
                             {.id = "pan", .categories = {"Kitchen"}, .brand = "Bell"},
                             {.id = "lamp", .categories = {"Light"}, .brand = "Acme"},
                             {.id = "vase", .categories = {"Gifts"}}}})
        .value();
  }

  void Record(EventType type, const std::string& item) {
    clock_.Advance(9 * kMicrosPerDay);
    const Event event{.type = type,
                      .user_id = "ann",
                      .time_us = clock_.Now(),
                      .items = {{.item_id = item, .quantity = 2}}};
    ASSERT_THAT(store_->Write(RecordEvents{{event}}), IsOk());
  }

  // What the shopper's feature of this name has of `of`; 0 where it has nothing.
  double Share(const std::string& feature, const std::string& of) const {
    const std::vector<std::string> names = {feature};
    const auto read = store_->ReadUserFeatures("ann", "", names, clock_.Now());
    const auto* shares = std::get_if<WeightedNames>(&read.front().value);
    if (shares == nullptr) return 0;
    for (const auto& [name, share] : *shares) {
      if (name == of) return share;
    }
    return 0;
  }

  testing::TemporaryFolder folder_;
  testing::FaultFileSystem files_;
  testing::FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(RankerAffinityTest, IsWhatTheFeatureStoreSays) {
  Record(EventType::kPurchaseComplete, "mug");
  Record(EventType::kDetailPageView, "pan");
  Record(EventType::kAddToCart, "lamp");
  Record(EventType::kNotInterested, "vase");
  Record(EventType::kDetailPageView, "lamp");
  clock_.Advance(3 * kMicrosPerDay);
  const ItemBehaviour behaviour = MeasureBehaviour(store_->Snapshot(0).value());
  const ShopperState shopper = store_->ReadShopper("ann", "");
  const Query query{.history = shopper.history, .now_us = clock_.Now()};
  const std::vector<ItemIndex> items = {ItemIndex{0}, ItemIndex{1}, ItemIndex{2}, ItemIndex{3}};
  const std::vector<float> blended = {4, 3, 2, 1};

  const Matrix x = RankerFeatures({query, items, blended, {}, Matrix()}, {}, ItemFacts({}),
                                  UnknownItemFacts(), behaviour);

  const Matrix affinities = x.rightCols(2);
  EXPECT_GT(Share("top_categories", "Light"), 0.1);
  EXPECT_GT(Share("top_brands", "Bell"), 0);
  for (Eigen::Index item : {0, 1}) {
    EXPECT_NEAR(affinities(item, 0), Share("top_categories", "Kitchen"), 1e-6);
  }
  EXPECT_NEAR(affinities(2, 0), Share("top_categories", "Light"), 1e-6);
  EXPECT_EQ(affinities(3, 0), 0) << "turned down";
  EXPECT_NEAR(affinities(0, 1), Share("top_brands", "Acme"), 1e-6);
  EXPECT_NEAR(affinities(1, 1), Share("top_brands", "Bell"), 1e-6);
  EXPECT_EQ(affinities(3, 1), 0) << "without a brand";
}

}  // namespace
}  // namespace vitrine
