#include "cli/control_flags.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "cli/command.h"

namespace vitrine::cli {

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
  constexpr double kMaxTemperature = 10;
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

}  // namespace vitrine::cli
