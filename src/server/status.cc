#include "server/status.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "google/rpc/error_details.pb.h"
#include "vitrine/feature_store/mutation.h"

namespace vitrine {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";

template <typename Detail>
std::string TypeUrl() {
  return kTypeUrlPrefix + Detail::descriptor()->full_name();
}

template <typename Detail>
void Attach(absl::Status& status, const Detail& detail) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

// The first `limit` bytes or a few less: a character of UTF-8 is not cut in two.
std::string Clip(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

absl::Status WithReason(absl::Status status, const std::string& reason,
                        const std::map<std::string, std::string>& metadata) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(kErrorDomain);
  for (const auto& [name, value] : metadata) {
    (*info.mutable_metadata())[name] = Clip(value, kMaxDescriptionBytes);
  }
  Attach(status, info);
  return status;
}

std::string StoreReason(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonPayload);
  return payload ? std::string(*payload) : kReasonReadOnly;
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
    auto& added = *bad.add_field_violations();
    added.set_field(Clip(violation.field, kMaxDescriptionBytes));
    added.set_description(Clip(violation.description, kMaxDescriptionBytes));
    if (bad.ByteSizeLong() <= kMaxViolationBytes) continue;
    bad.mutable_field_violations()->RemoveLast();
    break;
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
  rpc.set_message(Clip(std::string(status.message()), kMaxMessageBytes));
  if (status.ok()) return rpc;
  const std::string info_url = TypeUrl<google::rpc::ErrorInfo>();
  const bool has_info = status.GetPayload(info_url).has_value();
  const absl::Status complete =
      has_info ? status : WithReason(status, absl::StatusCodeToString(status.code()));
  complete.ForEachPayload([&rpc](absl::string_view url, const absl::Cord& bytes) {
    if (url.find(kTypeUrlPrefix) != 0) return;  // Between modules, not for the wire.
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
