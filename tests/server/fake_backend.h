#pragma once

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "vitrine/engine/model_control.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

// A store whose disk is the test: Write keeps what it is given until the test answers it. Reads
// are not for it.
class FakeStore : public FeatureStore {
 public:
  void Write(Mutation mutation, Done done) override {
    std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(mutation), std::move(done));
    has_changed_.notify_all();
  }

  // Waits until at least `count` mutations wait for an answer; false after 5 s.
  bool AwaitWrites(std::size_t count) {
    std::unique_lock lock(mutex_);
    return has_changed_.wait_for(lock, std::chrono::seconds(5),
                                 [&] { return waiting_.size() >= count; });
  }

  std::size_t num_waiting() {
    std::lock_guard lock(mutex_);
    return waiting_.size();
  }

  // Answers the mutation at `position` of those that wait, and returns it.
  Mutation Answer(absl::StatusOr<WriteResult> result, std::size_t position = 0) {
    std::unique_lock lock(mutex_);
    auto [mutation, done] = std::move(waiting_[position]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(position));
    lock.unlock();
    done(std::move(result));
    return std::move(mutation);
  }

  const Catalogue& catalogue() const override { std::abort(); }
  ShopperState ReadShopper(const std::string&, const std::string&) const override { return {}; }
  std::optional<User> GetUser(const std::string&) const override { return std::nullopt; }
  std::string UserOfVisitor(const std::string&) const override { return ""; }
  std::vector<std::string> VisitorsOfUser(const std::string&) const override { return {}; }
  std::shared_ptr<const RankedValues> LivePopularity() const override { return nullptr; }
  std::shared_ptr<const RankedValues> LiveTrends() const override { return nullptr; }
  std::vector<ShownItem> ReadShownItems(const std::string&, const std::string&) const override {
    return {};
  }
  std::shared_ptr<const FeatureRegistry> feature_registry() const override {
    return std::make_shared<const FeatureRegistry>();
  }
  std::vector<Feature> ReadUserFeatures(const std::string&, const std::string&,
                                        std::span<const std::string>, Micros) const override {
    return {};
  }
  std::vector<Feature> ReadItemFeatures(const std::string&, std::span<const std::string>,
                                        Micros) const override {
    return {};
  }
  std::vector<SessionEvent> ReadSession(const std::string&, const std::string&,
                                        Micros) const override {
    return {};
  }
  absl::StatusOr<std::vector<FeatureRow>> FeaturesAsOf(std::span<const FeatureQuestion>,
                                                       const AsOfOptions&) const override {
    return std::vector<FeatureRow>();
  }
  absl::StatusOr<Dataset> Snapshot(Micros) const override { return Dataset{}; }
  absl::Status ReadEvents(std::uint64_t,
                          const std::function<bool(std::uint64_t, const Event&)>&) const override {
    return absl::OkStatus();
  }
  std::string Seal(std::string_view) const override { return std::string(kSealBytes, '-'); }
  std::uint64_t sequence() const override { return 0; }
  StoreStatus status() const override { return {}; }
  absl::StatusOr<BackupSummary> BackUp(const std::string& /*to*/,
                                       const std::function<bool()>& /*is_cancelled*/) override {
    return BackupSummary();
  }
  absl::Status Checkpoint() override { return absl::OkStatus(); }

 private:
  std::mutex mutex_;
  std::condition_variable has_changed_;
  std::deque<std::pair<Mutation, Done>> waiting_;  // Guarded by mutex_.
};

// Trainings that go where the test sends them. Thread-safe.
class FakeModelControl : public ModelControl {
 public:
  absl::StatusOr<TrainingProgress> StartTraining(bool skips_gate) override {
    std::lock_guard lock(mutex_);
    has_skipped_gate_ = skips_gate;
    if (training_.id.empty()) {
      training_ = {.id = "t1", .state = TrainingProgress::State::kRunning, .stage = "snapshot"};
    }
    return training_;
  }

  absl::StatusOr<TrainingProgress> GetTraining(const std::string& id) const override {
    std::lock_guard lock(mutex_);
    if (id.empty() || id != training_.id) return absl::NotFoundError("no training " + id);
    return training_;
  }

  absl::StatusOr<TrainingProgress> CancelTraining(const std::string& id) override {
    std::lock_guard lock(mutex_);
    if (id.empty() || id != training_.id) return absl::NotFoundError("no training " + id);
    training_.state = TrainingProgress::State::kCancelled;
    return training_;
  }

  std::vector<TrainingProgress> ListTrainings() const override {
    std::lock_guard lock(mutex_);
    if (training_.id.empty()) return {};
    return {training_};
  }

  absl::StatusOr<Versions> ListVersions() const override {
    std::lock_guard lock(mutex_);
    return versions_;
  }

  ShadowReport ReadShadow() const override {
    std::lock_guard lock(mutex_);
    return shadow_;
  }

  void MakeLive(const std::string& version,
                std::function<void(absl::StatusOr<Versions>)> done) override {
    std::unique_lock lock(mutex_);
    const std::string wanted = version == kPreviousAlias    ? versions_.previous
                               : version == kCandidateAlias ? versions_.candidate
                                                            : version;
    if (wanted.empty()) {
      lock.unlock();
      return done(absl::FailedPreconditionError("there is none of that alias"));
    }
    versions_.previous = std::exchange(versions_.live, wanted);
    const Versions versions = versions_;
    lock.unlock();
    done(versions);
  }

  bool has_skipped_gate() const {
    std::lock_guard lock(mutex_);
    return has_skipped_gate_;
  }

  void Set(TrainingProgress training) {
    std::lock_guard lock(mutex_);
    training_ = std::move(training);
  }
  void Set(ShadowReport shadow) {
    std::lock_guard lock(mutex_);
    shadow_ = std::move(shadow);
  }
  void Set(Versions versions) {
    std::lock_guard lock(mutex_);
    versions_ = std::move(versions);
  }

 private:
  mutable std::mutex mutex_;
  TrainingProgress training_;      // Guarded by mutex_.
  Versions versions_;              // Guarded by mutex_.
  ShadowReport shadow_;            // Guarded by mutex_.
  bool has_skipped_gate_ = false;  // Guarded by mutex_.
};

}  // namespace vitrine::testing
