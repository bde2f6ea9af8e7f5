#include "engine/trace.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/large_shop.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::StatusIs;

std::map<std::string, std::size_t> DropsOf(const RecommendReply& reply) {
  std::map<std::string, std::size_t> drops;
  for (const Trace::Drop& drop : reply.trace.value().drops) {
    EXPECT_TRUE(drops.emplace(drop.reason, drop.count).second) << drop.reason << " comes twice";
  }
  return drops;
}

std::vector<std::string> StagesOf(const RecommendReply& reply) {
  std::vector<std::string> names;
  for (const Trace::Stage& stage : reply.trace.value().stages) names.push_back(stage.name);
  return names;
}

using NameAndCount = std::pair<std::string, std::size_t>;

// All that does not differ from one time to the next.
std::vector<NameAndCount> NamesAndCounts(const std::vector<Trace::Stage>& stages) {
  std::vector<NameAndCount> all;
  for (const Trace::Stage& stage : stages) all.emplace_back(stage.name, stage.count);
  return all;
}

std::size_t CountOf(const RecommendReply& reply, const std::string& stage) {
  for (const Trace::Stage& each : reply.trace.value().stages) {
    if (each.name == stage) return each.count;
  }
  ADD_FAILURE() << "no stage " << stage;
  return 0;
}

class TraceTest : public vitrine::testing::LargeShop {
 protected:
  TraceTest() {
    for (const char* id : {"item-007", "item-008", "item-120"}) {
      items_[std::stoul(std::string(id).substr(5))].stock = 0;
      store_.Put(Get(id));
    }
    store_.Record("u", EventType::kPurchaseComplete, "item-000");
    store_.Record("u", EventType::kDetailPageView, "item-001");
    store_.Record("u", EventType::kNotInterested, "item-002");
  }

  // In the order of the model, then of popularity: what may be shown and is not excluded.
  template <typename MayBeShown>
  std::vector<std::string> Ranking(const MayBeShown& may_be_shown) const {
    std::vector<std::string> ids;
    const std::vector<float> popularity = store_.LivePopularity()->values;
    std::vector<std::pair<float, std::string>> ranked;
    std::vector<ItemIndex> indices;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      indices.push_back(ItemIndex{static_cast<std::uint32_t>(i + 5)});
    }
    Matrix scores(1, static_cast<Eigen::Index>(indices.size()));
    const Query query;
    model_.scorer->Score({&query, 1}, indices, scores);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const float score = scores(0, static_cast<Eigen::Index>(i));
      // All that is scored comes before all that is not.
      ranked.emplace_back(score == kUnscored ? popularity[i + 5] - 1e6F : score, items_[i].id);
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [score, id] : ranked) {
      if (may_be_shown(Get(id))) ids.push_back(id);
    }
    return ids;
  }
};

TEST_F(TraceTest, IsThereWhereItIsAskedForAlone) {
  EXPECT_FALSE(Recommend({}).trace.has_value());
  EXPECT_TRUE(Recommend({.wants_trace = true}).trace.has_value());
}

TEST_F(TraceTest, NamesTheStagesInOrderAndWhatEachFound) {
  const RecommendReply reply = Recommend({.user_id = "u", .page_size = 5, .wants_trace = true});

  EXPECT_THAT(StagesOf(reply), ElementsAre("query", "filter", "score:most_popular", "blend",
                                           "select", "backfill", "explain"));
  EXPECT_EQ(CountOf(reply, "query"), 3U);
  EXPECT_EQ(CountOf(reply, "filter"), 297U - 2);  // Three are sold out, one owned, one refused.
  EXPECT_EQ(CountOf(reply, "blend"), CountOf(reply, "score:most_popular"));
  EXPECT_EQ(CountOf(reply, "select"), 5U);
  EXPECT_EQ(CountOf(reply, "backfill"), 0U);
  EXPECT_EQ(CountOf(reply, "explain"), 5U);
  for (const Trace::Stage& stage : reply.trace->stages) EXPECT_GE(stage.micros, 0) << stage.name;
}

