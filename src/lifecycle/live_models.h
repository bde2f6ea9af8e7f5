#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lifecycle/probation.h"
#include "vitrine/base/clock.h"
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
  // Is given each set before it is published; may be empty.
  using WarmUp = std::function<void(const std::shared_ptr<const ModelSet>&)>;

  // All must outlive it.
  LiveModels(FileSystem& files, BundleFolder folder, const Catalogue& catalogue,
             Published<ModelSet>& published, const Clock& clock, WarmUp warm_up);

  const BundleFolder& folder() const { return folder_; }
  std::shared_ptr<const ModelSet> served() const { return published_.Get(); }

  // Loads the version that LIVE names unless it is served already. One that is damaged is logged
  // once and not tried again; what is served stays, and where that is nothing, the previous version
  // is loaded, or the newest whole one when LIVE itself is damaged.
  void FollowLive();

  // Makes a new version live on disk, then in memory. `instead_of`: the version that it was held
  // against, "" for none; it takes the place of no other one. Nothing: of any.
  // Errors: ABORTED another one is live by now; those of FileSystem.
  absl::Status Publish(ModelSet models, const std::vector<std::string>& item_ids,
                       const std::optional<std::string>& instead_of);

  // Loads `version`, or what one of the aliases stands for, serves it and points LIVE at it.
  // Errors: as ModelControl::MakeLive; ABORTED `instead_of`, where it is not empty, is not live any
  // more; what is served has not changed then.
  struct Change {
    std::string from{};
    std::string to{};
    bool is_promotion = false;  // `to` was the candidate.
  };
  absl::StatusOr<Change> MakeLive(const std::string& version, const std::string& instead_of = "");

  // Is told of the candidate that there is from now on; null: none. Must be quick, and not call
  // back.
  using TellCandidate = std::function<void(std::shared_ptr<const ModelSet>)>;
  // Makes a new version the candidate, on disk and in memory.
  absl::Status SaveCandidate(ModelSet models, const std::vector<std::string>& item_ids,
                             const TellCandidate& tell);
  // Tells of the bundle that CANDIDATE names. Errors, and then of none: those of LoadBundle.
  absl::Status LoadCandidate(const TellCandidate& tell);
  // Whether CANDIDATE names another version than the one last saved or loaded here, as when another
  // process wrote it.
  bool HasOtherCandidate() const;

  // Of what is served, where it went live by a publication, of this process or another, or by a
  // promotion. What was loaded at the start is on probation where it was when the process before
  // ended; what MakeLive went back to is not.
  std::optional<Probation> probation() const;
  // What is known of the version before, over a restart too: that process has answered nothing with
  // it. Nothing happens where another one is on probation by now.
  void KeepBefore(const std::string& version, const ServingFigures& before);
  // Of this version: it is not taken back any more.
  void EndProbation(const std::string& version);

  // Whether what is served holds a model of what items are that the catalogue has moved away from.
  bool IsContentStale() const;

  // Makes the models of what items are anew on the catalogue, and puts them in the place of those
  // that are served.
  // Errors: those of the trainer; what is served has not changed then.
  absl::Status RefreshContent(ThreadPool& pool, const std::atomic<bool>& is_cancelled);

  // Events that the store held when the served models were trained; nothing when there are none.
  std::optional<std::uint64_t> TrainedEvents() const;

  // Frees the sets that nobody answers with any more, on this thread rather than on that of the
  // request which was the last to use them. Whether there were any.
  bool FreeReplaced();

 private:
  absl::StatusOr<ModelSet> Load(const std::string& version) const;
  absl::StatusOr<std::string> Resolve(const std::string& version) const;
  bool TryLoad(const std::string& version);
  absl::Status CheckStillLive(const std::string& version) const;  // REQUIRES: mutex_ is held.
  void LoadNewest();
  // Warms the models up and publishes them; their content may be made anew, whatever became of that
  // of those before. REQUIRES: mutex_ is held.
  void Serve(std::shared_ptr<const ModelSet> models);
  // Of served_, which took the place of `previous`; "": it is loaded at the start.
  // REQUIRES, for all: mutex_ is held.
  void BeginProbation(const std::string& previous);
  void ResumeProbation();
  void WriteProbation();
  void ForgetProbation();

  FileSystem& files_;
  const BundleFolder folder_;
  const std::string probation_path_;
  const Catalogue& catalogue_;
  Published<ModelSet>& published_;
  const Clock& clock_;
  const WarmUp warm_up_;

  mutable std::mutex mutex_;
  // All below: guarded by mutex_, as are changes of published_ and of LIVE by this process.
  std::string served_;          // Version.
  std::string refused_;         // The version that LIVE named and that could not be loaded.
  std::string last_complaint_;  // About LIVE itself, to log it once.
  std::string candidate_;       // The version that was told of, or could not be loaded.
  // Content fingerprint of the catalogue that nothing could be made of; 0: none is known.
  std::uint32_t unmade_content_ = 0;
  std::optional<Probation> probation_;
  std::vector<std::shared_ptr<const ModelSet>> replaced_;
};

}  // namespace vitrine
