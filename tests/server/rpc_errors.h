#pragma once

#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace vitrine::testing {

// What an error carries, for tests to look at.
struct RpcError {
  std::string reason{};
  std::string domain{};
  std::map<std::string, std::string> metadata{};
  std::vector<std::string> fields{};  // Paths of the violations, in order.
  double retry_seconds = 0;
  int num_infos = 0;
};

inline RpcError Unpack(const google::rpc::Status& status) {
  RpcError error;
  for (const auto& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      ++error.num_infos;
      error.reason = info.reason();
      error.domain = info.domain();
      error.metadata = {info.metadata().begin(), info.metadata().end()};
    } else if (detail.UnpackTo(&bad)) {
      for (const auto& violation : bad.field_violations()) {
        error.fields.push_back(violation.field());
      }
    } else if (detail.UnpackTo(&retry)) {
      error.retry_seconds =
          static_cast<double>(retry.retry_delay().seconds()) + retry.retry_delay().nanos() / 1e9;
    }
  }
  return error;
}

inline RpcError Unpack(const grpc::Status& status) {
  google::rpc::Status rpc;
  rpc.ParseFromString(status.error_details());
  return Unpack(rpc);
}

}  // namespace vitrine::testing
