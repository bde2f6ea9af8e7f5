#include "lifecycle/live_models.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

constexpr std::string_view kContentKind = "content";

const Model* FindContent(const ModelSet& set) {
  const auto model = std::find_if(set.models.begin(), set.models.end(),
                                  [](const Model& each) { return each.kind == kContentKind; });
  return model == set.models.end() ? nullptr : &*model;
}

// The catalogue as a data set without shoppers: all that a content model learns from, but for what
// shoppers say of the meaning, which it takes from the live one.
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

std::string Milliseconds(Micros since) {
  return absl::StrFormat("%d", (MonotonicNow() - since) / 1000);
}

}  // namespace

LiveModels::LiveModels(FileSystem& files, BundleFolder folder, const Catalogue& catalogue,
                       Published<ModelSet>& published)
    : files_(files),
      folder_(std::move(folder)),
      catalogue_(catalogue),
      published_(published),
      served_(published.Get()->version) {}

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
  refused_ = live->version;
  if (served_.empty() && !live->previous.empty()) TryLoad(live->previous);
}

void LiveModels::LoadNewest() {
  const auto bundles = folder_.List();
  if (!bundles.ok()) return;
  for (const BundleSummary& bundle : *bundles) {
    if (TryLoad(bundle.version)) return;
  }
}

bool LiveModels::TryLoad(const std::string& version) {
  const Micros start = MonotonicNow();
  absl::StatusOr<ModelSet> models =
      LoadBundle(files_, folder_.PathOf(version), catalogue_.num_indices(),
                 [this](std::string_view id) { return catalogue_.Find(id); });
  if (!models.ok()) {
    Log(LogLevel::kError, "models.refused",
        {{"version", version},
         {"error", std::string(models.status().message())},
         {"still-serving", served_.empty() ? "nothing" : served_}});
    return false;
  }
  published_.Set(std::make_shared<const ModelSet>(*std::move(models)));
  served_ = version;
  refused_.clear();
  content_version_.reset();  // The catalogue may have changed since it was trained.
  Log(LogLevel::kInfo, "models.loaded", {{"version", version}, {"ms", Milliseconds(start)}});
  return true;
}

absl::Status LiveModels::Publish(ModelSet models, const std::vector<std::string>& item_ids,
                                 std::uint64_t content_version) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(folder_.Publish(models, item_ids));
  served_ = models.version;
  content_version_ = content_version;
  published_.Set(std::make_shared<const ModelSet>(std::move(models)));
  return absl::OkStatus();
}

bool LiveModels::IsContentStale() const {
  std::lock_guard lock(mutex_);
  return FindContent(*published_.Get()) != nullptr &&
         content_version_ != catalogue_.content_version();
}

absl::Status LiveModels::RefreshContent(ThreadPool& pool, const std::atomic<bool>& is_cancelled) {
  const std::shared_ptr<const ModelSet> before = published_.Get();
  const Model* const content = FindContent(*before);
  const Trainer* const trainer = FindTrainer(kContentKind);
  if (content == nullptr || trainer == nullptr) return absl::OkStatus();
  const Micros start = MonotonicNow();
  const std::uint64_t content_version = catalogue_.content_version();
  const Dataset dataset = DatasetOf(catalogue_);
  absl::StatusOr<Model> fresh =
      trainer->train(dataset, content->settings,
                     {.pool = &pool, .is_cancelled = &is_cancelled, .live = before.get()});
  if (absl::IsCancelled(fresh.status())) return fresh.status();

  std::lock_guard lock(mutex_);
  // A training may have published meanwhile, of an older catalogue or of a newer one.
  if (content_version_.value_or(0) > content_version) return absl::OkStatus();
  content_version_ = content_version;  // After a failure too: wait for the next change.
  VITRINE_RETURN_IF_ERROR(fresh.status());
  auto next = std::make_shared<ModelSet>(*published_.Get());
  for (Model& model : next->models) {
    if (model.kind != kContentKind) continue;
    fresh->name = model.name;
    model = *std::move(fresh);
    break;
  }
  published_.Set(std::move(next));
  Log(LogLevel::kInfo, "models.content-refreshed",
      {{"items", absl::StrFormat("%d", dataset.num_items())}, {"ms", Milliseconds(start)}});
  return absl::OkStatus();
}

std::optional<std::uint64_t> LiveModels::TrainedEvents() const {
  const std::shared_ptr<const ModelSet> models = published_.Get();
  if (models->version.empty()) return std::nullopt;
  const auto events = models->metrics.find("events");
  if (events == models->metrics.end() || !(events->second >= 0)) return std::nullopt;
  return static_cast<std::uint64_t>(events->second);
}

}  // namespace vitrine
