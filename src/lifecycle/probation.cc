#include "lifecycle/probation.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/lifecycle/kept_files.h"

namespace vitrine {
namespace {

constexpr std::string_view kProbationMagic = "VTRproba";
constexpr std::uint64_t kProbationVersion = 1;

}  // namespace

std::string ProbationFile(const std::string& models_folder) { return models_folder + "/PROBATION"; }

absl::Status CheckProbation(FileSystem& files, const std::string& models_folder) {
  const absl::Status read = LoadProbation(files, ProbationFile(models_folder)).status();
  return absl::IsNotFound(read) ? absl::OkStatus() : read;
}

absl::Status SaveProbation(FileSystem& files, const std::string& path, const Probation& probation) {
  ByteWriter writer;
  writer.Unsigned(kProbationVersion);
  writer.String(probation.version);
  writer.String(probation.previous);
  writer.Signed(probation.since_us);
  writer.Unsigned(probation.before.num_answers);
  writer.Unsigned(probation.before.num_failed);
  return WriteCheckedFile(files, path, kProbationMagic, writer.bytes());
}

absl::StatusOr<Probation> LoadProbation(FileSystem& files, const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadCheckedFile(files, path, kProbationMagic));
  ByteReader reader(bytes);
  const std::uint64_t version = reader.Unsigned();
  if (version != kProbationVersion) {
    return absl::DataLossError(absl::StrFormat("%s has version %d; this binary reads %d", path,
                                               version, kProbationVersion));
  }
  Probation probation;
  probation.version = reader.String();
  probation.previous = reader.String();
  probation.since_us = reader.Signed();
  probation.before.num_answers = reader.Unsigned();
  probation.before.num_failed = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.Finish(path));
  return probation;
}

}  // namespace vitrine
