#include "server/insight_service.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/convert_feature.h"
#include "server/convert_insight.h"
#include "server/status.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr int kDefaultPaths = 20;
constexpr int kMaxPaths = 100;

absl::Status SetFunnel(const InsightReports::Report& report, const v1::GetFunnelRequest& request,
                       v1::GetFunnelResponse& response) {
  const Funnel& funnel = report.insight.funnel;
  const std::vector<FunnelRow>* rows = nullptr;
  switch (request.dimension()) {
    case v1::GetFunnelRequest::DIMENSION_DAY:
      rows = &funnel.by_day;
      break;
    case v1::GetFunnelRequest::DIMENSION_CATEGORY:
      rows = &funnel.by_category;
      break;
    case v1::GetFunnelRequest::DIMENSION_SEGMENT:
      rows = &funnel.by_segment;
      break;
    default:
      break;
  }
  *response.mutable_total() = ToProto(funnel.total);
  response.mutable_total()->clear_name();
  for (std::size_t i = 0; rows != nullptr && i < rows->size(); ++i) {
    *response.add_rows() = ToProto((*rows)[i]);
  }
  SetReportInfo(report, *response.mutable_report());
  return absl::OkStatus();
}

absl::Status SetSegments(const InsightReports::Report& report, v1::ListSegmentsResponse& response) {
  const Segmentation& segmentation = report.insight.segmentation;
  for (const Segment& segment : segmentation.segments) {
    *response.add_segments() = ToProto(segment, report.insight.shoppers.currency);
  }
  response.set_silhouette(segmentation.silhouette);
  for (const std::string& feature : segmentation.features) response.add_compared_by(feature);
  if (segmentation.moved_since_us != 0) {
    *response.mutable_moved_since_time() = ToTimestamp(segmentation.moved_since_us);
  }
  SetReportInfo(report, *response.mutable_report());
  return absl::OkStatus();
}

absl::Status SetPaths(const InsightReports::Report& report, const v1::GetPathsRequest& request,
                      v1::GetPathsResponse& response) {
  const OrderPaths& paths = report.insight.paths;
  const auto most =
      static_cast<std::size_t>(request.max_paths() == 0 ? kDefaultPaths : request.max_paths());
  for (std::size_t i = 0; i < std::min(most, paths.paths.size()); ++i) {
    *response.add_paths() = ToProto(paths.paths[i]);
  }
  response.set_order_count(static_cast<std::int64_t>(paths.num_orders));
  response.set_path_count(static_cast<std::int64_t>(paths.num_paths));
  SetReportInfo(report, *response.mutable_report());
  return absl::OkStatus();
}

// From the store as it is now, so that an erased shopper is gone at once, whatever the report says.
absl::Status SetLiveFeatures(const FeatureStore& store, Micros now,
                             const v1::GetUserProfileRequest& request,
                             v1::GetUserProfileResponse& response) {
  const auto registry = store.feature_registry();
  bool is_known = store.ReadShopper(request.user_id(), request.visitor_id()).is_known;
  for (const Feature& feature :
       store.ReadUserFeatures(request.user_id(), request.visitor_id(), {}, now)) {
    is_known = is_known || feature.status != FeatureStatus::kMissing;
    const FeatureSpec* spec = registry->Find(feature.name);
    // One that was defined between the two reads comes with the next call.
    if (spec != nullptr) SetFeature(feature, spec->type, *response.add_features());
  }
  if (is_known) return absl::OkStatus();
  response.clear_features();
  return WithReason(absl::NotFoundError(absl::StrFormat(
                        "nothing is known of a shopper \"%s\"; ids are case-sensitive",
                        request.user_id().empty() ? request.visitor_id() : request.user_id())),
                    "USER_NOT_FOUND",
                    {{"user_id", request.user_id()}, {"visitor_id", request.visitor_id()}});
}

}  // namespace

grpc::ServerUnaryReactor* InsightService::AnswerFromReport(grpc::CallbackServerContext* context,
                                                           const google::protobuf::Message& request,
                                                           Fill fill) {
  return pool_.AnswerLater(
      context, request, [this, fill = std::move(fill)](const RequestPool::Finish& finish) {
        reports_.Get(*pool_.backend().store, [fill, finish](const auto& report) {
          finish(report.ok() ? fill(**report) : report.status());
        });
      });
}

