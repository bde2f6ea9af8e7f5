#include "feature_store/behaviour/event_details.h"

#include <algorithm>

#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {
namespace {

std::int64_t LinesOf(const Event& event) {
  constexpr std::int64_t kMostMoney = EventDetails::kMostMoney;
  std::int64_t total = EventDetails::kUnknown;
  for (const EventItem& item : event.items) {
    if (!item.unit_price.has_value()) continue;
    std::int64_t line = 0;
    if (__builtin_mul_overflow(item.unit_price->micros, item.quantity, &line)) line = kMostMoney;
    total = std::min(kMostMoney, std::max<std::int64_t>(total, 0) + std::min(line, kMostMoney));
  }
  return total;
}

}  // namespace

EventDetails DetailsOf(const Event& event, Micros time_us) {
  EventDetails details;
  if (event.type == EventType::kSearch) details.words = Tokenize(event.search_query);
  if (event.type != EventType::kPurchaseComplete) return details;
  details.order_key =
      event.order_id.empty() ? static_cast<std::uint64_t>(time_us) : Checksum(event.order_id);
  if (event.revenue.has_value())
    details.revenue = std::min(EventDetails::kMostMoney, event.revenue->micros);
  details.lines = LinesOf(event);
  return details;
}

absl::StatusOr<EventDetails> DetailsOf(const LogHead& head, std::string_view record) {
  if (head.type != EventType::kSearch && head.type != EventType::kPurchaseComplete) {
    return EventDetails();
  }
  VITRINE_ASSIGN_OR_RETURN(const LogRecord decoded, DecodeLogRecord(record));
  return DetailsOf(decoded.event, head.time_us);
}

}  // namespace vitrine
