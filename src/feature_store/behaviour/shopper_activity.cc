#include "feature_store/behaviour/shopper_activity.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace vitrine {
namespace {

constexpr Micros kMicrosPerHour = 3'600 * kMicrosPerSecond;
constexpr std::uint64_t kOffsetMask = (1ULL << 56) - 1;

template <typename Counts>
void AddCounts(Counts& counts, const Counts& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other[i];
}

template <typename Counts>
void WriteCounts(ByteWriter& writer, const Counts& counts) {
  for (const std::uint32_t count : counts) writer.Unsigned(count);
}

template <typename Counts>
void ReadCounts(ByteReader& reader, Counts& counts) {
  for (std::uint32_t& count : counts) count = static_cast<std::uint32_t>(reader.Unsigned());
}

std::uint64_t Pieces(const LogHead& head) {
  std::uint64_t pieces = 0;
  for (const LogHead::Touch& touch : head.items) pieces += touch.quantity;
  return pieces;
}

// 1970 began on a Thursday.
std::size_t WeekdayOf(Micros time_us) { return static_cast<std::size_t>((DayOf(time_us) + 3) % 7); }

std::size_t HourOf(Micros time_us) {
  return static_cast<std::size_t>(time_us % kMicrosPerDay / kMicrosPerHour);
}

void WriteSteps(ByteWriter& writer, std::span<const ShopperActivity::Step> steps) {
  writer.Unsigned(steps.size());
  ShopperActivity::Step before;
  for (const ShopperActivity::Step& step : steps) {
    writer.Signed(step.time_us - before.time_us);
    writer.Signed(static_cast<std::int64_t>(step.offset) -
                  static_cast<std::int64_t>(before.offset));
    writer.Unsigned(step.type);
    before = step;
  }
}

std::vector<ShopperActivity::Step> ReadSteps(ByteReader& reader) {
  std::vector<ShopperActivity::Step> steps(reader.Count(3));
  ShopperActivity::Step before;
  for (ShopperActivity::Step& step : steps) {
    step.time_us = before.time_us + reader.Signed();
    step.offset =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(before.offset) + reader.Signed()) &
        kOffsetMask;
    step.type = reader.Unsigned() & 0xFF;
    before = step;
  }
  return steps;
}

void WriteWords(ByteWriter& writer, std::span<const ShopperActivity::Word> words) {
  writer.Unsigned(words.size());
  for (const ShopperActivity::Word& word : words) {
    writer.Signed(word.time_us);
    writer.Unsigned(word.offset);
    writer.String(word.text);
  }
}

std::vector<ShopperActivity::Word> ReadWords(ByteReader& reader) {
  std::vector<ShopperActivity::Word> words(reader.Count(3));
  for (ShopperActivity::Word& word : words) {
    word.time_us = reader.Signed();
    word.offset = reader.Unsigned();
    word.text = reader.String();
  }
  return words;
}

}  // namespace

std::int64_t RatingMillionths(double rating) { return std::llround(rating * 1e6); }

void ShopperActivity::Add(std::uint64_t offset, const LogHead& head, const EventDetails& details) {
  const Micros time = std::max<Micros>(0, head.time_us);
  first_us = std::min(first_us, time);
  last_us = std::max(last_us, time);
  ++num_events[static_cast<std::size_t>(head.type) % kNumEventTypes];
  ++hours[HourOf(time)];
  ++weekdays[WeekdayOf(time)];
  days.Add(DayOf(time));
  if (head.type == EventType::kImpression) {
    items_shown += head.items.size();
    return;
  }
  steps.Add({.time_us = time,
             .offset = offset & kOffsetMask,
             .type = static_cast<std::uint64_t>(head.type) & 0xFF});
  const double half_lives = static_cast<double>(time) / (kInterestHalfLifeDays * kMicrosPerDay);
  switch (head.type) {
    case EventType::kDetailPageView:
      return recent_views.Add(half_lives, 1);
    case EventType::kAddToCart:
      return recent_carts.Add(half_lives, 1);
    case EventType::kPurchaseComplete:
      recent_purchases.Add(half_lives, 1);
      pieces_bought += Pieces(head);
      return AddOrder({.key = details.order_key,
                       .time_us = time,
                       .revenue = details.revenue,
                       .lines = details.lines});
    case EventType::kReturnComplete:
      pieces_returned += Pieces(head);
      return;
    case EventType::kRate:
      rating_sum += RatingMillionths(head.rating.value_or(0));
      return;
    case EventType::kSearch:
      for (const std::string& word : details.words) {
        words.Add({.time_us = time, .offset = offset, .text = word});
      }
      return;
    default:
      return;
  }
}

