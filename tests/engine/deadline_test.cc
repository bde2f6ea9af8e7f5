#include <algorithm>
#include <atomic>
#include <memory>
#include <set>

#include "engine/costly_scorer.h"
#include "engine/large_shop.h"

namespace vitrine {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using vitrine::testing::FakeDeadline;
using vitrine::testing::FakeScorer;
using vitrine::testing::IsOk;
using vitrine::testing::MakeCostlyModel;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::MakeFakeNeighbours;
using vitrine::testing::StatusIs;

// Turns true after so many questions, and knows whether it did.
class AfterQuestions {
 public:
  explicit AfterQuestions(int count) : left_(std::make_shared<int>(count)) {}
  bool operator()() const { return --*left_ < 0; }
  bool was_true() const { return *left_ < 0; }

 private:
  std::shared_ptr<int> left_;
};

// Counts how often it is asked to score.
class CountingScorer final : public FakeScorer {
 public:
  using FakeScorer::FakeScorer;
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    ++num_asked_;
    FakeScorer::Score(queries, items, scores);
  }
  int num_asked() const { return num_asked_; }

 private:
  mutable std::atomic<int> num_asked_ = 0;
};

// Takes a millisecond to explain an item.
class CostlyReasons final : public FakeScorer, public Explainer {
 public:
  CostlyReasons() : FakeScorer("content", std::vector<float>(400, 1)) {}
  std::vector<Contribution> Explain(const Query& /*query*/, ItemIndex /*item*/) const override {
    vitrine::testing::time_passed += milliseconds(1);
    return {{.source = Contribution::Source::kFeature, .feature = "brand: B1", .value = 1}};
  }
};

// A shop of 300 items and three models, for a shopper whom all of them know something of.
class DeadlineTest : public vitrine::testing::LargeShop {
 protected:
  DeadlineTest() {
    Model neighbours = MakeFakeNeighbours("item_knn", kNumIndices, Alike());
    std::vector<float> liked(kNumIndices);
    for (std::size_t i = 0; i < liked.size(); ++i) liked[i] = static_cast<float>(i * 53 % 97);
    Publish({model_, std::move(neighbours),
             MakeFakeModel("content", ModelFamily::kContent, std::move(liked))});
    store_.Record("u", EventType::kPurchaseComplete, "item-000");
    store_.Record("u", EventType::kDetailPageView, "item-100");
  }

  static constexpr std::size_t kNumIndices = vitrine::testing::kLargeShopItems + 5;

  static vitrine::testing::FakeNeighbours::Similarities Alike() {
    vitrine::testing::FakeNeighbours::Similarities alike;
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
    return std::make_unique<Engine>(store_, models_, counters_, clock_, options);
  }

  // What a reply says where no model was asked as it should have been, after `others`.
  template <typename... Others>
  static auto AllLate(const Others&... others) {
    return ElementsAre(others..., "model-late:most_popular", "model-late:item_knn",
                       "model-late:content", "deadline");
  }

  static bool IsPin(const std::string& id) { return id == "item-033"; }

