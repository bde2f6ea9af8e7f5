#include "feature_store/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::string_view kMagic = "VTRviews";
constexpr std::uint64_t kVersion = 4;  // 3 had no items shown.
constexpr std::string_view kPrefix = "views-";
constexpr std::string_view kSuffix = ".checkpoint";

std::string NameOf(const StoreState& state) {
  return absl::StrFormat("%s%020d%s", kPrefix, state.sequence, kSuffix);
}

// Names of checkpoints, drafts of them included, in order of sequence.
absl::StatusOr<std::vector<std::string>> ListCheckpoints(FileSystem& files,
                                                         const std::string& folder) {
  VITRINE_ASSIGN_OR_RETURN(std::vector<std::string> names, files.ListFolder(folder));
  std::erase_if(names, [](const std::string& name) { return !name.starts_with(kPrefix); });
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status RemoveAllBut(FileSystem& files, const std::string& folder, const std::string& kept) {
  VITRINE_ASSIGN_OR_RETURN(const auto names, ListCheckpoints(files, folder));
  for (const std::string& name : names) {
    if (name == kept) continue;
    VITRINE_RETURN_IF_ERROR(files.Remove(absl::StrFormat("%s/%s", folder, name)));
  }
  return files.SyncFolder(folder);
}

absl::StatusOr<Checkpoint> Decode(const std::string& bytes, const std::string& path) {
  ByteReader reader(bytes);
  const std::uint64_t version = reader.Unsigned();
  if (version != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s has version %d, this binary reads %d", path, version, kVersion));
  }
  Checkpoint checkpoint{.store = reader.String(), .signature = reader.String()};
  const std::string state = reader.String();
  checkpoint.views = reader.String();
  VITRINE_RETURN_IF_ERROR(reader.Finish(path));
  VITRINE_ASSIGN_OR_RETURN(checkpoint.state, DecodeStoreState(state));
  return checkpoint;
}

absl::StatusOr<Checkpoint> ReadUsable(FileSystem& files, const std::string& path,
                                      const Checkpoint& current) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadCheckedFile(files, path, kMagic));
  VITRINE_ASSIGN_OR_RETURN(Checkpoint checkpoint, Decode(bytes, path));
  if (checkpoint.store != current.store) {
    return absl::FailedPreconditionError(path + " is another store's");
  }
  if (checkpoint.signature != current.signature) {
    return absl::FailedPreconditionError(path + " was made under other settings");
  }
  if (checkpoint.state.sequence > current.state.sequence ||
      checkpoint.state.next_offset > current.state.next_offset) {
    return absl::FailedPreconditionError(path + " is newer than the store");
  }
  return checkpoint;
}

}  // namespace

std::string SettingsSignature(const FeatureStoreOptions& options) {
  ByteWriter writer;
  writer.Unsigned(options.history_limit);
  writer.Double(options.popularity_half_life_days);
  for (const float weight : options.weights.by_type) writer.Float(weight);
  return writer.Take();
}

absl::Status WriteCheckpoint(FileSystem& files, const std::string& folder,
                             const Checkpoint& checkpoint) {
  ByteWriter writer;
  writer.Unsigned(kVersion);
  writer.String(checkpoint.store);
  writer.String(checkpoint.signature);
  writer.String(EncodeStoreState(checkpoint.state));
  writer.String(checkpoint.views);
  const std::string name = NameOf(checkpoint.state);
  VITRINE_RETURN_IF_ERROR(WriteCheckedFile(files, folder + "/" + name, kMagic, writer.bytes()));
  return RemoveAllBut(files, folder, name);
}

std::optional<Checkpoint> ReadCheckpoint(FileSystem& files, const std::string& folder,
                                         const Checkpoint& current, Others others) {
  const auto names = ListCheckpoints(files, folder);
  if (!names.ok()) return std::nullopt;
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    if (name->ends_with(".tmp")) continue;  // A process was killed while it wrote this one.
    const std::string path = folder + "/" + *name;
    auto checkpoint = ReadUsable(files, path, current);
    if (checkpoint.ok()) return *std::move(checkpoint);
    Log(LogLevel::kWarning, "store.checkpoint-ignored",
        {{"file", path}, {"reason", std::string(checkpoint.status().message())}});
    // It must not come to look right when the store has grown to its sequence.
    if (others == Others::kRemove) (void)files.Remove(path);
  }
  return std::nullopt;
}

bool IsCheckpointName(std::string_view name) { return name.starts_with(kPrefix); }

std::uint64_t NumCheckpointBytes(const std::string& folder) {
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (!file.path().filename().string().starts_with(kPrefix)) continue;
    const std::uint64_t size = file.file_size(error);
    if (!error) total += size;
  }
  return total;
}

absl::Status RemoveCheckpoints(FileSystem& files, const std::string& folder) {
  return RemoveAllBut(files, folder, "");
}

}  // namespace vitrine
