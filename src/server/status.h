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

// Reasons of a store that takes no writes.
inline constexpr char kReasonReadOnly[] = "STORE_READ_ONLY";
inline constexpr char kReasonDiskFailed[] = "DISK_FAILED";

// The reason that the store gave for a FAILED_PRECONDITION; without one it takes no writes at all.
std::string StoreReason(const absl::Status& status);

// `status` with a RetryInfo. REQUIRES: !status.ok()
absl::Status WithRetry(absl::Status status, Micros delay);

// OK when there are no violations, else INVALID_ARGUMENT with reason INVALID_FIELD and a BadRequest
// of the first ones, as many as fit.
absl::Status BadRequestStatus(const std::vector<FieldViolation>& violations);

// An error travels in the trailer of a call, where gRPC takes 8 KiB in all. So texts and details
// are cut to these sizes, in bytes; encoded for the trailer they grow, at worst, to 7.5 KiB.
inline constexpr std::size_t kMaxMessageBytes = 900;
inline constexpr std::size_t kMaxDescriptionBytes = 300;  // Of one violation, or metadata value.
inline constexpr std::size_t kMaxViolationBytes = 2'500;  // Of all of them.

// The same for one field.
absl::Status BadField(const std::string& field, const std::string& description);

// What goes over the wire. A status that has no ErrorInfo yet gets one whose reason is the name of
// its code, so that every error has exactly one.
google::rpc::Status ToRpcStatus(const absl::Status& status);
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace vitrine
