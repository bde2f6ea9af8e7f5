#include "insight/timelines.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace vitrine {
namespace {

// The number of `name`, a new one if it has none yet.
template <typename Map>
std::uint32_t Intern(Map& numbers, const std::string& name) {
  return numbers.try_emplace(name, static_cast<std::uint32_t>(numbers.size())).first->second;
}

// Turns counts at [row + 1] into where each row begins.
void SumUp(std::vector<std::uint64_t>& begin) {
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
}

}  // namespace

struct TimelineBuilder::OpenOrder {
  PlacedOrder order{};
  std::uint32_t currency = kNone;
  bool is_mixed = false;
  OrderAmounts amounts{};

  void Add(const Payment& payment) {
    is_mixed = is_mixed || payment.is_mixed ||
               (currency != kNone && payment.currency != kNone && currency != payment.currency);
    if (currency == kNone) currency = payment.currency;
    amounts.Add(payment.amounts);
  }
  bool HasValue() const { return amounts.value() != OrderAmounts::kUnknown; }
};

TimelineBuilder::TimelineBuilder(Micros as_of_us,
                                 std::function<std::string(const std::string&)> user_of_visitor)
    : as_of_us_(as_of_us), user_of_visitor_(std::move(user_of_visitor)) {}

void TimelineBuilder::Add(const Event& event) {
  if (as_of_us_ != 0 && event.time_us > as_of_us_) return;
  const std::uint32_t shopper = ShopperOf(event);
  if (made_.num_events == 0) made_.first_us = made_.last_us = event.time_us;
  made_.first_us = std::min(made_.first_us, event.time_us);
  made_.last_us = std::max(made_.last_us, event.time_us);
  ++made_.num_events;
  if (event.type == EventType::kImpression) {
    shown_.emplace_back(shopper, event.time_us);
    return;
  }
  made_.acts.push_back({.time_us = event.time_us,
                        .first_item = static_cast<std::uint32_t>(made_.items.size()),
                        .num_items = static_cast<std::uint32_t>(event.items.size()),
                        .type = event.type});
  shopper_of_act_.push_back(shopper);
  for (const EventItem& item : event.items) {
    made_.items.push_back(Intern(item_rows_, item.item_id));
    if (item_rows_.size() > made_.item_ids.size()) made_.item_ids.push_back(item.item_id);
  }
  if (event.type == EventType::kPurchaseComplete) {
    made_.acts.back().order = static_cast<std::uint32_t>(payments_.size());
    payments_.push_back(PaymentOf(event));
  }
}

std::uint32_t TimelineBuilder::ShopperOf(const Event& event) {
  if (!event.user_id.empty()) return AddShopper(event.user_id, /*is_visitor=*/false);
  const auto found = made_.visitor_rows.find(event.visitor_id);
  if (found != made_.visitor_rows.end()) return found->second;
  const std::string user = user_of_visitor_(event.visitor_id);
  if (user.empty()) return AddShopper(event.visitor_id, /*is_visitor=*/true);
  const std::uint32_t row = AddShopper(user, /*is_visitor=*/false);
  made_.visitor_rows.emplace(event.visitor_id, row);
  return row;
}

std::uint32_t TimelineBuilder::AddShopper(const std::string& id, bool is_visitor) {
  auto& rows = is_visitor ? made_.visitor_rows : made_.user_rows;
  const auto next = static_cast<std::uint32_t>(made_.ids.size());
  const auto [place, is_new] = rows.try_emplace(id, next);
  if (is_new) {
    made_.ids.push_back(id);
    made_.is_visitor.push_back(is_visitor ? 1 : 0);
  }
  return place->second;
}

std::uint32_t TimelineBuilder::CurrencyOf(const std::string& currency) {
  return Intern(currencies_, currency);
}

