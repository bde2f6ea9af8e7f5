#include "server/status.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "google/rpc/error_details.pb.h"

namespace vitrine {
namespace {

template <typename Detail>
std::string TypeUrl() {
  return "type.googleapis.com/" + Detail::descriptor()->full_name();
}

template <typename Detail>
void Attach(absl::Status& status, const Detail& detail) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

}  // namespace

absl::Status WithReason(absl::Status status, const std::string& reason,
                        const std::map<std::string, std::string>& metadata) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(kErrorDomain);
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  Attach(status, info);
  return status;
}

absl::Status WithRetry(absl::Status status, Micros delay) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay / kMicrosPerSecond);
  info.mutable_retry_delay()->set_nanos(static_cast<int>(delay % kMicrosPerSecond * 1'000));
  Attach(status, info);
  return status;
}

absl::Status BadRequestStatus(const std::vector<FieldViolation>& violations) {
  if (violations.empty()) return absl::OkStatus();
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : violations) {
    if (bad.field_violations_size() == static_cast<int>(kMaxViolations)) break;
    auto& added = *bad.add_field_violations();
    added.set_field(violation.field);
    added.set_description(violation.description);
  }
  auto status = absl::InvalidArgumentError(
      violations.size() == 1
          ? absl::StrFormat("%s: %s", violations[0].field, violations[0].description)
          : absl::StrFormat("%d fields are invalid, the first is %s: %s", violations.size(),
                            violations[0].field, violations[0].description));
  Attach(status, bad);
  return WithReason(std::move(status), "INVALID_FIELD");
}

absl::Status BadField(const std::string& field, const std::string& description) {
  return BadRequestStatus({{.field = field, .description = description}});
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status rpc;
  rpc.set_code(static_cast<int>(status.code()));
  rpc.set_message(std::string(status.message()));
  if (status.ok()) return rpc;
  const std::string info_url = TypeUrl<google::rpc::ErrorInfo>();
  const bool has_info = status.GetPayload(info_url).has_value();
  const absl::Status complete =
      has_info ? status : WithReason(status, absl::StatusCodeToString(status.code()));
  complete.ForEachPayload([&rpc](absl::string_view url, const absl::Cord& bytes) {
    auto& detail = *rpc.add_details();
    detail.set_type_url(std::string(url));
    detail.set_value(std::string(bytes));
  });
  return rpc;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc = ToRpcStatus(status);
  // Both enums are google.rpc.Code, so the cast is exact.
  return {static_cast<grpc::StatusCode>(status.code()), rpc.message(), rpc.SerializeAsString()};
}

}  // namespace vitrine
