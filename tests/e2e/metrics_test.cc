#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#undef _res  // A macro of the resolver, which httplib.h brings; Eigen names parameters so.

#include "e2e/loopback_socket.h"
#include "e2e/metric_names.h"
#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::HasSubstr;
using ::testing::Not;

ServerOptions WithMetrics() { return {.metrics_address = "127.0.0.1:0"}; }

httplib::Result Get(const Server& server, const std::string& path) {
  return httplib::Client("127.0.0.1", server.metrics_port()).Get(path);
}

std::string Metrics(const Server& server) {
  const httplib::Result page = Get(server, "/metrics");
  return page ? page->body : "";
}

// Of a line "NAME{LABELS} VALUE"; -1: there is none.
double ValueOf(const std::string& page, const std::string& series) {
  const std::size_t at = ("\n" + page).find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + series.size()));
}

// A shop of which there is something to say: events, lists, models, a training.
void Live(Shop& shop) {
  shop.models().Set(
      {.bundles =
           {{.version = "v7",
             .trained_us = 1,
             .metrics = {{"ndcg@20", 0.5}, {"events", 400}, {"test_users", 30}, {"blend_age", 2}}}},
       .live = "v7",
       .num_rollbacks = {{RollbackCause::kErrors, 2}},
       .num_trainings = {{TrainingProgress::State::kFailed, 70}}});
  shop.Serve();
  const auto client = shop.Connect();
  ASSERT_THAT(client->UpsertItems(MakeItems(5)), IsOk());
  const v1::Event event = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-001");
  ASSERT_THAT(client->RecordEvents(Batch({event, event, event})), IsOk());
  ASSERT_THAT(client->RecommendItems(For("ann")), IsOk());
  const auto stream = client->StreamEvents();
  stream->SendNoMore();
  ASSERT_THAT(stream->Finish(), IsOk());
}

TEST(MetricsTest, ReadyOnceItServesAndAliveBefore) {
  Shop shop(WithMetrics());

  ASSERT_TRUE(Get(shop.server(), "/healthz"));
  EXPECT_EQ(Get(shop.server(), "/healthz")->status, 200);
  EXPECT_EQ(Get(shop.server(), "/readyz")->status, 503);
  EXPECT_EQ(ValueOf(Metrics(shop.server()), "vitrine_ready"), 0);

  shop.Serve();

  EXPECT_EQ(Get(shop.server(), "/readyz")->status, 200);
  EXPECT_EQ(ValueOf(Metrics(shop.server()), "vitrine_ready"), 1);
  EXPECT_EQ(Get(shop.server(), "/other")->status, 404);
}

// A caller who has begun a request and says no more of it.
class SilentCaller {
 public:
  explicit SilentCaller(int port) : socket_(ConnectTo(port)) {
    EXPECT_EQ(send(socket_, "GET /", 5, MSG_NOSIGNAL), 5);
  }
  ~SilentCaller() { close(socket_); }
  SilentCaller(const SilentCaller&) = delete;
  SilentCaller& operator=(const SilentCaller&) = delete;

 private:
  const int socket_;
};

TEST(MetricsTest, SlowCallersDoNotKeepAProbeWaiting) {
  Shop shop(WithMetrics());
  std::vector<std::unique_ptr<SilentCaller>> slow;
  for (int i = 0; i < 24; ++i) {
    slow.push_back(std::make_unique<SilentCaller>(shop.server().metrics_port()));
  }
  httplib::Client probe("127.0.0.1", shop.server().metrics_port());
  probe.set_read_timeout(std::chrono::seconds(4));  // Of two threads it would get none sooner.

  const httplib::Result alive = probe.Get("/healthz");

  ASSERT_TRUE(alive);
  EXPECT_EQ(alive->status, 200);
}

TEST(MetricsTest, ACallIsCountedByMethodAndCodeBeforeItIsAnswered) {
  Shop shop(WithMetrics());
  Live(shop);
  v1::RecommendItemsRequest wrong = For("ann");
  wrong.set_page_size(-1);
  ASSERT_THAT(shop.Connect()->RecommendItems(wrong), StatusIs(absl::StatusCode::kInvalidArgument));

  const std::string page = Metrics(shop.server());

  const std::string count = "vitrine_request_seconds_count";
  EXPECT_EQ(ValueOf(page, count + R"({code="OK",method="RecommendItems"})"), 1) << page;
  EXPECT_EQ(ValueOf(page, count + R"({code="INVALID_ARGUMENT",method="RecommendItems"})"), 1);
  EXPECT_EQ(ValueOf(page, count + R"({code="OK",method="RecordEvents"})"), 1);
  EXPECT_EQ(ValueOf(page, R"(vitrine_requests_in_flight{method="RecommendItems"})"), 0);
}

