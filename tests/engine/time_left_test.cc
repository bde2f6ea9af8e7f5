#include <memory>
#include <set>

#include "engine/costly_scorer.h"
#include "engine/deadline_shop.h"

namespace vitrine {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using vitrine::testing::FakeDeadline;
using vitrine::testing::FakeScorer;
using vitrine::testing::IsOk;
using vitrine::testing::MakeCostlyModel;

// Takes a millisecond to explain an item.
class CostlyReasons final : public FakeScorer, public Explainer {
 public:
  CostlyReasons() : FakeScorer("content", std::vector<float>(400, 1)) {}
  std::vector<Contribution> Explain(const Query& /*query*/, ItemIndex /*item*/) const override {
    vitrine::testing::time_passed += milliseconds(1);
    return {{.source = Contribution::Source::kFeature, .feature = "brand: B1", .value = 1}};
  }
};

class TimeLeftTest : public vitrine::testing::DeadlineShop {
 protected:
  // The three models, and before them "neural_cf", which takes 20 ms.
  void PublishWithDear() {
    std::vector<Model> models = models_.Get()->models;
    models.insert(models.begin(), MakeCostlyModel("neural_cf", ModelFamily::kBehaviour,
                                                  std::vector<float>(kNumIndices, 1),
                                                  [] { return milliseconds(20); }));
    models.front().item_to_item = models.front().scorer;
    Publish(std::move(models));
  }
  static constexpr milliseconds kPlenty{1000};
  static constexpr milliseconds kTooShortForDear{15};

  static auto OnlyDearLate() { return ElementsAre("model-late:neural_cf", "deadline"); }
};

TEST_F(TimeLeftTest, AModelThatIsKnownToBeSlowIsLeftOutOfAListAloneAndNamed) {
  PublishWithDear();
  for (const std::size_t whole : {1000, 20}) {
    const auto engine = EngineOf(whole);
    const std::uint64_t num_late = counters_.Read()["engine.fallback.model-late"];
    RecommendRequest request = OnSale();
    const auto ask_within = [&](milliseconds time) {
      FakeDeadline(time).Bind(request);
      return *engine->Recommend(request);
    };
    EXPECT_THAT(ask_within(kPlenty).fallbacks, IsEmpty());

    const RecommendReply reply = ask_within(kTooShortForDear);

    ExpectSound(reply, request);
    EXPECT_THAT(reply.fallbacks, OnlyDearLate());
    EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::is_backfill, false)));
    EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::reasons, Not(IsEmpty()))));
    EXPECT_EQ(counters_.Read()["engine.fallback.model-late"], num_late + 1);

    const RecommendReply of_none = ask_within(milliseconds(0));

    ExpectSound(of_none, request);
    EXPECT_THAT(of_none.items, Each(Field(&RecommendedItem::is_backfill, true)));
    EXPECT_THAT(of_none.fallbacks, Contains("model-late:most_popular"));
  }
}

TEST_F(TimeLeftTest, OfSimilarItemsToo) {
  PublishWithDear();
  const auto engine = EngineOf(1000);
  SimilarRequest request{.item_id = "item-000", .page_size = 10};
  FakeDeadline(kPlenty).Bind(request);
  EXPECT_THAT(engine->Similar(request)->fallbacks, IsEmpty());
  FakeDeadline(kTooShortForDear).Bind(request);

  const auto reply = engine->Similar(request);

  EXPECT_THAT(reply->fallbacks, OnlyDearLate());
  EXPECT_THAT(reply->items, SizeIs(10));
  EXPECT_THAT(reply->items, Each(Field(&RecommendedItem::is_backfill, false)));
}

TEST_F(TimeLeftTest, OfARankingToo) {
  PublishWithDear();
  const auto engine = EngineOf(1000);
  RankRequest request{.user_id = "u"};
  for (int i = 0; i < 50; ++i) request.item_ids.push_back(absl::StrFormat("item-%03d", 3 * i));
  FakeDeadline(kPlenty).Bind(request);
  EXPECT_THAT(engine->Rank(request)->fallbacks, IsEmpty());
  FakeDeadline(kTooShortForDear).Bind(request);

  const auto reply = engine->Rank(request);

  EXPECT_THAT(reply->fallbacks, OnlyDearLate());
  EXPECT_THAT(reply->items, SizeIs(50));
}

TEST_F(TimeLeftTest, OfEveryRowOfAPageToo) {
  PublishWithDear();
  const auto engine = EngineOf(1000);
  std::vector<RecommendRequest> rows(3, OnSale());
  const auto ask_within = [&](milliseconds time) {
    const FakeDeadline deadline(time);
    for (RecommendRequest& row : rows) deadline.Bind(row);
    return *engine->RecommendRows(rows);
  };
  for (const RecommendReply& row : ask_within(kPlenty)) EXPECT_THAT(row.fallbacks, IsEmpty());

  const std::vector<RecommendReply> replies = ask_within(kTooShortForDear);

  for (std::size_t i = 0; i < rows.size(); ++i) {
    ExpectSound(replies[i], rows[i]);
    EXPECT_THAT(replies[i].fallbacks, OnlyDearLate());
    EXPECT_THAT(replies[i].items, Each(Field(&RecommendedItem::is_backfill, false)));
  }
}

TEST_F(TimeLeftTest, ReasonsThatUsuallyTakeLongerThanWhatIsLeftAreLeftOut) {
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

TEST_F(TimeLeftTest, AListEndsWhereAModelIsTooSlowForAllItsPages) {
  PublishWithDear();
  const auto engine = EngineOf(1000);
  for (const bool is_strict : {false, true}) {
    RecommendRequest request = OnSale();
    request.page_size = 50;
    request.controls.is_strict = is_strict;
    FakeDeadline(kPlenty).Bind(request);
    ASSERT_THAT(engine->Recommend(request), IsOk());

    std::set<std::string> ids;
    int num_pages = 0;
    do {
      FakeDeadline(kTooShortForDear).Bind(request);
      const auto page = engine->Recommend(request);
      ASSERT_THAT(page, IsOk());
      EXPECT_THAT(page->fallbacks, Contains("model-late:neural_cf"));
      for (const std::string& id : Ids(*page)) EXPECT_TRUE(ids.insert(id).second);
      EXPECT_EQ(page->items.size() == 50, !page->next_page_token.empty()) << num_pages;
      request.page_token = page->next_page_token;
    } while (++num_pages < 20 && !request.page_token.empty());

    EXPECT_LT(num_pages, 20);
    EXPECT_GT(ids.size(), 100U);
  }
}

}  // namespace
}  // namespace vitrine
