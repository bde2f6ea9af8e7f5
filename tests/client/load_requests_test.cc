#include "client/load_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_format.h"
#include "testing/status_matchers.h"
#include "vitrine/v1/event_service.pb.h"
#include "vitrine/v1/recommendation_service.pb.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;

std::string BytesOf(const LoadRequest& request) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(request.message.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

template <typename Message>
Message Read(const LoadRequest& request) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(BytesOf(request)));
  return message;
}

std::vector<std::string> Ids(const char* format, int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) ids.push_back(absl::StrFormat("%s-%d", format, i));
  return ids;
}

// Of a run that can send so many calls, and no more.
LoadOptions OfCalls(double count) {
  LoadOptions options;
  options.warm_up_seconds = 1;
  options.seconds = 9;
  options.rate = count / 10;
  return options;
}

LoadOptions EveryCall(double count = 10'000) {
  LoadOptions options = OfCalls(count);
  options.mix = {{LoadCall::kRecommendItems, 0.6},
                 {LoadCall::kRecordEvents, 0.2},
                 {LoadCall::kSimilarItems, 0.1},
                 {LoadCall::kRankItems, 0.05},
                 {LoadCall::kCheck, 0.05}};
  options.user_ids = Ids("user", 100);
  options.item_ids = Ids("item", 700);
  return options;
}

