#include "client/load_requests.h"

#include <grpcpp/support/slice.h>

#include <algorithm>

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

grpc::ByteBuffer RecommendRequest(const LoadOptions& options, Random& random) {
  v1::RecommendItemsRequest request;
  if (!options.user_ids.empty()) request.set_user_id(Pick(options.user_ids, random));
  request.set_page_size(static_cast<int>(options.page_size));
  request.set_filter(options.filter);
  return ToBuffer(request);
}

// No event_id: every one of them is a new event.
grpc::ByteBuffer EventRequest(const LoadOptions& options, Random& random) {
  v1::RecordEventsRequest request;
  v1::Event& event = *request.add_events();
  event.set_type(v1::EVENT_TYPE_DETAIL_PAGE_VIEW);
  if (options.user_ids.empty()) {
    event.set_visitor_id(absl::StrFormat("bench-%d", random.Below(kMadeUpVisitors)));
  } else {
    event.set_user_id(Pick(options.user_ids, random));
  }
  event.add_items()->set_item_id(Pick(options.item_ids, random));
  return ToBuffer(request);
}

}  // namespace

std::string MethodOf(LoadCall call) {
  switch (call) {
    case LoadCall::kRecommendItems:
      return "/vitrine.v1.RecommendationService/RecommendItems";
    case LoadCall::kRecordEvents:
      return "/vitrine.v1.EventService/RecordEvents";
    case LoadCall::kCheck:
      break;
  }
  return "/grpc.health.v1.Health/Check";
}

std::vector<grpc::ByteBuffer> MakeRequests(const LoadOptions& options) {
  std::vector<grpc::ByteBuffer> requests;
  if (options.call == LoadCall::kCheck) {
    requests.push_back(ToBuffer(grpc::health::v1::HealthCheckRequest()));
    return requests;
  }
  Random random(options.seed);
  const bool is_event = options.call == LoadCall::kRecordEvents;
  const std::size_t count = std::min(
      kMaxRequests, std::max<std::size_t>({options.user_ids.size(), is_event ? kMaxRequests : 1}));
  for (std::size_t i = 0; i < count; ++i) {
    requests.push_back(is_event ? EventRequest(options, random)
                                : RecommendRequest(options, random));
  }
  return requests;
}

}  // namespace vitrine
