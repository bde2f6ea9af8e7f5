#include "cli/training_table.h"

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace vitrine::cli {
namespace {

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string Shown(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", TimeOf(time), absl::UTCTimeZone());
}

std::string TriggerName(v1::Training::Trigger trigger) {
  switch (trigger) {
    case v1::Training::TRIGGER_REQUEST:
      return "request";
    case v1::Training::TRIGGER_EVENTS:
      return "events";
    case v1::Training::TRIGGER_SCHEDULE:
      return "schedule";
    default:
      return "";
  }
}

std::string CauseName(v1::RollbackNote::Cause cause) {
  switch (cause) {
    case v1::RollbackNote::CAUSE_ERRORS:
      return "errors";
    case v1::RollbackNote::CAUSE_CLICKS:
      return "clicks";
    case v1::RollbackNote::CAUSE_REQUEST:
      return "request";
    default:
      return "";
  }
}

// What came of it, or where it stands.
std::string Outcome(const v1::Training& training) {
  if (training.state() == v1::Training::STATE_RUNNING) {
    return absl::StrFormat("%s, %.0f %%", training.stage(), 100 * training.progress());
  }
  if (!training.model_version().empty()) return training.model_version();
  return training.error();
}

}  // namespace

std::string StateName(v1::Training::State state) {
  switch (state) {
    case v1::Training::STATE_RUNNING:
      return "running";
    case v1::Training::STATE_SUCCEEDED:
      return "succeeded";
    case v1::Training::STATE_FAILED:
      return "failed";
    case v1::Training::STATE_CANCELLED:
      return "cancelled";
    case v1::Training::STATE_REFUSED:
      return "refused";
    default:
      return "";
  }
}

std::string TrainingLine(const v1::Training& training) {
  std::string seconds = "-";
  if (training.has_end_time()) {
    seconds = absl::StrFormat("%.1f s", absl::ToDoubleSeconds(TimeOf(training.end_time()) -
                                                              TimeOf(training.start_time())));
  }
  return absl::StrFormat("%-13s %s  %-8s %8s  %-9s  %s", training.training_id(),
                         Shown(training.start_time()).substr(0, 19),
                         TriggerName(training.trigger()), seconds, StateName(training.state()),
                         Outcome(training));
}

nlohmann::ordered_json TrainingJson(const v1::Training& training) {
  nlohmann::ordered_json json = {{"training_id", training.training_id()},
                                 {"state", StateName(training.state())},
                                 {"trigger", TriggerName(training.trigger())},
                                 {"stage", training.stage()},
                                 {"progress", training.progress()},
                                 {"start_time", Shown(training.start_time())}};
  if (training.has_end_time()) json["end_time"] = Shown(training.end_time());
  json["model_version"] = training.model_version();
  json["error"] = training.error();
  if (!training.has_gate()) return json;
  const v1::GateReport& gate = training.gate();
  json["gate"] = {{"passed", gate.passed()},
                  {"verdict", gate.verdict()},
                  {"live_version", gate.live_version()},
                  {"test_user_count", gate.test_user_count()},
                  {"candidate_accuracy", gate.candidate_accuracy()},
                  {"live_accuracy", gate.live_accuracy()},
                  {"lowest_difference", gate.lowest_difference()},
                  {"highest_difference", gate.highest_difference()},
                  {"candidate_coverage", gate.candidate_coverage()},
                  {"live_coverage", gate.live_coverage()}};
  return json;
}

nlohmann::ordered_json ShadowJson(const v1::ShadowReport& shadow) {
  return {{"candidate_version", shadow.candidate_version()},
          {"live_version", shadow.live_version()},
          {"compared", shadow.compared_count()},
          {"failed", shadow.failed_count()},
          {"left_out", shadow.left_out_count()},
          {"mean_overlap", shadow.mean_overlap()},
          {"same_first_share", shadow.same_first_share()},
          {"mean_score_shift", shadow.mean_score_shift()},
          {"mean_rank_shift", shadow.mean_rank_shift()},
          {"mean_latency_ms", shadow.mean_latency_ms()}};
}

nlohmann::ordered_json RollbackJson(const v1::RollbackNote& note) {
  return {{"time", Shown(note.time())},
          {"from", note.from_version()},
          {"to", note.to_version()},
          {"cause", CauseName(note.cause())},
          {"reason", note.reason().empty() ? "by hand" : note.reason()}};
}

}  // namespace vitrine::cli
