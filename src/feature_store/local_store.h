#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "feature_store/draft.h"
#include "feature_store/retention.h"
#include "feature_store/storage.h"
#include "feature_store/store_codec.h"
#include "feature_store/store_key.h"
#include "feature_store/store_views.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// What Open has read from the disk; a LocalStore is made of it.
struct LoadedStore {
  std::unique_ptr<Storage> storage{};
  std::unique_ptr<StoreKey> key{};
  std::unique_ptr<StoreViews> views{};
  Tombstones tombstones{};
  StoreState state{};
  std::uint64_t replayed_events = 0;
  bool has_checkpoint = false;  // Its views came from one, and the log behind it.
  bool has_unfinished_erasure = false;
  std::optional<OldEvents> forgetting{};  // Being deleted when the last process ended.
  Batch forgotten{};                      // Removes values whose time to live is long over.
};
struct StorePlace {
  std::string folder{};
  FeatureStoreOptions options{};
  FileSystem* files = nullptr;
  const Clock* clock = nullptr;
};

// Reads the store in `place`, making it if it is not there. Views come from the checkpoint, where
// one can be used, and from the log behind it.
absl::StatusOr<LoadedStore> LoadStore(const StorePlace& place);

// Makes the views anew, of the rows and the whole log.
absl::Status RebuildViews(const StorePlace& place, LoadedStore& store);

// The FeatureStore. One commit thread changes everything; see FeatureStore for the order.
//
//   store.cc      the queue, the commit thread, checkpoints, reads from memory
//   load.cc       the start
//   erase.cc      erasures
//   retention.cc  old events
//   backup.cc     copies of the whole folder
//   full_disk.cc  what follows a failed write
//   scan.cc       reads from the log
//   as_of.cc      features as they were, from the log
//
// Locks, in the order in which one thread takes them: backup_mutex_, checkpoint_mutex_,
// commit_mutex_, those of the views. mutex_ is taken alone.
class LocalStore final : public FeatureStore {
 public:
  LocalStore(StorePlace place, LoadedStore loaded);
  ~LocalStore() override;

  // For the owner: finishes what a crash interrupted, then takes writes.
  absl::Status Start();

  using FeatureStore::Write;
  void Write(Mutation mutation, Done done) override;
  const Catalogue& catalogue() const override { return views_->catalogue(); }
  ShopperState ReadShopper(const std::string& user_id,
                           const std::string& visitor_id) const override;
  std::optional<User> GetUser(const std::string& user_id) const override;
  std::string UserOfVisitor(const std::string& visitor_id) const override;
  std::vector<std::string> VisitorsOfUser(const std::string& user_id) const override;
  std::shared_ptr<const RankedValues> LivePopularity() const override;
  std::shared_ptr<const RankedValues> LiveTrends() const override;
  std::vector<ShownItem> ReadShownItems(const std::string& user_id,
                                        const std::string& visitor_id) const override;
  std::shared_ptr<const FeatureRegistry> feature_registry() const override {
    return views_->put_values().registry();
  }
  std::vector<Feature> ReadUserFeatures(const std::string& user_id, const std::string& visitor_id,
                                        std::span<const std::string> names,
                                        Micros now) const override;
  std::vector<Feature> ReadItemFeatures(const std::string& item_id,
                                        std::span<const std::string> names,
                                        Micros now) const override;
  std::vector<SessionEvent> ReadSession(const std::string& user_id, const std::string& visitor_id,
                                        Micros now) const override;
  absl::StatusOr<std::vector<FeatureRow>> FeaturesAsOf(std::span<const FeatureQuestion> questions,
                                                       const AsOfOptions& options) const override;
  absl::StatusOr<Dataset> Snapshot(Micros until_us) const override;
  absl::Status ReadEvents(
      std::uint64_t offset,
      const std::function<bool(std::uint64_t offset, const Event&)>& visit) const override;
  std::string Seal(std::string_view text) const override {
    return key_->Seal(text).substr(0, kSealBytes);
  }
  std::uint64_t sequence() const override { return sequence_.load(std::memory_order_acquire); }
  StoreStatus status() const override;
  absl::Status Checkpoint() override;
  absl::StatusOr<BackupSummary> BackUp(const std::string& to,
                                       const std::function<bool()>& is_cancelled) override;

