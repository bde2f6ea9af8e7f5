#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "feature_store/copy_file.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

// The tables on disk, docs/formats/store.md; each a column family of one RocksDB.
enum class Table : std::uint8_t { kMeta, kLog, kItems, kShoppers, kEventIds, kErased };
inline constexpr std::size_t kNumTables = 6;

// Rows of Table::kMeta.
inline constexpr std::string_view kFormatRow = "format";
inline constexpr std::string_view kSecretRow = "secret";
inline constexpr std::string_view kStateRow = "state";
inline constexpr std::string_view kErasureRow = "erasure";  // Only while one is being finished.
inline constexpr std::string_view kForgettingRow = "forgetting";  // Only while old events go.

// Changes that reach the disk all or none, in order. A value.
class Batch {
 public:
  void Put(Table table, std::string key, std::string value) {
    changes_.push_back({table, std::move(key), std::move(value)});
  }
  void Delete(Table table, std::string key) {
    changes_.push_back({table, std::move(key), std::nullopt});
  }
  bool empty() const { return changes_.empty(); }

 private:
  friend class Storage;
  struct Change {
    Table table{};
    std::string key{};
    std::optional<std::string> value{};  // None: the row goes.
  };
  std::vector<Change> changes_;
};

// Six sorted tables in one folder with atomic, synced batches: RocksDB behind a narrow door. Its
// files storage*.cc are the only ones that know it besides rocksdb_files. Scan and CopyTo are
// thread-safe; all else is for one thread at a time.
class Storage {
 public:
  enum class Access { kOwner, kReader };

  // Opens the tables in `folder`, making them if the owner finds none, after cutting a torn tail.
  // A reader sees the state of this moment and may live beside an owner.
  //
  // Errors: FAILED_PRECONDITION another process owns them; NOT_FOUND a reader finds none; DATA_LOSS
  // a damaged file, named; those of FileSystem.
  static absl::StatusOr<std::unique_ptr<Storage>> Open(const std::string& folder, Access access,
                                                       FileSystem& files);
  ~Storage();

  // Reads every byte of every file of the tables in `folder`, of their manifest and of their
  // write-ahead logs, and compares its checksum: each file by itself, since a reader passes over
  // what it cannot open, and over the end of a log from the first damage on, to an older state.
  // Beside an owner, a file that it removed meanwhile is no damage. Returns the bytes of a torn
  // tail, which the next owner cuts; 0 where there are no tables.
  //
  // Errors: DATA_LOSS a file is damaged or missing, named; those of FileSystem.
  static absl::StatusOr<std::size_t> CheckFiles(const std::string& folder, FileSystem& files);

  // On disk once this returns OK. After an error nothing more may be committed, but after one of
  // RESOURCE_EXHAUSTED once Reopen has made all good.
  absl::Status Commit(const Batch& batch);

  // Goes on after a full disk: opens the tables again as they were at the last commit that
  // returned OK; nothing is left of what came after. Scans wait meanwhile. Where that fails they
  // can still be read, and it may be tried again.
  absl::Status Reopen();

  // Free bytes without which a Reopen is not worth a try.
  absl::StatusOr<std::uint64_t> BytesToReopen() const;

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const;

  // Calls `visit` with the rows in [from, to) in order (an empty `to`: to the end) until it returns
  // an error, which is then the answer. The rows are those of the moment of the call; Forget
  // waits for it, so visit briefly, and do not scan inside a visit.
  using Visit = std::function<absl::Status(std::string_view key, std::string_view value)>;
  absl::Status Scan(Table table, std::string_view from, std::string_view to,
                    const Visit& visit) const;

  // Sorts what has been committed into tables, so that the next Open need not read it again.
  absl::Status Flush();

  // Rewrites all files, so that none holds what was deleted or overwritten. Reads go on.
  absl::Status Forget();

  // Copies the tables as they are now, or a little later, to the new folder `to`; commits go on.
  // `may_go_on` is asked often.
  //
  // Errors: ABORTED Forget or Reopen came in between; those of `may_go_on` and FileSystem.
  absl::StatusOr<std::vector<CopiedFile>> CopyTo(const std::string& to,
                                                 const MayGoOn& may_go_on) const;

  std::uint64_t num_disk_bytes() const;
  // Of what is written and of what waits in memory to be; about.
  std::uint64_t NumBytesOf(Table table) const;
  std::size_t cut_bytes() const;  // Of a torn tail, by Open.

 private:
  struct State;
  // Ends the copies that are being made, and keeps others from beginning.
  class NoCopies {
   public:
    explicit NoCopies(State& state);
    ~NoCopies();
    NoCopies(const NoCopies&) = delete;
    NoCopies& operator=(const NoCopies&) = delete;

   private:
    State& state_;
  };
  absl::StatusOr<std::vector<CopiedFile>> CopyLiveFiles(const std::string& to,
                                                        const MayGoOn& may_go_on) const;
  explicit Storage(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vitrine