TEST(MetricsTest, AStreamIsCountedWhenItEnds) {
  Shop shop(WithMetrics());
  Live(shop);
  const auto see = [](const v1::ExportUserDataResponse& /*part*/) { return true; };
  ASSERT_THAT(shop.Connect()->ExportUserData({}, see),
              StatusIs(absl::StatusCode::kInvalidArgument));

  const std::string page = Metrics(shop.server());

  const std::string count = "vitrine_streams_total";
  EXPECT_EQ(ValueOf(page, count + R"({code="OK",method="StreamEvents"})"), 1) << page;
  EXPECT_EQ(ValueOf(page, count + R"({code="INVALID_ARGUMENT",method="ExportUserData"})"), 1);
}

TEST(MetricsTest, AListIsTimedByItsPlacementAndOneInManyByStage) {
  Shop shop(WithMetrics());
  Live(shop);
  v1::RecommendItemsRequest request = For("ann");
  request.set_placement("trending");
  const auto list = shop.Connect()->RecommendItems(request);
  ASSERT_THAT(list, IsOk());

  const std::string page = Metrics(shop.server());

  EXPECT_EQ(ValueOf(page, R"(vitrine_placement_seconds_count{placement="trending"})"), 1) << page;
  // The first list of the server was chosen for this, which its caller did not get to see.
  const std::string queries = R"({method="RecommendItems",stage="query"})";
  EXPECT_EQ(ValueOf(page, "vitrine_stage_seconds_count" + queries), 1);
  EXPECT_FALSE(list->has_trace());
}

TEST(MetricsTest, TheRowsOfAPageAreTimedByTheirPlacements) {
  Shop shop(WithMetrics());
  Live(shop);
  v1::BatchRecommendItemsRequest request;
  for (const char* placement : {"trending", "new-arrivals", "trending"}) {
    *request.add_rows() = For("ann", 1);
    request.mutable_rows(request.rows_size() - 1)->set_placement(placement);
  }
  ASSERT_THAT(shop.Connect()->BatchRecommendItems(request), IsOk());

  const std::string page = Metrics(shop.server());

  EXPECT_EQ(ValueOf(page, R"(vitrine_placement_seconds_count{placement="trending"})"), 2) << page;
  EXPECT_EQ(ValueOf(page, R"(vitrine_placement_seconds_count{placement="new-arrivals"})"), 1);
}

TEST(MetricsTest, SlowCallsWithoutALineInTheLogAreCounted) {
  ServerOptions options = WithMetrics();
  options.request_log = {.slow_ms = 1e-3, .slow_per_second = 1e-6};  // Every call, one line.
  Shop shop(options);
  Live(shop);

  const std::string page = Metrics(shop.server());

  EXPECT_EQ(ValueOf(page, "vitrine_slow_lines_left_out_total"), 2) << page;
}

TEST(MetricsTest, EventsAreCountedAndTimedUntilTheyTakeEffect) {
  Shop shop(WithMetrics());
  Live(shop);

  const std::string page = Metrics(shop.server());

  EXPECT_EQ(ValueOf(page, "vitrine_events_recorded_total"), 3) << page;
  EXPECT_EQ(ValueOf(page, "vitrine_store_events"), 3);
  EXPECT_EQ(ValueOf(page, "vitrine_store_items"), 5);
  EXPECT_EQ(ValueOf(page, "vitrine_effect_seconds_count"), 2);  // The items' and the events'.
  EXPECT_EQ(ValueOf(page, "vitrine_store_queued_writes"), 0);
}

TEST(MetricsTest, LooksIntoCachesAreCountedByWhatCameOfThem) {
  Shop shop(WithMetrics());
  Live(shop);
  const auto client = shop.Connect();
  v1::RecommendItemsRequest filtered = For("ann");
  filtered.set_filter("price < 50");
  const auto looks = [&shop](const std::string& cache, const std::string& result) {
    return ValueOf(
        Metrics(shop.server()),
        absl::StrFormat(R"(vitrine_cache_lookups_total{cache="%s",result="%s"})", cache, result));
  };
  const std::vector<std::string> caches = {"filters", "filter_items", "insight_reports"};
  const auto ask_all = [&] {
    EXPECT_THAT(client->RecommendItems(filtered), IsOk());
    EXPECT_THAT(client->ListSegments(), IsOk());
  };
  for (const std::string& cache : caches) {
    EXPECT_EQ(looks(cache, "miss"), 0) << cache << " is there before anybody looks";
    EXPECT_EQ(looks(cache, "hit"), 0) << cache;
  }

  ask_all();
  for (const std::string& cache : caches) {
    EXPECT_EQ(looks(cache, "miss"), 1) << cache;
    EXPECT_EQ(looks(cache, "hit"), 0) << cache;
  }

  ask_all();
  for (const std::string& cache : caches) {
    EXPECT_EQ(looks(cache, "miss"), 1) << cache;
    EXPECT_EQ(looks(cache, "hit"), 1) << cache;
  }
}

