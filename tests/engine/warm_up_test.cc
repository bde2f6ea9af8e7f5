#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/costly_scorer.h"
#include "engine/fake_shop.h"

namespace vitrine {
namespace {

using vitrine::testing::FakeFeatureStore;
using vitrine::testing::MakeCostlyModel;

class WarmUpTest : public vitrine::testing::FakeShop {
 protected:
  static constexpr int kNumItems = 5;

  // A model of three items that counts how often it is asked for a list.
  static Model Counted(const std::string& name, int& num_asked) {
    return MakeCostlyModel(name, ModelFamily::kBehaviour, {3, 2, 1}, [&num_asked] {
      ++num_asked;
      return std::chrono::nanoseconds(0);
    });
  }

  static std::shared_ptr<const ModelSet> VersionOf(std::vector<Model> models) {
    auto set = std::make_shared<ModelSet>();
    set->version = "v2";
    set->models = std::move(models);
    return set;
  }
};

TEST_F(WarmUpTest, AsksEveryModelBeforeItIsServed) {
  int num_asked = 0;
  int num_compared = 0;
  Model model = Counted("item_knn", num_asked);
  model.item_to_item = Counted("item_knn", num_compared).scorer;

  engine_.WarmUp(VersionOf({model}));

  EXPECT_EQ(num_asked, kNumItems) << "a question about each item";
  EXPECT_EQ(num_compared, kNumItems);
  EXPECT_EQ(Recommend(RecommendRequest()).model_version, "") << "nothing is published";
}

TEST_F(WarmUpTest, AsksModelsThatOnlyPlacementsName) {
  int num_for_shoppers = 0;
  int num_for_pages = 0;
  const Model repeats = Counted("repeat_purchase", num_for_shoppers);
  Model together = Counted("bought_together", num_for_pages);
  together.item_to_item = together.scorer;

  engine_.WarmUp(VersionOf({Popular(), repeats, together}));

  EXPECT_EQ(num_for_shoppers, 1) << "buy-it-again";
  EXPECT_EQ(num_for_pages, 2) << "frequently-bought-together and complete-the-cart";
}

// Whatever answers with a set holds it: what was made anew would be held beside the first.
TEST_F(WarmUpTest, TheFirstRequestIsAnsweredByWhatWasMade) {
  const std::shared_ptr<const ModelSet> next = VersionOf({Popular()});
  engine_.WarmUp(next);
  const auto num_holding = next.use_count();
  models_.Set(next);

  const RecommendReply reply = Recommend(RecommendRequest());

  EXPECT_EQ(reply.model_version, "v2");
  EXPECT_EQ(next.use_count(), num_holding + 1) << "models_ alone has come";
}

TEST_F(WarmUpTest, AnEmptyShopHasNothingToAskAbout) {
  const FakeFeatureStore empty;
  const Engine engine(empty, models_, counters_, clock_, Options());
  int num_asked = 0;

  engine.WarmUp(VersionOf({Counted("item_knn", num_asked), Counted("repeat_purchase", num_asked)}));

  EXPECT_EQ(num_asked, 0);
}

}  // namespace
}  // namespace vitrine
