#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/feature_store/transform/cleaning.h"
#include "vitrine/feature_store/transform/cyclical.h"
#include "vitrine/feature_store/transform/encoding.h"
#include "vitrine/feature_store/transform/feature_table.h"
#include "vitrine/feature_store/transform/imputation.h"
#include "vitrine/feature_store/transform/reduction_steps.h"
#include "vitrine/feature_store/transform/scaling.h"
#include "vitrine/feature_store/transform/selection_step.h"
#include "vitrine/feature_store/transform/target_mean.h"
#include "vitrine/feature_store/transform/text_steps.h"

namespace vitrine {

// A step to fit, and the same one fitted. Each pair of structs shares a kKind, which names it in
// configs and files.
using StepSettings =
    std::variant<DeduplicateSettings, ClipSettings, ConvertSettings, SelectSettings, ImputeSettings,
                 ScaleSettings, LogSettings, BinSettings, CyclicalSettings, OneHotSettings,
                 OrdinalSettings, HashSettings, TargetMeanSettings, SelectionSettings, PcaSettings,
                 DiscriminantSettings, TfIdfSettings, LatentSemanticsSettings>;
using FittedStep =
    std::variant<FittedDeduplicate, FittedClip, FittedConvert, FittedSelect, FittedImpute,
                 FittedScale, FittedLog, FittedBins, FittedCyclical, FittedOneHot, FittedOrdinal,
                 FittedHash, FittedTargetMean, FittedSelection, FittedPca, FittedDiscriminants,
                 FittedTfIdf, FittedLatentSemantics>;

struct PipelineSettings {
  std::vector<StepSettings> steps{};
  // What is to be predicted; empty: nothing. No step may change it, all columns of a kind are
  // without it, steps that learn from a target learn from this one, and Apply does without it.
  std::string target{};
  // Texts that stand for a missing value where tables are read from files.
  std::vector<std::string> missing{};
};

struct InputColumn {
  std::string name{};
  ColumnKind kind{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.kind);
  }
};

// What a pipeline wants of a table.
struct PipelineInput {
  std::vector<InputColumn> columns{};
  std::string target{};
  std::vector<std::string> missing{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns, self.target, self.missing);
  }
};

// One step at work, for whoever watches. Views: of use during the call alone.
struct StepTrace {
  std::size_t number = 0;  // 1 is the first.
  std::string_view kind{};
  std::vector<std::string> learned{};
  const FeatureTable& before;
  const FeatureTable& after;
};
using StepObserver = std::function<void(const StepTrace& trace)>;

struct FittedPipeline;

// Transforms in a row: what one makes, the next works on. Fitted on training rows and applied to
// any, so that a model sees in serving what it saw in training. A value; thread-safe.
class TransformPipeline {
 public:
  // Fits each step on what those before it make of `table`, and returns the pipeline with what it
  // makes of the rows themselves, for training. That is not always what Apply makes of them: means
  // of the target are then out of fold, as if each row were new. `observer` may be empty.
  //
  // Errors: INVALID_ARGUMENT no row, a target that the table has not; those of the steps, each with
  // the step's number and kind in front.
  static absl::StatusOr<FittedPipeline> Fit(FeatureTable table, const PipelineSettings& settings,
                                            const StepObserver& observer = {});

  // Errors: INVALID_ARGUMENT `table` has not the columns that the pipeline was fitted on (in any
  // order, the target may be absent), or others besides, or one of the other kind; those of steps.
  absl::StatusOr<FeatureTable> Apply(FeatureTable table, const StepObserver& observer = {}) const;

  const PipelineInput& input() const { return input_; }
  const std::vector<FittedStep>& steps() const { return steps_; }

 private:
  friend absl::StatusOr<TransformPipeline> DecodePipeline(std::string_view bytes,
                                                          std::string_view what);
  TransformPipeline() = default;
  absl::StatusOr<FeatureTable> Arrange(FeatureTable table) const;

  PipelineInput input_;
  std::vector<FittedStep> steps_;
};

struct FittedPipeline {
  TransformPipeline pipeline;
  FeatureTable table;  // The rows fitted on, transformed.
};

std::string_view KindOf(const StepSettings& settings);
std::string_view KindOf(const FittedStep& step);

// What the step learned, a line a column.
std::vector<std::string> Describe(const FittedStep& step);

// The bytes of docs/formats/transform.md, for a file or inside another. A pipeline that is loaded
// does to a table what the saved one did, to the bit. Errors of Decode: DATA_LOSS the bytes make no
// sense, or hold a step of a kind that this binary does not know; `what` names them.
std::string EncodePipeline(const TransformPipeline& pipeline);
absl::StatusOr<TransformPipeline> DecodePipeline(std::string_view bytes, std::string_view what);

// As a file of its own, with a checksum. Errors: those of FileSystem; DATA_LOSS the file is damaged
// or of another version.
absl::Status SavePipeline(const TransformPipeline& pipeline, FileSystem& files,
                          const std::string& path);
absl::StatusOr<TransformPipeline> LoadPipeline(FileSystem& files, const std::string& path);

}  // namespace vitrine
