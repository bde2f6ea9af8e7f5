#include "cli/import/import_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

void AddLine(std::string& text, std::uint64_t count, const std::string& what) {
  if (count > 0) text += absl::StrFormat("  %12d %s\n", count, what);
}

}  // namespace

std::uint64_t ImportCounts::num_rejected() const {
  std::uint64_t sum = 0;
  for (const auto& [reason, rejected_rows] : rejected) sum += rejected_rows.count;
  return sum;
}

RejectLog::RejectLog(std::ostream* file) : file_(file) {
  if (file_ != nullptr) *file_ << "line,reason,detail,row\n";
}

void RejectLog::Add(std::uint64_t line, const std::string& raw, const Rejection& rejection,
                    ImportCounts& counts) {
  RejectedRows& rows = counts.rejected[rejection.reason];
  ++rows.count;
  if (rows.samples.size() < kSamples) {
    rows.samples.push_back({line, rejection.detail.empty() ? raw : rejection.detail});
  }
  if (file_ == nullptr) return;
  *file_ << line << ',' << Quoted(rejection.reason) << ',' << Quoted(rejection.detail) << ','
         << Quoted(raw) << '\n';
}

std::string DescribeImport(RowKind kind, const ImportCounts& counts, double seconds) {
  std::string text = absl::StrFormat("%s: %d rows in %.1f s\n", Name(kind), counts.rows, seconds);
  AddLine(text, counts.written, "written");
  AddLine(text, counts.duplicates, "in the store already");
  AddLine(text, counts.resumed, "written by the run that broke off");
  AddLine(text, counts.superseded, "described again by a later row");
  AddLine(text, counts.dropped, "dropped: their shopper asked to be forgotten");
  AddLine(text, counts.num_rejected(), "rejected:");
  for (const auto& [reason, rows] : counts.rejected) {
    text += absl::StrFormat("  %12d   %s\n", rows.count, reason);
    for (const RejectedRows::Sample& sample : rows.samples) {
      text += absl::StrFormat("                 line %d: %s\n", sample.line, sample.detail);
    }
  }
  return text;
}

std::string ImportJson(RowKind kind, const ImportCounts& counts, double seconds) {
  Json rejected = Json::object();
  for (const auto& [reason, rows] : counts.rejected) {
    Json samples = Json::array();
    for (const RejectedRows::Sample& sample : rows.samples) {
      samples.push_back({{"line", sample.line}, {"detail", sample.detail}});
    }
    rejected[reason] = {{"count", rows.count}, {"samples", samples}};
  }
  const Json json = {{"kind", std::string(Name(kind))},
                     {"rows", counts.rows},
                     {"written", counts.written},
                     {"duplicates", counts.duplicates},
                     {"resumed", counts.resumed},
                     {"superseded", counts.superseded},
                     {"dropped", counts.dropped},
                     {"rejected_rows", counts.num_rejected()},
                     {"rejected", rejected},
                     {"seconds", seconds}};
  // A rejected row may be rejected for not being UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vitrine::cli
