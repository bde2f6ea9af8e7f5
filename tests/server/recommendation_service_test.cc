#include "server/recommendation_service.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/fake_shop.h"
#include "server/local_server.h"
#include "server/wire.h"
#include "vitrine/base/log.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeScorer;
using testing::FakeShop;
using ::testing::HasSubstr;
using testing::LocalServer;

// Keeps what an observer is told, some words each. Thread-safe.
class Listener final : public AnswerObserver {
 public:
  void OnAnswer(const RecommendRequest& request, const RecommendReply& /*reply*/,
                std::size_t row) override {
    Hear(absl::StrFormat("row %d%s", row, request.wants_trace ? ", to be traced" : ""));
  }
  void OnFailure(const RecommendRequest& /*request*/, const absl::Status& /*status*/) override {
    Hear("a list failed");
  }
  void OnSimilar(const SimilarRequest& request,
                 const absl::StatusOr<RecommendReply>& reply) override {
    Hear(absl::StrFormat("like %s%s", request.item_id, reply.ok() ? "" : " failed"));
  }
  void OnRanked(const RankRequest& request, const absl::StatusOr<RecommendReply>& reply) override {
    Hear(absl::StrFormat("%d ranked%s", request.item_ids.size(), reply.ok() ? "" : ", failed"));
  }

  std::vector<std::string> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  void Hear(std::string words) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(words));
  }

  mutable std::mutex mutex_;
  std::vector<std::string> heard_;  // Guarded by mutex_.
};

// Takes its time.
class SleepyScorer final : public FakeScorer {
 public:
  static constexpr double kSeconds = 0.2;

  using FakeScorer::FakeScorer;
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    std::this_thread::sleep_for(std::chrono::duration<double>(kSeconds));
    FakeScorer::Score(queries, items, scores);
  }
};

// The service over a shop of five items, where every call is slow.
class RecommendationServiceTest : public FakeShop {
 protected:
  RecommendationServiceTest() {
    SetLogLevel(LogLevel::kWarning);
    pool_.Open({.engine = &engine_, .observer = &listener_});
  }

  template <typename Request, typename Response>
  using Rpc = grpc::Status (v1::RecommendationService::Stub::*)(grpc::ClientContext*,
                                                                const Request&, Response*);

  // Makes the call and returns what is logged meanwhile.
  template <typename Request, typename Response>
  std::string LinesOf(Rpc<Request, Response> rpc, const Request& request, Response& response) {
    ::testing::internal::CaptureStderr();
    grpc::ClientContext context;
    const grpc::Status status = (*stub_.*rpc)(&context, request, &response);
    std::string lines = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return lines;
  }

  // Two rows of two items, of two placements.
  static v1::BatchRecommendItemsRequest Page() {
    v1::BatchRecommendItemsRequest page;
    page.add_rows()->set_page_size(2);
    page.add_rows()->set_page_size(2);
    page.mutable_rows(1)->set_placement("trending");
    return page;
  }

  static v1::SimilarItemsRequest Like(const std::string& item_id) {
    v1::SimilarItemsRequest request;
    request.set_item_id(item_id);
    return request;
  }

  // `values`: of its labels, in the order of their names.
  prometheus::ClientMetric::Histogram HistogramOf(const std::string& name,
                                                  const std::vector<std::string>& values) const {
    for (const prometheus::MetricFamily& family : metrics_.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        std::vector<std::string> of_metric;
        for (const auto& label : metric.label) of_metric.push_back(label.value);
        if (of_metric == values) return metric.histogram;
      }
    }
    return {};
  }

  Listener listener_;
  Metrics metrics_;
  Methods methods_{{v1::RecommendationService::service_full_name()}};
  RequestPool pool_{RequestPool::Options{.num_threads = 1,
                                         .max_waiting = 10,
                                         .methods = &methods_,
                                         .metrics = &metrics_,
                                         .log = {.slow_ms = 1e-3, .slow_per_second = 0}}};
  RecommendationService service_{pool_};
  LocalServer server_{&service_};
  std::unique_ptr<v1::RecommendationService::Stub> stub_ =
      v1::RecommendationService::NewStub(server_.channel());
};

TEST_F(RecommendationServiceTest, ASlowPageSaysWhatItsRowsSpentTheirTimeOn) {
  v1::BatchRecommendItemsResponse response;

  const std::string line =
      LinesOf(&v1::RecommendationService::Stub::BatchRecommendItems, Page(), response);

  EXPECT_THAT(line, AllOf(HasSubstr("request.slow"), HasSubstr("method=BatchRecommendItems"),
                          HasSubstr("placement=recommended-for-you,trending items=4 ")));
  // Five items may be shown, and three below the first row.
  EXPECT_THAT(line, AllOf(HasSubstr("stages=\"query 0 "), HasSubstr(", filter 8 "),
                          HasSubstr(", explain 4 ")));
}

TEST_F(RecommendationServiceTest, OfATracedPageThoseRowsShowTheirTracesThatWereAskedTo) {
  v1::BatchRecommendItemsRequest page = Page();
  page.mutable_rows(1)->set_include_trace(true);
  v1::BatchRecommendItemsResponse response;

  const std::string line =
      LinesOf(&v1::RecommendationService::Stub::BatchRecommendItems, page, response);

  EXPECT_THAT(line, HasSubstr("stages=\"query 0 "));
  ASSERT_EQ(response.rows_size(), 2);
  EXPECT_FALSE(response.rows(0).has_trace());
  EXPECT_TRUE(response.rows(1).has_trace());
  EXPECT_THAT(listener_.heard(), ElementsAre("row 0", "row 1, to be traced"));
}

