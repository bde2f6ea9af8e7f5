#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vitrine/base/file_system.h"
#include "vitrine/engine/model_control.h"

namespace vitrine {

// The latest trainings of a store, at most one of them running; kept in a file over restarts:
// docs/formats/trainings.md. Thread-safe.
class TrainingHistory {
 public:
  static constexpr std::size_t kKeptRuns = 50;

  // What the file holds, or nothing where there is none; a damaged one is logged, and begun anew.
  // Those that ran when the process ended are cancelled. `files` must outlive it.
  TrainingHistory(FileSystem& files, std::string path);

  // The run that begins now, or the one that runs already, and whether it is new. The caller fills
  // in trigger, start and number of events.
  struct Begun {
    TrainingProgress run{};
    bool is_new = false;
  };
  Begun Begin(TrainingProgress run);

  // Changes a run that is still kept, and returns it as it is then. The end of a run is written to
  // the file; a disk that takes it not is logged.
  std::optional<TrainingProgress> Update(const std::string& id,
                                         const std::function<void(TrainingProgress&)>& change);

  std::optional<TrainingProgress> Find(const std::string& id) const;
  std::vector<TrainingProgress> NewestFirst() const;
  std::optional<TrainingProgress> Latest() const;
  std::uint64_t num_begun() const;
  // How many have ended since this was made, by how.
  std::map<TrainingProgress::State, std::uint64_t> num_ended() const;

 private:
  void Load();
  std::string Encoded() const;  // REQUIRES: mutex_ is held.
  void Save(std::string_view encoded);

  FileSystem& files_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::deque<TrainingProgress> runs_;  // Guarded by mutex_. Oldest first; only the last may run.
  std::uint64_t num_begun_ = 0;        // Guarded by mutex_.
  std::map<TrainingProgress::State, std::uint64_t> num_ended_;  // Guarded by mutex_.
};

}  // namespace vitrine
