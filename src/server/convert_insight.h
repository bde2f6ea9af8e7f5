#pragma once

#include "absl/status/statusor.h"
#include "server/insight_reports.h"
#include "vitrine/engine/engine.h"
#include "vitrine/insight/placement_report.h"
#include "vitrine/v1/insight_service.pb.h"

// From a report to messages of InsightService.
namespace vitrine {

void SetReportInfo(const InsightReports::Report& report, v1::ReportInfo& message);
v1::FunnelRow ToProto(const FunnelRow& row);
v1::Path ToProto(const OrderPath& path);

// `currency`: of all money in the report; empty: there is none.
v1::Segment ToProto(const Segment& segment, const std::string& currency);

// Between PredictPurchase's messages and the engine's. Errors: INVALID_ARGUMENT with a BadRequest
// that names every field that is wrong.
absl::StatusOr<PurchaseRequest> FromProto(const v1::PredictPurchaseRequest& message);
void SetForecast(const PurchaseReply& reply, v1::PredictPurchaseResponse& message);

// Between GetPlacementReport's messages and the report. Errors: the same.
absl::StatusOr<PlacementReportOptions> FromProto(const v1::GetPlacementReportRequest& message);
void SetPlacementReport(const PlacementReport& report, v1::GetPlacementReportResponse& message);

// Everything but the features.
void SetProfile(const UserProfile& profile, v1::GetUserProfileResponse& message);

}  // namespace vitrine
