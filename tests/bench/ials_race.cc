// Trains ials epoch by epoch until it reaches a recall@20, and prints the seconds of training
// alone.
//
//   ials_race TRAIN TEST DIMENSIONS GOAL [SOLVER [LAMBDA [ALPHA0]]]
//
// The files hold "user item item ..." lines; what a user has in TRAIN is masked. Two threads.
// Beside Python's implicit: scripts/compare_implicit.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "bench/measuring.h"
#include "training/ials_trainer.h"
#include "training/pair_weights.h"
#include "vitrine/evaluation/protocol.h"
#include "vitrine/evaluation/read_interactions.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kMostEpochs = 12;  // As many as the other side has.

double Recall(const Matrix& items, const IalsTraining& training, const Split& split,
              ThreadPool& pool) {
  const auto scorer = Ials::Create(items, training.options);
  if (!scorer.ok()) return 0;
  return EvaluateModel(MakeModel(*scorer), split, {.cutoffs = {20}}, pool).at[20].recall;
}

int Run(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr,
                 "usage: ials_race TRAIN TEST DIMENSIONS GOAL [SOLVER [LAMBDA [ALPHA0]]]\n");
    return 2;
  }
  const auto split = ReadFixedSplit(LocalFileSystem(), argv[1], argv[2],
                                    InteractionFormat::kPairsByUser, /*allow_repeats=*/false);
  if (!split.ok()) {
    std::fprintf(stderr, "%s\n", split.status().ToString().c_str());
    return 1;
  }
  IalsTraining training;
  training.dimensions = static_cast<std::size_t>(std::atoi(argv[3]));
  training.epochs = 1;
  const double goal = std::atof(argv[4]);
  const std::string solver = argc > 5 ? argv[5] : "cholesky";
  if (solver == "cg") training.solver = IalsSolver::kConjugateGradients;
  if (solver == "blocks") training.solver = IalsSolver::kBlocks;
  training.options.lambda = argc > 6 ? std::strtof(argv[6], nullptr) : 0.003F;
  training.options.unobserved_weight = argc > 7 ? std::strtof(argv[7], nullptr) : 0.01F;
  training.options.touch_weights.weighting = Weighting::kBinary;

  std::printf("%s, %zu threads, lambda %g, alpha0 %g\n", ProcessorName().c_str(), kThreads,
              static_cast<double>(training.options.lambda),
              static_cast<double>(training.options.unobserved_weight));
  ThreadPool pool(kThreads);
  const TrainingContext context{.pool = &pool};
  const CsrMatrix weights = LikedPairWeights(split->train, training.options.touch_weights);
  Micros start = MonotonicNow();
  Matrix items = FirstIalsFactors(weights, training);
  double seconds = 0;
  for (std::size_t epoch = 1; epoch <= kMostEpochs; ++epoch) {
    auto next = ContinueIalsFactors(weights, std::move(items), training, context);
    if (!next.ok()) return 1;
    items = *std::move(next);
    seconds += static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
    const double recall = Recall(items, training, *split, pool);
    std::printf("vitrine d=%zu %s epoch %zu: %.3f s, recall@20 %.4f\n", training.dimensions,
                solver.c_str(), epoch, seconds, recall);
    std::fflush(stdout);
    if (recall >= goal) return 0;
    start = MonotonicNow();
  }
  return 1;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) { return vitrine::Run(argc, argv); }
