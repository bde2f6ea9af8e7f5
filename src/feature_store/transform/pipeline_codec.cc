#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/saved_fields.h"
#include "feature_store/transform/saved_models.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/pipeline.h"

namespace vitrine {
namespace {

constexpr std::string_view kMagic = "VTTRANS1";

// Whether a fitted step can be what a Fit made; those without an IsSound of their own can.
template <typename Fitted>
bool CanBe(const Fitted& fitted) {
  if constexpr (requires { IsSound(fitted); }) {
    return IsSound(fitted);
  } else {
    return true;
  }
}

absl::Status Damaged(std::string_view what, std::string_view kind) {
  return absl::DataLossError(
      absl::StrFormat("%s is damaged: a step %s in it makes no sense", what, kind));
}

template <typename Fitted>
absl::StatusOr<FittedStep> DecodeAs(std::string_view body, std::string_view what) {
  ByteReader reader(body);
  Fitted fitted;
  const bool is_read = ReadField(reader, fitted);
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  if (!is_read || !CanBe(fitted)) return Damaged(what, Fitted::kKind);
  VITRINE_RETURN_IF_ERROR(reader.Finish(what));
  return fitted;
}

// Tries the alternatives of FittedStep, first to last.
template <std::size_t kNext = 0>
absl::StatusOr<FittedStep> DecodeStep(std::string_view kind, std::string_view body,
                                      std::string_view what) {
  if constexpr (kNext == std::variant_size_v<FittedStep>) {
    return absl::DataLossError(
        absl::StrFormat("%s holds a step of kind '%s', which this binary does not know: was it "
                        "written by a newer version?",
                        what, kind));
  } else {
    using Fitted = std::variant_alternative_t<kNext, FittedStep>;
    if (kind == Fitted::kKind) return DecodeAs<Fitted>(body, what);
    return DecodeStep<kNext + 1>(kind, body, what);
  }
}

}  // namespace

std::string EncodePipeline(const TransformPipeline& pipeline) {
  ByteWriter writer;
  WriteField(pipeline.input(), writer);
  writer.Unsigned(pipeline.steps().size());
  for (const FittedStep& step : pipeline.steps()) {
    ByteWriter body;
    std::visit([&](const auto& fitted) { WriteField(fitted, body); }, step);
    writer.String(KindOf(step));
    writer.String(body.bytes());
  }
  return writer.Take();
}

absl::StatusOr<TransformPipeline> DecodePipeline(std::string_view bytes, std::string_view what) {
  ByteReader reader(bytes);
  TransformPipeline pipeline;
  const bool is_read = ReadField(reader, pipeline.input_);
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  if (!is_read) {
    return absl::DataLossError(absl::StrFormat("%s is damaged: its columns are of no kind", what));
  }
  for (std::size_t left = reader.Count(2); left > 0 && reader.ok(); --left) {
    const std::string kind = reader.String();
    const std::string body = reader.String();
    VITRINE_RETURN_IF_ERROR(reader.status(what));
    VITRINE_ASSIGN_OR_RETURN(FittedStep step, DecodeStep(kind, body, what));
    pipeline.steps_.push_back(std::move(step));
  }
  VITRINE_RETURN_IF_ERROR(reader.Finish(what));
  return pipeline;
}

absl::Status SavePipeline(const TransformPipeline& pipeline, FileSystem& files,
                          const std::string& path) {
  return WriteCheckedFile(files, path, kMagic, EncodePipeline(pipeline));
}

absl::StatusOr<TransformPipeline> LoadPipeline(FileSystem& files, const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadCheckedFile(files, path, kMagic));
  return DecodePipeline(bytes, path);
}

}  // namespace vitrine
