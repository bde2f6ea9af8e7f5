#include <set>

#include "engine/fake_shop.h"
#include "engine/large_shop.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/file_system.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;
using ::testing::Not;
using ::testing::SizeIs;
using vitrine::testing::FakeClock;
using vitrine::testing::IsOk;
using vitrine::testing::kLargeShopItems;
using vitrine::testing::LargeShopItems;
using vitrine::testing::LargeShopModel;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

using Method = Diversity::Method;

std::vector<std::string> IdsOf(const RecommendReply& reply) {
  std::vector<std::string> ids;
  for (const RecommendedItem& item : reply.items) ids.push_back(item.item_id);
  return ids;
}

void Append(const std::vector<std::string>& ids, std::vector<std::string>& all) {
  all.insert(all.end(), ids.begin(), ids.end());
}

std::set<std::string> Distinct(const std::vector<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

class PageTokenTest : public vitrine::testing::LargeShop {
 protected:
  // Pages of `request` from its first one to its last, at most `count`. `between` is called after
  // each.
  std::vector<std::string> Pages(
      RecommendRequest request, std::size_t count,
      const std::function<void()>& between = [] {}) const {
    std::vector<std::string> all;
    for (std::size_t page = 0; page < count; ++page) {
      const RecommendReply reply = Recommend(request);
      Append(IdsOf(reply), all);
      if (reply.next_page_token.empty()) break;
      EXPECT_THAT(reply.items, SizeIs(request.page_size));
      request.page_token = reply.next_page_token;
      between();
    }
    return all;
  }
};

TEST_F(PageTokenTest, PagesAreThePartsOfOneLongPage) {
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    ListControls controls{.diversity = {static_cast<Method>(random.Below(3)),
                                        0.1 * static_cast<double>(random.Below(11))},
                          .max_per_brand = random.Below(3) * random.Below(12),
                          .max_per_category = random.Below(3) * random.Below(12),
                          .is_strict = random.Below(4) == 0};
    for (std::uint64_t pin = random.Below(5); pin > 0; --pin) {
      controls.pins.push_back({items_[pin * 50 + random.Below(50)].id, pin * 13});
    }
    if (round < 3) controls = {};
    const std::vector<std::string> long_page =
        RecommendedIds({.page_size = 200, .controls = controls});

    const std::size_t page_size = 1 + random.Below(40);
    std::vector<std::string> pages =
        Pages({.page_size = page_size, .controls = controls}, 200 / page_size);

    ASSERT_LE(pages.size(), 200U);
    EXPECT_EQ(pages, std::vector<std::string>(
                         long_page.begin(),
                         long_page.begin() +
                             static_cast<std::ptrdiff_t>(std::min(pages.size(), long_page.size()))))
        << round;
    EXPECT_GE(pages.size(), std::min(long_page.size(), 200 / page_size * page_size)) << round;
  }
}

TEST_F(PageTokenTest, PagingShowsAllThereIsAndEnds) {
  // One of each product: 270.
  const std::vector<std::string> ids = Pages({.page_size = 16}, 100);

  EXPECT_THAT(ids, SizeIs(270));
  EXPECT_THAT(Distinct(ids), SizeIs(270));
}

TEST_F(PageTokenTest, ThePageSizeMayChange) {
  const RecommendReply first = Recommend({.page_size = 10});
  const RecommendReply second = Recommend({.page_size = 25, .page_token = first.next_page_token});

  std::vector<std::string> ids = IdsOf(first);
  Append(IdsOf(second), ids);
  EXPECT_EQ(ids, RecommendedIds({.page_size = 35}));
}

TEST_F(PageTokenTest, NothingComesAgainWhateverHappensInBetween) {
  std::uint64_t seed = 100;
  for (const Method method : {Method::kNone, Method::kMmr, Method::kDpp}) {
    const std::vector<std::string> ids =
        Pages({.user_id = "u",
               .page_size = 15,
               .controls = {.diversity = {method, 0.4}, .pins = {{items_[7].id, 20}}}},
              100, [&] {
                ++seed;
                if (seed % 3 == 0) Publish({LargeShopModel(seed)});
                store_.Record("u", EventType::kPurchaseComplete, items_[seed % 300].id);
                store_.Put({.id = items_[seed * 7 % 300].id, .stock = 0});
              });

    EXPECT_THAT(ids, SizeIs(::testing::Gt(180U)));
    EXPECT_EQ(Distinct(ids).size(), ids.size());
  }
}

