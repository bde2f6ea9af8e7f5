#include "feature_store/behaviour/event_details.h"

#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {

EventDetails DetailsOf(const Event& event, Micros time_us) {
  EventDetails details;
  if (event.type == EventType::kSearch) details.words = Tokenize(event.search_query);
  if (event.type != EventType::kPurchaseComplete) return details;
  details.order_key =
      event.order_id.empty() ? static_cast<std::uint64_t>(time_us) : Checksum(event.order_id);
  const OrderAmounts amounts = AmountsOf(event);
  details.revenue = amounts.revenue;
  details.lines = amounts.lines;
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
