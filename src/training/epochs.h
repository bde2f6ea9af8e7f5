#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "vitrine/nn/training_loop.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// Epochs over `num_examples` > 0 in batches of `batch`, the rate falling along half a cosine.
nn::TrainingLoopOptions CosineEpochs(std::size_t num_examples, std::size_t batch,
                                     std::size_t epochs, double rate, std::uint64_t seed);

// That tell `context` how far the epochs are and ask it whether to go on. `before`: epochs of this
// training that went before; `in_all`: with those and all to come, 0: these are all. `context` must
// outlive them.
nn::TrainingCallbacks CallbacksOf(const TrainingContext& context, std::size_t before = 0,
                                  std::size_t in_all = 0);

// `context` for the networks of one training, which learns a model of this kind from data of that
// fingerprint with these settings, all of them: who follows them hears their full names, as the
// model is called, and what they learn from. `context` must outlive it.
TrainingContext ForNetworks(const TrainingContext& context, std::string_view kind,
                            std::uint64_t data, const Settings& settings);

// One of these networks.
struct Network {
  std::string part{};  // Empty where it is the only one, or its name among them, such as "factors".
  std::size_t num_examples = 0;
  nn::ParameterList parameters{};
};

// Trains it, followed by `context.networks`, which ForNetworks made. Errors: those of
// nn::RunTrainingLoop; what is wrong with a checkpoint is DATA_LOSS or UNAVAILABLE, as it says
// nothing of the data or the settings.
absl::Status TrainNetwork(const Network& network, nn::TrainingLoopOptions loop,
                          const nn::TrainingCallbacks& callbacks, const TrainingContext& context);

// The same without following it but for what is in `loop` and `callbacks`, for networks that learn
// beside each other.
absl::StatusOr<nn::TrainingReport> RunEpochs(const Network& network,
                                             const nn::TrainingLoopOptions& loop,
                                             const nn::TrainingCallbacks& callbacks,
                                             ThreadPool* pool);

}  // namespace vitrine
