#include "client/load_requests.h"

#include <grpcpp/support/slice.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "grpc/health/v1/health.pb.h"
#include "vitrine/base/random.h"
#include "vitrine/v1/event_service.pb.h"
#include "vitrine/v1/recommendation_service.pb.h"

namespace vitrine {
namespace {

constexpr std::size_t kMaxRequests = 10'000;
constexpr std::uint64_t kMadeUpVisitors = 1000;

grpc::ByteBuffer ToBuffer(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

const std::string& Pick(const std::vector<std::string>& ids, Random& random) {
  return ids[random.Below(ids.size())];
}

// Draws what requests say.
class RequestMaker {
 public:
  explicit RequestMaker(const LoadOptions& options)
      : options_(options), random_(options.seed), items_(options.item_ids) {
    double sum = 0;
    for (std::size_t i = 0; i < options.user_ids.size() && options.skew > 0; ++i) {
      sum += std::pow(static_cast<double>(i + 1), -options.skew);
      chances_.push_back(sum);
    }
  }

  Random& random() { return random_; }

  grpc::ByteBuffer Make(LoadCall call) {
    switch (call) {
      case LoadCall::kRecommendItems:
        return Recommend();
      case LoadCall::kRecordEvents:
        return Events();
      case LoadCall::kSimilarItems:
        return Similar();
      case LoadCall::kRankItems:
        return Rank();
      case LoadCall::kCheck:
        break;
    }
    return ToBuffer(grpc::health::v1::HealthCheckRequest());
  }

 private:
  const std::string& PickUser() {
    if (chances_.empty()) return Pick(options_.user_ids, random_);
    const double drawn = random_.Uniform() * chances_.back();
    const auto found = std::upper_bound(chances_.begin(), chances_.end(), drawn);
    const auto place = std::min<std::ptrdiff_t>(found - chances_.begin(),
                                                static_cast<std::ptrdiff_t>(chances_.size()) - 1);
    return options_.user_ids[static_cast<std::size_t>(place)];
  }

  template <typename Request>
  void SetUser(Request& request) {
    if (!options_.user_ids.empty()) request.set_user_id(PickUser());
  }
  template <typename Request>
  void SetFilter(Request& request) {
    if (!options_.filters.empty()) request.set_filter(Pick(options_.filters, random_));
  }

  grpc::ByteBuffer Recommend() {
    v1::RecommendItemsRequest request;
    SetUser(request);
    request.set_page_size(static_cast<int>(options_.page_size));
    SetFilter(request);
    return ToBuffer(request);
  }

  grpc::ByteBuffer Events() {
    v1::RecordEventsRequest request;
    for (std::size_t i = 0; i < options_.events_per_call; ++i) SetEvent(*request.add_events());
    return ToBuffer(request);
  }

  // No event_id: every one of them is a new event.
  void SetEvent(v1::Event& event) {
    event.set_type(v1::EVENT_TYPE_DETAIL_PAGE_VIEW);
    SetUser(event);
    if (options_.user_ids.empty()) {
      event.set_visitor_id(absl::StrFormat("bench-%d", random_.Below(kMadeUpVisitors)));
    }
    event.add_items()->set_item_id(Pick(items_, random_));
  }

  grpc::ByteBuffer Similar() {
    v1::SimilarItemsRequest request;
    SetUser(request);
    request.set_item_id(Pick(items_, random_));
    request.set_page_size(static_cast<int>(options_.page_size));
    SetFilter(request);
    return ToBuffer(request);
  }

  grpc::ByteBuffer Rank() {
    v1::RankItemsRequest request;
    SetUser(request);
    const std::size_t count = std::min(kLoadRankedItems, items_.size());
    for (std::size_t i = 0; i < count; ++i) {  // The first steps of a shuffle.
      std::swap(items_[i], items_[i + random_.Below(items_.size() - i)]);
      request.add_item_ids(items_[i]);
    }
    return ToBuffer(request);
  }

  const LoadOptions& options_;
  Random random_;
  std::vector<std::string> items_;
  std::vector<double> chances_;  // By user, of that one and those before; empty: all alike.
};

// How many requests differ.
std::size_t NumRequests(const LoadOptions& options) {
  if (options.mix.size() > 1) return kMaxRequests;
  switch (options.mix.front().call) {
    case LoadCall::kCheck:
      return 1;
    case LoadCall::kRecommendItems:
      return options.filters.size() > 1
                 ? kMaxRequests
                 : std::clamp<std::size_t>(options.user_ids.size(), 1, kMaxRequests);
    default:
      return kMaxRequests;
  }
}

// The calls by turn, each with its share.
std::vector<LoadCall> DrawCalls(const LoadOptions& options, std::size_t count, Random& random) {
  std::vector<LoadCall> calls;
  double share = 0;
  for (const LoadShare& each : options.mix) {
    share += each.share;
    const double end = std::round(share * static_cast<double>(count));
    calls.resize(std::max(calls.size(), static_cast<std::size_t>(end)), each.call);
  }
  calls.resize(count, options.mix.back().call);
  random.Shuffle(calls);
  return calls;
}

}  // namespace

std::string MethodOf(LoadCall call) {
  switch (call) {
    case LoadCall::kRecommendItems:
    case LoadCall::kSimilarItems:
    case LoadCall::kRankItems:
      return absl::StrFormat("/vitrine.v1.RecommendationService/%s", NameOf(call));
    case LoadCall::kRecordEvents:
      return absl::StrFormat("/vitrine.v1.EventService/%s", NameOf(call));
    case LoadCall::kCheck:
      break;
  }
  return absl::StrFormat("/grpc.health.v1.Health/%s", NameOf(call));
}

std::vector<LoadRequest> MakeRequests(const LoadOptions& options) {
  RequestMaker maker(options);
  std::vector<LoadRequest> requests;
  for (const LoadCall call : DrawCalls(options, NumRequests(options), maker.random())) {
    requests.push_back({call, maker.Make(call)});
  }
  return requests;
}

}  // namespace vitrine
