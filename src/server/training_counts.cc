#include "server/training_counts.h"

#include <utility>
#include <vector>

namespace vitrine {
namespace {

using State = TrainingProgress::State;

// Newest first; none runs but the first.
std::vector<TrainingProgress> Ended(const ModelControl& models) {
  std::vector<TrainingProgress> trainings = models.ListTrainings();
  if (!trainings.empty() && trainings.front().state == State::kRunning) {
    trainings.erase(trainings.begin());
  }
  return trainings;
}

}  // namespace

void TrainingCounts::Begin(const ModelControl& models) {
  const std::lock_guard lock(mutex_);
  const std::vector<TrainingProgress> ended = Ended(models);
  if (!ended.empty()) last_counted_ = ended.front().id;
}

std::map<State, std::uint64_t> TrainingCounts::Look(const ModelControl& models) {
  const std::lock_guard lock(mutex_);  // A list from before another look would be counted again.
  const std::vector<TrainingProgress> ended = Ended(models);
  for (const TrainingProgress& training : ended) {
    if (training.id == last_counted_) break;
    ++counts_[training.state];
  }
  if (!ended.empty()) last_counted_ = ended.front().id;
  return counts_;
}

}  // namespace vitrine
