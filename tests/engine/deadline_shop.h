#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/large_shop.h"

namespace vitrine::testing {

// A shop of 300 items and three models, for a shopper whom all of them know something of.
class DeadlineShop : public LargeShop {
 protected:
  DeadlineShop() {
    Model neighbours = MakeFakeNeighbours("item_knn", kNumIndices, Alike());
    std::vector<float> liked(kNumIndices);
    for (std::size_t i = 0; i < liked.size(); ++i) liked[i] = static_cast<float>(i * 53 % 97);
    Publish({model_, std::move(neighbours),
             MakeFakeModel("content", ModelFamily::kContent, std::move(liked))});
    store_.Record("u", EventType::kPurchaseComplete, "item-000");
    store_.Record("u", EventType::kDetailPageView, "item-100");
  }

  static constexpr std::size_t kNumIndices = kLargeShopItems + 5;

  static FakeNeighbours::Similarities Alike() {
    FakeNeighbours::Similarities alike;
    for (std::uint32_t i = 0; i < kNumIndices; i += 3) {
      alike[{ItemIndex{5}, ItemIndex{i}}] = 1.0F + static_cast<float>(i % 7);
      alike[{ItemIndex{105}, ItemIndex{i + 1}}] = 0.5F + static_cast<float>(i % 5);
    }
    return alike;
  }

  // `whole`: the largest shop that is scored as a whole.
  std::unique_ptr<Engine> EngineOf(std::size_t whole) {
    Engine::Options options = Options();
    options.blend.whole_catalogue_items = whole;
    options.blend.candidates_per_model = 40;
    options.blend.weights["neural_cf"] = 1;  // For who publishes one.
    return std::make_unique<Engine>(store_, models_, counters_, clock_, options);
  }

  static RecommendRequest OnSale() {
    return {.user_id = "u",
            .exclude_item_ids = {"item-050", "item-051"},
            .categories = {"Shop > Sale"},
            .page_size = 30};
  }

  // What a reply says where no model was asked as it should have been, after `others`.
  template <typename... Others>
  static auto AllLate(const Others&... others) {
    return ::testing::ElementsAre(others..., "model-late:most_popular", "model-late:item_knn",
                                  "model-late:content", "deadline");
  }

  void ExpectSound(const RecommendReply& reply, const RecommendRequest& request) const {
    ASSERT_THAT(reply.items, ::testing::SizeIs(request.page_size));
    std::set<std::string> products;
    for (const RecommendedItem& item : reply.items) {
      EXPECT_TRUE(products.insert(Product(Get(item.item_id))).second) << item.item_id;
      EXPECT_THAT(Get(item.item_id).categories, ::testing::Contains("Shop > Sale"));
      EXPECT_NE(item.item_id, "item-000");
      EXPECT_EQ(std::count(request.exclude_item_ids.begin(), request.exclude_item_ids.end(),
                           item.item_id),
                0);
      if (request.explanation != ExplanationLevel::kContributions || item.is_backfill) continue;
      double sum = 0;
      for (const ScorePart& part : item.contributions) sum += static_cast<double>(part.value);
      EXPECT_NEAR(sum, item.score, 1e-4 * std::max(1.0F, std::abs(item.score)));
    }
  }
};

}  // namespace vitrine::testing