TimelineBuilder::Payment TimelineBuilder::PaymentOf(const Event& event) {
  Payment payment{.amounts = AmountsOf(event)};
  if (!event.order_id.empty()) payment.order_name = Intern(order_names_, event.order_id);
  const auto note = [&](const Money& money) {
    const std::uint32_t currency = CurrencyOf(money.currency);
    payment.is_mixed =
        payment.is_mixed || (payment.currency != kNone && payment.currency != currency);
    payment.currency = currency;
  };
  if (event.revenue.has_value()) note(*event.revenue);
  for (const EventItem& item : event.items) {
    if (item.unit_price.has_value()) note(*item.unit_price);
  }
  return payment;
}

Timelines TimelineBuilder::Finish() {
  SortActs();
  MakeOrders();
  std::sort(shown_.begin(), shown_.end());
  made_.shown_begin.assign(made_.num_shoppers() + 1, 0);
  for (const auto& [shopper, time_us] : shown_) {
    ++made_.shown_begin[shopper + 1];
    made_.shown_times.push_back(time_us);
  }
  SumUp(made_.shown_begin);
  return std::move(made_);
}

void TimelineBuilder::SortActs() {
  std::vector<std::uint64_t>& begin = made_.act_begin;
  begin.assign(made_.num_shoppers() + 1, 0);
  for (const std::uint32_t shopper : shopper_of_act_) ++begin[shopper + 1];
  SumUp(begin);
  std::vector<std::uint64_t> next(begin.begin(), begin.end() - 1);
  std::vector<Act> sorted(made_.acts.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    sorted[next[shopper_of_act_[i]]++] = made_.acts[i];
  }
  for (std::size_t shopper = 0; shopper + 1 < begin.size(); ++shopper) {
    std::stable_sort(sorted.begin() + static_cast<std::ptrdiff_t>(begin[shopper]),
                     sorted.begin() + static_cast<std::ptrdiff_t>(begin[shopper + 1]),
                     [](const Act& a, const Act& b) { return a.time_us < b.time_us; });
  }
  made_.acts = std::move(sorted);
}

void TimelineBuilder::MakeOrders() {
  std::vector<OpenOrder> open;
  made_.order_begin.assign(1, 0);
  for (std::size_t shopper = 0; shopper < made_.num_shoppers(); ++shopper) {
    // By order id, or where there is none by time.
    std::map<std::pair<std::uint32_t, Micros>, std::uint32_t> order_of;
    for (std::size_t i = made_.act_begin[shopper]; i < made_.act_begin[shopper + 1]; ++i) {
      Act& act = made_.acts[i];
      if (act.order == Act::kNoOrder) continue;
      const Payment& payment = payments_[act.order];
      const Micros moment = payment.order_name == kNone ? act.time_us : 0;
      const auto [place, is_new] = order_of.emplace(std::pair(payment.order_name, moment),
                                                    static_cast<std::uint32_t>(open.size()));
      if (is_new) open.push_back({.order = {.time_us = act.time_us}});
      act.order = place->second;
      open[act.order].Add(payment);
    }
    made_.order_begin.push_back(open.size());
  }
  ChooseCurrency(open);
}

void TimelineBuilder::ChooseCurrency(const std::vector<OpenOrder>& open) {
  std::vector<std::uint64_t> counts(currencies_.size(), 0);
  for (const OpenOrder& each : open) {
    if (each.HasValue() && !each.is_mixed) ++counts[each.currency];
  }
  std::uint32_t chosen = kNone;
  for (const auto& [name, number] : currencies_) {
    if (counts[number] == 0 || (chosen != kNone && counts[number] <= counts[chosen])) continue;
    chosen = number;
    made_.currency = name;
  }
  for (const OpenOrder& each : open) {
    PlacedOrder order = each.order;
    if (!each.HasValue()) {
      ++made_.orders_without_value;
    } else if (each.is_mixed || each.currency != chosen) {
      ++made_.orders_in_other_currencies;
    } else {
      order.has_value = true;
      order.value_micros = each.amounts.value();
    }
    made_.orders.push_back(order);
  }
}

}  // namespace vitrine
