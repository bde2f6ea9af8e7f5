#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/file_system.h"
#include "vitrine/feature_store/behaviour/as_of.h"
#include "vitrine/feature_store/behaviour/session.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/feature_store/feature.h"
#include "vitrine/feature_store/feature_registry.h"
#include "vitrine/feature_store/mutation.h"
#include "vitrine/feature_store/ranked_values.h"

namespace vitrine {

struct FeatureStoreOptions {
  EventWeights weights{};                 // Preference per event type.
  std::size_t history_limit = 256;        // Interactions kept in memory per shopper, the latest.
  double popularity_half_life_days = 14;  // Of the counters behind live popularity.
  // An item that fewer shoppers touched counts in LivePopularity and LiveTrends as one that nobody
  // did, and the features of items name no other that fewer have in common. 1: all count.
  std::size_t min_group = 1;
  std::uint64_t checkpoint_events = 500'000;  // Views are checkpointed after this many events.
  bool is_read_only = false;  // A secondary view beside the process that owns the store.
  // The owner forgets at the start and once a day (ForgetOldEvents); 0: nothing.
  double keep_events_days = 0;               // Events older than that,
  std::uint64_t keep_events = 0;             // the first recorded ones beyond so many,
  std::uint64_t keep_megabytes = 0;          // and beyond what fits by their average size on disk.
  std::string backup_folder{};               // Backups are made below it alone; empty: anywhere.
  std::uint64_t full_disk_retry_ms = 1'000;  // A store on a full disk looks for room so often.
};

// All that is known of one shopper at one moment.
struct ShopperState {
  std::vector<Interaction> history{};  // Most recent first; at most history_limit.
  std::optional<User> profile{};
  bool is_known = false;       // Has any event or a profile.
  std::uint64_t sequence = 0;  // The store's state that this reflects.
};

// An item that a shopper was shown, in an impression.
struct ShownItem {
  ItemIndex item{};
  Micros time_us = 0;
  bool operator==(const ShownItem&) const = default;
};
inline constexpr std::size_t kMaxShownItems = 200;  // Kept in memory for each shopper, the latest.

// What a store holds; for health, status pages and tests.
struct StoreStatus {
  std::uint64_t num_events = 0;
  std::uint64_t num_users = 0;  // Users and visitors that have any event or profile.
  std::uint64_t num_items = 0;  // In the catalogue.
  std::uint64_t sequence = 0;
  std::uint64_t replayed_events = 0;  // At this start, behind the last checkpoint.
  std::uint64_t cut_bytes = 0;        // Of a torn tail, at this start.
  std::uint64_t num_disk_bytes = 0;
  std::uint64_t num_queued = 0;  // Entries of mutations that wait for the commit thread.
  absl::Status writable = absl::OkStatus();  // Why not, when the store is read-only.
};

// A backup of a store, as it lies in its folder: docs/formats/backup.md. A value.
struct BackupSummary {
  Micros time_us = 0;            // When it was begun, by the store's clock.
  std::uint64_t sequence = 0;    // It holds every mutation up to this one, and maybe later ones.
  std::uint64_t num_events = 0;  // Of that sequence.
  std::uint64_t num_files = 0;
  std::uint64_t num_bytes = 0;
};

// The durable memory of a shop: event log, catalogue and users in one folder, and the in-memory
// views that answer requests. Thread-safe.
//
// Mutations go through one commit thread, which takes all that wait (group commit), writes them as
// one atomic batch, syncs, applies them to the views, and only then acknowledges. After a failed
// write or sync nothing more is written: reads go on, Write answers with that error. Where the disk
// was full the store goes on by itself once there is room, from the last mutation that it
// acknowledged; after any other failure once it is opened again. On disk: docs/formats/store.md.
class FeatureStore {
 public:
  // Opens the store in `folder`, making it if it is not there, and replays the log's tail.
  // `files` and `clock` must outlive the store.
  //
  // Errors: FAILED_PRECONDITION another process owns the store, its format is newer than this
  // binary, or a restore into the folder is not finished; DATA_LOSS a file is damaged (named)
  // elsewhere than in its torn tail; those of FileSystem.
  static absl::StatusOr<std::unique_ptr<FeatureStore>> Open(const std::string& folder,
                                                            const FeatureStoreOptions& options,
                                                            FileSystem& files, const Clock& clock);
  // Finishes what was accepted, writes a checkpoint, closes.
  virtual ~FeatureStore() = default;

  // Queues `mutation`; `done` is called once, on the commit thread (it must be quick and must not
  // wait for a write), or before this returns when nothing is queued, with the result when it is
  // durable and visible, or with why it has had no effect: ALREADY_EXISTS an event_id was used with
  // other content; NOT_FOUND as Mutation says; RESOURCE_EXHAUSTED too much is queued, or, with
  // kReasonDiskFull, the disk is full: write again once there is room; UNAVAILABLE the disk failed;
  // FAILED_PRECONDITION the store is read-only.
  using Done = std::function<void(absl::StatusOr<WriteResult>)>;
  virtual void Write(Mutation mutation, Done done) = 0;

  // The same, waiting for it. Not from the commit thread.
  absl::StatusOr<WriteResult> Write(Mutation mutation);

