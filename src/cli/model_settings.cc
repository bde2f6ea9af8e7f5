#include "cli/model_settings.h"

#include <atomic>

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

}  // namespace vitrine::cli
