#include "cli/evaluate_flags.h"

#include <string_view>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/loss_curves.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/comparison.h"

namespace vitrine::cli {
namespace {

absl::Status CheckClassificationFlags(const EvaluateFlags& flags) {
  const bool is_known = flags.scorer.empty() || flags.scorer == "purchase_predictor";
  if (!is_known || !flags.against.empty()) {
    return UsageError("--protocol classification measures purchase_predictor, and it alone");
  }
  if (!flags.store.empty()) return UsageError("--protocol classification goes without --store");
  if (PartOf(flags) != Part::kTest) {
    return UsageError("--protocol classification holds out each fold once: it has no --part");
  }
  return CheckSplitFlags(flags.split, PartOf(flags));
}

absl::Status CheckNewShopperFlags(const EvaluateFlags& flags) {
  const SplitFlags& split = flags.split;
  if (flags.scorer.empty()) return UsageError("--scorer NAME is missing");
  for (const std::string_view of_many : {kBlendName, kAutoName}) {
    if (flags.scorer != of_many && flags.against != of_many) continue;
    return UsageError(absl::StrFormat(
        "--protocol new-shoppers measures scorers that are trained alone, not %s", of_many));
  }
  if (split.cut.empty() && !split.is_repeats && !split.is_distinct) return absl::OkStatus();
  return UsageError(
      "--protocol new-shoppers cuts at the latest lifecycle.test_fraction of the interactions and "
      "shows no history: it goes without --cut, --repeats and --distinct");
}

// What goes with --store is read from the store and its configuration: a flag that would do nothing
// is refused.
absl::Status CheckStoreFlags(const EvaluateFlags& flags) {
  const SplitFlags& split = flags.split;
  if (!split.train.empty() || !split.test.empty() || !split.data.empty()) {
    return UsageError("--store goes without --train, --test and --data");
  }
  if (!flags.predictions.empty()) return UsageError("--predictions goes without --store");
  if (split.protocol == "purchases") return absl::OkStatus();
  if (IsOfColdItems(flags)) {
    return flags.scorer.empty() ? UsageError("--scorer NAME is missing") : absl::OkStatus();
  }
  if (IsOfNewShoppers(flags)) return CheckNewShopperFlags(flags);
  if (split.protocol != SplitFlags().protocol || !split.cut.empty()) {
    return UsageError(
        "--store splits by time, at the latest lifecycle.test_fraction of the interactions: it "
        "goes with --protocol cold-items, new-shoppers and purchases, and with no other --protocol "
        "or --cut");
  }
  if (PartOf(flags) != Part::kTest || split.is_repeats || split.is_distinct ||
      !flags.against.empty() || !flags.against_set.empty()) {
    return UsageError(
        "--store measures all models beside each other on the test part, new items only: it goes "
        "without --part, --repeats, --distinct and --against");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsOfClassification(const EvaluateFlags& flags) {
  return flags.split.protocol == "classification";
}

bool IsOfColdItems(const EvaluateFlags& flags) { return flags.split.protocol == "cold-items"; }

bool IsOfNewShoppers(const EvaluateFlags& flags) { return flags.split.protocol == "new-shoppers"; }

Part PartOf(const EvaluateFlags& flags) {
  return flags.part == "test" ? Part::kTest : Part::kValidation;
}

void AddEvaluateFlags(CLI::App* command, EvaluateFlags& flags) {
  AddSplitFlags(command, flags.split);
  command->add_option("--part", flags.part, "Settings are chosen on validation, never on test")
      ->check(CLI::IsMember({"test", "validation"}))
      ->capture_default_str();
  command->add_option("--store", flags.store, "Folder of a store; a server may own it")
      ->check(CLI::ExistingDirectory);
  command->add_option("--config", flags.config, "TOML file; flags override it")
      ->check(CLI::ExistingFile);
  command->add_option(
      "--scorer", flags.scorer,
      "A model's name; blend, of models that are named; auto, of what suits the data");
  command->add_option(
      "--set", flags.set,
      "key=value of the scorer; of the blend: MODEL.key=value, weights.MODEL=value, "
      "cold_start_events=value");
  command->add_option("--against", flags.against,
                      "Another scorer to measure and to compare with, user by user");
  command->add_option("--against-set", flags.against_set, "key=value of that one");
  command->add_option("--diversity", flags.diversity,
                      "mmr:LAMBDA or dpp:LAMBDA: how the scorer's lists are made varied, not those "
                      "of --against; none: measure how alike they are");
  command
      ->add_option("--exposure", flags.exposure,
                   "long-tail:SHARE: the least share of the scorer's lists for what is no "
                   "bestseller, not of those of --against")
      ->capture_default_str();
  command->add_option("--at", flags.at, "List lengths to measure at, as 10,20")
      ->delimiter(',')
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--as-paper", flags.is_as_paper,
                    "Measure the scorer as published where serving differs, such as with the user "
                    "vectors of the training");
  command
      ->add_option("--negatives", flags.num_negatives,
                   "Random items that right answers are held against for the AUC; 0: no AUC")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  command
      ->add_option("--cold-share", flags.cold.items.share,
                   "With cold-items: of the items, held out wholly")
      ->check(CLI::Range(0.001, 0.5))
      ->capture_default_str();
  command->add_option("--cold-seed", flags.cold.items.seed, "Draws the first of these")
      ->capture_default_str();
  command->add_option("--cold-seeds", flags.cold.num_seeds, "So many drawings")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--predictions", flags.predictions,
                      "With ratings and classification: file for what was predicted, by fold");
  command->add_option("--curves", flags.curves,
                      "With classification and purchases: file for the ROC and the "
                      "precision-recall curve, points where it ends in .csv, else a picture (SVG)");
  command->add_option("--loss-curve", flags.loss_curve,
                      "File for the losses by epoch of a model that has them: lines (.csv) or a "
                      "picture (.svg); of several networks a file each, with its name");
  command->add_option("--threads", flags.num_threads, "0: one per core");
  command->add_flag("--json", flags.is_json, "One JSON object for scripts");
}

absl::Status CheckEvaluateFlags(const EvaluateFlags& flags) {
  if (!flags.loss_curve.empty()) {
    VITRINE_RETURN_IF_ERROR(CheckLossCurve(flags.loss_curve));
    if (!flags.against.empty()) {
      return UsageError("--loss-curve goes without --against: draw one scorer's at a time");
    }
  }
  if (IsOfClassification(flags)) return CheckClassificationFlags(flags);
  if (!flags.curves.empty() && flags.split.protocol != "purchases") {
    return UsageError("--curves wants --protocol classification or purchases");
  }
  if (!flags.store.empty()) return CheckStoreFlags(flags);
  if (flags.against.empty() && !flags.against_set.empty()) {
    return UsageError("--against-set wants --against");
  }
  if (!flags.predictions.empty() && !IsOfRatings(flags.split)) {
    return UsageError("--predictions wants --protocol ratings or classification");
  }
  const bool wants_scorer = flags.split.protocol != "purchases";
  if (wants_scorer && flags.scorer.empty()) return UsageError("--scorer NAME is missing");
  return CheckSplitFlags(flags.split, PartOf(flags));
}

}  // namespace vitrine::cli
