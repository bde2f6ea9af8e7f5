#include "cli/model_settings.h"

#include <atomic>
#include <set>

#include "absl/strings/numbers.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine::cli {

// A trainer looks at its settings first. One that is cancelled from the start and has no data says
// nothing about a setting that it would not say about its defaults.
absl::Status CheckSetting(const Trainer& trainer, const std::string& name,
                          const std::string& value) {
  const std::atomic<bool> is_cancelled = true;
  ThreadPool pool(1);
  const TrainingContext context{&pool, {}, &is_cancelled};
  const absl::Status with = trainer.train(Dataset(), {{name, value}}, context).status();
  const absl::Status without = trainer.train(Dataset(), {}, context).status();
  return absl::IsInvalidArgument(with) && with != without ? with : absl::OkStatus();
}

void RaiseMinShoppers(std::size_t min_group, const std::vector<std::string>& models,
                      std::map<std::string, Settings>& settings) {
  if (min_group <= 1) return;
  std::set<std::string> names(models.begin(), models.end());
  for (const Trainer& trainer : Trainers()) names.emplace(trainer.name);
  for (const auto& [name, unused] : settings) names.insert(name);
  for (const std::string& name : names) {
    const Trainer* trainer = FindTrainer(name);
    if (trainer == nullptr) continue;
    const auto usual = trainer->defaults.find("min_shoppers");
    if (usual == trainer->defaults.end()) continue;
    const auto given = settings[name].insert(*usual).first;
    std::size_t count = 0;
    const bool is_less = absl::SimpleAtoi(given->second, &count) && count < min_group;
    if (is_less) given->second = std::to_string(min_group);
  }
}

}  // namespace vitrine::cli
