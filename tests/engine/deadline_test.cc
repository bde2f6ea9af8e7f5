#include <atomic>
#include <memory>
#include <set>

#include "engine/deadline_shop.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using vitrine::testing::FakeScorer;
using vitrine::testing::IsOk;
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

class DeadlineTest : public vitrine::testing::DeadlineShop {};

struct LateCase {
  std::string name{};
  std::size_t whole = 1000;
  ExplanationLevel explanation = ExplanationLevel::kReasons;
  ListControls controls{};
};

class EveryQuestionTest : public DeadlineTest, public ::testing::WithParamInterface<LateCase> {
 protected:
  static bool IsPin(const std::string& id) { return id == "item-033"; }
};

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
  request.page_size = 200;
  const std::vector<std::string> in_time = Ids(*engine->Recommend(request));
  request.is_late = AfterQuestions(1);  // One model is asked, which does not know all.

  const auto cut_short = engine->Recommend(request);
  ASSERT_THAT(cut_short, IsOk());
  std::vector<std::string> ids = Ids(*cut_short);
  EXPECT_THAT(ids, Not(IsEmpty()));
  EXPECT_LT(ids.size(), in_time.size());

  request.is_late = nullptr;
  request.page_token = cut_short->next_page_token;
  ASSERT_NE(request.page_token, "");
  const std::vector<std::string> rest = Ids(*engine->Recommend(request));
  ids.insert(ids.end(), rest.begin(), rest.end());
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(ids.size()));
  EXPECT_GE(ids.size(), in_time.size());
}

TEST_F(DeadlineTest, AnEmptyPageHasNoToken) {
  RecommendRequest request = OnSale();
  request.controls.is_strict = true;
  request.is_late = AfterQuestions(0);

  const RecommendReply reply = Recommend(request);

  EXPECT_THAT(reply.items, IsEmpty());
  EXPECT_THAT(reply.fallbacks, AllLate());
  EXPECT_EQ(reply.next_page_token, "");
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
