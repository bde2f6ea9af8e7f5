#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/fake_shop.h"
#include "engine/large_shop.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;

using Method = Diversity::Method;

class ControlsTest : public vitrine::testing::FakeShop {
 protected:
  // "a" and "b" are of brand X, "c" and "d" of Y, "e" of none.
  void PutBrands() {
    store_.Put({.id = "a", .categories = {"Home > Mugs", "Sale"}, .brand = "X"});
    store_.Put({.id = "b", .categories = {"Home > Mugs"}, .brand = "X"});
    store_.Put({.id = "c", .categories = {"Home>Mugs"}, .brand = "Y"});
    store_.Put({.id = "d", .categories = {"Home", "Home > Mugs"}, .brand = "Y"});
    store_.Put({.id = "e"});
  }
};

TEST_F(ControlsTest, NoMoreOfABrandThanAreAllowed) {
  PutBrands();
  Publish({Popular()});

  EXPECT_THAT(RecommendedIds({.controls = {.max_per_brand = 1}}), ElementsAre("a", "c", "e"));
  EXPECT_THAT(RecommendedIds({.controls = {.max_per_brand = 2}}),
              ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(ControlsTest, AnItemCountsForTheCategoryThatItListsFirst) {
  PutBrands();
  Publish({Popular()});

  EXPECT_THAT(RecommendedIds({.controls = {.max_per_category = 1}}), ElementsAre("a", "d", "e"));
  EXPECT_THAT(RecommendedIds({.controls = {.max_per_category = 2}}),
              ElementsAre("a", "b", "d", "e"));
}

TEST_F(ControlsTest, LimitsHoldForWhatIsFilledIn) {
  PutBrands();
  store_.SetPopularity({5, 4, 3, 2, 1});

  EXPECT_THAT(RecommendedIds({.controls = {.max_per_brand = 1}}), ElementsAre("a", "c", "e"));
}

TEST_F(ControlsTest, LimitsDoNotStarveAList) {
  std::vector<float> scores(5, 1);
  for (int i = 0; i < 900; ++i) {
    store_.Put({.id = "acme-" + std::to_string(i), .brand = "Acme"});
    scores.push_back(10);
  }
  Publish({vitrine::testing::MakeFakeModel("most_popular", ModelFamily::kPopularity, scores)});

  for (const Method method : {Method::kNone, Method::kMmr, Method::kDpp}) {
    const RecommendReply reply =
        Recommend({.page_size = 4, .controls = {.diversity = {method, 0.3}, .max_per_brand = 1}});
    EXPECT_THAT(Ids(reply), ElementsAre("acme-0", "a", "b", "c"));
    EXPECT_THAT(reply.fallbacks, Not(Contains("backfill")));
  }
}

TEST_F(ControlsTest, AStrictListIsNotFilledUp) {
  Publish({vitrine::testing::MakeFakeModel("most_popular", ModelFamily::kPopularity, {2, 1})});

  EXPECT_THAT(RecommendedIds({}), SizeIs(5));
  const RecommendReply strict = Recommend({.controls = {.is_strict = true}});

  EXPECT_THAT(Ids(strict), ElementsAre("a", "b"));
  EXPECT_THAT(strict.fallbacks, ElementsAre("cold-shopper"));
}

TEST_F(ControlsTest, APinStandsAtItsPositionAndSaysSo) {
  Publish({Popular()});

  const RecommendReply reply =
      Recommend({.page_size = 4, .controls = {.pins = {{"e", 2}, {"d", 4}}}});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "e", "b", "d"));
  EXPECT_EQ(reply.items[1].reasons.front(), Reason{.kind = Reason::Kind::kPromoted});
  EXPECT_EQ(reply.items[3].reasons.front(), Reason{.kind = Reason::Kind::kPromoted});
  EXPECT_NE(reply.items[0].reasons.front(), Reason{.kind = Reason::Kind::kPromoted});
  EXPECT_FLOAT_EQ(reply.items[1].score, 0.2F);  // As without a pin.
  EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::is_backfill, false)));
}

TEST_F(ControlsTest, APinThatTheRankingDoesNotHaveIsNoBackfill) {
  Publish({vitrine::testing::MakeFakeModel("most_popular", ModelFamily::kPopularity, {2, 1})});

  const RecommendReply reply = Recommend({.page_size = 2, .controls = {.pins = {{"e", 1}}}});

  EXPECT_THAT(Ids(reply), ElementsAre("e", "a"));
  EXPECT_FALSE(reply.items[0].is_backfill);
  EXPECT_EQ(reply.items[0].score, 0);
  EXPECT_THAT(reply.items[0].reasons, ElementsAre(Reason{.kind = Reason::Kind::kPromoted}));
  EXPECT_THAT(reply.fallbacks, ElementsAre("cold-shopper"));
}

