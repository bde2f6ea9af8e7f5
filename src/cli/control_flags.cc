#include "cli/control_flags.h"

#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kFilterPrefix = "filter:";

}  // namespace

absl::StatusOr<Diversity> ParseDiversity(const std::string& text) {
  if (text == "none") return Diversity();
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  Diversity diversity{.method = name == "dpp" ? Diversity::Method::kDpp : Diversity::Method::kMmr};
  const bool is_known = name == "mmr" || name == "dpp";
  if (!is_known || colon == text.npos ||
      !absl::SimpleAtod(text.substr(colon + 1), &diversity.lambda) ||
      !(diversity.lambda >= 0 && diversity.lambda <= 1)) {
    return UsageError(absl::StrFormat(
        "--diversity is '%s', must be none, mmr:LAMBDA or dpp:LAMBDA with a LAMBDA from 0 to 1",
        text));
  }
  return diversity;
}

absl::StatusOr<Exploration> ParseExploration(const std::string& text) {
  Exploration exploration;
  const std::size_t colon = text.find(':');
  const bool has_seed = colon != text.npos;
  if (!absl::SimpleAtod(text.substr(0, colon), &exploration.temperature) ||
      !(exploration.temperature > 0 && exploration.temperature <= kMaxTemperature) ||
      (has_seed && !absl::SimpleAtoi(text.substr(colon + 1), &exploration.seed))) {
    return UsageError(
        absl::StrFormat("--explore is '%s', must be TEMPERATURE or TEMPERATURE:SEED with a "
                        "TEMPERATURE above 0, to %g, and a whole number as SEED",
                        text, kMaxTemperature));
  }
  return exploration;
}

absl::StatusOr<Pin> ParsePin(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Pin pin{.item_id = text.substr(0, colon)};
  if (colon == text.npos || pin.item_id.empty() ||
      !absl::SimpleAtoi(text.substr(colon + 1), &pin.position) || pin.position == 0) {
    return UsageError(
        absl::StrFormat("--pin is '%s', must be ITEM:POSITION with a POSITION from 1", text));
  }
  return pin;
}

absl::StatusOr<Exposure> ParseExposure(const std::string& text) {
  if (text == "none") return Exposure();
  const std::size_t colon = text.rfind(':');
  const std::string name = text.substr(0, colon);
  Exposure exposure{.group = name == "new" ? Exposure::Group::kNew : Exposure::Group::kLongTail};
  if (name.starts_with(kFilterPrefix)) {
    exposure = {.group = Exposure::Group::kFilter, .filter = name.substr(kFilterPrefix.size())};
  }
  const bool is_known = name == "new" || name == "long-tail" || !exposure.filter.empty();
  if (!is_known || colon == text.npos ||
      !absl::SimpleAtod(text.substr(colon + 1), &exposure.share) ||
      !(exposure.share > 0 && exposure.share <= 1)) {
    return UsageError(
        absl::StrFormat("--exposure is '%s', must be none, new:SHARE, long-tail:SHARE or "
                        "filter:FILTER:SHARE with a "
                        "SHARE above 0, to 1",
                        text));
  }
  return exposure;
}

absl::StatusOr<double> ParseLongTailShare(const std::string& text) {
  VITRINE_ASSIGN_OR_RETURN(const Exposure exposure, ParseExposure(text));
  const bool is_measured =
      exposure.group == Exposure::Group::kNone || exposure.group == Exposure::Group::kLongTail;
  if (is_measured) return exposure.share;
  return UsageError(
      absl::StrFormat("--exposure is '%s', but only long-tail:SHARE is measured: give that", text));
}

absl::StatusOr<Boost> ParseBoost(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Boost boost{.filter = text.substr(0, colon)};
  if (colon == text.npos || boost.filter.empty() ||
      !absl::SimpleAtod(text.substr(colon + 1), &boost.strength) ||
      !(boost.strength >= -1 && boost.strength <= 1) || boost.strength == 0) {
    return UsageError(absl::StrFormat(
        "--boost is '%s', must be FILTER:STRENGTH with a STRENGTH from -1, to bury, "
        "to 1, to boost, and not 0",
        text));
  }
  return boost;
}

}  // namespace vitrine::cli