void ShopperActivity::AddOrder(const Order& order) {
  const auto place = std::lower_bound(orders.begin(), orders.end(), order,
                                      [](const Order& a, const Order& b) { return a.key < b.key; });
  if (place == orders.end() || place->key != order.key) {
    orders.insert(place, order);
    return;
  }
  place->time_us = std::min(place->time_us, order.time_us);
  place->revenue = std::max(place->revenue, order.revenue);
  if (order.lines < 0) return;
  place->lines =
      std::min(EventDetails::kMostMoney, std::max<std::int64_t>(place->lines, 0) + order.lines);
}

void ShopperActivity::Merge(ShopperActivity other) {
  first_us = std::min(first_us, other.first_us);
  last_us = std::max(last_us, other.last_us);
  AddCounts(num_events, other.num_events);
  AddCounts(hours, other.hours);
  AddCounts(weekdays, other.weekdays);
  items_shown += other.items_shown;
  pieces_bought += other.pieces_bought;
  pieces_returned += other.pieces_returned;
  rating_sum += other.rating_sum;
  recent_views.Add(other.recent_views);
  recent_carts.Add(other.recent_carts);
  recent_purchases.Add(other.recent_purchases);
  days.Merge(other.days);
  for (const Order& order : other.orders) AddOrder(order);
  steps.Merge(std::move(other.steps));
  words.Merge(std::move(other.words));
}

void ShopperActivity::Write(ByteWriter& writer) const {
  writer.Signed(first_us);
  writer.Signed(last_us);
  WriteCounts(writer, num_events);
  WriteCounts(writer, hours);
  WriteCounts(writer, weekdays);
  for (const std::uint64_t count : {items_shown, pieces_bought, pieces_returned}) {
    writer.Unsigned(count);
  }
  writer.Signed(rating_sum);
  for (const DecayedSum* sum : {&recent_views, &recent_carts, &recent_purchases}) {
    sum->Write(writer);
  }
  days.Write(writer);
  writer.Unsigned(orders.size());
  for (const Order& order : orders) {
    writer.Fixed64(order.key);
    writer.Signed(order.time_us);
    writer.Signed(order.revenue);
    writer.Signed(order.lines);
  }
  WriteSteps(writer, steps.entries());
  WriteWords(writer, words.entries());
}

void ShopperActivity::Read(ByteReader& reader) {
  first_us = reader.Signed();
  last_us = reader.Signed();
  ReadCounts(reader, num_events);
  ReadCounts(reader, hours);
  ReadCounts(reader, weekdays);
  for (std::uint64_t* count : {&items_shown, &pieces_bought, &pieces_returned}) {
    *count = reader.Unsigned();
  }
  rating_sum = reader.Signed();
  for (DecayedSum* sum : {&recent_views, &recent_carts, &recent_purchases}) sum->Read(reader);
  days.Read(reader);
  orders.assign(reader.Count(11), Order());
  for (Order& order : orders) {
    order.key = reader.Fixed64();
    order.time_us = reader.Signed();
    order.revenue = reader.Signed();
    order.lines = reader.Signed();
  }
  steps = Latest<Step, kSteps>(ReadSteps(reader));
  words = Latest<Word, kWords>(ReadWords(reader));
}

}  // namespace vitrine
