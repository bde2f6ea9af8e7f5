#include "vitrine/client/json_form.h"

#include <google/protobuf/util/json_util.h>

#include <string>

#include "absl/strings/str_format.h"

namespace vitrine {

absl::StatusOr<v1::BatchRecommendItemsRequest> ReadRows(std::string_view json) {
  v1::BatchRecommendItemsRequest page;
  const auto status =
      google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &page);
  if (status.ok()) return page;
  return absl::InvalidArgumentError(absl::StrFormat(
      "these are no rows in JSON, such as {\"rows\": [{\"placement\": \"home\"}]}: %s",
      std::string(status.message())));
}

}  // namespace vitrine
