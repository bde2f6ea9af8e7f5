#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/models/bundle.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {

// Between model sets and the bytes inside a bundle file, as docs/formats/bundle.md lays them out.
// `kinds` is the registry to use; `what` names the bytes in errors, mostly their path.

// Errors: INVALID_ARGUMENT a model is of no kind in `kinds`.
absl::StatusOr<std::string> EncodeBundle(const ModelSet& models,
                                         std::span<const std::string> item_ids,
                                         std::span<const ModelKind> kinds);

// Errors: DATA_LOSS the bytes make no sense, or a model is of no kind in `kinds`.
absl::StatusOr<ModelSet> DecodeBundle(
    std::string_view bytes, std::string_view what, std::size_t num_items,
    const std::function<std::optional<ItemIndex>(std::string_view)>& find,
    std::span<const ModelKind> kinds);

// Reads no further than the models' names. Errors: DATA_LOSS.
absl::StatusOr<BundleSummary> DecodeSummary(std::string_view bytes, std::string_view what);

}  // namespace vitrine