TEST_F(ControlsTest, WithoutReasonsAPinHasNoneEither) {
  Publish({Popular()});

  EXPECT_THAT(Recommend({.explanation = ExplanationLevel::kNone, .controls = {.pins = {{"e", 1}}}})
                  .items.front()
                  .reasons,
              IsEmpty());
}

TEST_F(ControlsTest, APinThatMayNotBeShownIsLeftOutAndTheReplySaysSo) {
  Publish({Popular()});
  store_.Put({.id = "sold-out", .stock = 0});
  store_.Record("u", EventType::kPurchaseComplete, "b");
  const auto ask = [&](const std::string& pin) {
    return Recommend({.user_id = "u",
                      .context_item_ids = {"c"},
                      .exclude_item_ids = {"d"},
                      .controls = {.pins = {{pin, 1}}}});
  };

  for (const char* pin : {"nobody-knows-it", "sold-out", "b", "c", "d"}) {
    EXPECT_THAT(Ids(ask(pin)), ElementsAre("a", "e")) << pin;
    EXPECT_THAT(ask(pin).fallbacks, ElementsAre("pin-not-servable")) << pin;
  }
  EXPECT_THAT(Ids(ask("e")), ElementsAre("e", "a"));
  EXPECT_THAT(ask("e").fallbacks, IsEmpty());
}

TEST_F(ControlsTest, AnItemThatIsNotInTheWantedCategoriesMayBePinned) {
  PutBrands();
  Publish({Popular()});

  EXPECT_THAT(RecommendedIds({.categories = {"Home > Mugs"}, .controls = {.pins = {{"e", 2}}}}),
              ElementsAre("a", "e", "b", "c", "d"));
}

TEST_F(ControlsTest, APinBeyondTheEndComesLast) {
  Publish({Popular()});

  EXPECT_THAT(RecommendedIds({.controls = {.pins = {{"a", 9}, {"b", 7}}}}),
              ElementsAre("c", "d", "e", "b", "a"));
  // It keeps its place for the page that it is on.
  EXPECT_THAT(RecommendedIds({.page_size = 2, .controls = {.pins = {{"a", 3}}}}),
              ElementsAre("b", "c"));
}

TEST_F(ControlsTest, NoVariantOfAPinIsShownBesideIt) {
  Publish({Popular()});
  store_.Put({.id = "a", .primary_item_id = "e"});

  EXPECT_THAT(RecommendedIds({.controls = {.pins = {{"e", 3}}}}), ElementsAre("b", "c", "e", "d"));
}

TEST_F(ControlsTest, PinsWinOverLimitsButCount) {
  PutBrands();
  Publish({Popular()});

  EXPECT_THAT(RecommendedIds({.controls = {.max_per_brand = 1, .pins = {{"b", 3}, {"a", 4}}}}),
              ElementsAre("c", "e", "b", "a"));
}

TEST_F(ControlsTest, RefusesWhatIsOutOfRange) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const auto answer = [&](ListControls controls) {
    return engine_.Recommend({.controls = std::move(controls)}).status();
  };

  EXPECT_THAT(answer({.diversity = {Method::kMmr, -0.1}}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.diversity = {Method::kDpp, 1.1}}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.diversity = {Method::kDpp, std::nan("")}}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.pins = {{"a", 0}}}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.pins = {{"a", 1001}}}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.pins = {{"a", 1}, {"a", 2}}}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.pins = {{"a", 1}, {"b", 1}}}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.pins = std::vector<Pin>(101, {"a", 1})}), StatusIs(kInvalid));
  EXPECT_THAT(answer({.diversity = {Method::kDpp, 1}, .pins = {{"a", 1000}}}), IsOk());
}

class ComposedListTest : public vitrine::testing::LargeShop {
 protected:
  // The list by its definition, from all items in order: the ranking, then the backfill.
  std::vector<std::string> SlowList(const std::vector<std::string>& in_order,
                                    const ListControls& controls, std::size_t size) const {
    std::map<std::string, std::size_t> brands;
    std::map<std::string, std::size_t> categories;
    std::set<std::string> products;
    const auto count = [&](const std::string& id) {
      ++brands[Get(id).brand];
      ++categories[Category(Get(id))];
      products.insert(Product(Get(id)));
    };
    std::map<std::size_t, std::string> pins;
    for (const Pin& pin : controls.pins) {
      pins[pin.position] = pin.item_id;
      count(pin.item_id);
    }
    const auto is_open = [&](const std::string& id) {
      const Item& item = Get(id);
      const bool is_over = controls.max_per_brand > 0 && !item.brand.empty() &&
                           brands[item.brand] >= controls.max_per_brand;
      const bool is_over_too = controls.max_per_category > 0 && !Category(item).empty() &&
                               categories[Category(item)] >= controls.max_per_category;
      return !products.contains(Product(item)) && !is_over && !is_over_too;
    };
    std::vector<std::string> list;
    while (list.size() < size) {
      if (const auto pin = pins.find(list.size() + 1); pin != pins.end()) {
        list.push_back(pin->second);
        pins.erase(pin);
        continue;
      }
      const auto next = std::find_if(in_order.begin(), in_order.end(), is_open);
      if (next == in_order.end()) break;
      count(*next);
      list.push_back(*next);
    }
    for (const auto& [position, id] : pins) {
      if (list.size() < size) list.push_back(id);
    }
    return list;
  }

