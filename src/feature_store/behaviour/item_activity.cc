#include "feature_store/behaviour/item_activity.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "feature_store/behaviour/active_days.h"
#include "feature_store/behaviour/shopper_activity.h"

namespace vitrine {
namespace {

void WriteVisits(ByteWriter& writer, std::span<const ItemActivity::Visit> visits) {
  writer.Unsigned(visits.size());
  for (const ItemActivity::Visit& visit : visits) {
    writer.Signed(visit.time_us);
    writer.Unsigned(visit.offset);
    writer.Unsigned(Row(visit.shopper));
  }
}

std::vector<ItemActivity::Visit> ReadVisits(ByteReader& reader) {
  std::vector<ItemActivity::Visit> visits(reader.Count(3));
  for (ItemActivity::Visit& visit : visits) {
    visit.time_us = reader.Signed();
    visit.offset = reader.Unsigned();
    visit.shopper = UserIndex{static_cast<std::uint32_t>(reader.Unsigned())};
  }
  return visits;
}

}  // namespace

void DailyCounts::Add(std::int64_t day) {
  if (day <= last_day_ - kDays) return;
  if (last_day_ >= 0) {
    const std::int64_t from = std::max(last_day_ + 1, day - kDays + 1);
    for (std::int64_t d = from; d <= day; ++d) counts_[static_cast<std::size_t>(d % kDays)] = 0;
  }
  last_day_ = std::max(last_day_, day);
  ++counts_[static_cast<std::size_t>(day % kDays)];
}

std::uint32_t DailyCounts::On(std::int64_t day) const {
  if (day < 0 || day > last_day_ || day <= last_day_ - kDays) return 0;
  return counts_[static_cast<std::size_t>(day % kDays)];
}

void DailyCounts::Write(ByteWriter& writer) const {
  writer.Signed(last_day_);
  for (const std::uint32_t count : counts_) writer.Unsigned(count);
}

void DailyCounts::Read(ByteReader& reader) {
  last_day_ = reader.Signed();
  for (std::uint32_t& count : counts_) count = static_cast<std::uint32_t>(reader.Unsigned());
}

void ItemActivity::Add(std::uint64_t offset, const LogHead& head, const LogHead::Touch& touch) {
  const Micros time = std::max<Micros>(0, head.time_us);
  first_us = std::min(first_us, time);
  last_us = std::max(last_us, time);
  ++num_events[static_cast<std::size_t>(head.type) % kNumEventTypes];
  const Visit visit{.time_us = time, .offset = offset, .shopper = head.shopper()};
  switch (head.type) {
    case EventType::kDetailPageView:
      views.Add(DayOf(time));
      return viewers.Add(visit);
    case EventType::kPurchaseComplete:
      pieces_bought += touch.quantity;
      purchases.Add(DayOf(time));
      return buyers.Add(visit);
    case EventType::kReturnComplete:
      pieces_returned += touch.quantity;
      return;
    case EventType::kRate:
      rating_sum += RatingMillionths(head.rating.value_or(0));
      return;
    default:
      return;
  }
}

void ItemActivity::Write(ByteWriter& writer) const {
  writer.Signed(first_us);
  writer.Signed(last_us);
  for (const std::uint32_t count : num_events) writer.Unsigned(count);
  writer.Unsigned(pieces_bought);
  writer.Unsigned(pieces_returned);
  writer.Signed(rating_sum);
  views.Write(writer);
  purchases.Write(writer);
  WriteVisits(writer, viewers.entries());
  WriteVisits(writer, buyers.entries());
}

void ItemActivity::Read(ByteReader& reader) {
  first_us = reader.Signed();
  last_us = reader.Signed();
  for (std::uint32_t& count : num_events) count = static_cast<std::uint32_t>(reader.Unsigned());
  pieces_bought = reader.Unsigned();
  pieces_returned = reader.Unsigned();
  rating_sum = reader.Signed();
  views.Read(reader);
  purchases.Read(reader);
  viewers = Latest<Visit, kVisits>(ReadVisits(reader));
  buyers = Latest<Visit, kVisits>(ReadVisits(reader));
}

}  // namespace vitrine