  // Reads reflect every mutation that was acknowledged before the call.
  virtual const Catalogue& catalogue() const = 0;

  // Joins the user's and the visitor's history; either id may be empty or unknown.
  virtual ShopperState ReadShopper(const std::string& user_id,
                                   const std::string& visitor_id) const = 0;

  // What impressions showed the user and the visitor, joined, the latest first, at most
  // kMaxShownItems of each; an item as often as it was shown.
  virtual std::vector<ShownItem> ReadShownItems(const std::string& user_id,
                                                const std::string& visitor_id) const = 0;
  virtual std::optional<User> GetUser(const std::string& user_id) const = 0;

  // The user that the visitor was merged into (MergeUsers); empty when there is none.
  virtual std::string UserOfVisitor(const std::string& visitor_id) const = 0;

  // The visitors that were merged into the user, in the order of their ids, those of whom no event
  // is left too. Looks at every shopper.
  virtual std::vector<std::string> VisitorsOfUser(const std::string& user_id) const = 0;

  // Decayed, weighted event counts per item index, comparable with each other only; rebuilt every
  // 200 ms while they are read, of many items by a thread of the store. At most 400 ms old, or five
  // times what it takes to make them. [catalogue().num_indices() at that time] 0 too for what fewer
  // than min_group shoppers touched: have an interaction with it, above 0 in weight, among those
  // kept in memory.
  virtual std::shared_ptr<const RankedValues> LivePopularity() const = 0;

  // How much more the item is in demand of late than it was, by item index: above 1 it rises, below
  // it falls, near 1 too where little is known; 1 where LivePopularity is 0 for want of shoppers.
  // Rebuilt like that.
  virtual std::shared_ptr<const RankedValues> LiveTrends() const = 0;

  // Every feature that can be read.
  virtual std::shared_ptr<const FeatureRegistry> feature_registry() const = 0;

  // The features `names` (empty: all, in the registry's order) of the user and the visitor as one,
  // as of `now`; either id may be empty. Of a shopper that nobody knows, and under a name that is
  // no user feature, each is missing. What the shop put is a user's: a visitor has it once merged.
  // Takes microseconds.
  virtual std::vector<Feature> ReadUserFeatures(const std::string& user_id,
                                                const std::string& visitor_id,
                                                std::span<const std::string> names,
                                                Micros now) const = 0;
  virtual std::vector<Feature> ReadItemFeatures(const std::string& item_id,
                                                std::span<const std::string> names,
                                                Micros now) const = 0;

  // The offline side of the same features: a row per question, in order, each made of what was
  // known at its time, by replaying the log into empty views. One asked as of now with
  // CatalogueUse::kPresent is the value recomputed from the log. Reads from disk, seconds per
  // million events; memory as the views, for the shoppers that are asked about.
  //
  // Errors: DATA_LOSS the log is damaged.
  virtual absl::StatusOr<std::vector<FeatureRow>> FeaturesAsOf(
      std::span<const FeatureQuestion> questions, const AsOfOptions& options) const = 0;

  // Everything in the log as a training set, all shoppers' full histories, with the profiles that
  // they have now. Reads from disk; takes seconds per million events. Events after `until_us` are
  // left out (0: none are).
  virtual absl::StatusOr<Dataset> Snapshot(Micros until_us) const = 0;

  // Calls `visit` with every event in log order, from `offset` on, until it returns false.
  virtual absl::Status ReadEvents(
      std::uint64_t offset,
      const std::function<bool(std::uint64_t offset, const Event&)>& visit) const = 0;

  // HMAC-SHA256 of `text` under the store's secret, cut to kSealBytes: for what clients keep for us
  // and hand back, such as page tokens. The same after a restart.
  static constexpr std::size_t kSealBytes = 16;
  virtual std::string Seal(std::string_view text) const = 0;

  virtual std::uint64_t sequence() const = 0;
  virtual StoreStatus status() const = 0;

  // Copies the store's folder, models and all that is in it, to the new folder `to`, while writes
  // go on: every mutation that was acknowledged before the call is in the copy. It is made beside,
  // and renamed when it is whole. Takes as long as copying the files does. `is_cancelled` is asked
  // now and then.
  //
  // Errors: INVALID_ARGUMENT `to` is not an absolute path, is in the store, is not where the
  // options let backups be made, or has no parent folder; ALREADY_EXISTS it is there;
  // FAILED_PRECONDITION the store is read-only, or, with kReasonBackupRunning, a backup is being
  // made; what Write answers where it takes none; ABORTED an erasure came in between, call again;
  // CANCELLED; those of FileSystem. Nothing is left of one that failed.
  virtual absl::StatusOr<BackupSummary> BackUp(const std::string& to,
                                               const std::function<bool()>& is_cancelled) = 0;

  // Writes the views to disk, so that the next start replays only what comes after.
  virtual absl::Status Checkpoint() = 0;

  // The visit that the shopper is on at `now`, oldest event first, at most the latest
  // kMaxSessionEvents; empty where the latest event is more than kSessionGapUs ago. Events later
  // than `now` are left out. Ids as in ReadUserFeatures.
  virtual std::vector<SessionEvent> ReadSession(const std::string& user_id,
                                                const std::string& visitor_id,
                                                Micros now) const = 0;
};

}  // namespace vitrine
