#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "insight/calendar.h"
#include "insight/text_table.h"
#include "insight/words.h"
#include "vitrine/insight/report.h"

namespace vitrine {
namespace {

constexpr std::size_t kLeastWidth = 60;

// "12 days ago", "in 3 days", "today"
std::string WhenWords(Micros time_us, Micros now_us) {
  const auto days = static_cast<std::int64_t>((time_us - now_us) / kMicrosPerDay);
  if (days == 0) return "today";
  const char* const unit = days == 1 || days == -1 ? "day" : "days";
  return days > 0 ? absl::StrFormat("in %d %s", days, unit)
                  : absl::StrFormat("%d %s ago", -days, unit);
}

std::string MomentWords(Micros time_us, const Insight& insight) {
  if (time_us == 0) return "never";
  return MinuteName(time_us, insight.time_zone) + " (" +
         WhenWords(time_us, insight.shoppers.as_of_us) + ")";
}

}  // namespace

std::string ProfileReport(const Insight& insight, const UserProfile& profile, std::size_t width) {
  width = std::max(width, kLeastWidth);
  const ShopperSummary& row = profile.features;
  const std::string& currency = insight.shoppers.currency;
  std::string text =
      WrapWords(row.id + (row.is_visitor ? " (visitor): " : ": ") + profile.segment, width, 0);
  const auto add = [&](const std::string& name, const std::string& value) {
    text += absl::StrFormat("  %-16s %s\n", name, CutToWidth(value, width - 19));
  };
  add("first seen", MomentWords(row.first_seen_us, insight));
  add("last seen", MomentWords(row.last_seen_us, insight));
  add("last order", MomentWords(row.last_order_us, insight));
  add("visits",
      absl::StrFormat("%s on %s days", CountWords(row.sessions), CountWords(row.active_days)));
  add("views, carts", CountWords(row.views) + ", " + CountWords(row.carts));
  add("orders, returns", CountWords(row.orders) + ", " + CountWords(row.returns));
  if (row.priced_orders > 0) {
    add("value", MoneyWords(static_cast<double>(row.value_micros), currency));
    add("average order", MoneyWords(row.MeanOrderMicros(), currency));
  }
  if (profile.rfm.IsBuyer()) {
    add("RFM", absl::StrFormat("%d %d %d, %s", profile.rfm.recency, profile.rfm.frequency,
                               profile.rfm.monetary, profile.rfm_group));
  }
  if (profile.next_order_us != 0) {
    add("next order", MomentWords(profile.next_order_us, insight));
  }
  for (const auto& [category, share] : profile.favourites) {
    add("likes", ShareWords(share) + "  " + category);
  }
  for (const UserProfile::Need& need : profile.needs) {
    add("will need", absl::StrFormat("%s, every %.0f days, due %s", need.title, need.when.gap_days,
                                     WhenWords(need.when.due_us, insight.shoppers.as_of_us)));
  }
  return text;
}

}  // namespace vitrine
