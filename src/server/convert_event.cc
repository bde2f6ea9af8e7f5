#include <limits>

#include "absl/strings/str_format.h"
#include "server/wire.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

constexpr char kBadTime[] = "is no valid time after 1970-01-01T00:00:00Z";

EventItem FromProto(const v1::EventItem& message, const std::string& path,
                    std::vector<FieldViolation>& violations) {
  EventItem item{.item_id = message.item_id()};
  if (message.quantity() < 0) {
    violations.push_back(
        {.field = path + ".quantity",
         .description = absl::StrFormat("is %d; must be 1 or more, or 0 for 1; what was taken back "
                                        "is an event of its own type",
                                        message.quantity())});
  } else if (message.quantity() > 0) {
    item.quantity = static_cast<std::uint32_t>(message.quantity());
  }
  if (message.has_price()) item.unit_price = vitrine::FromProto(message.price());
  return item;
}

}  // namespace

Converted<Event> FromProto(const v1::Event& message, Micros now) {
  Converted<Event> converted;
  auto& [event, violations] = converted;
  event.event_id = message.event_id();
  // The numbers of both enums are the same; Validate refuses the ones that neither has.
  const bool fits =
      message.type() >= 0 && message.type() <= std::numeric_limits<std::uint8_t>::max();
  event.type = static_cast<EventType>(fits ? message.type() : 0);
  event.user_id = message.user_id();
  event.visitor_id = message.visitor_id();
  event.session_id = message.session_id();
  if (message.has_event_time()) {
    const auto time = FromTimestamp(message.event_time());
    if (!time) violations.push_back({.field = "event_time", .description = kBadTime});
    event.time_us = time.value_or(0);
  }
  for (int i = 0; i < message.items_size(); ++i) {
    event.items.push_back(FromProto(message.items(i), absl::StrFormat("items[%d]", i), violations));
  }
  if (message.has_rating()) event.rating = message.rating();
  event.search_query = message.search_query();
  event.page_categories.assign(message.categories().begin(), message.categories().end());
  event.order_id = message.order_id();
  if (message.has_revenue()) event.revenue = FromProto(message.revenue());
  event.placement = message.placement();
  event.attribution_token = message.attribution_token();
  AppendPrefixed("", Validate(event, now), violations);
  return converted;
}

v1::Event ToProto(const Event& event) {
  v1::Event message;
  message.set_event_id(event.event_id);
  message.set_type(static_cast<v1::EventType>(event.type));
  message.set_user_id(event.user_id);
  message.set_visitor_id(event.visitor_id);
  message.set_session_id(event.session_id);
  if (event.time_us != 0) *message.mutable_event_time() = ToTimestamp(event.time_us);
  for (const EventItem& item : event.items) {
    v1::EventItem& added = *message.add_items();
    added.set_item_id(item.item_id);
    added.set_quantity(static_cast<std::int32_t>(item.quantity));
    if (item.unit_price) *added.mutable_price() = ToProto(*item.unit_price);
  }
  if (event.rating) message.set_rating(*event.rating);
  message.set_search_query(event.search_query);
  for (const std::string& path : event.page_categories) message.add_categories(path);
  message.set_order_id(event.order_id);
  if (event.revenue) *message.mutable_revenue() = ToProto(*event.revenue);
  message.set_placement(event.placement);
  message.set_attribution_token(event.attribution_token);
  return message;
}

}  // namespace vitrine
