#include "cli/simulate/timeline.h"

#include <cmath>
#include <numbers>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/simulate/visit.h"

namespace vitrine::simulate {
namespace {

// Measured; only how long the events take to happen hangs on it.
constexpr double kEventsPerVisit = 9.8;
constexpr double kMeanRate = 0.55;  // Of Rate over a day.
constexpr int kTriesToFindShopper = 64;
constexpr double kCrowdedUs = 60e6;  // Visits are crowded where they are less than that apart.

// How busy the shop is, 1 at most: quiet at four in the morning.
double Rate(Micros time) {
  const auto second = static_cast<double>(time / kMicrosPerSecond % 86'400);
  return kMeanRate -
         (1 - kMeanRate) * std::cos(2 * std::numbers::pi * (second / 86'400 - 4.0 / 24));
}

Micros WholeSecond(Micros time) { return time - time % kMicrosPerSecond; }

std::vector<double> Activities(const std::vector<Shopper>& shoppers) {
  std::vector<double> activities;
  activities.reserve(shoppers.size());
  for (const Shopper& shopper : shoppers) activities.push_back(shopper.activity);
  return activities;
}

}  // namespace

bool Timeline::Pending::operator<(const Pending& other) const {
  return std::tie(other.event.time_us, other.order) < std::tie(event.time_us, order);
}

Timeline::Timeline(const Shop& shop, std::vector<Shopper> shoppers, std::uint64_t num_events,
                   Micros span, Random random)
    : shop_(shop),
      shoppers_(std::move(shoppers)),
      by_activity_(Activities(shoppers_)),
      gap_us_(kMeanRate * kEventsPerVisit * static_cast<double>(span) /
              static_cast<double>(num_events)),
      random_(random),
      next_visit_(kStart) {
  next_visit_ = NextVisit();
}

Event Timeline::Next() {
  while (pending_.empty() || pending_.top().event.time_us >= WholeSecond(next_visit_)) {
    StartVisit();
  }
  Event event = pending_.top().event;
  pending_.pop();
  event.event_id = absl::StrFormat("e%d", ++num_events_);
  return event;
}

void Timeline::StartVisit() {
  std::string session_id = absl::StrFormat("s%d", ++num_visits_);
  const Micros start = WholeSecond(next_visit_);
  std::vector<Event> events =
      MakeVisit(shop_, ChooseShopper(start), std::move(session_id), start, random_);
  std::uint64_t order = num_visits_ << 10;  // A visit has fewer than 1,024 events.
  for (Event& event : events) pending_.push({std::move(event), order++});
  next_visit_ = NextVisit();
}

// Draws at the busiest rate and drops what is too many for the hour. The time is rounded where the
// half second that this takes from each gap is nothing, so that a seed keeps giving the same shop;
// not where visits crowd, or time would hardly move.
Micros Timeline::NextVisit() {
  Micros time = next_visit_;
  do {
    time += static_cast<Micros>(gap_us_ * random_.Exponential());
  } while (random_.Uniform() >= Rate(time));
  return gap_us_ < kCrowdedUs ? time : WholeSecond(time);
}

Shopper& Timeline::ChooseShopper(Micros start) {
  for (int i = 0; i < kTriesToFindShopper; ++i) {
    Shopper& shopper = shoppers_[by_activity_.Draw(random_)];
    if (shopper.arrives <= start) return shopper;
  }
  return shoppers_.front();
}

}  // namespace vitrine::simulate
