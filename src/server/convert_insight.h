#pragma once

#include "server/insight_reports.h"
#include "vitrine/v1/insight_service.pb.h"

// From a report to messages of InsightService.
namespace vitrine {

void SetReportInfo(const InsightReports::Report& report, v1::ReportInfo& message);
v1::FunnelRow ToProto(const FunnelRow& row);
v1::Path ToProto(const OrderPath& path);

// `currency`: of all money in the report; empty: there is none.
v1::Segment ToProto(const Segment& segment, const std::string& currency);

// Everything but the features.
void SetProfile(const UserProfile& profile, v1::GetUserProfileResponse& message);

}  // namespace vitrine
