#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/file_system.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// The views as one file, so that a start replays only what came after. Derived data: a checkpoint
// that is damaged, or made under other settings, is as good as none. docs/formats/store.md.
struct Checkpoint {
  std::string store{};      // StoreKey::Fingerprint: not another store's.
  std::string signature{};  // SettingsSignature of the options it was made under.
  StoreState state{};
  std::string views{};  // StoreViews::Cut::Write
};

// All options that shape the views.
std::string SettingsSignature(const FeatureStoreOptions& options);

// Writes the checkpoint into `folder`, under a name that has its sequence, and removes all others.
absl::Status WriteCheckpoint(FileSystem& files, const std::string& folder,
                             const Checkpoint& checkpoint);

// The newest one in `folder` that is whole, belongs to the same store, settings and past as
// `current` says; the others are logged and, by an owner, removed.
enum class Others { kKeep, kRemove };
std::optional<Checkpoint> ReadCheckpoint(FileSystem& files, const std::string& folder,
                                         const Checkpoint& current, Others others);

// Whether a file of this name is a checkpoint, or half of one.
bool IsCheckpointName(std::string_view name);

// Of all checkpoints in `folder`.
std::uint64_t NumCheckpointBytes(const std::string& folder);

absl::Status RemoveCheckpoints(FileSystem& files, const std::string& folder);

}  // namespace vitrine
