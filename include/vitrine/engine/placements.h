#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/published.h"
#include "vitrine/engine/placement.h"

namespace vitrine {

// The placements of one shop: the built-in ones, changed and joined by those of the configuration,
// changed and joined by those that were put while it served, which a file keeps. Thread-safe.
class Placements {
 public:
  static constexpr std::size_t kMost = 1000;

  enum class Origin { kBuiltIn, kConfigured, kPut };
  struct Entry {
    Placement placement{};
    Origin origin = Origin::kBuiltIn;
  };
  using Table = std::map<std::string, Entry, std::less<>>;

  // The built-in ones alone.
  static std::shared_ptr<const Table> BuiltIn();

  // Reads `file`, which need not be there. `files` must outlive this.
  //
  // Errors: INVALID_ARGUMENT a placement of the configuration is faulty, falls back to one that
  // does not exist, or comes twice; DATA_LOSS the file is damaged; those of FileSystem. A fallback
  // of one that was put, which is not there any more, is logged and left out.
  static absl::StatusOr<std::unique_ptr<Placements>> Open(FileSystem& files, std::string file,
                                                          std::vector<Placement> configured);

  // All of them, as they are now.
  std::shared_ptr<const Table> All() const { return table_.Get(); }

  // Takes the configured ones anew, in the place of those before; what was put still counts over
  // them. Errors: as Open, of the configuration, and then nothing has changed.
  absl::Status Configure(std::vector<Placement> configured);

  // Makes a placement or replaces the one of that name. On disk when it returns, and in All.
  //
  // Errors: INVALID_ARGUMENT it is faulty, or falls back to one that does not exist or to itself;
  // RESOURCE_EXHAUSTED there are kMost already; those of FileSystem, and then nothing has changed.
  absl::Status Put(Placement placement);

  // Forgets what Put made of it.
  //
  // Errors: NOT_FOUND nothing of that name was put; FAILED_PRECONDITION another one falls back to
  // it, and nothing of that name would be left; those of FileSystem, and then nothing has changed.
  absl::Status Delete(const std::string& name);

 private:
  Placements(FileSystem& files, std::string file);
  // What was put, written and then published. REQUIRES: mutex_ is held, as below.
  absl::Status Replace(std::map<std::string, Placement> put);
  // Publishes `base` with what was put.
  absl::Status Rebase(Table base);

  FileSystem& files_;
  const std::string file_;
  std::mutex mutex_;
  Table base_;                            // Built in and configured. Guarded by mutex_.
  std::map<std::string, Placement> put_;  // The same.
  Published<Table> table_;
};

}  // namespace vitrine