TEST_F(TraceTest, ALargeShopIsRetrievedFrom) {
  Engine::Options options = Options();
  options.blend.whole_catalogue_items = 10;
  options.blend.candidates_per_model = 40;
  const Engine engine(store_, models_, counters_, clock_, options);

  const RecommendReply reply = *engine.Recommend(
      {.user_id = "u",
       .page_size = 5,
       .controls = {.diversity = {.method = Diversity::Method::kMmr, .lambda = 0.5}},
       .wants_trace = true});

  EXPECT_THAT(StagesOf(reply),
              ElementsAre("query", "filter", "retrieve:most_popular", "score:most_popular", "blend",
                          "controls", "backfill", "explain"));
  EXPECT_GE(CountOf(reply, "retrieve:most_popular"), 40U);
  EXPECT_EQ(CountOf(reply, "controls"), 5U);
  for (const Trace::Stage& stage : reply.trace->stages) EXPECT_GE(stage.micros, 0) << stage.name;
}

TEST_F(TraceTest, NamesTheStagesOfWhatIsLikeAnItem) {
  Publish({MakeFakeModel("content", ModelFamily::kContent, std::vector<float>(100, 1))});
  SimilarRequest request{.item_id = "item-010", .user_id = "u", .page_size = 5};
  EXPECT_FALSE(Similar(request).trace.has_value());
  request.wants_trace = true;

  const RecommendReply reply = Similar(request);

  EXPECT_THAT(StagesOf(reply), ElementsAre("query", "filter", "score:content", "blend", "select",
                                           "backfill", "explain"));
  EXPECT_EQ(CountOf(reply, "query"), 3U);
  EXPECT_EQ(CountOf(reply, "filter"), 297U - 3);  // The item, one owned, one refused.
  EXPECT_EQ(CountOf(reply, "select"), 5U);
  EXPECT_EQ(CountOf(reply, "explain"), 5U);
  for (const Trace::Stage& stage : reply.trace->stages) EXPECT_GE(stage.micros, 0) << stage.name;

  request.item_id = "unknown";
  const RecommendReply filled_up = Similar(request);
  EXPECT_THAT(StagesOf(filled_up), ElementsAre("query", "filter", "backfill", "explain"));
  EXPECT_EQ(CountOf(filled_up, "backfill"), 5U);
}

TEST_F(TraceTest, NamesTheStagesOfARanking) {
  RankRequest request{.user_id = "u", .item_ids = {"item-299", "item-003", "unknown"}};
  EXPECT_FALSE(Rank(request).trace.has_value());
  request.wants_trace = true;
  Engine::Options options = Options();
  options.blend.whole_catalogue_items = 10;
  const Engine large(store_, models_, counters_, clock_, options);

  const RecommendReply reply = Rank(request);
  const auto of_large = large.Rank(request);

  EXPECT_THAT(StagesOf(reply),
              ElementsAre("query", "score:most_popular", "blend", "select", "explain"));
  EXPECT_EQ(CountOf(reply, "query"), 3U);
  EXPECT_EQ(CountOf(reply, "score:most_popular"), 232U);  // Of all that may be shown.
  EXPECT_EQ(CountOf(reply, "blend"), 1U);                 // No model knows the first.
  EXPECT_EQ(CountOf(reply, "select"), 1U);
  EXPECT_EQ(CountOf(reply, "explain"), 2U);
  EXPECT_THAT(StagesOf(*of_large), ElementsAre("query", "retrieve:most_popular",
                                               "score:most_popular", "blend", "select", "explain"));
  for (const Trace::Stage& stage : reply.trace->stages) EXPECT_GE(stage.micros, 0) << stage.name;
}

