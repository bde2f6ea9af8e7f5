#include "vitrine/lifecycle/rollback_bounds.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

constexpr double kSureZ = 1.96;

double Share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<std::string> WhyOfErrors(const RollbackBounds& bounds, const ServingFigures& live,
                                       const ServingFigures& previous) {
  if (bounds.error_rate <= 0 || live.num_answers < bounds.least_answers) return std::nullopt;
  const double rate = Share(live.num_failed, live.num_answers);
  if (rate <= bounds.error_rate) return std::nullopt;
  const bool is_known_before = previous.num_answers >= bounds.least_answers;
  const double before = Share(previous.num_failed, previous.num_answers);
  if (is_known_before && rate <= before) return std::nullopt;
  return absl::StrFormat("%.1f %% of %d lists failed or were late; %.1f %% may, and %s", 100 * rate,
                         live.num_answers, 100 * bounds.error_rate,
                         is_known_before ? absl::StrFormat("%.1f %% did before", 100 * before)
                                         : std::string("little is known of before"));
}

std::optional<std::string> WhyOfClicks(const RollbackBounds& bounds, const ServingFigures& live,
                                       const ServingFigures& previous) {
  if (bounds.click_drop <= 0 || live.num_shown < bounds.least_shown ||
      previous.num_shown < bounds.least_shown) {
    return std::nullopt;
  }
  const double rate = Share(live.num_clicked, live.num_shown);
  const double before = Share(previous.num_clicked, previous.num_shown);
  const double kept = 1 - bounds.click_drop;
  const double variance =
      rate * (1 - rate) / static_cast<double>(live.num_shown) +
      kept * kept * before * (1 - before) / static_cast<double>(previous.num_shown);
  if (kept * before - rate <= kSureZ * std::sqrt(variance)) return std::nullopt;
  return absl::StrFormat(
      "%.2f %% of %d shown items were clicked, %.2f %% of %d before; it may fall by %.0f %%",
      100 * rate, live.num_shown, 100 * before, previous.num_shown, 100 * bounds.click_drop);
}

}  // namespace

std::optional<RollbackReason> WhyRollBack(const RollbackBounds& bounds, const ServingFigures& live,
                                          const ServingFigures& previous) {
  if (std::optional<std::string> why = WhyOfErrors(bounds, live, previous); why.has_value()) {
    return RollbackReason{.cause = RollbackCause::kErrors, .text = *std::move(why)};
  }
  if (std::optional<std::string> why = WhyOfClicks(bounds, live, previous); why.has_value()) {
    return RollbackReason{.cause = RollbackCause::kClicks, .text = *std::move(why)};
  }
  return std::nullopt;
}

}  // namespace vitrine