  void ExpectSound(const RecommendReply& reply, const RecommendRequest& request) const {
    ASSERT_THAT(reply.items, SizeIs(request.page_size));
    std::set<std::string> products;
    for (const RecommendedItem& item : reply.items) {
      EXPECT_TRUE(products.insert(Product(Get(item.item_id))).second) << item.item_id;
      EXPECT_THAT(Get(item.item_id).categories, Contains("Shop > Sale"));
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

RecommendRequest OnSale() {
  RecommendRequest request{.user_id = "u",
                           .exclude_item_ids = {"item-050", "item-051"},
                           .categories = {"Shop > Sale"},
                           .page_size = 30};
  return request;
}

struct LateCase {
  std::string name{};
  std::size_t whole = 1000;
  ExplanationLevel explanation = ExplanationLevel::kReasons;
  ListControls controls{};
};

class EveryQuestionTest : public DeadlineTest, public ::testing::WithParamInterface<LateCase> {};

TEST_P(EveryQuestionTest, HoweverEarlyTheTimeIsUpThePageIsFullAndSound) {
  const auto engine = EngineOf(GetParam().whole);
  RecommendRequest request = OnSale();
  request.explanation = GetParam().explanation;
  request.controls = GetParam().controls;
  const RecommendReply in_time = *engine->Recommend(request);
  ASSERT_THAT(in_time.fallbacks, Not(Contains("deadline")));

  bool is_ever_in_between = false;
  bool was_true = true;
  int count = 0;
  for (; was_true && count < 100; ++count) {
    const AfterQuestions is_late(count);
    request.is_late = is_late;
    const auto reply = engine->Recommend(request);

    ASSERT_THAT(reply, IsOk());
    ExpectSound(*reply, request);
    was_true = is_late.was_true();
    const auto& fallbacks = reply->fallbacks;
    EXPECT_EQ(std::count(fallbacks.begin(), fallbacks.end(), "deadline"), was_true ? 1 : 0);
    for (std::size_t i = 0; i < reply->items.size() && count == 0; ++i) {
      EXPECT_TRUE(reply->items[i].is_backfill || IsPin(reply->items[i].item_id)) << i;
    }
    is_ever_in_between = is_ever_in_between || (was_true && !reply->items.front().is_backfill);
    if (!was_true) {
      EXPECT_EQ(Ids(*reply), Ids(in_time));
    }
  }

  EXPECT_FALSE(was_true);
  EXPECT_TRUE(is_ever_in_between);
  EXPECT_THAT(counters_.Read(),
              Contains(Pair("engine.fallback.deadline", static_cast<std::uint64_t>(count - 1))));
}

INSTANTIATE_TEST_SUITE_P(
    EveryWay, EveryQuestionTest,
    ::testing::Values(LateCase{"Whole"}, LateCase{"Retrieving", 20},
                      LateCase{"WholeWithParts", 1000, ExplanationLevel::kContributions},
                      LateCase{"RetrievingWithParts", 20, ExplanationLevel::kContributions},
                      LateCase{"Limited", 1000, ExplanationLevel::kReasons, {.max_per_brand = 5}},
                      LateCase{"LimitedRetrieving",
                               20,
                               ExplanationLevel::kContributions,
                               {.max_per_brand = 5, .pins = {{"item-033", 2}}}},
                      LateCase{"Varied",
                               20,
                               ExplanationLevel::kReasons,
                               {.diversity = {.method = Diversity::Method::kMmr, .lambda = 0.5}}}),
    [](const ::testing::TestParamInfo<LateCase>& test) { return test.param.name; });

TEST_F(DeadlineTest, WithoutTimeForReasonsOnlyTrueOnesAreGiven) {
  const auto engine = EngineOf(1000);
  RecommendRequest request = OnSale();
  request.is_late = AfterQuestions(3);  // The three models are asked, explanations are not.

  const auto reply = engine->Recommend(request);

  ASSERT_THAT(reply, IsOk());
  EXPECT_THAT(reply->fallbacks, ElementsAre("deadline"));
  EXPECT_THAT(reply->items, Each(Field(&RecommendedItem::is_backfill, false)));
  EXPECT_THAT(reply->items, Each(Field(&RecommendedItem::reasons, IsEmpty())));
}

TEST_F(DeadlineTest, ReasonsThatUsuallyTakeLongerThanWhatIsLeftAreLeftOut) {
  auto scorer = std::make_shared<CostlyReasons>();
  Model model{.name = "content", .kind = "fake", .family = ModelFamily::kContent};
  model.scorer = scorer;
  model.explainer = scorer;
  Publish({std::move(model)});
  RecommendRequest request = OnSale();  // 30 items.
  const auto ask_within = [&](milliseconds time) {
    FakeDeadline(time).Bind(request);
    return Recommend(request);
  };
  EXPECT_THAT(ask_within(milliseconds(1000)).fallbacks, IsEmpty());

  const RecommendReply reply = ask_within(milliseconds(20));

  EXPECT_THAT(reply.fallbacks, ElementsAre("deadline"));
  EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::is_backfill, false)));
  EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::reasons, IsEmpty())));
  EXPECT_THAT(ask_within(milliseconds(40)).fallbacks, IsEmpty());
  request.page_size = 5;
  EXPECT_THAT(ask_within(milliseconds(20)).fallbacks, IsEmpty()) << "so few take less";
}