TEST(LoadRequestsTest, EachCallHasItsShareOfEachTenThousand) {
  const auto requests = MakeRequests(EveryCall(20'000));

  ASSERT_EQ(requests.size(), 20'000U);
  for (const std::size_t first : {0U, 10'000U}) {
    std::map<LoadCall, int> counts;
    for (std::size_t i = 0; i < 10'000; ++i) ++counts[requests[first + i].call];
    EXPECT_EQ(counts[LoadCall::kRecommendItems], 6000);
    EXPECT_EQ(counts[LoadCall::kRecordEvents], 2000);
    EXPECT_EQ(counts[LoadCall::kSimilarItems], 1000);
    EXPECT_EQ(counts[LoadCall::kRankItems], 500);
    EXPECT_EQ(counts[LoadCall::kCheck], 500);
  }
}

TEST(LoadRequestsTest, EveryUserAndItemHasItsChance) {
  LoadOptions options = OfCalls(100'000);
  options.mix = {{LoadCall::kSimilarItems, 1}};
  options.user_ids = Ids("user", 20'000);
  options.item_ids = Ids("item", 20'000);

  std::set<std::string> users;
  std::set<std::string> items;
  for (const LoadRequest& each : MakeRequests(options)) {
    const auto request = Read<v1::SimilarItemsRequest>(each);
    users.insert(request.user_id());
    items.insert(request.item_id());
  }

  // Five draws for each: a share of e^-5 is drawn by none, give or take five standard deviations.
  const double missed = 20'000 * std::exp(-5);
  EXPECT_NEAR(static_cast<double>(users.size()), 20'000 - missed, 5 * std::sqrt(missed));
  EXPECT_NEAR(static_cast<double>(items.size()), 20'000 - missed, 5 * std::sqrt(missed));
}

TEST(LoadRequestsTest, ThereAreAsManyAsTheRunCanSend) {
  LoadOptions closed_loop = OfCalls(0);  // Of 20,000 calls a second and call in flight.
  closed_loop.user_ids = Ids("user", 100);
  closed_loop.warm_up_seconds = 0;
  closed_loop.seconds = 0.25;
  LoadOptions wide = closed_loop;  // Of 100,000 calls a second at most.
  wide.concurrency = 64;
  LoadOptions open_loop = OfCalls(12'345);
  open_loop.user_ids = closed_loop.user_ids;
  LoadOptions counted = closed_loop;
  counted.max_calls = 3;
  LoadOptions warmed = counted;
  warmed.rate = 2;
  warmed.warm_up_seconds = 0.75;  // At 0 and at 0.5.
  warmed.seconds = 9;
  LoadOptions same = closed_loop;
  same.user_ids.resize(1);
  LoadOptions empty = closed_loop;
  empty.mix = {{LoadCall::kCheck, 1}};

  EXPECT_EQ(MakeRequests(closed_loop).size(), 5'000U);
  EXPECT_EQ(MakeRequests(wide).size(), 25'000U);
  EXPECT_EQ(MakeRequests(open_loop).size(), 12'345U);
  EXPECT_EQ(MakeRequests(counted).size(), 3U);
  EXPECT_EQ(MakeRequests(warmed).size(), 5U);
  EXPECT_EQ(MakeRequests(same).size(), 1U);
  EXPECT_EQ(MakeRequests(empty).size(), 1U);
}

TEST(LoadRequestsTest, TheyEndWhereTheirMemoryDoes) {
  constexpr std::size_t kMaxBytes = 1'000'000;
  LoadOptions options = EveryCall();
  options.mix = {{LoadCall::kRecordEvents, 1}};
  options.events_per_call = 1000;

  const auto requests = MakeRequests(options, kMaxBytes);

  std::size_t bytes = 0;
  for (const LoadRequest& request : requests) bytes += request.message.Length();
  EXPECT_LT(bytes - requests.back().message.Length(), kMaxBytes);
  EXPECT_GT(bytes, kMaxBytes * 9 / 10);
  EXPECT_EQ(MakeRequests(options, 1).size(), 1U);
}

TEST(LoadRequestsTest, TheSameSeedGivesTheSameRequestsAndAnotherOneOthers) {
  LoadOptions options = EveryCall();
  const auto first = MakeRequests(options);
  const auto again = MakeRequests(options);
  options.seed = 2;
  const auto other = MakeRequests(options);

  ASSERT_EQ(first.size(), again.size());
  std::size_t num_others = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].call, again[i].call);
    EXPECT_EQ(BytesOf(first[i]), BytesOf(again[i]));
    if (BytesOf(first[i]) != BytesOf(other[i])) ++num_others;
  }
  EXPECT_GT(num_others, first.size() / 2);
}

TEST(LoadRequestsTest, ALongerRunBeginsWithThoseOfAShorterOne) {
  const auto shorter = MakeRequests(EveryCall(10'000));
  const auto longer = MakeRequests(EveryCall(20'000));

  ASSERT_GT(longer.size(), shorter.size());
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    ASSERT_EQ(shorter[i].call, longer[i].call);
    ASSERT_EQ(BytesOf(shorter[i]), BytesOf(longer[i]));
  }
}

TEST(LoadRequestsTest, RankedItemsAreDistinctAndAsManyAsThereAreAtMost) {
  LoadOptions options = EveryCall();
  options.mix = {{LoadCall::kRankItems, 1}};
  for (const std::size_t num_items : {700U, 30U}) {
    options.item_ids.resize(num_items);
    const auto request = Read<v1::RankItemsRequest>(MakeRequests(options, 1).front());

    const std::set<std::string> distinct(request.item_ids().begin(), request.item_ids().end());
    EXPECT_EQ(distinct.size(), std::min(num_items, kLoadRankedItems));
    EXPECT_EQ(static_cast<std::size_t>(request.item_ids_size()), distinct.size());
  }
}

TEST(LoadRequestsTest, ASkewMakesTheFirstUsersHot) {
  LoadOptions options = OfCalls(10'000);
  options.user_ids = Ids("user", 50);
  options.filters = {"price < 5", "stock > 0", "brand = \"A\""};
  options.skew = 1;
  double normalizer = 0;
  for (int rank = 1; rank <= 50; ++rank) normalizer += 1.0 / rank;

  std::map<std::string, double> users;
  std::map<std::string, double> filters;
  const auto requests = MakeRequests(options);
  for (const LoadRequest& each : requests) {
    const auto request = Read<v1::RecommendItemsRequest>(each);
    ++users[request.user_id()];
    ++filters[request.filter()];
  }

  const auto count = static_cast<double>(requests.size());
  for (const int rank : {1, 2, 10, 50}) {
    const double share = 1 / (normalizer * rank);
    // Five standard deviations of a count that is drawn.
    EXPECT_NEAR(users[absl::StrFormat("user-%d", rank - 1)], count * share,
                5 * std::sqrt(count * share));
  }
  EXPECT_EQ(filters.size(), 3U);
  for (const auto& [filter, drawn] : filters) {
    EXPECT_NEAR(drawn, count / 3, 5 * std::sqrt(count / 3)) << filter;
  }
}

TEST(LoadRequestsTest, ACallHasAsManyEventsAsIsSaid) {
  LoadOptions options = EveryCall();
  options.mix = {{LoadCall::kRecordEvents, 1}};
  options.events_per_call = 100;

  const auto request = Read<v1::RecordEventsRequest>(MakeRequests(options, 1).front());

  std::set<std::string> users;
  for (const v1::Event& event : request.events()) users.insert(event.user_id());
  EXPECT_EQ(request.events_size(), 100);
  EXPECT_GT(users.size(), 30U);  // Each is drawn anew.
}

TEST(LoadRequestsTest, WithoutSkewAllUsersAreAlike) {
  LoadOptions options = EveryCall();
  options.mix = {{LoadCall::kRecordEvents, 1}};
  std::map<std::string, double> users;
  for (const LoadRequest& each : MakeRequests(options)) {
    ++users[Read<v1::RecordEventsRequest>(each).events(0).user_id()];
  }

  EXPECT_EQ(users.size(), 100U);
  for (const auto& [user, drawn] : users) EXPECT_NEAR(drawn, 100, 50) << user;
}

TEST(LoadMixTest, NamesTheCallsAndTheirShares) {
  const auto mix = ParseLoadMix("recommend=0.95,events=0.05");

  ASSERT_THAT(mix, IsOk());
  EXPECT_THAT(*mix, ElementsAre(LoadShare{LoadCall::kRecommendItems, 0.95},
                                LoadShare{LoadCall::kRecordEvents, 0.05}));
  EXPECT_THAT(ParseLoadMix("check=0.3333,similar=0.3333,rank=0.3333"), IsOk());
}

TEST(LoadMixTest, SaysWhatIsWrongWithAMix) {
  for (const auto& [text, wanted] : std::map<std::string, std::string>{
           {"recommend=0.5,events=0.4", "sum to 0.9"},
           {"recommend=0.5,recommend=0.5", "RecommendItems is in the mix twice"},
           {"buy=1", "\"buy\" is no call"},
           {"recommend", "the share of recommend is \"\""},
           {"recommend=-1,events=2", "the share of recommend is \"-1\""},
           {"recommend=nan", "above 0"},
           {"", "\"\" is no call"}}) {
    const auto mix = ParseLoadMix(text);
    EXPECT_THAT(mix, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(mix.status().message()), HasSubstr(wanted)) << text;
  }
}

}  // namespace
}  // namespace vitrine
