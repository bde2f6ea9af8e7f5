#include "client/load_requests.h"

#include <grpcpp/support/slice.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "grpc/health/v1/health.pb.h"
#include "vitrine/base/random.h"
#include "vitrine/v1/event_service.pb.h"
#include "vitrine/v1/recommendation_service.pb.h"

namespace vitrine {
namespace {

constexpr std::size_t kBlock = 10'000;  // Of so many each call of a mix has its share.
// Of a closed loop, whose calls one thread sends; and of each in flight, which wait for an answer.
constexpr double kMostCallsPerSecond = 100'000;
constexpr double kMostCallsPerSecondInFlight = 20'000;
constexpr std::size_t kBytesAround = 352;  // Of a request: gRPC's buffer, with room for 8 slices.
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
      : options_(options), random_(options.seed), order_(options.item_ids.size()) {
    std::iota(order_.begin(), order_.end(), 0U);
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
    event.add_items()->set_item_id(Pick(options_.item_ids, random_));
  }

  grpc::ByteBuffer Similar() {
    v1::SimilarItemsRequest request;
    SetUser(request);
    request.set_item_id(Pick(options_.item_ids, random_));
    request.set_page_size(static_cast<int>(options_.page_size));
    SetFilter(request);
    return ToBuffer(request);
  }

  grpc::ByteBuffer Rank() {
    v1::RankItemsRequest request;
    SetUser(request);
    const std::size_t count = std::min(kLoadRankedItems, order_.size());
    for (std::size_t i = 0; i < count; ++i) {  // The first steps of a shuffle.
      std::swap(order_[i], order_[i + random_.Below(order_.size() - i)]);
      request.add_item_ids(options_.item_ids[order_[i]]);
    }
    return ToBuffer(request);
  }

  const LoadOptions& options_;
  Random random_;
  std::vector<std::uint32_t> order_;  // Of the items, by place; left as the last shuffle had it.
  std::vector<double> chances_;       // By user, of that one and those before; empty: all alike.
};

// Whether any two requests can differ.
bool IsVaried(const LoadOptions& options) {
  if (options.mix.size() > 1) return true;
  switch (options.mix.front().call) {
    case LoadCall::kCheck:
      return false;
    case LoadCall::kRecommendItems:
      return options.user_ids.size() > 1 || options.filters.size() > 1;
    default:
      return true;
  }
}

// How many calls a second the run can come to.
double MostRate(const LoadOptions& options) {
  if (options.rate > 0) return options.rate;
  return std::min(kMostCallsPerSecond,
                  kMostCallsPerSecondInFlight * static_cast<double>(options.concurrency));
}

// How many calls the run can come to.
double MostCalls(const LoadOptions& options) {
  const double rate = MostRate(options);
  const double measured = std::min(options.seconds * rate, static_cast<double>(options.max_calls));
  return options.warm_up_seconds * rate + measured;
}

// The calls of a block by turn, each with its share.
std::vector<LoadCall> DrawCalls(const LoadOptions& options, Random& random) {
  std::vector<LoadCall> calls;
  double share = 0;
  for (const LoadShare& each : options.mix) {
    share += each.share;
    const double end = std::round(share * static_cast<double>(kBlock));
    calls.resize(std::max(calls.size(), static_cast<std::size_t>(end)), each.call);
  }
  calls.resize(kBlock, options.mix.back().call);
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

std::vector<LoadRequest> MakeRequests(const LoadOptions& options, std::size_t max_bytes) {
  RequestMaker maker(options);
  if (!IsVaried(options)) {
    const LoadCall call = options.mix.front().call;
    return {{call, maker.Make(call)}};
  }
  const double bound = std::min(MostCalls(options), static_cast<double>(max_bytes / kBytesAround));
  const auto most = static_cast<std::size_t>(std::ceil(std::max(1.0, bound)));
  std::vector<LoadRequest> requests;
  requests.reserve(most);  // gRPC's buffers are copied, not moved.
  std::size_t bytes = 0;
  while (requests.size() < most) {
    for (const LoadCall call : DrawCalls(options, maker.random())) {
      if (requests.size() == most || bytes >= max_bytes) return requests;
      requests.push_back({call, maker.Make(call)});
      bytes += requests.back().message.Length() + kBytesAround;
    }
  }
  return requests;
}

}  // namespace vitrine
