#include "vitrine/models/trend.h"

#include <algorithm>
#include <cmath>

namespace vitrine {
namespace {

constexpr double kRecentPrior = 1;
constexpr double kAllPrior = 5;

double LnTrend(double recent, double all) {
  return std::log((kRecentPrior + recent) / (kAllPrior + all));
}

struct Touched {
  double recent = 0;
  double all = 0;
};

}  // namespace

double Trend::FactorOf(ItemIndex item) const {
  if (power == 0) return 1;
  const float ln = Row(item) < ln_by_item.size() ? ln_by_item[Row(item)] : kUntouchedTrend;
  return std::exp(power * static_cast<double>(ln));
}

Trend MeasureTrend(const Dataset& dataset, double power, double half_life_days) {
  std::vector<Touched> touched(dataset.num_items());
  std::vector<std::size_t> last_user(dataset.num_items(), dataset.num_users());
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    for (auto each = history.rbegin(); each != history.rend(); ++each) {
      if (each->weight <= 0 || last_user[Row(each->item)] == user) continue;
      last_user[Row(each->item)] = user;
      const auto days = static_cast<double>(std::max<Micros>(dataset.now_us - each->time_us, 0)) /
                        static_cast<double>(kMicrosPerDay);
      touched[Row(each->item)].recent += std::exp2(-days / half_life_days);
      touched[Row(each->item)].all += 1;
    }
  }
  Trend trend{.power = power, .half_life_days = half_life_days};
  trend.ln_by_item.reserve(touched.size());
  for (const Touched& item : touched) {
    trend.ln_by_item.push_back(static_cast<float>(LnTrend(item.recent, item.all)));
  }
  return trend;
}

}  // namespace vitrine
