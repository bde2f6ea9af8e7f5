#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/ids.h"
#include "vitrine/models/model.h"

namespace vitrine {

// What a bundle says of itself, readable without loading the models.
struct BundleSummary {
  std::string version{};
  Micros trained_us = 0;
  std::uint64_t dataset_fingerprint = 0;
  std::map<std::string, double> metrics{};
  std::map<std::string, double> weights{};  // BlendWeight::weight by model name.
  std::vector<std::string> model_names{};
  std::uint64_t num_bytes = 0;
};

// One model set in one checksummed file. `item_ids[r]` is the external id of index r.
// Format: docs/formats/bundle.md.
absl::Status SaveBundle(FileSystem& files, const std::string& path, const ModelSet& models,
                        const std::vector<std::string>& item_ids);

// Loads it for a store whose dictionary `find` is and which has given `num_items` indices.
// Errors: NOT_FOUND no such file; DATA_LOSS damaged, or a model kind this binary does not know.
absl::StatusOr<ModelSet> LoadBundle(
    FileSystem& files, const std::string& path, std::size_t num_items,
    const std::function<std::optional<ItemIndex>(std::string_view)>& find);

// A bundle as it is, of whatever store: row r of its models is index r, and item_ids[r] its id. For
// who makes another bundle of it.
struct Bundle {
  ModelSet models{};
  std::vector<std::string> item_ids{};
};

// Errors: those of LoadBundle.
absl::StatusOr<Bundle> ReadBundle(FileSystem& files, const std::string& path);

absl::StatusOr<BundleSummary> ReadBundleSummary(FileSystem& files, const std::string& path);

// NOT_FOUND where no version can have this name: it would be that of a file elsewhere.
absl::Status CheckNamesVersion(const std::string& name);

// The folder of a store's bundles: DIR/models/<version>.bundle, and LIVE, a file that holds the
// version to serve and the one before it, replaced atomically. Putting a bundle there and pointing
// LIVE at it is how another process hands a running server a new version.
class BundleFolder {
 public:
  // Makes the folder if it is not there.
  static absl::StatusOr<BundleFolder> Open(FileSystem& files, std::string folder);

  // Saves, then points LIVE at it; the one that was live becomes previous. Keeps the last
  // `kKeptVersions` bundles and removes older ones.
  absl::Status Publish(const ModelSet& models, const std::vector<std::string>& item_ids) const;

  // The versions LIVE names; empty strings when there is none.
  struct Live {
    std::string version{};
    std::string previous{};
  };
  absl::StatusOr<Live> ReadLive() const;

  // Saves a bundle that is not to be served yet, and points CANDIDATE, a file of one line beside
  // LIVE, at it.
  absl::Status SaveCandidate(const ModelSet& models,
                             const std::vector<std::string>& item_ids) const;

  // The version that CANDIDATE names; empty where there is none.
  absl::StatusOr<std::string> ReadCandidate() const;

  // Points LIVE at a bundle that is there already; the one that was live becomes previous. A
  // candidate that becomes live is none any more. Errors: those of CheckNamesVersion.
  absl::Status PointLiveAt(const std::string& version) const;

  // Every readable bundle, newest first. A version never changes, so those that are `known` are not
  // read again where they are still there.
  absl::StatusOr<std::vector<BundleSummary>> List(
      const std::vector<BundleSummary>& known = {}) const;

  const std::string& path() const { return folder_; }
  std::string PathOf(const std::string& version) const;

  // A version name that sorts by time and is not in use: "20260131T101500Z", "-02" ... added. No
  // other call gives it again, in another process neither: an empty draft keeps it until a bundle
  // is saved by that name.
  absl::StatusOr<std::string> NewVersion(Micros now) const;

  static constexpr std::size_t kKeptVersions = 5;

 private:
  BundleFolder(FileSystem& files, std::string folder)
      : files_(&files), folder_(std::move(folder)) {}

  std::string LivePath() const { return folder_ + "/LIVE"; }
  std::string CandidatePath() const { return folder_ + "/CANDIDATE"; }
  std::string DraftOf(const std::string& version) const;
  // Whether the name was free, and is the caller's from now on.
  absl::StatusOr<bool> Claim(const std::string& version) const;
  absl::Status Save(const ModelSet& models, const std::vector<std::string>& item_ids) const;
  void RemoveOld(const std::string& live, const std::string& previous) const;

  FileSystem* files_;
  std::string folder_;
};

}  // namespace vitrine
