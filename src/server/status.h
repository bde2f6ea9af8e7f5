#pragma once

#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/validate.h"

namespace vitrine {

// Who defines the reasons of ErrorInfo.
inline constexpr char kErrorDomain[] = "vitrine.dev";

// An absl::Status carries its google.rpc details as payloads, by the type URL of each.

// `status` with an ErrorInfo. REQUIRES: !status.ok()
absl::Status WithReason(absl::Status status, const std::string& reason,
                        const std::map<std::string, std::string>& metadata = {});

// `status` with a RetryInfo. REQUIRES: !status.ok()
absl::Status WithRetry(absl::Status status, Micros delay);

// OK when there are no violations, else INVALID_ARGUMENT with reason INVALID_FIELD and a BadRequest
// of the first kMaxViolations of them.
absl::Status BadRequestStatus(const std::vector<FieldViolation>& violations);
inline constexpr std::size_t kMaxViolations = 100;

// The same for one field.
absl::Status BadField(const std::string& field, const std::string& description);

// What goes over the wire. A status that has no ErrorInfo yet gets one whose reason is the name of
// its code, so that every error has exactly one.
google::rpc::Status ToRpcStatus(const absl::Status& status);
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace vitrine
