#include "lifecycle/shadow.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::SmallShop;

class ShadowTest : public ::testing::Test {
 protected:
  ShadowTest() {
    shop_.UpsertAllItems();
    shop_.RecordMore(300);
    ThreadPool pool(1);
    ModelSet models = TrainModels(shop_.store(), shop_.Options(), {.pool = &pool}, {})->models;
    models.version = "candidate";
    candidate_ = std::make_shared<const ModelSet>(std::move(models));
  }

  std::unique_ptr<Shadow> Make(double share) {
    return std::make_unique<Shadow>(shop_.store(), shop_.clock(), Engine::Options(), nullptr,
                                    share);
  }

  // What `models` answer to the request.
  template <auto Ask = &Engine::Recommend, typename Request>
  RecommendReply AnswerOf(std::shared_ptr<const ModelSet> models, const Request& request) {
    const Published<ModelSet> published(std::move(models));
    Counters counters;
    const Engine engine(shop_.store(), published, counters, shop_.clock(), {});
    return (engine.*Ask)(request).value();
  }

  // Waits until `count` lists were compared, for at most 20 seconds.
  static ShadowReport ReportOf(const Shadow& shadow, std::uint64_t count) {
    for (int tries = 0; tries < 4000 && shadow.Report().num_compared < count; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return shadow.Report();
  }

  SmallShop shop_;
  std::shared_ptr<const ModelSet> candidate_;
  const RecommendRequest request_ = {.user_id = "shopper-1", .page_size = 6};
};

TEST_F(ShadowTest, ACandidateLikeTheLiveModelsAnswersAlike) {
  const auto shadow = Make(1);
  shadow->SetCandidate(candidate_);

  shadow->OnAnswer(request_, AnswerOf(candidate_, request_));

  const ShadowReport report = ReportOf(*shadow, 1);
  EXPECT_EQ(report.candidate_version, "candidate");
  EXPECT_EQ(report.num_compared, 1u);
  EXPECT_EQ(report.num_failed, 0u);
  EXPECT_EQ(report.mean_overlap, 1);
  EXPECT_EQ(report.same_first_share, 1);
  EXPECT_EQ(report.mean_score_shift, 0);
  EXPECT_EQ(report.mean_rank_shift, 0);
  EXPECT_GT(report.mean_micros, 0);
}

TEST_F(ShadowTest, TheDifferencesAreThoseOfTheLists) {
  const auto shadow = Make(1);
  shadow->SetCandidate(candidate_);
  RecommendReply live = AnswerOf(candidate_, request_);
  ASSERT_EQ(live.items.size(), 6u);
  live.model_version = "live";
  std::swap(live.items[0], live.items[1]);
  live.items[5].item_id = "something-else";
  for (RecommendedItem& item : live.items) item.score -= 0.5F;

  shadow->OnAnswer(request_, live);

  const ShadowReport report = ReportOf(*shadow, 1);
  EXPECT_EQ(report.live_version, "live");
  EXPECT_DOUBLE_EQ(report.mean_overlap, 5.0 / 6);
  EXPECT_EQ(report.same_first_share, 0);
  EXPECT_NEAR(report.mean_score_shift, 0.5, 1e-6);
  EXPECT_DOUBLE_EQ(report.mean_rank_shift, 2.0 / 5);
}

TEST_F(ShadowTest, ItsShareOfTheRequestsIsAnsweredAndNoMore) {
  const auto shadow = Make(0.25);
  shadow->SetCandidate(candidate_);
  const RecommendReply live = AnswerOf(candidate_, request_);

  for (int i = 0; i < 40; ++i) shadow->OnAnswer(request_, live);

  const ShadowReport report = ReportOf(*shadow, 10);
  EXPECT_EQ(report.num_compared + report.num_left_out, 10u);
}

TEST_F(ShadowTest, OfEachKindItsShareIsAnsweredWhateverThePageAsksFor) {
  const auto shadow = Make(0.5);
  shadow->SetCandidate(candidate_);
  const SimilarRequest similar{.item_id = SmallShop::ItemId(0), .page_size = 4};
  const RecommendReply list = AnswerOf(candidate_, request_);
  RecommendReply alike = AnswerOf<&Engine::Similar>(candidate_, similar);
  ASSERT_EQ(alike.items.size(), 4u);
  alike.items[3].item_id = "something-else";

  for (int i = 0; i < 2; ++i) {
    shadow->OnAnswer(request_, list);
    shadow->OnAnswer(similar, alike);
  }

  const ShadowReport report = ReportOf(*shadow, 2);
  EXPECT_EQ(report.num_compared, 2u);
  EXPECT_EQ(report.num_failed, 0u);
  EXPECT_DOUBLE_EQ(report.mean_overlap, (1 + 0.75) / 2);
}

TEST_F(ShadowTest, RankingsCountInAllButTheOverlap) {
  const auto shadow = Make(1);
  shadow->SetCandidate(candidate_);
  const RankRequest ranking{
      .user_id = "shopper-1",
      .item_ids = {SmallShop::ItemId(0), SmallShop::ItemId(1), SmallShop::ItemId(2), "unknown"}};
  RecommendReply ranked = AnswerOf<&Engine::Rank>(candidate_, ranking);
  ASSERT_EQ(ranked.items.size(), 4u);
  std::swap(ranked.items[0], ranked.items[1]);
  for (RecommendedItem& item : ranked.items) item.score -= 0.5F;

  shadow->OnAnswer(ranking, ranked);

  const ShadowReport alone = ReportOf(*shadow, 1);
  EXPECT_EQ(alone.num_compared, 1u);
  EXPECT_EQ(alone.mean_overlap, 1);
  EXPECT_EQ(alone.same_first_share, 0);
  EXPECT_NEAR(alone.mean_score_shift, 0.5, 1e-6);  // Of the three that are known.
  EXPECT_DOUBLE_EQ(alone.mean_rank_shift, 2.0 / 3);

  RecommendReply list = AnswerOf(candidate_, request_);
  ASSERT_EQ(list.items.size(), 6u);
  list.items[5].item_id = "something-else";
  shadow->OnAnswer(request_, list);

  EXPECT_DOUBLE_EQ(ReportOf(*shadow, 2).mean_overlap, 5.0 / 6);
}

TEST_F(ShadowTest, LaterPagesAreLeftOut) {
  const auto shadow = Make(1);
  shadow->SetCandidate(candidate_);
  const RecommendReply first = AnswerOf(candidate_, request_);
  RecommendRequest second = request_;
  second.page_token = first.next_page_token;
  ASSERT_FALSE(second.page_token.empty());

  shadow->OnAnswer(second, first);
  shadow->OnAnswer(request_, first);

  EXPECT_EQ(ReportOf(*shadow, 1).num_compared, 1u);
}

TEST_F(ShadowTest, WithoutACandidateNothingIsAskedAndANewOneCountsAnew) {
  const auto shadow = Make(1);
  const RecommendReply live = AnswerOf(candidate_, request_);
  shadow->OnAnswer(request_, live);
  shadow->SetCandidate(candidate_);
  shadow->OnAnswer(request_, live);
  EXPECT_EQ(ReportOf(*shadow, 1).num_compared, 1u);

  shadow->SetCandidate(nullptr);
  shadow->OnAnswer(request_, live);

  EXPECT_EQ(shadow->Report().candidate_version, "");
  EXPECT_EQ(shadow->Report().num_compared, 0u);
}

}  // namespace
}  // namespace vitrine