TEST_F(TraceTest, StagesAreThoseOfATraceWhereTheyAloneAreAskedFor) {
  RecommendRequest request{.user_id = "u",
                           .context_item_ids = {"item-010"},
                           .exclude_item_ids = {"item-012", "unknown"},
                           .page_size = 12};
  request.page_token = Recommend(request).next_page_token;
  SimilarRequest similar{.item_id = "item-010", .user_id = "u", .page_size = 5};
  RankRequest ranking{.user_id = "u", .item_ids = {"item-299", "item-003", "unknown"}};
  request.wants_trace = similar.wants_trace = ranking.wants_trace = true;
  const std::vector<RecommendReply> traced = {Recommend(request), Similar(similar), Rank(ranking)};

  request.wants_trace = similar.wants_trace = ranking.wants_trace = false;
  const std::vector<Trace::Stage> of_before = {{.name = "of the request before"}};
  std::vector<std::vector<Trace::Stage>> stages(3, of_before);
  request.stages = &stages[0];
  similar.stages = &stages[1];
  ranking.stages = &stages[2];
  const std::vector<RecommendReply> timed = {Recommend(request), Similar(similar), Rank(ranking)};

  for (std::size_t i = 0; i < stages.size(); ++i) {
    EXPECT_EQ(NamesAndCounts(stages[i]), NamesAndCounts(traced[i].trace.value().stages)) << i;
    EXPECT_FALSE(timed[i].trace.has_value()) << i;
    EXPECT_EQ(Ids(timed[i]), Ids(traced[i])) << i;
  }
}

TEST_F(TraceTest, StagesAreWrittenOfAListThatNobodyWaitedFor) {
  int num_questions = 0;
  std::vector<Trace::Stage> stages;

  const auto reply = engine_.Recommend({.user_id = "u",
                                        .is_gone = [&num_questions] { return ++num_questions > 1; },
                                        .stages = &stages});

  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kCancelled));
  ASSERT_GE(stages.size(), 2U);
  EXPECT_EQ(stages[0].name, "query");
  EXPECT_EQ(stages[1].name, "filter");
  EXPECT_EQ(stages[1].count, 297U - 2);
}