grpc::ServerUnaryReactor* InsightService::GetUserProfile(grpc::CallbackServerContext* context,
                                                         const v1::GetUserProfileRequest* request,
                                                         v1::GetUserProfileResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        if (request->user_id().empty() && request->visitor_id().empty()) {
          return finish(
              BadField("user_id", "neither user_id nor visitor_id is set; give one or both"));
        }
        const FeatureStore& store = *pool_.backend().store;
        if (const auto status = SetLiveFeatures(store, clock_.Now(), *request, *response);
            !status.ok()) {
          return finish(status);
        }
        reports_.Get(store, [request, response, finish](const auto& report) {
          if (absl::IsFailedPrecondition(report.status()))
            return finish(absl::OkStatus());  // No events.
          if (!report.ok()) return finish(report.status());
          const Insight& insight = (*report)->insight;
          const auto profile =
              vitrine::GetUserProfile(insight, request->user_id(), request->visitor_id());
          if (profile.ok()) SetProfile(*profile, *response);
          SetReportInfo(**report, *response->mutable_report());
          finish(absl::OkStatus());
        });
      });
}

grpc::ServerUnaryReactor* InsightService::ListSegments(grpc::CallbackServerContext* context,
                                                       const v1::ListSegmentsRequest* request,
                                                       v1::ListSegmentsResponse* response) {
  return AnswerFromReport(
      context, *request, [response](const auto& report) { return SetSegments(report, *response); });
}

grpc::ServerUnaryReactor* InsightService::GetFunnel(grpc::CallbackServerContext* context,
                                                    const v1::GetFunnelRequest* request,
                                                    v1::GetFunnelResponse* response) {
  if (!v1::GetFunnelRequest::Dimension_IsValid(request->dimension())) {
    return pool_.Answer(context, *request, [request] {
      return BadField("dimension",
                      absl::StrFormat("%d is none of its values", request->dimension()));
    });
  }
  return AnswerFromReport(context, *request, [request, response](const auto& report) {
    return SetFunnel(report, *request, *response);
  });
}

grpc::ServerUnaryReactor* InsightService::GetPaths(grpc::CallbackServerContext* context,
                                                   const v1::GetPathsRequest* request,
                                                   v1::GetPathsResponse* response) {
  if (request->max_paths() < 0 || request->max_paths() > kMaxPaths) {
    return pool_.Answer(context, *request, [request] {
      return BadField("max_paths", absl::StrFormat("is %d; must be 1 to %d, or 0 for %d",
                                                   request->max_paths(), kMaxPaths, kDefaultPaths));
    });
  }
  return AnswerFromReport(context, *request, [request, response](const auto& report) {
    return SetPaths(report, *request, *response);
  });
}

// Read from the log anew each time, by a thread that is in no hurry, until nobody waits for it.
grpc::ServerUnaryReactor* InsightService::GetPlacementReport(
    grpc::CallbackServerContext* context, const v1::GetPlacementReportRequest* request,
    v1::GetPlacementReportResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, context, request, response](const RequestPool::Finish& finish) {
        absl::StatusOr<PlacementReportOptions> options = FromProto(*request);
        if (!options.ok()) return finish(options.status());
        options->min_group = reports_.min_group();
        const absl::Status submitted =
            reports_.Submit([this, context, response, finish, options = *std::move(options)](
                                const std::atomic<bool>& is_stopped) mutable {
              options.is_cancelled = [&] { return is_stopped || context->IsCancelled(); };
              const auto report = MakePlacementReport(*pool_.backend().store, options);
              if (report.ok()) SetPlacementReport(*report, *response);
              finish(absl::IsCancelled(report.status()) && is_stopped ? StoppedError()
                                                                      : report.status());
            });
        if (!submitted.ok()) finish(submitted);
      });
}

grpc::ServerUnaryReactor* InsightService::PredictPurchase(grpc::CallbackServerContext* context,
                                                          const v1::PredictPurchaseRequest* request,
                                                          v1::PredictPurchaseResponse* response) {
  return pool_.Answer(context, *request, [this, request, response]() -> absl::Status {
    VITRINE_ASSIGN_OR_RETURN(const PurchaseRequest question, FromProto(*request));
    const auto reply = pool_.backend().engine->PredictPurchase(question);
    if (absl::IsFailedPrecondition(reply.status())) {
      return WithReason(reply.status(), "STATE_NOT_REACHED");
    }
    if (absl::IsNotFound(reply.status())) {
      return WithReason(reply.status(), "PURCHASE_PREDICTOR_NOT_FOUND");
    }
    VITRINE_RETURN_IF_ERROR(reply.status());
    SetForecast(*reply, *response);
    return absl::OkStatus();
  });
}

}  // namespace vitrine
