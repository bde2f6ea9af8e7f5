#include "vitrine/scorers/sequential/purchase_habits.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace vitrine {

namespace {

bool IsPurchase(const Interaction& interaction, const PurchaseRules& rules) {
  return interaction.weight > 0 &&
         (!rules.is_purchases_only || interaction.type == EventType::kPurchaseComplete);
}

// Whether it takes earlier purchases of the item back. Where orders are known, taking an item out
// of the cart says nothing about those.
bool IsRefusal(const Interaction& interaction, const PurchaseRules& rules) {
  return interaction.weight < 0 &&
         (!rules.is_purchases_only || interaction.type != EventType::kRemoveFromCart);
}

// A purchase, and how far back in the history: 1 is the most recent interaction.
struct Found {
  Purchase purchase{};
  std::size_t back = 0;
};
using Refusal = std::pair<ItemIndex, std::size_t>;

// Counts visits, oldest first.
class VisitCounter {
 public:
  explicit VisitCounter(float gap_hours)
      : gap_us_(static_cast<double>(gap_hours) * 3600 * static_cast<double>(kMicrosPerSecond)) {}

  // The visit of a purchase at `time_us`.
  std::uint32_t At(Micros time_us) {
    const bool is_same =
        num_visits_ > 0 && time_us != 0 && static_cast<double>(time_us - before_us_) <= gap_us_;
    num_visits_ += is_same ? 0 : 1;
    before_us_ = time_us;
    return num_visits_ - 1;
  }

  std::uint32_t num_visits() const { return num_visits_; }

 private:
  double gap_us_;
  Micros before_us_ = 0;
  std::uint32_t num_visits_ = 0;
};

}  // namespace

PurchaseHabits HabitsOf(std::span<const Interaction> history, const PurchaseRules& rules,
                        std::size_t num_items) {
  std::vector<Found> found;
  std::vector<Refusal> refusals;
  VisitCounter visits(rules.visit_gap_hours);
  for (std::size_t back = history.size(); back > 0; --back) {
    const Interaction& each = history[back - 1];
    if (Row(each.item) >= num_items) continue;
    if (IsPurchase(each, rules)) {
      found.push_back({{each.item, visits.At(each.time_us), each.time_us}, back});
    } else if (IsRefusal(each, rules)) {
      refusals.push_back({each.item, back});
    }
  }
  // By item, the latest first.
  std::sort(refusals.begin(), refusals.end());
  std::erase_if(found, [&](const Found& each) {
    const auto latest =
        std::lower_bound(refusals.begin(), refusals.end(), Refusal{each.purchase.item, 0});
    return latest != refusals.end() && latest->first == each.purchase.item &&
           latest->second < each.back;
  });

  PurchaseHabits habits{.num_visits = visits.num_visits()};
  for (const Found& each : found) habits.purchases.push_back(each.purchase);
  std::vector<Purchase>& purchases = habits.purchases;
  std::stable_sort(purchases.begin(), purchases.end(), [](const Purchase& a, const Purchase& b) {
    return std::tie(a.item, a.visit) < std::tie(b.item, b.visit);
  });
  const auto is_same_visit = [](const Purchase& a, const Purchase& b) {
    return a.item == b.item && a.visit == b.visit;
  };
  purchases.erase(std::unique(purchases.begin(), purchases.end(), is_same_visit), purchases.end());
  return habits;
}

double LogDays(Micros span_us) {
  const double days =
      static_cast<double>(std::max<Micros>(span_us, 0)) / static_cast<double>(kMicrosPerDay);
  return std::log(days + 0.5);
}

}  // namespace vitrine
