#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/feature_store/behaviour/visits_and_orders.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// One event of a shopper, as far as analyses need it.
struct Act {
  static constexpr std::uint32_t kNoOrder = std::numeric_limits<std::uint32_t>::max();

  Micros time_us = 0;
  std::uint32_t first_item = 0;  // Into Timelines::items.
  std::uint32_t num_items = 0;
  std::uint32_t order = kNoOrder;  // Into Timelines::orders; of purchases.
  EventType type{};
};

// One order of a shopper: which purchases it is made of, see visits_and_orders.h.
struct PlacedOrder {
  Micros time_us = 0;             // Of its first event.
  std::int64_t value_micros = 0;  // OrderAmounts::value
  bool has_value = false;         // In Timelines::currency.
};

// The log by shopper, each one's events in order of time, those of one moment in that of the log.
// Impressions are apart: they are the shop's doing, and begin and lengthen no visit.
struct Timelines {
  std::vector<std::string> ids{};                // [shoppers], in the order of their first event.
  std::vector<std::uint8_t> is_visitor{};        // [shoppers]
  std::vector<std::uint64_t> act_begin = {0};    // [shoppers + 1]
  std::vector<std::uint64_t> order_begin = {0};  // [shoppers + 1]
  std::vector<std::uint64_t> shown_begin = {0};  // [shoppers + 1]
  std::vector<Act> acts{};
  std::vector<PlacedOrder> orders{};   // Of one shopper: by time.
  std::vector<Micros> shown_times{};   // Of one shopper: ascending.
  std::vector<std::uint32_t> items{};  // Of acts, into item_ids.
  std::vector<std::string> item_ids{};
  std::unordered_map<std::string, std::uint32_t> user_rows{};     // Shoppers by id.
  std::unordered_map<std::string, std::uint32_t> visitor_rows{};  // Merged ones too.
  std::string currency{};  // Of most orders; of equally many, the first by name.
  std::uint64_t num_events = 0;
  Micros first_us = 0;
  Micros last_us = 0;
  std::uint64_t orders_without_value = 0;
  std::uint64_t orders_in_other_currencies = 0;  // Or in several.

  std::size_t num_shoppers() const { return ids.size(); }
  std::span<const Act> ActsOf(std::size_t shopper) const {
    return std::span(acts).subspan(act_begin[shopper], act_begin[shopper + 1] - act_begin[shopper]);
  }
  std::span<const PlacedOrder> OrdersOf(std::size_t shopper) const {
    return std::span(orders).subspan(order_begin[shopper],
                                     order_begin[shopper + 1] - order_begin[shopper]);
  }
  std::span<const Micros> ShownTo(std::size_t shopper) const {
    return std::span(shown_times)
        .subspan(shown_begin[shopper], shown_begin[shopper + 1] - shown_begin[shopper]);
  }
  std::span<const std::uint32_t> ItemsOf(const Act& act) const {
    return std::span(items).subspan(act.first_item, act.num_items);
  }
};

// Makes timelines of events, given in the order of the log. Whose event it is: the user's where it
// names one, else the user's that the visitor was merged into, else the visitor's.
class TimelineBuilder {
 public:
  // Events later than `as_of_us` are left out; 0: none are.
  TimelineBuilder(Micros as_of_us,
                  std::function<std::string(const std::string& visitor_id)> user_of_visitor);

  void Add(const Event& event);

  // Sorts; the builder is spent.
  Timelines Finish();

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  // What one purchase says of money. `currency` indexes currencies_; kNone: it names no amount.
  struct Payment {
    std::uint32_t order_name = kNone;  // Interned order id.
    std::uint32_t currency = kNone;
    bool is_mixed = false;  // Amounts in several currencies.
    OrderAmounts amounts{};
  };
  // One order while its purchases come together.
  struct OpenOrder;

  std::uint32_t ShopperOf(const Event& event);
  std::uint32_t AddShopper(const std::string& id, bool is_visitor);
  std::uint32_t CurrencyOf(const std::string& currency);
  Payment PaymentOf(const Event& event);
  void SortActs();
  void MakeOrders();
  void ChooseCurrency(const std::vector<OpenOrder>& open);

  Micros as_of_us_;
  std::function<std::string(const std::string&)> user_of_visitor_;
  Timelines made_;
  std::vector<std::uint32_t> shopper_of_act_;  // Beside made_.acts, until they are sorted.
  std::vector<std::pair<std::uint32_t, Micros>> shown_;  // Shopper and time.
  std::vector<Payment> payments_;                        // Act::order points here until Finish.
  std::map<std::string, std::uint32_t> currencies_;
  std::unordered_map<std::string, std::uint32_t> item_rows_;
  std::unordered_map<std::string, std::uint32_t> order_names_;
};

}  // namespace vitrine
