#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/bundle.h"

namespace vitrine {
namespace {

constexpr std::string_view kSuffix = ".bundle";
constexpr std::string_view kDraftSuffix = ".bundle.tmp";
constexpr std::size_t kMaxVersionBytes = 64;
constexpr int kMaxVersionsPerSecond = 99;

// Versions name files, so nothing that could leave the folder.
bool IsVersion(std::string_view name) {
  return !name.empty() && name.size() <= kMaxVersionBytes && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                  c == '.';
         });
}

// The versions of the files in `names` that end in `suffix`, oldest first.
std::vector<std::string> VersionsOf(const std::vector<std::string>& names,
                                    std::string_view suffix) {
  std::vector<std::string> versions;
  for (const std::string& name : names) {
    if (!name.ends_with(suffix)) continue;
    std::string version = name.substr(0, name.size() - suffix.size());
    if (IsVersion(version)) versions.push_back(std::move(version));
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

void RemoveOrLog(FileSystem& files, const std::string& path) {
  const absl::Status removed = files.Remove(path);
  if (removed.ok()) return;
  Log(LogLevel::kWarning, "models.remove-failed", {{"error", std::string(removed.message())}});
}

// The highest number of a version of the second `stamp`, drafts among them; 0: there is none.
int LastOf(const std::vector<std::string>& names, const std::string& stamp) {
  int last = 0;
  for (const std::string_view suffix : {kSuffix, kDraftSuffix}) {
    for (const std::string& version : VersionsOf(names, suffix)) {
      if (version == stamp) last = std::max(last, 1);
      int number = 0;
      if (version.starts_with(stamp + "-") &&
          absl::SimpleAtoi(version.substr(stamp.size() + 1), &number)) {
        last = std::max(last, number);
      }
    }
  }
  return last;
}

std::string UtcStamp(Micros now) {
  const std::time_t seconds = now / kMicrosPerSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return absl::StrFormat("%04d%02d%02dT%02d%02d%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                         parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

absl::Status CheckNamesVersion(const std::string& name) {
  if (IsVersion(name)) return absl::OkStatus();
  return absl::NotFoundError(absl::StrFormat(
      "'%s' names no model version: one has 1 to %d letters, digits, '-', '_' or '.'; a server's "
      "ListModelVersions lists them, and in a store the files models/VERSION.bundle",
      name, kMaxVersionBytes));
}

absl::StatusOr<BundleFolder> BundleFolder::Open(FileSystem& files, std::string folder) {
  VITRINE_RETURN_IF_ERROR(files.MakeFolder(folder));
  return BundleFolder(files, std::move(folder));
}

std::string BundleFolder::PathOf(const std::string& version) const {
  return folder_ + "/" + version + std::string(kSuffix);
}

// As WriteFileAtomically names it.
std::string BundleFolder::DraftOf(const std::string& version) const {
  return folder_ + "/" + version + std::string(kDraftSuffix);
}

absl::Status BundleFolder::Save(const ModelSet& models,
                                const std::vector<std::string>& item_ids) const {
  if (!IsVersion(models.version)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' cannot name a model version: 1 to %d letters, digits, '-', '_' or '.' are wanted",
        models.version, kMaxVersionBytes));
  }
  return SaveBundle(*files_, PathOf(models.version), models, item_ids);
}

absl::Status BundleFolder::Publish(const ModelSet& models,
                                   const std::vector<std::string>& item_ids) const {
  VITRINE_RETURN_IF_ERROR(Save(models, item_ids));
  return PointLiveAt(models.version);
}

absl::Status BundleFolder::PointLiveAt(const std::string& version) const {
  VITRINE_RETURN_IF_ERROR(CheckNamesVersion(version));
  absl::StatusOr<Live> before = ReadLive();
  if (!before.ok()) {  // Nothing to go back to is no reason to keep a good model away.
    Log(LogLevel::kWarning, "models.live-unreadable",
        {{"error", std::string(before.status().message())}});
    before = Live{};
  }
  const std::string& previous = before->version == version ? before->previous : before->version;
  VITRINE_RETURN_IF_ERROR(
      WriteFileAtomically(*files_, LivePath(), version + "\n" + previous + "\n"));
  const absl::StatusOr<std::string> candidate = ReadCandidate();
  if (candidate.ok() && *candidate == version) RemoveOrLog(*files_, CandidatePath());
  RemoveOld(version, previous);
  return absl::OkStatus();
}

absl::Status BundleFolder::SaveCandidate(const ModelSet& models,
                                         const std::vector<std::string>& item_ids) const {
  VITRINE_RETURN_IF_ERROR(Save(models, item_ids));
  VITRINE_RETURN_IF_ERROR(WriteFileAtomically(*files_, CandidatePath(), models.version + "\n"));
  const absl::StatusOr<Live> live = ReadLive();
  if (live.ok()) RemoveOld(live->version, live->previous);
  return absl::OkStatus();
}

absl::StatusOr<std::string> BundleFolder::ReadCandidate() const {
  absl::StatusOr<std::string> content = files_->ReadFile(CandidatePath());
  if (absl::IsNotFound(content.status())) return std::string();
  VITRINE_RETURN_IF_ERROR(content.status());
  if (content->ends_with('\n')) content->pop_back();
  if (IsVersion(*content)) return *std::move(content);
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged: one line is wanted, the version of the candidate", CandidatePath()));
}

void BundleFolder::RemoveOld(const std::string& live, const std::string& previous) const {
  const auto names = files_->ListFolder(folder_);
  if (!names.ok()) return;
  std::vector<std::string> versions = VersionsOf(*names, kSuffix);
  std::size_t surplus = versions.size() - std::min(versions.size(), kKeptVersions);
  const std::string candidate = ReadCandidate().value_or("");
  for (const std::string& version : versions) {
    if (surplus == 0) break;
    --surplus;
    if (version != live && version != previous && version != candidate)
      RemoveOrLog(*files_, PathOf(version));
  }
  // Drafts that a crash left behind. A later one may be another process at work.
  for (const std::string& version : VersionsOf(*names, kDraftSuffix)) {
    if (version < live) RemoveOrLog(*files_, DraftOf(version));
  }
}

absl::StatusOr<BundleFolder::Live> BundleFolder::ReadLive() const {
  const absl::StatusOr<std::string> content = files_->ReadFile(LivePath());
  if (absl::IsNotFound(content.status())) return Live{};
  VITRINE_RETURN_IF_ERROR(content.status());
  const std::size_t first_end = std::min(content->find('\n'), content->size());
  const std::size_t second_begin = std::min(first_end + 1, content->size());
  const std::size_t second_end = std::min(content->find('\n', second_begin), content->size());
  Live live{.version = content->substr(0, first_end),
            .previous = content->substr(second_begin, second_end - second_begin)};
  const bool has_rest = second_end + 1 < content->size();
  if (has_rest || !IsVersion(live.version) ||
      !(live.previous.empty() || IsVersion(live.previous))) {
    return absl::DataLossError(
        absl::StrFormat("%s is damaged: two lines are wanted, the version to serve and the one "
                        "before it (or an empty line)",
                        LivePath()));
  }
  return live;
}

absl::StatusOr<std::vector<BundleSummary>> BundleFolder::List(
    const std::vector<BundleSummary>& known) const {
  VITRINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_->ListFolder(folder_));
  std::vector<std::string> versions = VersionsOf(names, kSuffix);
  std::reverse(versions.begin(), versions.end());
  std::vector<BundleSummary> summaries;
  for (const std::string& version : versions) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const BundleSummary& each) {
      return each.version == version;
    });
    if (found != known.end()) {
      summaries.push_back(*found);
      continue;
    }
    absl::StatusOr<BundleSummary> summary = ReadBundleSummary(*files_, PathOf(version));
    if (summary.ok()) {
      summaries.push_back(*std::move(summary));
    } else if (!absl::IsNotFound(summary.status())) {  // Else: removed a moment ago.
      Log(LogLevel::kWarning, "models.bundle-refused",
          {{"version", version}, {"error", std::string(summary.status().message())}});
    }
  }
  return summaries;
}