TEST_F(PageTokenTest, LimitsHoldOverAllPages) {
  const std::vector<std::string> ids =
      Pages({.page_size = 7, .controls = {.max_per_brand = 3}}, 100);

  std::map<std::string, int> brands;
  for (const std::string& id : ids) ++brands[Get(id).brand];
  brands.erase("");
  EXPECT_THAT(brands, Each(::testing::Pair(::testing::_, ::testing::Eq(3))));
}

TEST_F(PageTokenTest, AVariantOfWhatWasShownDoesNotFollow) {
  const RecommendReply first = Recommend({.page_size = 5});
  for (const RecommendedItem& item : first.items) {
    store_.Put({.id = "twin of " + item.item_id, .primary_item_id = item.item_id});
  }
  store_.SetPopularity(std::vector<float>(400, 1));

  // To the end, which is backfill: that is where the twins would come.
  std::vector<std::string> rest;
  bool has_backfill = false;
  for (std::string token = first.next_page_token; !token.empty();) {
    const RecommendReply page = Recommend({.page_size = 200, .page_token = token});
    for (const RecommendedItem& item : page.items) {
      rest.push_back(item.item_id);
      has_backfill |= item.is_backfill;
    }
    token = page.next_page_token;
  }

  EXPECT_TRUE(has_backfill);
  EXPECT_THAT(rest, Each(Not(HasSubstr("twin of"))));
}

TEST_F(PageTokenTest, AtMostAThousandItemsAreShown) {
  for (int i = 0; i < 900; ++i) store_.Put({.id = "more-" + std::to_string(i)});
  for (const std::size_t page_size : {200U, 190U}) {
    RecommendRequest request{.page_size = page_size};
    std::size_t num_shown = 0;
    int num_pages = 0;
    do {
      const RecommendReply reply = Recommend(request);
      num_shown += reply.items.size();
      ++num_pages;
      request.page_token = reply.next_page_token;
      EXPECT_LT(request.page_token.size(), 8192U);
    } while (!request.page_token.empty());

    EXPECT_EQ(num_shown, 1000U);
    EXPECT_EQ(num_pages, page_size == 200 ? 5 : 6);
  }
}

TEST_F(PageTokenTest, APageThatIsNotFullIsTheLast) {
  EXPECT_THAT(Recommend({.page_size = 200}).next_page_token, Not(IsEmpty()));
  EXPECT_THAT(Recommend({.page_size = 200, .controls = {.max_per_category = 1, .is_strict = true}})
                  .next_page_token,
              IsEmpty());
}

