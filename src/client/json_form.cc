#include "vitrine/client/json_form.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

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

std::string Print(const google::protobuf::Message& message, bool is_spread) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = is_spread;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails on messages of unknown types alone, which ours are not.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
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

std::string ToJson(const v1::Placement& placement) { return Print(placement, true); }

std::string ToJson(const v1::ErasureReceipt& receipt) { return Print(receipt, true); }

std::string ToJsonLines(const v1::ExportUserDataResponse& part) {
  std::string lines;
  const auto add = [&lines](const char* name, const std::string& json) {
    lines += absl::StrFormat("{\"%s\": %s}\n", name, json);
  };
  if (part.has_user()) add("user", Print(part.user(), false));
  for (const std::string& visitor : part.merged_visitor_ids()) {
    google::protobuf::StringValue text;  // Whose JSON form is the quoted text alone.
    text.set_value(visitor);
    add("merged_visitor_id", Print(text, false));
  }
  for (const v1::Feature& feature : part.features()) add("feature", Print(feature, false));
  for (const v1::Event& event : part.events()) add("event", Print(event, false));
  return lines;
}

}  // namespace vitrine
