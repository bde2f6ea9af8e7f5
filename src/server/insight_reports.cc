#include "server/insight_reports.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kMaxPaths = 100;
constexpr Micros kRetryUs = 5 * kMicrosPerSecond;

// Half of the cores: a report is in no hurry, and yields to requests besides.
std::size_t NumWorkers() { return std::max(1U, std::thread::hardware_concurrency() / 2); }

}  // namespace

absl::Status StoppedError() {
  return WithReason(absl::UnavailableError("the server is draining; use another one"), "DRAINING");
}

InsightReports::InsightReports(const Clock& clock, Micros max_age, std::size_t min_group)
    : clock_(clock),
      max_age_(max_age),
      min_group_(min_group),
      workers_(NumWorkers(), ThreadPriority::kBackground),
      maker_(std::make_unique<ThreadPool>(1, ThreadPriority::kBackground)) {}

InsightReports::~InsightReports() {
  Stop();
  Wait();
}

void InsightReports::CountIn(Counters& counters) {
  hits_ = &counters.Get("cache.insight_reports.hit");
  misses_ = &counters.Get("cache.insight_reports.miss");
}

void InsightReports::Get(const FeatureStore& store, Done done) {
  std::shared_ptr<const Report> kept;
  {
    std::lock_guard lock(mutex_);
    if (!is_stopped_) {
      kept = report_;
      if (Counter* looked = kept != nullptr ? hits_ : misses_; looked != nullptr) looked->Add();
      if (kept == nullptr) waiting_.push_back(std::move(done));
      if (!is_making_ && (kept == nullptr || IsOld(*kept, store))) {
        is_making_ = true;
        maker_->Submit([this, &store] { Make(store); });
      }
      if (kept == nullptr) return;
    }
  }
  done(kept != nullptr ? Answer(std::move(kept)) : Answer(StoppedError()));
}

absl::Status InsightReports::Submit(std::function<void(const std::atomic<bool>&)> work) {
  std::lock_guard lock(mutex_);
  if (is_stopped_) return StoppedError();
  if (num_submitted_ >= kMostWaiting) {
    return WithRetry(
        WithReason(absl::ResourceExhaustedError(absl::StrFormat(
                       "%d reports and exports are waiting to be made already; retry later",
                       kMostWaiting)),
                   "OVERLOADED"),
        kRetryUs);
  }
  ++num_submitted_;
  maker_->Submit([this, work = std::move(work)] {
    work(is_stopped_);
    std::lock_guard done(mutex_);
    --num_submitted_;
  });
  return absl::OkStatus();
}

void InsightReports::Forget() {
  std::lock_guard lock(mutex_);
  ++num_forgotten_;
  report_ = nullptr;
}

void InsightReports::Stop() {
  std::vector<Done> waiting;
  {
    std::lock_guard lock(mutex_);
    is_stopped_ = true;
    waiting.swap(waiting_);
  }
  for (const Done& done : waiting) done(StoppedError());
}

void InsightReports::Wait() { maker_.reset(); }

bool InsightReports::IsOld(const Report& report, const FeatureStore& store) const {
  return clock_.Now() - report.made_us >= max_age_ && store.sequence() != report.sequence;
}

void InsightReports::Make(const FeatureStore& store) {
  while (true) {
    std::uint64_t num_forgotten = 0;
    {
      std::lock_guard lock(mutex_);
      if (is_stopped_) return;
      num_forgotten = num_forgotten_;
    }
    const Answer made = MakeOne(store);
    std::vector<Done> waiting;
    {
      std::lock_guard lock(mutex_);
      // Made of what has been erased since: it is dropped, and made again if anybody wants it.
      const bool is_void = num_forgotten != num_forgotten_;
      if (is_void && !waiting_.empty()) continue;
      is_making_ = false;
      if (made.ok() && !is_void) report_ = *made;
      waiting.swap(waiting_);
    }
    for (const Done& done : waiting) done(made);
    return;
  }
}

InsightReports::Answer InsightReports::MakeOne(const FeatureStore& store) {
  auto report = std::make_shared<Report>();
  report->sequence = store.sequence();  // Before it is read: the report has at least this.
  report->made_us = clock_.Now();
  InsightOptions options;
  options.max_paths = kMaxPaths;
  options.min_group = min_group_;
  options.is_cancelled = &is_stopped_;
  const Micros begin = MonotonicNow();
  absl::StatusOr<Insight> insight = MakeInsight(store, options, workers_);
  if (absl::IsCancelled(insight.status())) return StoppedError();
  if (!insight.ok()) {
    if (absl::IsFailedPrecondition(insight.status())) {
      return WithReason(insight.status(), "NO_EVENTS");
    }
    Log(LogLevel::kWarning, "server.report-failed",
        {{"reason", std::string(insight.status().message())}});
    return insight.status();
  }
  report->insight = *std::move(insight);
  Log(LogLevel::kInfo, "server.report-made",
      {{"events", report->insight.overview.num_events},
       {"milliseconds", (MonotonicNow() - begin) / 1'000}});
  return report;
}

}  // namespace vitrine
