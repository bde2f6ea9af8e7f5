#include "lifecycle/live_models.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/model_control.h"
#include "vitrine/lifecycle/kept_files.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

// Kinds whose models know an item by what it is, and are made anew when the catalogue changes.
constexpr std::array<std::string_view, 2> kContentKinds = {"content", "two_tower"};

bool KnowsContent(const Model& model) {
  return std::find(kContentKinds.begin(), kContentKinds.end(), model.kind) != kContentKinds.end();
}

// The catalogue as a data set without shoppers: all that these models learn from, but for what
// shoppers taught, which they take from the live ones.
Dataset DatasetOf(const Catalogue& catalogue) {
  Dataset dataset;
  const std::size_t num_items = catalogue.num_indices();
  dataset.item_ids.reserve(num_items);
  dataset.items.reserve(num_items);
  for (std::size_t row = 0; row < num_items; ++row) {
    const auto item = static_cast<ItemIndex>(row);
    dataset.item_ids.push_back(catalogue.Id(item));
    dataset.items.push_back(catalogue.Get(item));
  }
  return dataset;
}

Micros Milliseconds(Micros since) { return (MonotonicNow() - since) / 1000; }

}  // namespace

LiveModels::LiveModels(FileSystem& files, BundleFolder folder, const Catalogue& catalogue,
                       Published<ModelSet>& published, const Clock& clock, WarmUp warm_up)
    : files_(files),
      folder_(std::move(folder)),
      probation_path_(ProbationFile(folder_.path())),
      catalogue_(catalogue),
      published_(published),
      clock_(clock),
      warm_up_(std::move(warm_up)),
      served_(published.Get()->version) {}

void LiveModels::Serve(std::shared_ptr<const ModelSet> models) {
  if (warm_up_) warm_up_(models);
  unmade_content_ = 0;
  replaced_.push_back(published_.Get());
  published_.Set(std::move(models));
}

bool LiveModels::FreeReplaced() {
  std::vector<std::shared_ptr<const ModelSet>> unused;
  {
    std::lock_guard lock(mutex_);
    const auto is_used = [](const auto& models) { return models.use_count() > 1; };
    const auto rest = std::partition(replaced_.begin(), replaced_.end(), is_used);
    unused.assign(std::make_move_iterator(rest), std::make_move_iterator(replaced_.end()));
    replaced_.erase(rest, replaced_.end());
  }
  return !unused.empty();
}

// Before the version is served: it may end the process, and is on probation all the same then.
void LiveModels::BeginProbation(const std::string& previous) {
  if (previous.empty()) return ResumeProbation();
  if (previous == served_) return ForgetProbation();
  probation_ = Probation{.version = served_, .previous = previous, .since_us = clock_.Now()};
  WriteProbation();
}

void LiveModels::WriteProbation() {
  const absl::Status saved = SaveProbation(files_, probation_path_, *probation_);
  if (saved.ok()) return;
  Log(LogLevel::kWarning, "models.probation-not-written",
      {{"error", std::string(saved.message())}});
}

void LiveModels::ResumeProbation() {
  absl::StatusOr<Probation> saved = LoadProbation(files_, probation_path_);
  if (saved.ok()) {
    if (saved->version != served_) return;
    probation_ = *std::move(saved);
    // A clock that was set back since would watch it for as much longer.
    probation_->since_us = std::min(probation_->since_us, clock_.Now());
  } else if (!absl::IsNotFound(saved.status())) {
    Log(LogLevel::kWarning, "models.probation-unreadable",
        {{"error", std::string(saved.status().message())}});
  }
}

void LiveModels::ForgetProbation() {
  probation_.reset();
  const absl::Status removed = files_.Remove(probation_path_);
  if (removed.ok() || absl::IsNotFound(removed)) return;
  Log(LogLevel::kWarning, "models.remove-failed", {{"error", std::string(removed.message())}});
}

std::optional<Probation> LiveModels::probation() const {
  std::lock_guard lock(mutex_);
  return probation_;
}