TEST_F(TraceTest, OfARequestThatIsRefusedNoStagesOfTheOneBeforeAreLeft) {
  const std::vector<Trace::Stage> of_before = {{.name = "of the request before"}};
  std::vector<std::vector<Trace::Stage>> stages(4, of_before);

  const auto list = engine_.Recommend({.page_size = 1'000'000, .stages = &stages[0]});
  const auto page = engine_.Recommend({.page_token = "nonsense", .stages = &stages[1]});
  const auto similar = engine_.Similar({.stages = &stages[2]});
  const auto ranking = engine_.Rank({.stages = &stages[3]});

  EXPECT_THAT(list, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(page, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(similar, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ranking, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(stages, Each(IsEmpty()));
}

TEST_F(TraceTest, CountsWhatMayNotBeShownByItsFirstReason) {
  RecommendRequest request{.user_id = "u",
                           .context_item_ids = {"item-010", "item-011"},
                           .cart_item_ids = {"item-011", "item-012", "unknown"},
                           .exclude_item_ids = {"item-012", "item-013", "item-014"},
                           .categories = {"Shop > C0", "Shop > C1", "Shop > C2"},
                           .filter = "NOT brand = \"B1\"",
                           .page_size = 10,
                           .wants_trace = true};

  for (const SeenPolicy policy : {SeenPolicy::kExcludePurchased, SeenPolicy::kExcludeSeen}) {
    request.seen = policy;
    const RecommendReply reply = Recommend(request);

    std::map<std::string, std::size_t> expected;
    expected["not-servable"] = 5 + 3;  // The five retired ones of the fake shop.
    std::size_t num_left = 0;
    const auto is_one_of = [](const std::string& id, const std::vector<std::string>& ids) {
      return std::count(ids.begin(), ids.end(), id) > 0;
    };
    for (const Item& item : items_) {
      if (item.stock == 0) continue;
      const std::string category = Category(item);
      if (category != "Shop > C0" && category != "Shop > C1" && category != "Shop > C2") {
        ++expected["categories"];
      } else if (item.brand == "B1") {
        ++expected["filter"];
      } else if (is_one_of(item.id, request.context_item_ids)) {
        ++expected["context"];
      } else if (is_one_of(item.id, request.cart_item_ids)) {
        ++expected["cart"];
      } else if (is_one_of(item.id, request.exclude_item_ids)) {
        ++expected["excluded"];
      } else if (item.id == "item-002") {
        ++expected["not-interested"];
      } else if (item.id == "item-000") {
        ++expected[policy == SeenPolicy::kExcludeSeen ? "seen" : "purchased"];
      } else if (item.id == "item-001" && policy == SeenPolicy::kExcludeSeen) {
        ++expected["seen"];
      } else {
        ++num_left;
      }
    }
    std::map<std::string, std::size_t> drops = DropsOf(reply);
    drops.erase("variant");
    EXPECT_EQ(drops, expected);
    EXPECT_EQ(CountOf(reply, "filter"), num_left);
  }
}

TEST_F(TraceTest, CountsTheVariantsThatAListPassesOver) {
  for (const std::size_t page_size : {20U, 150U, 200U}) {
    const RecommendReply reply = Recommend({.page_size = page_size, .wants_trace = true});

    std::set<std::string> products;
    std::size_t variants = 0;
    for (const std::string& id : Ranking([](const Item& item) { return item.stock != 0; })) {
      if (products.size() == page_size) break;
      if (!products.insert(Product(Get(id))).second) ++variants;
    }
    ASSERT_THAT(reply.items, SizeIs(page_size));
    EXPECT_EQ(DropsOf(reply)["variant"], variants) << page_size;
  }
}

TEST_F(TraceTest, CountsWhatTheLimitsKeepOut) {
  const RecommendReply reply =
      Recommend({.page_size = 25, .controls = {.max_per_brand = 3}, .wants_trace = true});

  std::set<std::string> products;
  std::map<std::string, std::size_t> of_brand;
  std::size_t variants = 0;
  std::size_t limited = 0;
  for (const std::string& id : Ranking([](const Item& item) { return item.stock != 0; })) {
    const Item& item = Get(id);
    if (products.size() == 25) break;
    if (products.contains(Product(item))) {
      ++variants;
    } else if (!item.brand.empty() && of_brand[item.brand] == 3) {
      ++limited;
    } else {
      products.insert(Product(item));
      ++of_brand[item.brand];
    }
  }
  EXPECT_EQ(DropsOf(reply)["variant"], variants);
  EXPECT_EQ(DropsOf(reply)["limit"], limited);
  EXPECT_GT(limited, 0U);
}

TEST_F(TraceTest, CountsWhatThePagesBeforeShowed) {
  RecommendRequest request{.page_size = 12, .wants_trace = true};
  request.page_token = Recommend(request).next_page_token;

  const RecommendReply second = Recommend(request);

  EXPECT_EQ(DropsOf(second)["shown-before"], 12U);
  EXPECT_EQ(CountOf(second, "filter"), 297U - 12);
}

TEST_F(TraceTest, CountsWhatTheRowsAboveShow) {
  const std::vector<RecommendRequest> rows(2, {.page_size = 12, .wants_trace = true});

  const auto replies = engine_.RecommendRows(rows);

  EXPECT_EQ(DropsOf((*replies)[0]).count("row-above"), 0U);
  EXPECT_EQ(DropsOf((*replies)[1])["row-above"], 12U);
}

TEST_F(TraceTest, SaysHowManyWereFilledIn) {
  Publish({MakeFakeModel("most_popular", ModelFamily::kPopularity, {0, 0, 0, 0, 0, 3, 2, 1})});

  for (const std::size_t limit : {0U, 1000U}) {
    const RecommendReply reply =
        Recommend({.page_size = 10, .controls = {.max_per_brand = limit}, .wants_trace = true});

    EXPECT_EQ(CountOf(reply, "score:most_popular"), 3U);
    EXPECT_EQ(CountOf(reply, limit == 0 ? "select" : "controls"), 3U);
    EXPECT_EQ(CountOf(reply, "backfill"), 7U);
  }
}

TEST_F(TraceTest, StepsWithinAStageAreNotCountedTwice) {
  TraceRecorder trace;
  trace.AddStep("retrieve:a", 5, 1e9);
  trace.AddStep("retrieve:a", 7, 1e9);
  trace.End("select", 3);
  trace.Drop("variant", 0);

  const Trace taken = trace.Take();

  ASSERT_THAT(taken.stages, SizeIs(2));
  EXPECT_EQ(taken.stages[0].count, 7U);
  EXPECT_EQ(taken.stages[0].micros, 2e9);
  EXPECT_EQ(taken.stages[1].micros, 0);
  EXPECT_THAT(taken.drops, IsEmpty());
}

}  // namespace
}  // namespace vitrine