  // All items as they are ranked, and behind them as they are filled in.
  std::vector<std::string> AllInOrder() const {
    const ItemBitmap servable = *store_.catalogue().Servable(clock_.Now());
    const Query query;
    std::vector<std::string> ids;
    const auto lists = model_.scorer->Retrieve({&query, 1}, &servable, 500);
    for (const ScoredItem& each : lists.front()) {
      ids.push_back(store_.catalogue().Id(each.item));
    }
    const std::vector<float> popularity = store_.LivePopularity()->values;
    std::vector<ItemIndex> popular;
    for (const ItemIndex item : servable.Items()) popular.push_back(item);
    std::stable_sort(popular.begin(), popular.end(), [&](ItemIndex a, ItemIndex b) {
      return popularity[Row(a)] > popularity[Row(b)];
    });
    for (const ItemIndex item : popular) ids.push_back(store_.catalogue().Id(item));
    return ids;
  }
};

TEST_F(ComposedListTest, ListsAreWhatTheirDefinitionSays) {
  const std::vector<std::string> in_order = AllInOrder();
  Random random(2);
  for (int round = 0; round < 60; ++round) {
    ListControls controls{.max_per_brand = random.Below(4) * random.Below(9),
                          .max_per_category = random.Below(4) * random.Below(9)};
    for (std::uint64_t pin = random.Below(6); pin > 0; --pin) {
      controls.pins.push_back({items_[pin * 40 + random.Below(40)].id, pin * 17});
    }
    const std::size_t size = 1 + random.Below(200);

    EXPECT_EQ(RecommendedIds({.page_size = size, .controls = controls}),
              SlowList(in_order, controls, size))
        << round;
  }
}

TEST_F(ComposedListTest, DiversityMakesAListLessAlikeAndKeepsScores) {
  const auto alike = [&](const RecommendReply& reply) {
    const auto set = models_.Get();
    ItemSimilarity similarity(*set, [](ItemIndex) { return nullptr; });
    std::vector<ItemIndex> list;
    for (const std::string& id : Ids(reply)) list.push_back(*store_.catalogue().Find(id));
    return IntraListSimilarity(list, similarity);
  };
  const RecommendReply plain = Recommend({.page_size = 200});
  std::map<std::string, float> scores;
  for (const RecommendedItem& item : plain.items) scores[item.item_id] = item.score;

  for (const Method method : {Method::kMmr, Method::kDpp}) {
    const RecommendReply varied = Recommend({.controls = {.diversity = {method, 0.5}}});
    EXPECT_LT(alike(varied), alike(Recommend({})) - 0.02);
    for (const RecommendedItem& item : varied.items) {
      EXPECT_EQ(item.score, scores.at(item.item_id));
    }
    EXPECT_EQ(RecommendedIds({.controls = {.diversity = {method, 0}}}), RecommendedIds({}));
  }
}

TEST_F(ComposedListTest, DiversityKeepsLimitsPinsAndProducts) {
  for (const Method method : {Method::kMmr, Method::kDpp}) {
    const std::vector<std::string> ids =
        RecommendedIds({.page_size = 30,
                        .controls = {.diversity = {method, 0.6},
                                     .max_per_brand = 4,
                                     .max_per_category = 5,
                                     .pins = {{items_[0].id, 1}, {items_[299].id, 12}}}});

    std::map<std::string, int> brands;
    std::map<std::string, int> categories;
    std::set<std::string> products;
    for (const std::string& id : ids) {
      if (!Get(id).brand.empty()) ++brands[Get(id).brand];
      if (!Category(Get(id)).empty()) ++categories[Category(Get(id))];
      products.insert(Product(Get(id)));
    }
    EXPECT_THAT(ids, SizeIs(30));
    EXPECT_EQ(ids[0], items_[0].id);
    EXPECT_EQ(ids[11], items_[299].id);
    EXPECT_THAT(brands, Each(::testing::Pair(::testing::_, ::testing::Le(4))));
    EXPECT_THAT(categories, Each(::testing::Pair(::testing::_, ::testing::Le(5))));
    EXPECT_THAT(products, SizeIs(30));
  }
}

}  // namespace
}  // namespace vitrine
