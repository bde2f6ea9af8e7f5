#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/published.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/models/bundle.h"

namespace vitrine {

// What is served, kept in step with what the bundle folder calls live and with the catalogue.
// Thread-safe.
class LiveModels {
 public:
  // All must outlive it.
  LiveModels(FileSystem& files, BundleFolder folder, const Catalogue& catalogue,
             Published<ModelSet>& published);

  const BundleFolder& folder() const { return folder_; }
  std::shared_ptr<const ModelSet> served() const { return published_.Get(); }

  // Loads the version that LIVE names unless it is served already. One that is damaged is logged
  // once and not tried again; what is served stays, and where that is nothing, the previous version
  // is loaded, or the newest whole one when LIVE itself is damaged.
  void FollowLive();

  // Makes a new version live on disk, then in memory. `content_version` is the catalogue's from
  // before its training began.
  absl::Status Publish(ModelSet models, const std::vector<std::string>& item_ids,
                       std::uint64_t content_version);

  // Loads `version`, or, where it is empty, the one before the live one, serves it and points LIVE
  // at it. Errors: as ModelControl::RollBack; what is served has not changed then.
  absl::Status RollBack(const std::string& version);

  // Whether what is served holds a model of what items are that the catalogue has moved away from.
  bool IsContentStale() const;

  // Makes the models of what items are anew on the catalogue, and puts them in the place of those
  // that are served.
  // Errors: those of the trainer; what is served has not changed then.
  absl::Status RefreshContent(ThreadPool& pool, const std::atomic<bool>& is_cancelled);

  // Events that the store held when the served models were trained; nothing when there are none.
  std::optional<std::uint64_t> TrainedEvents() const;

 private:
  absl::StatusOr<ModelSet> Load(const std::string& version) const;
  bool TryLoad(const std::string& version);
  void LoadNewest();

  FileSystem& files_;
  const BundleFolder folder_;
  const Catalogue& catalogue_;
  Published<ModelSet>& published_;

  mutable std::mutex mutex_;
  // All below: guarded by mutex_, as are changes of published_ and of LIVE by this process.
  std::string served_;          // Version.
  std::string refused_;         // The version that LIVE named and that could not be loaded.
  std::string last_complaint_;  // About LIVE itself, to log it once.
  // Of the catalogue, when what is served was made of it; nothing: unknown.
  std::optional<std::uint64_t> content_version_;
};

}  // namespace vitrine
