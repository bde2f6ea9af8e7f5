#include "insight/words.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "vitrine/insight/insight.h"

namespace vitrine {
namespace {

constexpr double kMicrosPerCent = 10'000;
constexpr std::uint64_t kCentsPerUnit = 100;

std::string_view StepWord(EventType type) {
  switch (type) {
    case EventType::kHomePageView:
      return "home";
    case EventType::kCategoryPageView:
      return "category";
    case EventType::kDetailPageView:
      return "view";
    case EventType::kAddToCart:
      return "cart";
    case EventType::kRemoveFromCart:
      return "uncart";
    case EventType::kShoppingCartPageView:
      return "cart page";
    case EventType::kPurchaseComplete:
      return "order";
    case EventType::kRecommendationClick:
      return "click";
    default:
      return Name(type);
  }
}

}  // namespace

std::int64_t AddMoney(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

std::string CountWords(std::uint64_t count) {
  std::string digits = absl::StrFormat("%d", count);
  constexpr std::size_t kGroup = 3;
  for (std::size_t place = digits.size(); place > kGroup; place -= kGroup) {
    digits.insert(place - kGroup, 1, ',');
  }
  return digits;
}

std::string MoneyWords(double micros, std::string_view currency) {
  const auto cents = static_cast<std::uint64_t>(std::llround(std::abs(micros) / kMicrosPerCent));
  const bool is_negative = micros < 0 && cents > 0;
  return absl::StrFormat("%s%s.%02d%s%s", is_negative ? "-" : "", CountWords(cents / kCentsPerUnit),
                         cents % kCentsPerUnit, currency.empty() ? "" : " ", currency);
}

std::string ShareWords(double share) {
  const double percent = share * 100;
  // What prints as 10.0 is 10.
  return percent < 9.95 ? absl::StrFormat("%.1f %%", percent) : absl::StrFormat("%.0f %%", percent);
}

std::string PathWords(const OrderPath& path) {
  if (path.steps.empty()) return "(straight to the order)";
  std::string words = path.is_cut ? "..." : "";
  for (const EventType step : path.steps) {
    if (!words.empty()) words += " > ";
    words += StepWord(step);
  }
  return words;
}

double QuantileOf(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double position = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

std::string WithheldWords(const Insight& insight) {
  if (insight.num_withheld == 0) return {};
  return absl::StrFormat(
      "Groups of fewer than %d shoppers are not shown: %s rows and cells are left out, shown as "
      "none, or part of another.",
      insight.min_group, CountWords(insight.num_withheld));
}

std::string NoSegmentsWords(const Insight& insight) {
  return absl::StrFormat("None: the shop has fewer than %d shoppers.", insight.min_group);
}

}  // namespace vitrine