absl::StatusOr<bool> BundleFolder::Claim(const std::string& version) const {
  const std::string draft = DraftOf(version);
  const absl::Status made = files_->OpenForWrite(draft, OpenMode::kCreate).status();
  if (absl::IsAlreadyExists(made)) return false;
  VITRINE_RETURN_IF_ERROR(made);
  // Somebody's draft may have become a bundle since the folder was listed.
  const absl::Status bundle = files_->OpenForRead(PathOf(version)).status();
  if (absl::IsNotFound(bundle)) return true;
  VITRINE_RETURN_IF_ERROR(files_->Remove(draft));
  VITRINE_RETURN_IF_ERROR(bundle);
  return false;
}

absl::StatusOr<std::string> BundleFolder::NewVersion(Micros now) const {
  const std::string stamp = UtcStamp(now);
  while (true) {
    VITRINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_->ListFolder(folder_));
    // Beyond the highest number, not the first free one: an older version may have been removed.
    const int last = LastOf(names, stamp);
    if (last >= kMaxVersionsPerSecond) {
      return absl::UnavailableError(absl::StrFormat(
          "%s holds %d versions of the second %s: try again in a second", folder_, last, stamp));
    }
    // Two digits sort as text.
    const std::string version = last == 0 ? stamp : absl::StrFormat("%s-%02d", stamp, last + 1);
    VITRINE_ASSIGN_OR_RETURN(const bool is_ours, Claim(version));
    if (is_ours) return version;
  }
}

}  // namespace vitrine
