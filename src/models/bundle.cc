#include "vitrine/models/bundle.h"

#include "models/bundle_codec.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {
namespace {

// The last character is the version of docs/formats/bundle.md.
constexpr std::string_view kMagic = "VTBUNDL2";
constexpr std::uint64_t kFrameBytes = 16;  // Magic and checksum.

}  // namespace

absl::Status SaveBundle(FileSystem& files, const std::string& path, const ModelSet& models,
                        const std::vector<std::string>& item_ids) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, EncodeBundle(models, item_ids, ModelKinds()));
  return WriteCheckedFile(files, path, kMagic, bytes);
}

absl::StatusOr<ModelSet> LoadBundle(
    FileSystem& files, const std::string& path, std::size_t num_items,
    const std::function<std::optional<ItemIndex>(std::string_view)>& find) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadCheckedFile(files, path, kMagic));
  return DecodeBundle(bytes, path, num_items, find, ModelKinds());
}

absl::StatusOr<BundleSummary> ReadBundleSummary(FileSystem& files, const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadCheckedFile(files, path, kMagic));
  VITRINE_ASSIGN_OR_RETURN(BundleSummary summary, DecodeSummary(bytes, path));
  summary.num_bytes = bytes.size() + kFrameBytes;
  return summary;
}

}  // namespace vitrine
