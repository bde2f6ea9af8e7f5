#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "vitrine/v1/recommendation_service.pb.h"
#include "vitrine/v1/serving_config_service.pb.h"
#include "vitrine/v1/user_service.pb.h"

namespace vitrine {

// The rows of a page from the JSON form of the API's message, as any gRPC client takes it:
//   {"rows": [{"placement": "home", "pageSize": 6}, {"filter": "price < 20"}]}
// with fields named like this or as in the .proto file. Errors: INVALID_ARGUMENT it is no JSON, or
// has a field that the message has not, which the error names.
absl::StatusOr<v1::BatchRecommendItemsRequest> ReadRows(std::string_view json);

// A placement from its JSON form, and in it, on several lines with the names of the .proto file.
// Errors: the same.
absl::StatusOr<v1::Placement> ReadPlacement(std::string_view json);
std::string ToJson(const v1::Placement& placement);

// What is held of a person as JSON lines: {"user": ...}, {"merged_visitor_id": ...}, {"feature":
// ...} and {"event": ...}, with the names of the .proto file.
std::string ToJsonLines(const v1::ExportUserDataResponse& part);
std::string ToJson(const v1::ErasureReceipt& receipt);

}  // namespace vitrine
