#include "client/error.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "vitrine/client/client.h"

namespace vitrine {
namespace {

std::string Describe(const google::rpc::Status& rpc) {
  std::string message = rpc.message();
  google::rpc::BadRequest bad;
  for (const auto& detail : rpc.details()) {
    if (!detail.UnpackTo(&bad)) continue;
    for (const auto& violation : bad.field_violations()) {
      message += absl::StrFormat("\n  %s: %s", violation.field(), violation.description());
    }
  }
  return message;
}

// What gRPC says of a connection that failed is all that is known.
std::string DescribeUnavailable(const std::string& reason, const std::string& address) {
  if (absl::StrContains(reason, "wrong version number")) {
    return absl::StrFormat("the server at %s does not serve TLS (%s); leave out --tls and --ca",
                           address, reason);
  }
  if (absl::StrContains(reason, "not in peer certificate")) {
    return absl::StrFormat(
        "the certificate of the server at %s is of another name (%s); give the name that is in it",
        address, reason);
  }
  if (absl::StrContains(reason, "handshake failed")) {
    return absl::StrFormat(
        "the server at %s was not trusted (%s); --ca wants the certificate that its own was signed "
        "with, and neither may have expired",
        address, reason);
  }
  if (absl::StrContains(reason, "Socket closed") || absl::StrContains(reason, "Broken pipe") ||
      absl::StrContains(reason, "Connection reset")) {
    return absl::StrFormat(
        "the server at %s closed the connection (%s): it ended, or serves TLS, then give --tls or "
        "--ca, or asks for certificates, then give --cert and --cert-key of one that it trusts",
        address, reason);
  }
  return absl::StrFormat(
      "no server answers at %s (%s); start one with `vitrine serve`, or give the address of the "
      "one that runs",
      address, reason);
}

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return absl::OkStatus();
  // Both enums are google.rpc.Code, so the cast is exact.
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status rpc;
  if (status.error_details().empty() || !rpc.ParseFromString(status.error_details())) {
    if (code == absl::StatusCode::kUnavailable) {
      return absl::UnavailableError(DescribeUnavailable(status.error_message(), address));
    }
    if (code == absl::StatusCode::kDeadlineExceeded) {
      return absl::DeadlineExceededError(absl::StrFormat(
          "the server at %s did not answer in time: it is busy, or hangs; its log may tell",
          address));
    }
    return {code, status.error_message()};
  }
  absl::Status described(code, Describe(rpc));
  for (const auto& detail : rpc.details()) {
    described.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return described;
}

std::string ErrorReason(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  const auto payload =
      status.GetPayload("type.googleapis.com/" + google::rpc::ErrorInfo::descriptor()->full_name());
  if (!payload || !info.ParseFromString(std::string(*payload))) return "";
  return info.reason();
}

}  // namespace vitrine
