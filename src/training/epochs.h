#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "training/trainers.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

// Epochs over `num_examples` > 0 in batches of `batch`, the rate falling along half a cosine.
inline nn::TrainingLoopOptions CosineEpochs(std::size_t num_examples, std::size_t batch,
                                            std::size_t epochs, double rate, std::uint64_t seed) {
  nn::TrainingLoopOptions loop;
  loop.batch_size = std::min(batch, num_examples);
  loop.epochs = epochs;
  loop.seed = seed;
  loop.schedule.kind = nn::ScheduleKind::kCosine;
  loop.schedule.rate = rate;
  loop.schedule.num_steps = epochs * ((num_examples + loop.batch_size - 1) / loop.batch_size);
  return loop;
}

// That tell `context` how far the epochs are and ask it whether to go on. `before`: epochs of this
// training that went before; `in_all`: with those and all to come, 0: these are all. `context` must
// outlive them.
inline nn::TrainingCallbacks CallbacksOf(const TrainingContext& context, std::size_t before = 0,
                                         std::size_t in_all = 0) {
  nn::TrainingCallbacks callbacks;
  callbacks.on_progress = [&context, before, in_all](const nn::TrainingProgress& at) {
    const double share = static_cast<double>(at.step) / static_cast<double>(at.num_steps);
    const double done = static_cast<double>(before + at.epoch - 1) + share;
    ReportProgress(context,
                   0.999 * done / static_cast<double>(in_all > 0 ? in_all : at.num_epochs));
  };
  callbacks.is_cancelled = [&context] { return IsCancelled(context); };
  return callbacks;
}

}  // namespace vitrine
