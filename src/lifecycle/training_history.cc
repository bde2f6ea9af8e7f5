#include "lifecycle/training_history.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/lifecycle/kept_files.h"

namespace vitrine {
namespace {

using State = TrainingProgress::State;

constexpr std::string_view kMagic = "VTRtrain";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kLeastRunBytes = 12;

void Write(const GateReport& gate, ByteWriter& writer) {
  writer.Unsigned(gate.is_passed ? 1 : 0);
  writer.String(gate.verdict);
  writer.String(gate.live_version);
  writer.Unsigned(gate.is_live_refitted ? 1 : 0);
  writer.Unsigned(gate.num_users);
  writer.Double(gate.candidate_accuracy);
  writer.Double(gate.live_accuracy);
  writer.Double(gate.lowest_difference);
  writer.Double(gate.highest_difference);
  writer.Double(gate.candidate_coverage);
  writer.Double(gate.live_coverage);
}

GateReport ReadGate(ByteReader& reader) {
  GateReport gate;
  gate.is_passed = reader.Unsigned() != 0;
  gate.verdict = reader.String();
  gate.live_version = reader.String();
  gate.is_live_refitted = reader.Unsigned() != 0;
  gate.num_users = reader.Unsigned();
  gate.candidate_accuracy = reader.Double();
  gate.live_accuracy = reader.Double();
  gate.lowest_difference = reader.Double();
  gate.highest_difference = reader.Double();
  gate.candidate_coverage = reader.Double();
  gate.live_coverage = reader.Double();
  return gate;
}

void Write(const TrainingProgress& run, ByteWriter& writer) {
  writer.String(run.id);
  writer.Unsigned(static_cast<std::uint64_t>(run.state));
  writer.String(run.stage);
  writer.Double(run.fraction);
  writer.String(run.version);
  writer.String(run.error);
  writer.Signed(run.started_us);
  writer.Signed(run.finished_us);
  writer.Unsigned(static_cast<std::uint64_t>(run.trigger));
  writer.Unsigned(run.num_events);
  writer.Unsigned(run.gate.has_value() ? 1 : 0);
  if (run.gate.has_value()) Write(*run.gate, writer);
}

TrainingProgress ReadRun(ByteReader& reader) {
  TrainingProgress run;
  run.id = reader.String();
  run.state =
      static_cast<State>(std::min(reader.Unsigned(), static_cast<std::uint64_t>(State::kRefused)));
  run.stage = reader.String();
  run.fraction = reader.Double();
  run.version = reader.String();
  run.error = reader.String();
  run.started_us = reader.Signed();
  run.finished_us = reader.Signed();
  run.trigger = static_cast<TrainingTrigger>(
      std::min(reader.Unsigned(), static_cast<std::uint64_t>(TrainingTrigger::kSchedule)));
  run.num_events = reader.Unsigned();
  if (reader.Unsigned() != 0) run.gate = ReadGate(reader);
  return run;
}

// What the file holds.
struct KeptRuns {
  std::uint64_t num_begun = 0;
  std::deque<TrainingProgress> runs{};
};

absl::StatusOr<KeptRuns> ReadRuns(FileSystem& files, const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadCheckedFile(files, path, kMagic));
  ByteReader reader(bytes);
  const std::uint64_t version = reader.Unsigned();
  if (version != kVersion) {
    return absl::DataLossError(
        absl::StrFormat("%s has version %d; this binary reads %d", path, version, kVersion));
  }
  KeptRuns kept{.num_begun = reader.Unsigned()};
  for (std::size_t left = reader.Count(kLeastRunBytes); left > 0 && reader.ok(); --left) {
    kept.runs.push_back(ReadRun(reader));
  }
  VITRINE_RETURN_IF_ERROR(reader.Finish(path));
  return kept;
}

}  // namespace

std::string TrainingsFile(const std::string& models_folder) { return models_folder + "/TRAININGS"; }

absl::Status CheckTrainings(FileSystem& files, const std::string& models_folder) {
  const absl::Status read = ReadRuns(files, TrainingsFile(models_folder)).status();
  return absl::IsNotFound(read) ? absl::OkStatus() : read;
}

TrainingHistory::TrainingHistory(FileSystem& files, std::string path)
    : files_(files), path_(std::move(path)) {
  Load();
}

void TrainingHistory::Load() {
  absl::StatusOr<KeptRuns> kept = ReadRuns(files_, path_);
  if (absl::IsNotFound(kept.status())) return;
  if (!kept.ok()) {
    Log(LogLevel::kWarning, "training.history-unreadable",
        {{"error", std::string(kept.status().message())}});
    return;
  }
  num_begun_ = kept->num_begun;
  runs_ = std::move(kept->runs);
  for (TrainingProgress& run : runs_) {
    if (run.state != State::kRunning) continue;
    run.state = State::kCancelled;
    run.error = "the server ended before it was done";
  }
}

std::string TrainingHistory::Encoded() const {
  ByteWriter writer;
  writer.Unsigned(kVersion);
  writer.Unsigned(num_begun_);
  writer.Unsigned(runs_.size());
  for (const TrainingProgress& run : runs_) Write(run, writer);
  return writer.Take();
}

TrainingHistory::Begun TrainingHistory::Begin(TrainingProgress run) {
  std::string begun;
  {
    std::lock_guard lock(mutex_);
    if (!runs_.empty() && runs_.back().state == State::kRunning) return {.run = runs_.back()};
    run.id = absl::StrFormat("training-%d", ++num_begun_);
    run.state = State::kRunning;
    runs_.push_back(run);
    if (runs_.size() > kKeptRuns) runs_.pop_front();
    begun = Encoded();
  }
  Save(begun);
  return {.run = std::move(run), .is_new = true};
}

std::optional<TrainingProgress> TrainingHistory::Update(
    const std::string& id, const std::function<void(TrainingProgress&)>& change) {
  std::optional<TrainingProgress> changed;
  std::string ended;
  {
    std::lock_guard lock(mutex_);
    for (TrainingProgress& run : runs_) {
      if (run.id != id) continue;
      const bool was_running = run.state == State::kRunning;
      change(run);
      changed = run;
      if (!was_running || run.state == State::kRunning) continue;
      ++num_ended_[run.state];
      ended = Encoded();
    }
  }
  if (!ended.empty()) Save(ended);
  return changed;
}

void TrainingHistory::Save(std::string_view encoded) {
  const absl::Status written = WriteCheckedFile(files_, path_, kMagic, encoded);
  if (written.ok()) return;
  Log(LogLevel::kWarning, "training.history-not-written",
      {{"error", std::string(written.message())}});
}

std::optional<TrainingProgress> TrainingHistory::Find(const std::string& id) const {
  std::lock_guard lock(mutex_);
  for (const TrainingProgress& run : runs_) {
    if (run.id == id) return run;
  }
  return std::nullopt;
}

std::vector<TrainingProgress> TrainingHistory::NewestFirst() const {
  std::lock_guard lock(mutex_);
  return {runs_.rbegin(), runs_.rend()};
}

std::optional<TrainingProgress> TrainingHistory::Latest() const {
  std::lock_guard lock(mutex_);
  return runs_.empty() ? std::nullopt : std::optional(runs_.back());
}

std::uint64_t TrainingHistory::num_begun() const {
  std::lock_guard lock(mutex_);
  return num_begun_;
}

std::map<State, std::uint64_t> TrainingHistory::num_ended() const {
  std::lock_guard lock(mutex_);
  return num_ended_;
}

}  // namespace vitrine
