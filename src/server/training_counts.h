#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "vitrine/engine/model_control.h"

namespace vitrine {

// How the trainings since the server began to answer have ended. ModelControl remembers the last
// ones alone; each of them is counted once, at the first look after its end. What ends between two
// looks and is forgotten before the second is missed: looks are to be closer than 50 trainings.
// Thread-safe.
class TrainingCounts {
 public:
  using State = TrainingProgress::State;

  // What has ended by now is of the time before, and counts for nothing.
  void Begin(const ModelControl& models);

  // Of every state in which a training can end, 0 where none did. They only grow.
  std::map<State, std::uint64_t> Look(const ModelControl& models);

 private:
  std::mutex mutex_;
  std::string last_counted_;  // Guarded by mutex_. The training that ended last; empty: none did.
  std::map<State, std::uint64_t> counts_ = {{State::kSucceeded, 0},
                                            {State::kFailed, 0},
                                            {State::kCancelled, 0},
                                            {State::kRefused, 0}};  // Guarded by mutex_.
};

}  // namespace vitrine