 private:
  struct Pending {
    Mutation mutation{};
    Done done{};
  };

  absl::Status Enqueue(Pending& pending);  // Takes it unless it is refused.

  // The commit thread.
  void Run();
  std::vector<Pending> TakeGroup();
  void WaitForWork(std::unique_lock<std::mutex>& lock);
  void CommitGroup(std::vector<Pending> group);
  void AnswerAlone(const Pending& pending);
  absl::Status Commit(const Batch& batch);
  absl::Status WhyNotWritable() const;
  void PublishState();
  void CheckpointWhenDue();

  // full_disk.cc, on the commit thread.
  void BecomeReadOnly(const absl::Status& reason);
  void LookForRoom();
  absl::Status GoOn();

  // backup.cc
  absl::StatusOr<BackupSummary> CopyAll(const std::string& to,
                                        const std::function<bool()>& is_cancelled);

  // erase.cc and retention.cc, on the commit thread.
  struct ErasurePlan;
  absl::StatusOr<WriteResult> Erase(const EraseUser& mutation);
  std::vector<UserIndex> ShoppersToErase(const EraseUser& mutation) const;
  absl::Status PlanErasure(ErasurePlan& plan) const;
  absl::Status PlanPutValues(ErasurePlan& plan) const;
  absl::Status PlanOthers(ErasurePlan& plan) const;
  absl::Status FinishErasure();
  std::uint64_t MostEvents() const;
  void QueueRetentionWhenDue();  // REQUIRES: mutex_ is held.
  absl::StatusOr<WriteResult> Forget(const ForgetOldEvents& mutation);
  absl::Status PlanShoppers(const std::vector<UserIndex>& unmentioned, ErasurePlan& plan) const;
  absl::Status FinishForgetting();
  absl::Status DeleteOldEvents();

  // scan.cc: rows of the log, in pieces, so that no scan holds up an erasure for long.
  struct LogRow {
    std::uint64_t offset = 0;
    std::string value{};
  };
  absl::StatusOr<std::vector<LogRow>> ReadLog(std::uint64_t from, std::uint64_t to) const;
  absl::StatusOr<Event> ToEvent(const std::string& value, bool& is_erased) const;

  const StorePlace place_;
  const std::unique_ptr<Storage> storage_;
  const std::unique_ptr<StoreKey> key_;
  const std::unique_ptr<StoreViews> views_;
  const std::uint64_t replayed_events_;
  const bool has_unfinished_erasure_;
  const Batch forgotten_;

  Tombstones tombstones_;  // The commit thread's.
  std::atomic<std::uint64_t> sequence_;

  mutable std::mutex commit_mutex_;  // Held while a commit changes the views.
  StoreState state_;                 // Guarded by commit_mutex_; written by the commit thread.

  std::mutex backup_mutex_;                      // One backup at a time.
  std::atomic<std::uint64_t> num_erasures_ = 0;  // Since the start, those under way too.

  std::mutex checkpoint_mutex_;  // One checkpoint at a time.
  std::atomic<std::uint64_t> checkpoint_sequence_ = 0;
  std::uint64_t checkpoint_due_ = 0;  // The commit thread's: at this offset.

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Pending> queue_;   // Guarded by mutex_.
  std::size_t num_queued_ = 0;  // Guarded by mutex_: entries of all queued mutations.
  bool is_stopping_ = false;    // Guarded by mutex_.
  absl::Status writable_;       // Guarded by mutex_.
  bool is_disk_full_ = false;   // Guarded by mutex_: and it may be writable again.

  Micros retention_due_us_ = 0;           // The commit thread's, by the store's clock.
  std::uint64_t full_disk_pause_ms_ = 0;  // The commit thread's: before it looks for room again.

  ThreadPool background_{1, ThreadPriority::kBackground};
  std::thread commit_thread_;
};

}  // namespace vitrine
