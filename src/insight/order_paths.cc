#include "insight/order_paths.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "insight/sessions.h"
#include "insight/small_groups.h"
#include "insight/words.h"

namespace vitrine {
namespace {

struct Steps {
  std::vector<EventType> types{};
  bool is_cut = false;
  auto operator<=>(const Steps&) const = default;
};

// Steps on the way to the next order of a visit.
class Way {
 public:
  void Add(const Act& act) {
    if (types_.empty()) start_us_ = act.time_us;
    if (types_.empty() || types_.back() != act.type) types_.push_back(act.type);
  }

  double MinutesTo(Micros order_us) const {
    if (types_.empty()) return 0;
    return static_cast<double>(order_us - start_us_) / kMicrosPerMinute;
  }

  Steps Take(std::size_t max_steps) {
    Steps steps{.types = std::move(types_)};
    types_.clear();
    if (steps.types.size() > max_steps) {
      steps.is_cut = true;
      steps.types.erase(steps.types.begin(),
                        steps.types.end() - static_cast<std::ptrdiff_t>(max_steps));
    }
    return steps;
  }

 private:
  std::vector<EventType> types_;
  Micros start_us_ = 0;
};

// The orders that came of one path.
struct Taken {
  std::vector<double> minutes{};
  Behind shoppers{};
};

// Leaves out the paths that too few shoppers took. One may have taken several.
void Withhold(std::size_t min_group, std::map<Steps, Taken>& taken, OrderPaths& made) {
  std::vector<CountedPart> parts;
  for (const auto& [steps, of_path] : taken) {
    parts.push_back({.count = of_path.minutes.size(), .behind = &of_path.shoppers});
  }
  const std::vector<bool> is_hidden = TooFew(parts, min_group);
  std::size_t number = 0;
  for (auto path = taken.begin(); path != taken.end(); ++number) {
    path = is_hidden[number] ? taken.erase(path) : std::next(path);
  }
  made.num_withheld = made.num_paths - taken.size();
}

}  // namespace

OrderPaths MakeOrderPaths(const Timelines& timelines, Micros session_gap_us,
                          const InsightOptions& options) {
  std::map<Steps, Taken> taken;
  std::vector<bool> is_seen(timelines.orders.size(), false);
  for (std::size_t shopper = 0; shopper < timelines.num_shoppers(); ++shopper) {
    ForEachSession(timelines.ActsOf(shopper), session_gap_us, [&](std::span<const Act> session) {
      Way way;
      for (const Act& act : session) {
        if (act.order == Act::kNoOrder) {
          way.Add(act);
        } else if (!is_seen[act.order]) {
          is_seen[act.order] = true;
          const double minutes = way.MinutesTo(act.time_us);
          Taken& path = taken[way.Take(options.max_path_steps)];
          path.minutes.push_back(minutes);
          NoteBehind(shopper, options.min_group, path.shoppers);
        }
      }
    });
  }
  OrderPaths made{.num_orders = timelines.orders.size(), .num_paths = taken.size()};
  Withhold(options.min_group, taken, made);
  for (auto& [steps, path] : taken) {
    std::vector<double>& minutes = path.minutes;
    made.paths.push_back(
        {.steps = steps.types,
         .is_cut = steps.is_cut,
         .orders = minutes.size(),
         .share = static_cast<double>(minutes.size()) / static_cast<double>(made.num_orders),
         .median_minutes = QuantileOf(std::move(minutes), 0.5)});
  }
  std::stable_sort(made.paths.begin(), made.paths.end(),
                   [](const auto& a, const auto& b) { return a.orders > b.orders; });
  if (made.paths.size() > options.max_paths) made.paths.resize(options.max_paths);
  return made;
}

}  // namespace vitrine