TEST(MetricsTest, TheLiveModelsAndTheProcessAreShown) {
  Shop shop(WithMetrics());
  Live(shop);

  const std::string page = Metrics(shop.server());

  EXPECT_EQ(ValueOf(page, R"(vitrine_model_info{version="v7"})"), 1) << page;
  EXPECT_EQ(ValueOf(page, R"(vitrine_model_quality{measure="ndcg@20"})"), 0.5);
  EXPECT_EQ(ValueOf(page, R"(vitrine_model_quality{measure="events"})"), -1);
  EXPECT_EQ(ValueOf(page, R"(vitrine_model_quality{measure="test_users"})"), -1);
  EXPECT_EQ(ValueOf(page, R"(vitrine_model_quality{measure="blend_age"})"), -1);
  EXPECT_EQ(ValueOf(page, "vitrine_model_blend_age"), 2);
  EXPECT_EQ(ValueOf(page, "vitrine_model_training_events"), 400);
  EXPECT_EQ(ValueOf(page, "vitrine_model_test_users"), 30);
  EXPECT_EQ(ValueOf(page, R"(vitrine_rollbacks_total{cause="errors"})"), 2);
  EXPECT_EQ(ValueOf(page, R"(vitrine_rollbacks_total{cause="clicks"})"), 0);
  EXPECT_EQ(ValueOf(page, R"(vitrine_rollbacks_total{cause="request"})"), 0);
  EXPECT_EQ(ValueOf(page, R"(vitrine_trainings_total{state="failed"})"), 70);
  EXPECT_EQ(ValueOf(page, R"(vitrine_trainings_total{state="refused"})"), 0);
  EXPECT_GT(ValueOf(page, "vitrine_model_age_seconds"), 1e9);  // Trained in 1970.
  EXPECT_GT(ValueOf(page, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(ValueOf(page, "process_cpu_seconds_total"), 0);
  EXPECT_GT(ValueOf(page, "process_open_fds"), 3);
}

TEST(MetricsTest, NoIdOfAShopperOrItemIsShown) {
  Shop shop(WithMetrics());
  Live(shop);
  v1::RecommendItemsRequest request = For("ann");
  request.set_placement("placement-of-ann");  // Whatever comes from a caller is no label.
  const auto list = shop.Connect()->RecommendItems(request);

  const std::string page = Metrics(shop.server());

  EXPECT_THAT(page, HasSubstr("vitrine_events_recorded_total"));
  EXPECT_THAT(page, Not(HasSubstr("placement-of-ann"))) << list.status();
  EXPECT_THAT(page, Not(HasSubstr("\"ann\"")));
  EXPECT_THAT(page, Not(HasSubstr("item-0")));
}

TEST(MetricsTest, AStoreWhoseDiskFailedIsShownAndStillReady) {
  Shop shop(WithMetrics());
  Live(shop);
  shop.files().FailSync(1);
  ASSERT_FALSE(shop.Connect()->UpsertItems(MakeItems(9)).ok());

  EXPECT_EQ(ValueOf(Metrics(shop.server()), "vitrine_store_writable"), 0);
  EXPECT_EQ(Get(shop.server(), "/readyz")->status, 200);
}

TEST(MetricsTest, WhatIsDocumentedIsThereAndTheOtherWayRound) {
  Shop shop(WithMetrics());
  Live(shop);
  std::set<std::string> shown = NamesIn(Metrics(shop.server()));
  shown.insert("vitrine_counts_total");  // Of counters that no page has named yet: none, now.
  const std::set<std::string> documented = NamesIn(ReadDoc("ops/metrics.md"));

  EXPECT_GT(shown.size(), 20U);
  EXPECT_THAT(documented, ::testing::ContainerEq(shown));
  for (const char* file : {"ops/dashboard.json", "ops/alerts.yml"}) {
    const std::set<std::string> used = NamesIn(ReadDoc(file));
    EXPECT_FALSE(used.empty()) << file;
    for (const std::string& name : used) EXPECT_TRUE(shown.contains(name)) << file << " " << name;
  }
}

TEST(MetricsTest, AnAddressThatIsNoneOrTakenIsAClearError) {
  Shop shop(WithMetrics());
  const std::string taken = absl::StrFormat("127.0.0.1:%d", shop.server().metrics_port());

  const auto second =
      Server::Create({.metrics_address = taken, .address = "127.0.0.1:0"}, SystemClock());
  const auto wrong =
      Server::Create({.metrics_address = "here", .address = "127.0.0.1:0"}, SystemClock());

  EXPECT_THAT(second, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(taken));
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("\"here\""));
}

}  // namespace
}  // namespace vitrine