void LiveModels::FollowLive() {
  std::lock_guard lock(mutex_);
  const absl::StatusOr<BundleFolder::Live> live = folder_.ReadLive();
  if (!live.ok()) {
    const std::string complaint(live.status().message());
    if (std::exchange(last_complaint_, complaint) == complaint) return;
    Log(LogLevel::kError, "models.live-unreadable", {{"error", complaint}});
    if (served_.empty()) LoadNewest();
    return;
  }
  last_complaint_.clear();
  if (live->version.empty() || live->version == served_ || live->version == refused_) return;
  if (TryLoad(live->version)) return;
  if (served_.empty() && !live->previous.empty()) TryLoad(live->previous);
  refused_ = live->version;
}

void LiveModels::LoadNewest() {
  const auto bundles = folder_.List();
  if (!bundles.ok()) return;
  const std::string candidate = folder_.ReadCandidate().value_or("");
  for (const BundleSummary& bundle : *bundles) {
    if (bundle.version == candidate) continue;  // Nobody promoted it.
    if (TryLoad(bundle.version)) return;
  }
}

absl::StatusOr<ModelSet> LiveModels::Load(const std::string& version) const {
  return LoadBundle(files_, folder_.PathOf(version), catalogue_.num_indices(),
                    [this](std::string_view id) { return catalogue_.Find(id); });
}

bool LiveModels::TryLoad(const std::string& version) {
  const Micros start = MonotonicNow();
  absl::StatusOr<ModelSet> models = Load(version);
  if (!models.ok()) {
    Log(LogLevel::kError, "models.refused",
        {{"version", version},
         {"error", std::string(models.status().message())},
         {"still-serving", served_.empty() ? "nothing" : served_}});
    return false;
  }
  const std::string before = std::exchange(served_, version);
  BeginProbation(before);
  Serve(std::make_shared<const ModelSet>(*std::move(models)));
  refused_.clear();
  Log(LogLevel::kInfo, "models.loaded", {{"version", version}, {"ms", Milliseconds(start)}});
  return true;
}

absl::Status LiveModels::CheckStillLive(const std::string& version) const {
  const absl::StatusOr<BundleFolder::Live> live = folder_.ReadLive();
  // What could not be loaded is live by name alone.
  const std::string& now = live.ok() && live->version != refused_ ? live->version : served_;
  if (served_ == version && now == version) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrFormat("the version \"%s\" was live when this began, and \"%s\" is now", version,
                      served_ == version ? now : served_));
}

absl::Status LiveModels::Publish(ModelSet models, const std::vector<std::string>& item_ids,
                                 const std::optional<std::string>& instead_of) {
  std::lock_guard lock(mutex_);
  if (instead_of.has_value()) VITRINE_RETURN_IF_ERROR(CheckStillLive(*instead_of));
  VITRINE_RETURN_IF_ERROR(folder_.Publish(models, item_ids));
  const std::string before = std::exchange(served_, models.version);
  BeginProbation(before);
  Serve(std::make_shared<const ModelSet>(std::move(models)));
  return absl::OkStatus();
}

absl::StatusOr<std::string> LiveModels::Resolve(const std::string& version) const {
  std::string meant = version;
  if (version == kPreviousAlias || version == kLiveAlias) {
    VITRINE_ASSIGN_OR_RETURN(const BundleFolder::Live live, folder_.ReadLive());
    meant = version == kLiveAlias ? live.version : live.previous;
  } else if (version == kCandidateAlias) {
    VITRINE_ASSIGN_OR_RETURN(meant, folder_.ReadCandidate());
  }
  if (!meant.empty()) return meant;
  return absl::FailedPreconditionError(absl::StrFormat(
      "there is no version that is called \"%s\" now; name one of those that are listed", version));
}

absl::StatusOr<LiveModels::Change> LiveModels::MakeLive(const std::string& version,
                                                        const std::string& instead_of) {
  std::lock_guard lock(mutex_);
  if (!instead_of.empty()) VITRINE_RETURN_IF_ERROR(CheckStillLive(instead_of));
  VITRINE_ASSIGN_OR_RETURN(std::string wanted, Resolve(version));
  VITRINE_RETURN_IF_ERROR(CheckNamesVersion(wanted));
  VITRINE_ASSIGN_OR_RETURN(const std::string candidate, folder_.ReadCandidate());
  VITRINE_ASSIGN_OR_RETURN(ModelSet models, Load(wanted));
  VITRINE_RETURN_IF_ERROR(folder_.PointLiveAt(wanted));
  const bool is_promotion = wanted == candidate;
  Change change{.from = std::exchange(served_, wanted),
                .to = std::move(wanted),
                .is_promotion = is_promotion};
  refused_.clear();
  if (change.is_promotion) {
    BeginProbation(change.from);
  } else {
    ForgetProbation();
  }
  Serve(std::make_shared<const ModelSet>(std::move(models)));
  return change;
}

