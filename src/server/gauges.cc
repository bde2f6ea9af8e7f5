#include "server/gauges.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "vitrine/base/memory.h"

namespace vitrine {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr Micros kModelsAgeUs = 10 * kMicrosPerSecond;

double Seconds(Micros us) { return static_cast<double>(us) / kMicrosPerSecond; }

// Families as they are shown, filled one value after the other.
class Families {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void Gauge(const std::string& name, const std::string& help, double value,
             const Labels& labels = {}) {
    Of(name, help, MetricType::Gauge, labels).gauge.value = value;
  }
  void Counter(const std::string& name, const std::string& help, double value,
               const Labels& labels = {}) {
    Of(name, help, MetricType::Counter, labels).counter.value = value;
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  prometheus::ClientMetric& Of(const std::string& name, const std::string& help, MetricType type,
                               const Labels& labels) {
    auto family = std::find_if(families_.begin(), families_.end(),
                               [&](const MetricFamily& each) { return each.name == name; });
    if (family == families_.end()) {
      families_.push_back({.name = name, .help = help, .type = type, .metric = {}});
      family = families_.end() - 1;
    }
    prometheus::ClientMetric& metric = family->metric.emplace_back();
    for (const auto& [label, value] : labels) metric.label.push_back({label, value});
    return metric;
  }

  std::vector<MetricFamily> families_;
};

void AddLoad(const Methods& methods, const RequestPool& pool, Families& families) {
  const RequestPool::Load load = pool.load();
  families.Gauge("vitrine_ready", "1: requests are answered", Readiness(pool).ok() ? 1 : 0);
  families.Gauge("vitrine_requests_waiting", "Requests that wait for a thread",
                 static_cast<double>(load.num_waiting));
  families.Gauge("vitrine_requests_wait_seconds", "How long one that comes now would wait",
                 Seconds(load.wait_us));
  for (const Method* method : methods.All()) {
    families.Gauge("vitrine_requests_in_flight", "Calls that wait or are worked on",
                   static_cast<double>(method->in_flight.load()), {{"method", method->name}});
  }
}

void AddStore(const StoreStatus& store, Families& families) {
  const auto count = [](std::uint64_t number) { return static_cast<double>(number); };
  families.Gauge("vitrine_store_writable",
                 "0: the store takes no writes, since its disk failed or is full",
                 store.writable.ok() ? 1 : 0);
  families.Gauge("vitrine_store_events", "Events in the log", count(store.num_events));
  families.Gauge("vitrine_store_items", "Items in the catalogue", count(store.num_items));
  families.Gauge("vitrine_store_shoppers", "Shoppers with an event or a profile",
                 count(store.num_users));
  families.Gauge("vitrine_store_disk_bytes", "The store's size on disk",
                 count(store.num_disk_bytes));
  families.Gauge("vitrine_store_replayed_events", "Read from the log at the last start",
                 count(store.replayed_events));
  families.Gauge("vitrine_store_queued_writes", "Entries that wait for the commit thread",
                 count(store.num_queued));
}

// A measure of the live models. Those that say what it is worth are no quality.
void AddMeasure(const std::string& name, double value, Families& families) {
  if (name == "events") {
    families.Gauge("vitrine_model_training_events",
                   "Events that the store held as the live models were trained", value);
  } else if (name == "test_users") {
    families.Gauge("vitrine_model_test_users", "Shoppers whom their quality was measured on",
                   value);
  } else if (name == "blend_age") {
    families.Gauge("vitrine_model_blend_age", "Trainings since the live models' blend was learned",
                   value);
  } else {
    families.Gauge("vitrine_model_quality", "Of the live models, measured as they were trained",
                   value, {{"measure", name}});
  }
}

// How often each kind was there: all of them, so that the first one that happens is seen to grow
// from nothing.
template <typename Kind>
void AddCounts(const char* name, const char* help, const char* label,
               std::initializer_list<std::pair<Kind, const char*>> kinds,
               const std::map<Kind, std::uint64_t>& counts, Families& families) {
  for (const auto& [kind, kind_name] : kinds) {
    const auto found = counts.find(kind);
    families.Counter(name, help, found == counts.end() ? 0 : static_cast<double>(found->second),
                     {{label, kind_name}});
  }
}

void AddModels(const ModelControl::Versions& versions, Families& families) {
  for (const BundleSummary& bundle : versions.bundles) {
    if (bundle.version != versions.live) continue;
    families.Gauge("vitrine_model_info", "1, with the version that is live", 1,
                   {{"version", bundle.version}});
    families.Gauge("vitrine_model_age_seconds", "Since the live models were trained",
                   Seconds(std::max<Micros>(0, SystemClock().Now() - bundle.trained_us)));
    for (const auto& [name, value] : bundle.metrics) AddMeasure(name, value, families);
  }
  families.Gauge("vitrine_model_versions", "Bundles on disk",
                 static_cast<double>(versions.bundles.size()));
  using State = TrainingProgress::State;
  AddCounts<RollbackCause>("vitrine_rollbacks_total", "Versions that were taken back, by why",
                           "cause",
                           {{RollbackCause::kErrors, "errors"},
                            {RollbackCause::kClicks, "clicks"},
                            {RollbackCause::kRequest, "request"}},
                           versions.num_rollbacks, families);
  AddCounts<State>("vitrine_trainings_total", "Trainings that ended, by what came of them", "state",
                   {{State::kSucceeded, "succeeded"},
                    {State::kFailed, "failed"},
                    {State::kCancelled, "cancelled"},
                    {State::kRefused, "refused"}},
                   versions.num_trainings, families);
}

// "cache.filters.hit": a look into a cache, and what came of it.
void AddLookup(std::string_view name, double value, Families& families) {
  const std::size_t dot = name.rfind('.');
  families.Counter(
      "vitrine_cache_lookups_total", "Looks into what is kept, by what came of them", value,
      {{"cache", std::string(name.substr(0, dot))}, {"result", std::string(name.substr(dot + 1))}});
}

// Those with a name of their own, and any other.
void AddCounters(const std::map<std::string, std::uint64_t>& counters, Families& families) {
  const std::string fallback = "engine.fallback.";
  const std::string cache = "cache.";
  for (const auto& [name, count] : counters) {
    const auto value = static_cast<double>(count);
    if (name.starts_with(fallback)) {
      families.Counter("vitrine_fallbacks_total", "Lists that had to make do with less, by why",
                       value, {{"reason", name.substr(fallback.size())}});
    } else if (name.starts_with(cache)) {
      AddLookup(std::string_view(name).substr(cache.size()), value, families);
    } else if (name == "server.abandoned") {
      families.Counter("vitrine_abandoned_requests_total", "Given up, since nobody waited", value);
    } else if (name == "server.slow_lines_left_out") {
      families.Counter("vitrine_slow_lines_left_out_total",
                       "Slow calls without a line in the log, since it had many", value);
    } else {
      families.Counter("vitrine_counts_total", "Whatever else is counted", value, {{"name", name}});
    }
  }
}

// The names are those that every Prometheus client gives them.
void AddProcess(Families& families) {
  if (const std::uint64_t bytes = ResidentMemoryBytes(); bytes > 0) {
    families.Gauge("process_resident_memory_bytes", "Memory of the process",
                   static_cast<double>(bytes));
  }
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    families.Counter("process_cpu_seconds_total", "Processor time of the process",
                     seconds(used.ru_utime) + seconds(used.ru_stime));
  }
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (!error) {
    families.Gauge("process_open_fds", "Files and connections that are open",
                   static_cast<double>(std::distance(begin(files), end(files))));
  }
}

}  // namespace

absl::Status Readiness(const RequestPool& pool) { return pool.Admit(); }

ModelControl::Versions Gauges::Versions() {
  const std::lock_guard lock(mutex_);
  const Micros now = MonotonicNow();
  if (asked_us_ != 0 && now - asked_us_ < kModelsAgeUs) return versions_;
  auto versions = pool_.backend().models->ListVersions();
  if (versions.ok()) versions_ = *std::move(versions);
  asked_us_ = now;
  return versions_;
}

std::vector<MetricFamily> Gauges::Collect() {
  Families families;
  AddLoad(methods_, pool_, families);
  AddProcess(families);
  if (!pool_.Admit().ok()) return families.Take();  // There may be no backend yet, or no more.
  const Backend& backend = pool_.backend();
  if (backend.store != nullptr) AddStore(backend.store->status(), families);
  if (backend.models != nullptr) {
    AddModels(Versions(), families);
  }
  if (backend.counters != nullptr) AddCounters(backend.counters->Read(), families);
  return families.Take();
}

}  // namespace vitrine
