#include "vitrine/base/counters.h"

namespace vitrine {

Counter& Counters::Get(std::string_view name) {
  std::lock_guard lock(mutex_);
  const auto found = counters_.find(name);
  if (found != counters_.end()) return *found->second;
  return *counters_.emplace(std::string(name), std::make_unique<Counter>()).first->second;
}

std::map<std::string, std::uint64_t> Counters::Read() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> values;
  for (const auto& [name, counter] : counters_) values.emplace(name, counter->value());
  return values;
}

}  // namespace vitrine