TEST_F(DeadlineTest, AModelThatHasOnlyRetrievedSaysWhatItFound) {
  const auto engine = EngineOf(20);
  RecommendRequest request = OnSale();
  request.explanation = ExplanationLevel::kNone;
  request.is_late = AfterQuestions(3);  // All retrieve, none scores.

  const auto reply = engine->Recommend(request);

  ASSERT_THAT(reply, IsOk());
  EXPECT_THAT(reply->fallbacks, AllLate());
  EXPECT_THAT(reply->items, Each(Field(&RecommendedItem::is_backfill, false)));
  EXPECT_THAT(reply->items, Each(Field(&RecommendedItem::score, ::testing::Gt(0.0F))));
}

TEST_F(DeadlineTest, AStrictListHoldsWhatIsReadyAndGoesOn) {
  const auto engine = EngineOf(1000);
  RecommendRequest request = OnSale();
  request.controls.is_strict = true;
  request.is_late = AfterQuestions(0);

  const auto cut_short = engine->Recommend(request);
  ASSERT_THAT(cut_short, IsOk());
  EXPECT_THAT(cut_short->items, IsEmpty());
  EXPECT_THAT(cut_short->fallbacks, AllLate());

  request.is_late = nullptr;
  request.page_token = cut_short->next_page_token;
  ASSERT_NE(request.page_token, "");
  const auto next = engine->Recommend(request);
  request.page_token = "";
  EXPECT_EQ(Ids(*next), Ids(*engine->Recommend(request)));
}

TEST_F(DeadlineTest, TheRowsThatAreLeftShowWhatIsPopular) {
  RecommendRequest row = OnSale();
  row.page_size = 8;
  row.explanation = ExplanationLevel::kNone;
  row.is_late = AfterQuestions(3);
  const std::vector<RecommendRequest> rows(3, row);  // They share the questions.

  const auto replies = engine_.RecommendRows(rows);

  ASSERT_THAT(replies, IsOk());
  EXPECT_THAT((*replies)[0].fallbacks, IsEmpty());
  std::set<std::string> items;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ExpectSound((*replies)[i], row);
    for (const std::string& id : Ids((*replies)[i])) EXPECT_TRUE(items.insert(id).second);
    if (i > 0) {
      EXPECT_THAT((*replies)[i].fallbacks, AllLate("backfill"));
    }
  }
}

TEST_F(DeadlineTest, SimilarItemsAreFilledUpWithWhatIsPopular) {
  SimilarRequest request{.item_id = "item-000", .page_size = 10};
  EXPECT_THAT(Similar(request).fallbacks, Not(Contains("deadline")));
  request.is_late = AfterQuestions(0);

  const RecommendReply reply = Similar(request);

  EXPECT_THAT(reply.items, SizeIs(10));
  EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::is_backfill, true)));
  EXPECT_THAT(reply.fallbacks,
              ElementsAre("backfill", "model-late:item_knn", "model-late:content", "deadline"));
}

