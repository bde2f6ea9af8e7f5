#include "vitrine/client/json_form.h"

#include <google/protobuf/util/json_util.h>

#include <string>

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

// `what` the text is not, with an example.
template <typename Message>
absl::StatusOr<Message> Read(std::string_view json, std::string_view what) {
  Message message;
  const auto status =
      google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &message);
  if (status.ok()) return message;
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", what, std::string(status.message())));
}

}  // namespace

absl::StatusOr<v1::BatchRecommendItemsRequest> ReadRows(std::string_view json) {
  return Read<v1::BatchRecommendItemsRequest>(
      json, "these are no rows in JSON, such as {\"rows\": [{\"placement\": \"home\"}]}");
}

absl::StatusOr<v1::Placement> ReadPlacement(std::string_view json) {
  return Read<v1::Placement>(
      json, "this is no placement in JSON, such as {\"name\": \"home\", \"page_size\": 6}");
}

std::string ToJson(const v1::Placement& placement) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails on messages of unknown types alone, which this one has not.
  (void)google::protobuf::util::MessageToJsonString(placement, &json, options);
  return json;
}

}  // namespace vitrine
