#include "cli/bench_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

// "250", "0.5"
std::string RateWords(double rate) {
  return rate < 10 ? absl::StrFormat("%.2g", rate) : absl::StrFormat("%.0f", rate);
}

std::string LoopOf(const BenchResult& result) {
  return result.rate > 0 ? RateWords(result.rate) + " due a second" : "closed loop";
}

// " of 80040 users, 10000 items"; empty where nothing was drawn.
std::string DrawnOf(const BenchResult& result) {
  std::string text;
  if (result.num_users > 0) text = absl::StrFormat(" of %d users", result.num_users);
  if (result.num_items > 0) {
    text += absl::StrFormat("%s %d items", text.empty() ? " of" : ",", result.num_items);
  }
  return text;
}

std::string LineOf(const LoadLatencies& latencies) {
  return absl::StrFormat(
      "latency in ms: mean %.3f  p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f\n",
      latencies.mean_us / 1e3, latencies.p50_us / 1e3, latencies.p90_us / 1e3,
      latencies.p99_us / 1e3, latencies.p999_us / 1e3, latencies.max_us / 1e3);
}

Json JsonOf(const LoadLatencies& latencies) {
  return {{"calls", latencies.num_calls},        {"mean_us", latencies.mean_us},
          {"p50_us", latencies.p50_us},          {"p90_us", latencies.p90_us},
          {"p99_us", latencies.p99_us},          {"p999_us", latencies.p999_us},
          {"max_us", latencies.max_us},          {"errors", latencies.num_errors},
          {"cut_short", latencies.num_cut_short}};
}

// Null of what there is none of.
Json JsonOf(double figure) { return figure > 0 ? Json(figure) : Json(nullptr); }

Json JsonOf(const AgainstCheck& against, bool is_closed_loop) {
  return {{"repeats", against.num_repeats},
          {"load_p50_us", against.load_p50_us},
          {"load_p99_us", against.load_p99_us},
          {"load_calls_per_second", JsonOf(against.load_calls_per_second)},
          {"check_p50_us", against.check_p50_us},
          {"check_p99_us", against.check_p99_us},
          {"check_calls_per_second", JsonOf(against.check_calls_per_second)},
          {"ratio_p50", against.ratio_p50},
          {"ratio_p99", against.ratio_p99},
          {"ratio_calls_per_second", JsonOf(is_closed_loop ? against.ratio_calls_per_second : 0)}};
}

Json JsonOf(const BenchResult& result) {
  const LoadReport& report = result.report;
  Json json = {{"rpc", result.name},
               {"concurrency", result.concurrency},
               {"rate", result.rate},
               {"users", result.num_users},
               {"items", result.num_items},
               {"seconds", report.seconds},
               {"calls_per_second", JsonOf(report.calls_per_second)}};
  json.update(JsonOf(report));
  json["errors_by_code"] = report.errors;
  if (result.is_mix) {
    for (const auto& [call, latencies] : report.by_call) {
      json["by_call"][std::string(NameOf(call))] = JsonOf(latencies);
    }
  }
  if (const auto& against = result.against_check; against.has_value()) {
    json["against_check"] = JsonOf(*against, result.rate == 0);
  }
  return json;
}

}  // namespace

std::string Describe(const BenchResult& result) {
  const LoadReport& report = result.report;
  std::string text =
      absl::StrFormat("%s%s, %d in flight, %s: %d calls in %.1f s", result.name, DrawnOf(result),
                      result.concurrency, LoopOf(result), report.num_calls, report.seconds);
  if (report.calls_per_second > 0) text += ", " + RateWords(report.calls_per_second) + " a second";
  text += "\n" + LineOf(report);
  for (const auto& [call, latencies] : report.by_call) {
    if (!result.is_mix) break;
    text += absl::StrFormat("%-15s %8d calls, %s", NameOf(call), latencies.num_calls,
                            LineOf(latencies));
  }
  if (const auto& against = result.against_check; against.has_value()) {
    text += absl::StrFormat(
        "load and Check, medians of %d: p50 %.3f and %.3f ms, %.2f times; p99 %.3f and %.3f ms, "
        "%.2f times",
        against->num_repeats, against->load_p50_us / 1e3, against->check_p50_us / 1e3,
        against->ratio_p50, against->load_p99_us / 1e3, against->check_p99_us / 1e3,
        against->ratio_p99);
    if (result.rate == 0 && against->ratio_calls_per_second > 0) {
      text += absl::StrFormat(
          "; %s and %s a second, %.2f times", RateWords(against->load_calls_per_second),
          RateWords(against->check_calls_per_second), against->ratio_calls_per_second);
    }
    text += "\n";
  }
  for (const auto& [code, count] : report.errors) {
    text += absl::StrFormat("%d answers were %s\n", count, code);
  }
  if (report.num_cut_short > 0) {
    text += absl::StrFormat("%d lists were cut short for want of time\n", report.num_cut_short);
  }
  return text;
}

std::string ToJson(const BenchResult& result) { return JsonOf(result).dump(); }

std::string ToJson(const std::vector<BenchResult>& results) {
  Json json = {{"runs", Json::array()}};
  for (const BenchResult& result : results) json["runs"].push_back(JsonOf(result));
  return json.dump();
}

BenchPoint PointOf(const BenchResult& result) {
  return {.label = result.rate > 0 ? LoopOf(result)
                                   : absl::StrFormat("%d in flight", result.concurrency),
          .calls_per_second = result.report.calls_per_second,
          .p50_us = result.report.p50_us,
          .p99_us = result.report.p99_us};
}

}  // namespace vitrine::cli