TEST_F(DeadlineTest, ARankingHasEveryItemHoweverLateItIs) {
  RankRequest request{.user_id = "u"};
  for (int i = 0; i < 50; ++i) request.item_ids.push_back(absl::StrFormat("item-%03d", 3 * i));

  for (int count = 0; count < 4; ++count) {
    const AfterQuestions is_late(count);
    request.is_late = is_late;
    const RecommendReply reply = Rank(request);

    const std::vector<std::string> ids = Ids(reply);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), request.item_ids.size());
    const auto& fallbacks = reply.fallbacks;
    EXPECT_EQ(std::count(fallbacks.begin(), fallbacks.end(), "deadline"), is_late.was_true());
    EXPECT_EQ(is_late.was_true(), count < 3);  // Before each of three models.
  }
}

TEST_F(DeadlineTest, AModelThatIsKnownToBeSlowIsLeftOutAloneAndNamed) {
  std::vector<Model> models = models_.Get()->models;
  models.insert(models.begin(), MakeCostlyModel("neural_cf", ModelFamily::kBehaviour,
                                                std::vector<float>(kNumIndices, 1),
                                                [] { return milliseconds(20); }));
  Publish(std::move(models));
  for (const std::size_t whole : {1000, 20}) {
    Engine::Options options = Options();
    options.blend.weights["neural_cf"] = 1;
    options.blend.whole_catalogue_items = whole;
    options.blend.candidates_per_model = 40;
    const Engine engine(store_, models_, counters_, clock_, options);
    const std::uint64_t num_late = counters_.Read()["engine.fallback.model-late"];
    RecommendRequest request = OnSale();
    const auto ask_within = [&](milliseconds time) {
      FakeDeadline(time).Bind(request);
      return *engine.Recommend(request);
    };
    EXPECT_THAT(ask_within(milliseconds(1000)).fallbacks, IsEmpty());

    const RecommendReply reply = ask_within(milliseconds(15));

    ExpectSound(reply, request);
    EXPECT_THAT(reply.fallbacks, ElementsAre("model-late:neural_cf", "deadline"));
    EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::is_backfill, false)));
    EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::reasons, Not(IsEmpty()))));
    EXPECT_EQ(counters_.Read()["engine.fallback.model-late"], num_late + 1);

    const RecommendReply of_none = ask_within(milliseconds(0));

    ExpectSound(of_none, request);
    EXPECT_THAT(of_none.items, Each(Field(&RecommendedItem::is_backfill, true)));
    EXPECT_THAT(of_none.fallbacks, Contains("model-late:most_popular"));
  }
}

TEST_F(DeadlineTest, OfACallerWhoHasGoneNoModelIsAskedMore) {
  std::vector<std::shared_ptr<CountingScorer>> scorers;
  std::vector<Model> models;
  for (const char* name : {"most_popular", "item_knn", "content"}) {
    scorers.push_back(std::make_shared<CountingScorer>(name, std::vector<float>(kNumIndices, 1)));
    models.push_back({.name = name, .kind = "fake"});
    models.back().scorer = scorers.back();
  }
  Publish(std::move(models));
  RecommendRequest request = OnSale();

  request.is_gone = AfterQuestions(0);
  EXPECT_THAT(engine_.Recommend(request), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(scorers[0]->num_asked(), 0);

  request.is_gone = AfterQuestions(2);  // Once at the start, once before the first model.
  EXPECT_THAT(engine_.Recommend(request), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(scorers[0]->num_asked(), 1);
  EXPECT_EQ(scorers[1]->num_asked(), 0);

  request.is_gone = AfterQuestions(1000);
  EXPECT_THAT(engine_.Recommend(request), IsOk());
  EXPECT_EQ(scorers[2]->num_asked(), 1);
}

TEST_F(DeadlineTest, EveryCallEndsWithCancelledOnceTheCallerHasGone) {
  const AfterQuestions is_gone(0);
  const std::vector<RecommendRequest> rows(2, {.is_gone = is_gone});

  EXPECT_THAT(engine_.RecommendRows(rows), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(engine_.Similar({.item_id = "item-000", .is_gone = is_gone}),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(engine_.Rank({.item_ids = {"item-000"}, .is_gone = is_gone}),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace vitrine