void LiveModels::KeepBefore(const std::string& version, const ServingFigures& before) {
  std::lock_guard lock(mutex_);
  if (!probation_.has_value() || probation_->version != version) return;
  probation_->before = before;
  WriteProbation();
}

void LiveModels::EndProbation(const std::string& version) {
  std::lock_guard lock(mutex_);
  if (probation_.has_value() && probation_->version == version) ForgetProbation();
}

absl::Status LiveModels::SaveCandidate(ModelSet models, const std::vector<std::string>& item_ids,
                                       const TellCandidate& tell) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(folder_.SaveCandidate(models, item_ids));
  candidate_ = models.version;
  tell(std::make_shared<const ModelSet>(std::move(models)));
  return absl::OkStatus();
}

absl::Status LiveModels::LoadCandidate(const TellCandidate& tell) {
  std::lock_guard lock(mutex_);
  const absl::StatusOr<std::string> version = folder_.ReadCandidate();
  candidate_ = version.value_or("");
  if (candidate_.empty()) {
    tell(nullptr);
    return version.status();
  }
  absl::StatusOr<ModelSet> models = Load(candidate_);
  tell(models.ok() ? std::make_shared<const ModelSet>(*std::move(models)) : nullptr);
  return models.status();
}

bool LiveModels::HasOtherCandidate() const {
  std::lock_guard lock(mutex_);
  const absl::StatusOr<std::string> version = folder_.ReadCandidate();
  return version.ok() && *version != candidate_;
}

bool LiveModels::IsContentStale() const {
  std::lock_guard lock(mutex_);
  const std::shared_ptr<const ModelSet> models = published_.Get();
  const std::uint32_t content = catalogue_.content_fingerprint();
  return models->content_fingerprint != content && unmade_content_ != content &&
         std::any_of(models->models.begin(), models->models.end(), &KnowsContent);
}

absl::Status LiveModels::RefreshContent(ThreadPool& pool, const std::atomic<bool>& is_cancelled) {
  const std::shared_ptr<const ModelSet> before = published_.Get();
  const Micros start = MonotonicNow();
  const std::uint32_t content = catalogue_.content_fingerprint();
  const Dataset dataset = DatasetOf(catalogue_);
  std::vector<Model> fresh;
  absl::Status failure;
  for (const Model& model : before->models) {
    if (!KnowsContent(model)) continue;
    absl::StatusOr<Model> made =
        TrainModel(model.name, dataset, model.settings,
                   {.pool = &pool, .is_cancelled = &is_cancelled, .live = before.get()});
    if (absl::IsCancelled(made.status())) return made.status();
    failure.Update(made.status());
    if (!made.ok()) continue;
    fresh.push_back(*std::move(made));
  }

  std::lock_guard lock(mutex_);
  // What is live may have changed meanwhile: what was made holds parts of what was before. The next
  // look finds whether the new one is stale too.
  if (published_.Get()->version != before->version) return absl::OkStatus();
  if (fresh.empty()) {
    unmade_content_ = content;  // Until the next change.
    return failure;
  }
  auto next = std::make_shared<ModelSet>(*published_.Get());
  next->content_fingerprint = content;
  for (Model& model : next->models) {
    const auto made = std::find_if(fresh.begin(), fresh.end(), [&](const Model& each) {
      return each.kind == model.kind && each.name == model.name;
    });
    if (made != fresh.end()) model = *std::move(made);
  }
  Serve(std::move(next));
  Log(LogLevel::kInfo, "models.content-refreshed",
      {{"items", dataset.num_items()}, {"ms", Milliseconds(start)}});
  return failure;
}

std::optional<std::uint64_t> LiveModels::TrainedEvents() const {
  const std::shared_ptr<const ModelSet> models = published_.Get();
  if (models->version.empty()) return std::nullopt;
  const auto events = models->metrics.find("events");
  if (events == models->metrics.end() || !(events->second >= 0)) return std::nullopt;
  return static_cast<std::uint64_t>(events->second);
}

}  // namespace vitrine