TEST_F(PageTokenTest, EveryChangeOfATokenIsNoticed) {
  const std::string token = Recommend({.page_size = 3}).next_page_token;
  const auto refusal = [&](const std::string& page_token) {
    return engine_.Recommend({.page_size = 3, .page_token = page_token}).status();
  };
  ASSERT_THAT(refusal(token), IsOk());

  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    // Of the last letter only some bits count.
    damaged[i] = damaged[i] == 'A' ? 'w' : 'A';
    EXPECT_THAT(refusal(damaged), StatusIs(kInvalid)) << i;
    EXPECT_THAT(refusal(token.substr(0, i) + "*" + token.substr(i)), StatusIs(kInvalid));
    if (i > 0) {
      EXPECT_THAT(refusal(token.substr(0, i)), StatusIs(kInvalid)) << i;
    }
  }
  EXPECT_THAT(refusal(token + token), StatusIs(kInvalid));
  EXPECT_THAT(refusal(std::string(100'000, 'A')), StatusIs(kInvalid));
  EXPECT_THAT(std::string(refusal("nonsense").message()), HasSubstr("next_page_token as it came"));
}

TEST_F(PageTokenTest, ATokenOfAnotherRequestIsRefused) {
  const RecommendRequest request{.user_id = "u", .placement = "home", .page_size = 3};
  const std::string token = Recommend(request).next_page_token;
  const auto answer = [&](const std::function<void(RecommendRequest&)>& change) {
    RecommendRequest changed = request;
    changed.page_token = token;
    change(changed);
    return engine_.Recommend(changed).status();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

  const std::vector<std::function<void(RecommendRequest&)>> others = {
      [](auto& r) { r.user_id = "v"; },
      [](auto& r) { r.user_id = "", r.visitor_id = "u"; },
      [](auto& r) { r.placement = "cart"; },
      [](auto& r) { r.context_item_ids = {"item-001"}; },
      [](auto& r) { r.cart_item_ids = {"item-001"}; },
      [](auto& r) { r.exclude_item_ids = {"item-001"}; },
      [](auto& r) { r.categories = {"Shop"}; },
      [](auto& r) { r.filter = "stock >= 0"; },
      [](auto& r) { r.seen = SeenPolicy::kAllowAll; },
      [](auto& r) {
        r.controls.diversity = {Method::kMmr, 0};
      },
      [](auto& r) { r.controls.diversity.lambda = 0.1; },
      [](auto& r) { r.controls.max_per_brand = 1; },
      [](auto& r) { r.controls.max_per_category = 1; },
      [](auto& r) {
        r.controls.pins = {{"item-001", 1}};
      },
      [](auto& r) { r.controls.is_strict = true; },
      [](auto& r) {
        r.controls.boosts = {{"stock >= 0", 0.5}};
      },
      [](auto& r) { r.controls.rotation = 0.5; },
      [](auto& r) { r.controls.exposure.group = Exposure::Group::kNew; },
      [](auto& r) { r.controls.exposure.share = 0.1; },
      [](auto& r) { r.controls.exploration.temperature = 0.1; },
      [](auto& r) { r.controls.exploration.seed = 1; }};
  for (std::size_t i = 0; i < others.size(); ++i) {
    const absl::Status status = answer(others[i]);
    EXPECT_THAT(status, StatusIs(kInvalid)) << i;
    EXPECT_THAT(std::string(status.message()), HasSubstr("of another request")) << i;
  }
  EXPECT_THAT(answer([](auto& r) { r.page_size = 9; }), IsOk());
  EXPECT_THAT(answer([](auto& r) { r.explanation = ExplanationLevel::kNone; }), IsOk());
}

// A real store, closed and opened again between two pages, with another model.
TEST(PageTokenOnDiskTest, ATokenOutlivesARestartAndAModel) {
  TemporaryFolder folder;
  FakeClock clock;
  Counters counters;
  const auto answer = [&](std::uint64_t seed, const RecommendRequest& request) {
    const auto store = FeatureStore::Open(folder / "store", {}, LocalFileSystem(), clock);
    EXPECT_THAT(store, IsOk());
    if ((*store)->catalogue().num_items() == 0) {
      EXPECT_THAT((*store)->Write(UpsertItems{LargeShopItems()}), IsOk());
    }
    auto models = std::make_shared<ModelSet>();
    models->models = {LargeShopModel(seed)};
    const Published<ModelSet> published(std::move(models));
    const Engine engine(**store, published, counters, clock, {});
    const auto reply = engine.Recommend(request);
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *reply : RecommendReply();
  };

  RecommendRequest request{.page_size = 60};
  std::vector<std::string> ids;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const RecommendReply reply = answer(seed, request);
    Append(IdsOf(reply), ids);
    request.page_token = reply.next_page_token;
  }

  EXPECT_THAT(ids, SizeIs(240));
  EXPECT_THAT(Distinct(ids), SizeIs(240));
  // The same model: as if nothing had been in between.
  request.page_token = answer(1, {.page_size = 60}).next_page_token;
  const RecommendReply second = answer(1, request);
  const std::vector<std::string> both = IdsOf(answer(1, {.page_size = 120}));
  EXPECT_EQ(IdsOf(second), std::vector<std::string>(both.begin() + 60, both.end()));
}

TEST(PageTokenOnDiskTest, AnotherStoresTokenIsRefused) {
  TemporaryFolder folder;
  FakeClock clock;
  Counters counters;
  const Published<ModelSet> no_models(nullptr);
  std::string token;
  for (const char* name : {"one", "two"}) {
    const auto store = FeatureStore::Open(folder / name, {}, LocalFileSystem(), clock);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->Write(UpsertItems{LargeShopItems()}), IsOk());
    const Engine engine(**store, no_models, counters, clock, {});
    const auto reply = engine.Recommend({.page_token = token});
    if (token.empty()) {
      ASSERT_THAT(reply, IsOk());
      token = reply->next_page_token;
    } else {
      EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
    }
  }
}

}  // namespace
}  // namespace vitrine
