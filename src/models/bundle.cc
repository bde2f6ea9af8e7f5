#include "vitrine/models/bundle.h"

#include "models/bundle_codec.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {
namespace {

// The last character is the version of docs/formats/bundle.md.
constexpr std::string_view kMagic = "VTBUNDL3";
// Read too: the same, but for `content`, which had no meaning and says so.
constexpr std::string_view kOlderMagic = "VTBUNDL2";
constexpr std::uint64_t kFrameBytes = 16;  // Magic and checksum.

absl::StatusOr<std::string> ReadPayload(FileSystem& files, const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadCheckedFile(files, path, kMagic);
  if (!absl::IsDataLoss(bytes.status())) return bytes;
  absl::StatusOr<std::string> older = ReadCheckedFile(files, path, kOlderMagic);
  return older.ok() ? std::move(older) : std::move(bytes);
}

}  // namespace

absl::Status SaveBundle(FileSystem& files, const std::string& path, const ModelSet& models,
                        const std::vector<std::string>& item_ids) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, EncodeBundle(models, item_ids, ModelKinds()));
  return WriteCheckedFile(files, path, kMagic, bytes);
}

absl::StatusOr<ModelSet> LoadBundle(
    FileSystem& files, const std::string& path, std::size_t num_items,
    const std::function<std::optional<ItemIndex>(std::string_view)>& find) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadPayload(files, path));
  return DecodeBundle(bytes, path, num_items, find, ModelKinds());
}

absl::StatusOr<Bundle> ReadBundle(FileSystem& files, const std::string& path) {
  Bundle bundle;
  const auto next = [&bundle](std::string_view id) {
    bundle.item_ids.emplace_back(id);
    return std::optional(ItemIndex(static_cast<std::uint32_t>(bundle.item_ids.size() - 1)));
  };
  VITRINE_ASSIGN_OR_RETURN(bundle.models, LoadBundle(files, path, 0, next));
  return bundle;
}

absl::StatusOr<BundleSummary> ReadBundleSummary(FileSystem& files, const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadPayload(files, path));
  VITRINE_ASSIGN_OR_RETURN(BundleSummary summary, DecodeSummary(bytes, path));
  summary.num_bytes = bytes.size() + kFrameBytes;
  return summary;
}

}  // namespace vitrine