TEST_F(RecommendationServiceTest, SlowQuestionsAboutItemsSayWhatTheySpentTheirTimeOn) {
  v1::SimilarItemsResponse similar;
  v1::RankItemsRequest ranking;
  for (const char* id : {"a", "b", "unknown"}) ranking.add_item_ids(id);
  v1::RankItemsResponse ranked;

  const std::string of_similar =
      LinesOf(&v1::RecommendationService::Stub::SimilarItems, Like("a"), similar);
  const std::string of_ranked =
      LinesOf(&v1::RecommendationService::Stub::RankItems, ranking, ranked);

  EXPECT_THAT(of_similar, AllOf(HasSubstr("method=SimilarItems"),
                                HasSubstr("placement=\"\" items=4 stages=\"query 0 "),
                                HasSubstr(", filter 4 "), HasSubstr(", backfill 4 ")));
  EXPECT_THAT(of_ranked, AllOf(HasSubstr("method=RankItems"),
                               HasSubstr("placement=\"\" items=3 stages=\"query 0 "),
                               HasSubstr(", select 0 "), HasSubstr(", explain 2 ")));
}

TEST_F(RecommendationServiceTest, ASlowCallSaysWhatItSpentItsTimeOnThoughNothingForetoldIt) {
  const v1::RecommendItemsRequest request;
  v1::RecommendItemsResponse list;
  v1::SimilarItemsResponse similar;
  // The first calls, whose stages the metrics have, are fast.
  pool_.log().Set({.slow_ms = 1e6});
  LinesOf(&v1::RecommendationService::Stub::RecommendItems, request, list);
  LinesOf(&v1::RecommendationService::Stub::SimilarItems, Like("a"), similar);
  pool_.log().Set({.slow_ms = 1e-3, .slow_per_second = 0});

  const std::string of_list =
      LinesOf(&v1::RecommendationService::Stub::RecommendItems, request, list);
  const std::string of_similar =
      LinesOf(&v1::RecommendationService::Stub::SimilarItems, Like("a"), similar);

  EXPECT_THAT(of_list, HasSubstr("stages=\"query 0 "));
  EXPECT_THAT(of_similar, HasSubstr("stages=\"query 0 "));
  EXPECT_FALSE(list.has_trace());
}

TEST_F(RecommendationServiceTest, OfEachMethodOneCallInManyIsInTheMetricsWithItsStages) {
  pool_.log().Set({.slow_ms = 0});  // Nobody else wants to know them.
  v1::SimilarItemsResponse similar;
  v1::RankItemsRequest ranking;
  ranking.add_item_ids("a");
  v1::RankItemsResponse ranked;

  for (int i = 0; i < 65; ++i) {
    LinesOf(&v1::RecommendationService::Stub::SimilarItems, Like("a"), similar);
    LinesOf(&v1::RecommendationService::Stub::RankItems, ranking, ranked);
  }

  const std::string name = "vitrine_stage_seconds";
  EXPECT_EQ(HistogramOf(name, {"SimilarItems", "query"}).sample_count, 2U);
  EXPECT_EQ(HistogramOf(name, {"SimilarItems", "filter"}).sample_count, 2U);
  EXPECT_EQ(HistogramOf(name, {"RankItems", "query"}).sample_count, 2U);
  EXPECT_EQ(HistogramOf(name, {"RankItems", "explain"}).sample_count, 2U);
  EXPECT_EQ(HistogramOf(name, {"RecommendItems", "query"}).sample_count, 0U);
}

TEST_F(RecommendationServiceTest, EachRowCountsForItsPlacementWithItsOwnTime) {
  Model sleepy{.name = "most_popular", .kind = "fake", .family = ModelFamily::kPopularity};
  sleepy.scorer = std::make_shared<SleepyScorer>("most_popular", std::vector<float>{5, 4, 3, 2, 1});
  Publish({std::move(sleepy)});  // Which the second row does not ask.
  v1::BatchRecommendItemsResponse response;

  LinesOf(&v1::RecommendationService::Stub::BatchRecommendItems, Page(), response);

  const auto first = HistogramOf("vitrine_placement_seconds", {"recommended-for-you"});
  const auto second = HistogramOf("vitrine_placement_seconds", {"trending"});
  EXPECT_EQ(first.sample_count, 1U);
  EXPECT_EQ(second.sample_count, 1U);
  EXPECT_GE(first.sample_sum, SleepyScorer::kSeconds);
  EXPECT_LT(second.sample_sum, SleepyScorer::kSeconds);
  // The first call of all is one of those whose stages are in the metrics.
  const auto queries = HistogramOf("vitrine_stage_seconds", {"BatchRecommendItems", "query"});
  EXPECT_EQ(queries.sample_count, 2U);
}

TEST_F(RecommendationServiceTest, WhatComesOfQuestionsAboutItemsIsToldOf) {
  v1::SimilarItemsResponse similar;
  LinesOf(&v1::RecommendationService::Stub::SimilarItems, Like("a"), similar);
  v1::RankItemsRequest ranking;
  ranking.add_item_ids("a");
  ranking.set_min_consistency_token(ConsistencyToken(1'000'000));
  grpc::ClientContext context;
  v1::RankItemsResponse ranked;

  const grpc::Status status = stub_->RankItems(&context, ranking, &ranked);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(listener_.heard(), ElementsAre("like a", "1 ranked, failed"));
}

}  // namespace
}  // namespace vitrine
